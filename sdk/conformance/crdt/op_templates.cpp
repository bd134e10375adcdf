#include "crdt/op_templates.hpp"

#include <iterator>

namespace crdtd::conformance {
namespace {

// Lists of lists end here.
constexpr std::size_t kOpBytesMax = 64 * 1024;

// Pieces of strings, in JSON: of one to four bytes in UTF-8, of one and two units in UTF-16, and what must be escaped.
constexpr std::string_view kPieces[] = {
    "a", "b", "Z", "0", " ", "\\n", "\\\"", "\\\\", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};

void draw_string(Dice& dice, std::int64_t length_max, std::string& out) {
  out += '"';
  for (auto left = roll(dice, static_cast<std::uint64_t>(length_max) + 1); left > 0; --left) {
    out += kPieces[roll(dice, std::size(kPieces))];
  }
  out += '"';
}

// The bounds come more often than the others: that is where types go wrong.
std::int64_t draw_integer(Dice& dice, std::int64_t least, std::int64_t most) {
  const auto edge = roll(dice, 8);
  if (edge == 0) return least;
  if (edge == 1) return most;
  const auto range = static_cast<std::uint64_t>(most) - static_cast<std::uint64_t>(least) + 1;
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(least) + roll(dice, range));
}

std::uint64_t draw_stamp(Dice& dice, std::uint64_t clock, std::int64_t spread) {
  const auto reach = static_cast<std::uint64_t>(spread);
  const std::uint64_t least = clock > reach ? clock - reach : 0;
  return least + roll(dice, 2 * reach + 1);
}

std::uint64_t draw_index(Dice& dice, std::uint64_t element_count, std::int64_t extra) {
  const std::int64_t most = static_cast<std::int64_t>(element_count) + extra;
  return most <= 0 ? 0 : roll(dice, static_cast<std::uint64_t>(most) + 1);
}

}  // namespace

std::string nth_value(std::uint64_t n) {
  static const std::string kLong(50, 'x');
  static const std::string kValues[] = {"\"a\"",
                                        "null",
                                        "0",
                                        "[1,2]",
                                        "\"\"",
                                        R"({"k":"v"})",
                                        "true",
                                        "\"" + kLong + "\"",
                                        "-1.5",
                                        "\"\xC3\xA9\"",
                                        "1",
                                        "\"1\"",
                                        "[]",
                                        "{}",
                                        "\"a!\"",
                                        "false",
                                        "1e+21",
                                        "\"\\n\"",
                                        "\"\xF0\x9F\x98\x80\"",
                                        "12345678901234567890",
                                        R"({"a":[null,{"b":1}]})",
                                        "\"null\"",
                                        "1e-8",
                                        "\"" + kLong + "y\""};
  if (n < std::size(kValues)) return kValues[n];
  return "\"v" + std::to_string(n) + "\"";
}

void Template::draw(Dice& dice, const DrawnFor& author, std::string& out) const {
  switch (kind) {
    case Kind::kLiteral:
      out += literal;
      break;
    case Kind::kObject:
    case Kind::kArray:
      out += kind == Kind::kObject ? '{' : '[';
      for (std::size_t i = 0; i < children.size(); ++i) {
        if (i != 0) out += ',';
        if (kind == Kind::kObject) out.append(keys[i]).append(":");
        children[i].draw(dice, author, out);
      }
      out += kind == Kind::kObject ? '}' : ']';
      break;
    case Kind::kValue:
      out += nth_value(roll(dice, static_cast<std::uint64_t>(most)));
      break;
    case Kind::kInt:
      out += std::to_string(draw_integer(dice, least, most));
      break;
    case Kind::kString:
      draw_string(dice, most, out);
      break;
    case Kind::kOneOf:
      children[roll(dice, children.size())].draw(dice, author, out);
      break;
    case Kind::kStampNs:
      out.append("\"").append(std::to_string(draw_stamp(dice, author.hlc_unix_ns, most))).append("\"");
      break;
    case Kind::kIndex:
      out += std::to_string(draw_index(dice, author.element_count, least));
      break;
    case Kind::kList:
      out += '[';
      for (auto left = roll(dice, static_cast<std::uint64_t>(most) + 1); left > 0 && out.size() < kOpBytesMax; --left) {
        if (out.back() != '[') out += ',';
        children[0].draw(dice, author, out);
      }
      out += ']';
      break;
  }
}

std::string OpTemplates::draw(Dice& dice, const DrawnFor& author) const {
  std::uint64_t at = roll(dice, weights_);
  std::size_t index = 0;
  while (at >= templates_[index].weight) at -= templates_[index++].weight;
  return draw_from(index, dice, author);
}

std::string OpTemplates::draw_from(std::size_t index, Dice& dice, const DrawnFor& author) const {
  std::string out;
  templates_[index].op.draw(dice, author, out);
  return out;
}

}  // namespace crdtd::conformance
