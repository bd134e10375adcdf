// Every key that a configuration may have, in one table: what it takes, its bounds, and where its value goes.
//
// A path's `*` stands for a name that the operator chooses, `[]` for the items of a list. Adding a setting is a member of
// Settings, a row here and a line in config/crdtd.yaml.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "settings/settings.hpp"
#include "settings/tree.hpp"

namespace crdtd::settings {

enum class Kind {
  kSize,      // bytes, between min and max
  kDuration,  // milliseconds, between min and max
  kCount,     // between min and max
  kThreads,   // a count, or "auto"
  kBoolean,
  kChoice,  // one word of `choices`, as its index
  kAddress,
  kPath,
  kOrigins,
  kHosts,
  kTypes,  // the sections that have a shape of their own: sections.cpp
  kStorage,
  kAuth,
  kInside,  // belongs to one of these, and is read with it
};

struct Key {
  std::string_view path;
  Kind kind = Kind::kInside;
  std::uint64_t min = 0;
  std::uint64_t max = 0;
  void (*set)(Settings&, std::uint64_t) = nullptr;
  std::string_view choices = {};  // "a|b|c"
};

std::span<const Key> schema();
const Key* find_key(std::string_view path);
// The names directly below `section`; "" is the root.
std::vector<std::string> names_below(std::string_view section);

// What reading needs: where mistakes go, and where relative paths start.
struct Context {
  Findings& findings;
  std::string base_directory;  // absolute
};

// "http" + "body_max"; names that hold dots or spaces are quoted, so that a path can be read one way only.
std::string join(std::string_view path, std::string_view name);
std::string absolute_path(const Context& context, std::string_view path);
// True if `node` is of a mapping's shape; null counts as an empty one. Else adds a finding.
bool expect_mapping(Context& context, const Node& node, std::string_view path);
void add_unknown(Context& context, const Node& node, std::string_view section, std::string_view path);
// The number of a kSize, kDuration, kCount, kThreads, kBoolean or kChoice; else a finding.
bool read_number(Context& context, const Node& node, std::string_view path, const Key& key, std::uint64_t& out);
// A scalar that is not empty; else a finding that says what was wanted.
bool read_text(Context& context, const Node& node, std::string_view path, std::string_view wanted, std::string& out);

// The whole file: every key of `root` is read into `settings` or reported.
void read_settings(Context& context, const Node& root, Settings& settings);

}  // namespace crdtd::settings
