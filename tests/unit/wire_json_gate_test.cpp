// The JSON gate: tables of what passes and what does not, cuts at every byte, and a comparison with another parser on mutated
// input.
#include "crdtd/wire/json_gate.hpp"

#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

using namespace crdtd::wire;
using namespace std::string_literals;

namespace {

bool passes(std::string_view text, const JsonLimits& limits = {}) { return !check_json(text, limits); }

std::string nested(std::size_t depth, std::string_view open, std::string_view close) {
  std::string text;
  for (std::size_t i = 0; i < depth; ++i) text += open;
  for (std::size_t i = 0; i < depth; ++i) text += close;
  return text;
}

std::uint32_t seed_from_environment() {
  const char* given = std::getenv("CRDTD_TEST_SEED");
  return given != nullptr ? static_cast<std::uint32_t>(std::strtoul(given, nullptr, 10)) : std::random_device{}();
}

// Another implementation's verdict. It turns numbers into binary on the way and refuses those beyond a double.
enum class Verdict { kPasses, kFails, kNumberTooBig };
Verdict other_parser(const std::string& text) {
  constexpr unsigned kFlags =
      rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag | rapidjson::kParseNumbersAsStringsFlag;
  rapidjson::Reader reader;
  rapidjson::MemoryStream stream(text.data(), text.size());
  rapidjson::BaseReaderHandler<> handler;
  const auto result = reader.Parse<kFlags>(stream, handler);
  if (result.Code() == rapidjson::kParseErrorNumberTooBig) return Verdict::kNumberTooBig;
  // A NUL outside a string ends the text for it.
  return result.IsError() || stream.Tell() != text.size() ? Verdict::kFails : Verdict::kPasses;
}

}  // namespace

TEST_CASE("json_gate: takes what RFC 8259 calls JSON", "[unit][wire]") {
  const auto text = GENERATE(R"(null)", R"( true )", R"(false)", R"(0)", R"(-0)", R"(1e400)", R"(-1.5E-10)", R"("")",
                             R"("\"\\\/\b\f\n\r\t")", R"("\u0041\ud83d\ude00")", "\"\xC3\xA9\xF0\x9F\x98\x80\x7F\"", R"([])",
                             R"({})", R"([1,[2,{"a":[]}]])", "\t\r\n {\"a\" : 1 , \"b\":[ ] } ", R"({"a":1,"a":2})");
  INFO(text);
  CHECK(passes(text));
}

TEST_CASE("json_gate: refuses everything else", "[unit][wire]") {
  const std::vector<std::string> refused = {"",
                                            " ",
                                            "nul",
                                            "nulll",
                                            "True",
                                            "NaN",
                                            "Infinity",
                                            "-Infinity",
                                            "-",
                                            "01",
                                            "-01",
                                            "1.",
                                            ".5",
                                            "1e",
                                            "1e+",
                                            "+1",
                                            "0x10",
                                            "1_000",
                                            "'a'",
                                            "\"",
                                            "\"\\\"",
                                            "\"\\x41\"",
                                            "\"\\u12\"",
                                            "\"\\u12G4\"",
                                            "\"\\ud800\"",
                                            "\"\\ud800\\u0041\"",
                                            "\"\\udc00\"",
                                            "\"\\ud800\\ud800\"",
                                            "\"\n\"",
                                            "\"\x01\"",
                                            "\"\0\""s,
                                            "\"\x80\"",
                                            "\"\xC0\xAF\"",
                                            "\"\xE0\x80\xAF\"",
                                            "\"\xED\xA0\x80\"",
                                            "\"\xF4\x90\x80\x80\"",
                                            "\"\xF8\x88\x80\x80\x80\"",
                                            "\"\xC3\"",
                                            "\xEF\xBB\xBF{}",
                                            "[",
                                            "]",
                                            "[1",
                                            "[1,",
                                            "[1,]",
                                            "[,1]",
                                            "[1 2]",
                                            "[1}",
                                            "{",
                                            "}",
                                            "{\"a\"",
                                            "{\"a\":",
                                            "{\"a\":1",
                                            "{\"a\":1,",
                                            "{\"a\":1,}",
                                            "{a:1}",
                                            "{1:1}",
                                            "{\"a\" 1}",
                                            "{\"a\":1]",
                                            "{} {}",
                                            "1 2",
                                            "null\0"s,
                                            "[]\0"s,
                                            "[\0]"s,
                                            "// x\n1",
                                            "/**/1",
                                            "[1]x"};
  for (const auto& text : refused) {
    INFO(text);
    const auto problem = check_json(text, {});
    REQUIRE(problem);
    CHECK(problem->code == ProblemCode::kInvalidJson);
    CHECK(problem->detail.starts_with("offset "));
  }
}

TEST_CASE("json_gate: depth is bounded, and no depth harms", "[unit][wire]") {
  CHECK(passes(nested(64, "[", "]")));
  CHECK_FALSE(passes(nested(65, "[", "]")));
  CHECK(passes(nested(63, "{\"a\":", "}").insert(63 * 5, 1, '1')));
  CHECK_FALSE(passes(nested(64, "[{\"a\":", "}]")));
  CHECK_FALSE(passes(nested(100'000, "[", "]")));
  CHECK_FALSE(passes(std::string(100'000, '[')));
  CHECK_FALSE(passes(nested(100'000, "{\"a\":", "}")));
  JsonLimits limits;
  limits.depth_max = 2;
  CHECK(passes("[[]]", limits));
  const auto problem = check_json("[[[]]]", limits);
  REQUIRE(problem);
  CHECK(problem->value == 2);
  CHECK(problem->detail == "offset 2: arrays and objects are nested too deep, the limit is 2");
}

TEST_CASE("json_gate: sizes are bounded", "[unit][wire]") {
  JsonLimits limits;
  limits.string_bytes_max = 10;
  limits.number_bytes_max = 5;
  limits.key_count_max = 2;
  CHECK(passes("\"0123456789\"", limits));
  CHECK_FALSE(passes("\"0123456789a\"", limits));
  CHECK_FALSE(passes("{\"0123456789a\":1}", limits));
  CHECK(passes("12345", limits));
  CHECK_FALSE(passes("123456", limits));
  CHECK_FALSE(passes("1.2e10", limits));
  CHECK(passes(R"([{"a":1},{"a":2}])", limits));
  CHECK_FALSE(passes(R"([{"a":1},{"a":2},{"a":3}])", limits));
  CHECK_FALSE(passes("\"" + std::string(2 << 20, 'x') + "\""));
}

TEST_CASE("json_gate: a text cut at any byte is refused", "[unit][wire]") {
  const std::string text = R"({"a":[1,-2.5e+3,"x\u00e9\ud83d\ude00\\",null,true,false,{"b":{}}],"c":"é😀"})";
  REQUIRE(passes(text));
  for (std::size_t size = 0; size < text.size(); ++size) {
    INFO(size);
    // In memory of its own size, so that a sanitizer sees a read beyond the end.
    const std::vector<char> cut(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK_FALSE(passes({cut.data(), cut.size()}));
  }
}

TEST_CASE("json_gate: agrees with another parser on mutated texts", "[unit][wire]") {
  const std::uint32_t seed = seed_from_environment();
  INFO("CRDTD_TEST_SEED=" << seed);
  std::mt19937 random(seed);
  const std::vector<std::string> seeds = {R"({"since":12,"type":"t","ops":[{"type":"add","elem":"x\u00e9"},{"n":-1.5e3}]})",
                                          R"([null,true,false,"\ud83d\ude00",[[[]]],{"a":{"b":"é😀"}}])", R"(  "a\\\"b"  )",
                                          "-0.0e-0"};
  constexpr std::string_view kAlphabet = "{}[]\",:\\u0123456789abcdefeE+-. ntrl\n\x01\x80\xC3\xA9\xED\xF0";
  const auto pick = [&random](std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(random); };
  int accepted = 0;
  for (int round = 0; round < 60'000; ++round) {
    auto text = seeds[pick(seeds.size())];
    for (std::size_t change = pick(4) + 1; change > 0; --change) {
      const std::size_t at = pick(text.size());
      switch (pick(4)) {
        case 0:
          text[at] = kAlphabet[pick(kAlphabet.size())];
          break;
        case 1:
          text.insert(at, 1, kAlphabet[pick(kAlphabet.size())]);
          break;
        case 2:
          text.erase(at, 1);
          break;
        default:
          text.append(text.substr(at, pick(8)));
          break;
      }
      if (text.empty()) text.push_back(' ');
    }
    const Verdict other = other_parser(text);
    if (other == Verdict::kNumberTooBig) continue;
    const auto problem = check_json(text, {});
    if (problem && problem->detail.ends_with("a surrogate stands alone")) continue;  // the other one takes a lone low half
    const bool mine = !problem;
    accepted += mine ? 1 : 0;
    if (mine != (other == Verdict::kPasses)) FAIL("they disagree on: " << text);
  }
  CHECK(accepted > 100);
}

TEST_CASE("json_gate: a reader walks containers and unescapes", "[unit][wire]") {
  JsonReader reader(R"( {"a\n":["x\u00e9\ud83d\ude00", {"deep":[1]}],"b":null} )", {});
  std::string text;
  REQUIRE(reader.enter());
  REQUIRE(reader.next_key(text) == JsonReader::Step::kMember);
  CHECK(text == "a\n");
  REQUIRE(reader.peek() == JsonKind::kArray);
  REQUIRE(reader.enter());
  REQUIRE(reader.next_element() == JsonReader::Step::kMember);
  REQUIRE(reader.string(text));
  CHECK(text == "x\xC3\xA9\xF0\x9F\x98\x80");
  REQUIRE(reader.next_element() == JsonReader::Step::kMember);
  CHECK(reader.value() == R"({"deep":[1]})");
  REQUIRE(reader.next_element() == JsonReader::Step::kEnd);
  REQUIRE(reader.next_key(text) == JsonReader::Step::kMember);
  CHECK(reader.value() == "null");
  REQUIRE(reader.next_key(text) == JsonReader::Step::kEnd);
  CHECK(reader.end());
}
