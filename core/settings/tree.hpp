// A configuration as a tree in which every value knows where it was written.
//
// The only code that meets YAML. It takes what a configuration needs: mappings, lists, scalars. Anchors, aliases, tags, several
// documents, keys that are not text, duplicate keys, deep nesting and big files are refused, before they can cost anything.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "settings/settings.hpp"

namespace crdtd::settings {

inline constexpr std::size_t kFileBytesMax = 1 << 20;
inline constexpr std::size_t kDepthMax = 16;
inline constexpr std::size_t kNodesMax = 20'000;
inline constexpr std::size_t kFindingsMax = 100;

// Where a value stands. `variable` is set for what came from the environment or the command line.
struct Place {
  std::string variable;
  int line = 0;
  int column = 0;
};

struct Node {
  enum class Kind { kNull, kScalar, kList, kMapping };
  Kind kind = Kind::kNull;
  std::string key;  // in a mapping
  Place key_place;
  Place place;  // of the value
  std::string text;
  bool quoted = false;  // a scalar in quotes is text, whatever it looks like
  std::vector<Node> children;

  Node* find(std::string_view name);
  const Node* find(std::string_view name) const;
};

// Collects mistakes, up to a bound; then it counts.
class Findings {
 public:
  explicit Findings(std::string file) : file_(std::move(file)) {}
  void add(const Place& place, std::string_view key, std::string message);
  bool empty() const noexcept { return list_.empty(); }
  // In the order of the file, then by variable; leaves this empty.
  std::vector<Finding> take();

 private:
  std::string file_;
  std::vector<Finding> list_;
  std::size_t left_out_ = 0;
};

// The root mapping. Where the text is not acceptable YAML, a finding says so and the tree is empty or lacks what was refused.
Node parse_tree(const std::string& text, Findings& findings);

// A value as a person should see it in a message: quoted, shortened, without control characters.
std::string shown(std::string_view text);
std::string shown(const Node& node);

}  // namespace crdtd::settings
