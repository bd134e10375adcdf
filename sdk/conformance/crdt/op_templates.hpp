// The op templates of a type's manifest (`ops` in MANIFEST.md): reads them, and draws ops from them.
//
// A template is JSON in which an object with one member whose name begins with `$` stands for what is drawn. Values, [any].
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace crdtd::conformance {

using Dice = std::mt19937_64;

// Below `sides`, which is at least 1.
inline std::uint64_t roll(Dice& dice, std::uint64_t sides) { return dice() % sides; }

// What an op may depend on besides chance.
struct DrawnFor {
  std::uint64_t hlc_unix_ns = 0;
  std::uint64_t element_count = 0;  // of the author's value
};

// One node of a template.
struct Template {
  enum class Kind : std::uint8_t { kLiteral, kObject, kArray, kValue, kInt, kString, kOneOf, kStampNs, kIndex, kList };

  Kind kind = Kind::kLiteral;
  std::string literal;             // canonical JSON
  std::vector<std::string> keys;   // of an object, with their quotes
  std::vector<Template> children;  // of an object, an array, one-of and list
  std::int64_t least = 0;          // of an integer; the extra of an index
  std::int64_t most = 0;           // of an integer; how many, how long, how far

  void draw(Dice& dice, const DrawnFor& author, std::string& out) const;
};

struct WeightedTemplate {
  Template op;
  std::uint32_t weight = 1;
};

class OpTemplates {
 public:
  // The templates, or a sentence that says what is wrong and where: "ops[2].elem.$int: …".
  static std::variant<OpTemplates, std::string> parse(std::string_view ops_json);

  std::size_t size() const noexcept { return templates_.size(); }
  std::string draw(Dice& dice, const DrawnFor& author) const;
  std::string draw_from(std::size_t index, Dice& dice, const DrawnFor& author) const;

 private:
  std::vector<WeightedTemplate> templates_;
  std::uint32_t weights_ = 0;
};

// A JSON value of any kind; the same numbers give the same values, so that values drawn from few of them meet.
std::string nth_value(std::uint64_t n);

}  // namespace crdtd::conformance
