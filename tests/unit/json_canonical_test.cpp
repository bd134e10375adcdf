// Canonical JSON: the number table, strings, objects, what is refused and where, random texts.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "crdtd/plugin/json.hpp"
#include "crdtd/plugin/op_reader.hpp"
#include "models/seeds.hpp"

using namespace crdtd;

namespace {

// The canonical form, or "refused at <offset>: <why>".
std::string canonical(std::string_view text) {
  ByteBuffer out;
  const JsonFault fault = canonical_json(text, out);
  if (fault.text == nullptr) return std::string(out.view());
  if (!out.empty()) return "left something behind";
  return "refused at " + std::to_string(fault.offset) + ": " + fault.text;
}
bool refused(std::string_view text) { return canonical(text).starts_with("refused"); }

}  // namespace

TEST_CASE("json: a number has one decimal form", "[unit][json]") {
  const std::pair<const char*, const char*> table[] = {
      {"0", "0"},
      {"-0", "0"},
      {"0.0", "0"},
      {"-0.0e5", "0"},
      {"0e99999999999999999999", "0"},
      {"1", "1"},
      {"1.0", "1"},
      {"10e-1", "1"},
      {"0.1e1", "1"},
      {"1E0", "1"},
      {"1e+0", "1"},
      {"-1", "-1"},
      {"100", "100"},
      {"1e2", "100"},
      {"12.50", "12.5"},
      {"0.5", "0.5"},
      {"5e-1", "0.5"},
      {"-0.250", "-0.25"},
      {"123456789012345678", "123456789012345678"},
      {"1234567890123456789", "1234567890123456789"},
      {"18446744073709551615", "18446744073709551615"},
      {"0.1", "0.1"},
      {"0.30000000000000004", "0.30000000000000004"},
      {"1e20", "100000000000000000000"},
      {"999999999999999999999", "999999999999999999999"},
      {"1e21", "1e+21"},
      {"1000000000000000000000", "1e+21"},
      {"1234567890123456789012", "1.234567890123456789012e+21"},
      {"12e21", "1.2e+22"},
      {"1e-7", "0.0000001"},
      {"0.0000001", "0.0000001"},
      {"1.5e-7", "0.00000015"},
      {"1e-8", "1e-8"},
      {"0.00000001", "1e-8"},
      {"-12.34e-9", "-1.234e-8"},
      {"9.99e-8", "9.99e-8"},
      {"1e999", "1e+999"},
      {"1e-999", "1e-999"},
      {"0.001e1002", "1e+999"},
      {"100e-1001", "1e-999"},
      {"1234567890123456789012345678901234567890", "1.23456789012345678901234567890123456789e+39"},
      {"1.234567890123456789012345678901234567891", "1.234567890123456789012345678901234567891"},
      {"1000000000000000000000000000000000000000000000000", "1e+48"},
  };
  for (const auto& [text, want] : table) {
    CHECK(canonical(text) == want);
    CHECK(canonical(want) == want);
  }
}

TEST_CASE("json: numbers beyond the bounds, or that are none, are refused", "[unit][json]") {
  for (const char* text : {"1e1000",
                           "1e-1000",
                           "10e999",
                           "0.1e-999",
                           "1e99999999999999999999",
                           "-",
                           "+1",
                           "01",
                           "-01",
                           "00",
                           ".5",
                           "1.",
                           "1.e5",
                           "1e",
                           "1e+",
                           "1e1.5",
                           "0x10",
                           "NaN",
                           "Infinity",
                           "-Infinity",
                           "1 2",
                           "1,",
                           "12345678901234567890123456789012345678901",
                           "1.2345678901234567890123456789012345678901",
                           "100000000000000000000000000000000000000001"}) {
    INFO(text);
    CHECK(refused(text));
  }
  CHECK(canonical("[1, 1e1000]") == "refused at 4: a number's exponent lies beyond ±999");
}

TEST_CASE("json: strings are escaped only where they must be", "[unit][json]") {
  CHECK(canonical(R"("\u0041\/\u00e9\ud83d\ude00")") == "\"A/\xC3\xA9\xF0\x9F\x98\x80\"");
  CHECK(canonical(R"("\b\t\n\f\r\"\\")") == R"("\b\t\n\f\r\"\\")");
  CHECK(canonical(R"("\u0008\u0009\u000A\u000c\u000D\u0022\u005C")") == R"("\b\t\n\f\r\"\\")");
  CHECK(canonical(R"("\u0000\u001F\u007f")") == "\"\\u0000\\u001f\x7f\"");
  CHECK(canonical("\"e\xCC\x81\"") == "\"e\xCC\x81\"");  // not normalised
  CHECK(canonical(R"("")") == R"("")");
}

TEST_CASE("json: strings that are no text are refused", "[unit][json]") {
  for (const char* text : {"\"",
                           "\"abc",
                           "\"\\",
                           "\"\\\"",
                           R"("\x")",
                           R"("\u12")",
                           R"("\u12g4")",
                           R"("\ud800")",
                           R"("\ud800x")",
                           R"("\ud800\u0041")",
                           R"("\udc00")",
                           R"("\ud800\ud800")",
                           "\"\n\"",
                           "\"\x01\"",
                           "\"\xff\"",
                           "\"\xC3\"",
                           "\"\xC0\x80\"",
                           "\"\xE0\x80\x80\"",
                           "\"\xED\xA0\x80\"",
                           "\"\xF0\x80\x80\x80\"",
                           "\"\xF4\x90\x80\x80\"",
                           "\"\xF8\x88\x80\x80\x80\"",
                           "\"\x80\"",
                           "\"1234567\xE2\x82\""}) {
    INFO(text);
    CHECK(refused(text));
  }
  CHECK(canonical("[\"abcdefgh\x02\"]") == "refused at 10: a control character in a string must be escaped");
}

TEST_CASE("json: object keys are sorted by their bytes and appear once", "[unit][json]") {
  CHECK(canonical(R"( { "b" : 1 , "a" : [ ] , "" : { } } )") == R"({"":{},"a":[],"b":1})");
  CHECK(canonical(R"({"a\nb":1,"a":2,"a b":3,"a\u0001":4})") == R"({"a":2,"a\u0001":4,"a\nb":1,"a b":3})");
  CHECK(canonical("{\"\xF0\x9F\x98\x80\":1,\"\xEF\xBF\xBD\":2}") == "{\"\xEF\xBF\xBD\":2,\"\xF0\x9F\x98\x80\":1}");
  CHECK(canonical(R"({"z":{"y":1,"x":2},"a":{"d":1,"c":{"f":1,"e":2}}})") ==
        R"({"a":{"c":{"e":2,"f":1},"d":1},"z":{"x":2,"y":1}})");
  CHECK(canonical(R"([{"a":1,"a":1}])") == "refused at 1: an object has the same key twice");
  CHECK(refused(R"({"b":1,"a":2,"\u0062":3})"));
  for (const char* text : {"{", "{}}", R"({"a"})", R"({"a":})", R"({"a":1,})", R"({a:1})", R"({"a":1 "b":2})", R"({1:2})", "[1,]",
                           "[,1]", "[1 2]", "[", "]", "", "  ", "nul", "True", "truefalse", "[1]x"}) {
    INFO(text);
    CHECK(refused(text));
  }
}

TEST_CASE("json: nesting ends at 64", "[unit][json]") {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK(canonical(nested(64)) == nested(64));
  CHECK(canonical(nested(65)) == "refused at 64: JSON is nested deeper than 64 levels");
  CHECK(refused(nested(100000)));
  CHECK(refused(std::string(100000, '[')));
  std::string objects;
  for (int i = 0; i < 65; ++i) objects += "{\"a\":";
  CHECK(refused(objects));
}

TEST_CASE("json: a text cut at every byte is refused", "[unit][json]") {
  const std::string whole = "{\"k\":[1.5e3,\"\\u00e9\xE2\x82\xAC\",true,false,null,{\"a\\n\":-0.1}]}";
  REQUIRE_FALSE(refused(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    INFO(size);
    CHECK(refused(std::string_view(whole).substr(0, size)));
  }
}

namespace {

using Dice = std::mt19937_64;

// The same value written twice, each time in some way of the many.
void draw(Dice& dice, std::string& one, std::string& two, int depth) {
  const auto space = [&dice] { return std::string(dice() % 3, " \n\t\r"[dice() % 4]); };
  const auto both = [&](const std::string& text) {
    one.append(space()).append(text).append(space());
    two.append(space()).append(text).append(space());
  };
  const auto letter = [&](std::string& text, unsigned code) {
    if (dice() % 3 == 0 || code < 0x20 || code == '"' || code == '\\') {
      char escape[8];
      std::snprintf(escape, sizeof escape, dice() % 2 ? "\\u%04x" : "\\u%04X", code);
      text += escape;
    } else {
      text += static_cast<char>(code);
    }
  };
  const auto string = [&] {
    one += '"', two += '"';
    for (auto n = dice() % 12; n > 0; --n) {
      const auto code = static_cast<unsigned>(dice() % 128);
      letter(one, code), letter(two, code);
    }
    one += '"', two += '"';
  };
  switch (dice() % (depth < 4 ? 6 : 4)) {
    case 0:
      return both(dice() % 2 ? "true" : "null");
    case 1:
      return string();
    case 2: {
      const std::string digits = std::to_string(dice() % 100000 + 1), sign = dice() % 2 ? "-" : "";
      const auto zeros = dice() % 4;
      one.append(sign).append(digits).append(".").append(zeros, '0');
      two.append(sign).append(digits).append(zeros, '0').append("e-").append(std::to_string(zeros));
      if (zeros == 0) one += "0";
      return;
    }
    case 3:
      return both(std::to_string(static_cast<std::int64_t>(dice())));
    case 4:
      one += "[", two += "[";
      for (auto n = dice() % 4; n > 0; --n) {
        draw(dice, one, two, depth + 1);
        if (n > 1) one += ",", two += ",";
      }
      one += "]", two += "]";
      return;
    default: {
      const auto members = dice() % 5;
      std::vector<std::pair<std::string, std::string>> forms;
      for (std::size_t i = 0; i < members; ++i) {
        std::string a = "\"";
        a += static_cast<char>('a' + i);
        a.append(dice() % 3, 'z').append("\"").append(space()).append(":");
        std::string b = a;
        draw(dice, a, b, depth + 1);
        forms.emplace_back(a, b);
      }
      const auto write = [&](std::string& text, bool first) {
        std::shuffle(forms.begin(), forms.end(), dice);
        text += "{";
        for (std::size_t i = 0; i < forms.size(); ++i)
          text.append(i == 0 ? "" : ",").append(first ? forms[i].first : forms[i].second);
        text += "}";
      };
      write(one, true), write(two, false);
    }
  }
}

}  // namespace

TEST_CASE("json: however a value is written, its canonical form is one, and is its own", "[unit][json]") {
  for (int round = 0; round < 20000 * crdtd_test::test_scale(); ++round) {
    const std::uint64_t seed = crdtd_test::first_seed() + static_cast<std::uint64_t>(round);
    Dice dice(seed);
    std::string one, two;
    draw(dice, one, two, 0);
    const std::string form = canonical(one);
    if (form != canonical(two) || form != canonical(form) || form.starts_with("refused")) {
      FAIL("CRDTD_TEST_SEED=" << seed << "\n" << one << "\n" << two << "\n" << form);
    }
    ByteBuffer scratch;
    REQUIRE(is_canonical_json(form, scratch));
  }
}

TEST_CASE("json: damaged texts are refused or have a canonical form that stays", "[unit][json]") {
  for (int round = 0; round < 20000 * crdtd_test::test_scale(); ++round) {
    const std::uint64_t seed = crdtd_test::first_seed() + static_cast<std::uint64_t>(round);
    Dice dice(seed);
    std::string text, other;
    draw(dice, text, other, 0);
    for (auto n = dice() % 3 + 1; n > 0; --n) text[dice() % text.size()] = static_cast<char>(dice());
    const std::string form = canonical(text);
    if (!form.starts_with("refused") && canonical(form) != form) FAIL("CRDTD_TEST_SEED=" << seed << "\n" << text);
  }
}

TEST_CASE("json: a look tells whether a string is canonical", "[unit][json]") {
  const std::string alphabet = "a\\\"u0018bBfFn/\x1f\xC3\xA9\xED";
  for (int round = 0; round < 100000 * crdtd_test::test_scale(); ++round) {
    const std::uint64_t seed = crdtd_test::first_seed() + static_cast<std::uint64_t>(round);
    Dice dice(seed);
    std::string text = "\"";
    for (auto n = dice() % 9; n > 0; --n) text += alphabet[dice() % alphabet.size()];
    if (dice() % 2 == 0) text += "\\u00" + std::to_string(dice() % 2) + "0123456789abcdefF"[dice() % 17];
    text += "\"";
    ByteBuffer scratch;
    if (is_canonical_json(text, scratch) != (canonical(text) == text)) FAIL("CRDTD_TEST_SEED=" << seed << "\n" << text);
  }
}

TEST_CASE("json: items of a canonical array are found whatever they hold", "[unit][json]") {
  const auto items = [](std::string_view array) {
    std::string all;
    for_each_item(array, [&all](std::string_view item) {
      all += std::string(item) + "|";
      return true;
    });
    return all;
  };
  CHECK(items("[]") == "");
  CHECK(items("[1]") == "1|");
  CHECK(items(R"([1,"a,]\"",[2,[3]],{"k":[4,5]},""])") == R"(1|"a,]\""|[2,[3]]|{"k":[4,5]}|""|)");
}

TEST_CASE("ops: fields are found by name, values are canonical", "[unit][json]") {
  OpReader ops(R"([ {"elem" : 1.0, "type":"add"} , {"\u0074ype":"remove","elem":{"b":1,"a":2}} ])");
  REQUIRE(ops.next());
  CHECK(ops.index() == 0);
  CHECK(ops.text_field("type") == "add");
  CHECK(ops.field("elem") == "1");
  CHECK_FALSE(ops.text_field("elem"));
  CHECK_FALSE(ops.field("none"));
  const OpReader::Place number = ops.keep(*ops.field("elem")), word = ops.keep(*ops.field("type"));
  REQUIRE(ops.next());
  CHECK(ops.text_field("type") == "remove");
  CHECK(ops.field("elem") == R"({"a":2,"b":1})");
  CHECK(ops.kept(number) == "1");       // was written anew
  CHECK(ops.kept(word) == R"("add")");  // stands in the text
  CHECK_FALSE(ops.next());
  CHECK_FALSE(ops.failed());
}

TEST_CASE("ops: a value in a known frame is taken at once, anything else is left to read()", "[unit][json]") {
  constexpr std::string_view kAdd = R"({"type":"add","elem":)";
  const auto taken = [&](const std::string& op) {
    const std::string text = "[" + op + "]";
    OpReader ops(text);
    REQUIRE(ops.step());
    const std::string_view value = ops.value_in(kAdd);
    if (value.empty()) return std::string(ops.read() ? "read" : ops.fault().message);
    CHECK_FALSE(ops.step());
    CHECK_FALSE(ops.failed());
    return std::string(value);
  };
  CHECK(taken(R"({"type":"add","elem":"a b"})") == R"("a b")");
  CHECK(taken(R"({"type":"add","elem":""})") == R"("")");
  CHECK(taken(R"({"type":"add","elem":-12})") == "-12");
  for (const char* op : {R"({"type":"add","elem":1.50})", R"({"type":"add","elem":"\u0041"})", R"({"type":"add","elem":[1]})",
                         R"({"type":"add","elem":1 })", R"({"type":"add","elem":1,"more":2})", R"({"elem":1,"type":"add"})",
                         R"({ "type":"add","elem":1})", R"({"type":"del","elem":1})", "{}"}) {
    INFO(op);
    CHECK(taken(op) == "read");
  }
  CHECK(taken(R"({"type":"add","elem":1,"elem":2})") == "the object has the same field twice (at byte 30 of the ops)");
  CHECK(taken(R"({"type":"add","elem":12x})") == "an object wants ',' or '}' here (at byte 24 of the ops)");
  CHECK(taken(R"({"type":"add","elem":)") == "this is no JSON value (at byte 22 of the ops)");

  OpReader ops(R"([{"type":"add","elem":1},{"type":"add","elem":2.0},{"type":"add","elem":3}])");
  REQUIRE(ops.step());
  CHECK(ops.value_in(kAdd) == "1");
  REQUIRE(ops.step());
  CHECK(ops.value_in(kAdd).empty());
  REQUIRE(ops.read());
  CHECK(ops.field("elem") == "2");
  REQUIRE(ops.step());
  CHECK(ops.value_in(kAdd) == "3");
  CHECK(ops.index() == 2);
  CHECK_FALSE(ops.step());
  CHECK_FALSE(ops.failed());
}

TEST_CASE("ops: a fault names op, field and place", "[unit][json]") {
  const auto fault = [](const char* text) {
    OpReader ops(text);
    while (ops.next()) {
      if (!ops.only({"type", "elem"})) break;
    }
    const OpFault it = ops.fault();
    return !ops.failed()
               ? "none"
               : (it.op_index == OpFault::kNoOp ? "-" : std::to_string(it.op_index)) + " " + it.pointer + " " + it.message;
  };
  CHECK(fault("[]") == "none");
  CHECK(fault("{}") == "-  ops must be a JSON array (at byte 0 of the ops)");
  CHECK(fault("") == "-  ops must be a JSON array (at byte 0 of the ops)");
  CHECK(fault("[1]") == "0  an object is wanted here (at byte 1 of the ops)");
  CHECK(fault(R"([{},{"elem":1e1000}])") == "1 /elem a number's exponent lies beyond ±999 (at byte 12 of the ops)");
  CHECK(fault(R"([{"elem":{"a":1,"a":2}}])") == "0 /elem an object has the same key twice (at byte 9 of the ops)");
  CHECK(fault(R"([{"elem":1,"elem":2}])") == "0  the object has the same field twice (at byte 17 of the ops)");
  CHECK(fault(R"([{"a/b~":1}])") == "0 /a~1b~0 unknown field; this op has `type`, `elem`");
  CHECK(fault("[{},]") == "-  the array of ops wants ',' and an op, or ']' here (at byte 4 of the ops)");
  CHECK(fault("[{}") == "-  the array of ops wants ',' and an op, or ']' here (at byte 3 of the ops)");
  CHECK(fault("[] x") == "-  something follows the end of the JSON text (at byte 3 of the ops)");
}
