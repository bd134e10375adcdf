// Op templates: what is drawn from them, and that a fault in them is told with its place.
#include "crdt/op_templates.hpp"

#include <catch2/catch.hpp>

#include <set>

#include "crdtd/plugin/json.hpp"

using namespace crdtd::conformance;

namespace {

OpTemplates parsed(std::string_view text) {
  auto result = OpTemplates::parse(text);
  if (const auto* fault = std::get_if<std::string>(&result)) FAIL(*fault);
  return std::get<OpTemplates>(result);
}

std::string fault_of(std::string_view text) {
  const auto result = OpTemplates::parse(text);
  const auto* fault = std::get_if<std::string>(&result);
  return fault == nullptr ? "none" : *fault;
}

std::set<std::string> drawn(std::string_view text, const DrawnFor& author = {}) {
  const OpTemplates templates = parsed(text);
  Dice dice(7);
  std::set<std::string> all;
  for (int i = 0; i < 600; ++i) all.insert(templates.draw(dice, author));
  return all;
}

}  // namespace

TEST_CASE("op templates: what has no placeholder stands for itself", "[conformance][ops]") {
  CHECK(drawn(R"([{"b":[1,{"c":null}], "a":"\u0041"}])") == std::set<std::string>{R"({"a":"A","b":[1,{"c":null}]})"});
}

TEST_CASE("op templates: numbers keep to their bounds and reach them", "[conformance][ops]") {
  CHECK(drawn(R"([{"n":{"$int":[-1,1]}}])") == std::set<std::string>{R"({"n":-1})", R"({"n":0})", R"({"n":1})"});
  CHECK(drawn(R"([{"n":{"$int":[-4611686018427387904,4611686018427387904]}}])").count(R"({"n":4611686018427387904})") == 1);
}

TEST_CASE("op templates: values, choices, lists and weights", "[conformance][ops]") {
  CHECK(drawn(R"([{"v":{"$value":2}}])") == std::set<std::string>{R"({"v":"a"})", R"({"v":null})"});
  CHECK(drawn(R"([{"v":{"$value":64}}])").size() == 64);
  CHECK(drawn(R"([{"v":{"$one_of":[1,[{"$one_of":[2,3]}]]}}])") ==
        std::set<std::string>{R"({"v":1})", R"({"v":[2]})", R"({"v":[3]})"});
  CHECK(drawn(R"([{"v":{"$list":[0,2]}}])") == std::set<std::string>{R"({"v":[]})", R"({"v":[0]})", R"({"v":[0,0]})"});
  const OpTemplates weighted = parsed(R"([{"$weight":1000,"op":{"often":1}},{"seldom":1}])");
  Dice dice(1);
  int often = 0;
  for (int i = 0; i < 1000; ++i) often += weighted.draw(dice, {}) == R"({"often":1})" ? 1 : 0;
  CHECK(often > 980);
}

TEST_CASE("op templates: indexes and stamps depend on the author", "[conformance][ops]") {
  CHECK(drawn(R"([{"i":{"$index":0}}])", {0, 2}) == std::set<std::string>{R"({"i":0})", R"({"i":1})", R"({"i":2})"});
  CHECK(drawn(R"([{"i":{"$index":-1}}])", {0, 2}) == std::set<std::string>{R"({"i":0})", R"({"i":1})"});
  CHECK(drawn(R"([{"i":{"$index":-1}}])", {0, 0}) == std::set<std::string>{R"({"i":0})"});
  CHECK(drawn(R"([{"t":{"$stamp_ns":1}}])", {100, 0}) ==
        std::set<std::string>{R"({"t":"99"})", R"({"t":"100"})", R"({"t":"101"})"});
}

TEST_CASE("op templates: all that is drawn is JSON of bounded size", "[conformance][ops]") {
  const OpTemplates templates = parsed(
      R"([{"s":{"$string":30},"v":{"$value":64}},{"l":{"$list":[{"$list":[{"$list":[{"$string":4096},256]},256]},256]}}])");
  Dice dice(3);
  for (int i = 0; i < 300; ++i) {
    const std::string op = templates.draw(dice, {});
    crdtd::ByteBuffer canonical;
    INFO(op);
    REQUIRE(crdtd::canonical_json(op, canonical).text == nullptr);
    REQUIRE(op.size() < 200'000);
  }
}

TEST_CASE("op templates: faults are told with their place", "[conformance][ops]") {
  CHECK(fault_of("{}") == "ops: want an array of op templates");
  CHECK(fault_of("[]") == "ops: is empty: want at least one op template");
  CHECK(fault_of("[1]") == "ops[0]: want an object: the template of an op");
  CHECK(fault_of(R"([{"a":1},{"b":{"$int":[3]}}])") == "ops[1].b.$int: found [3], want [least, most]");
  CHECK(fault_of(R"([{"b":[0,{"$int":[3,2]}]}])").find("ops[0].b[1].$int: found [3,2]") == 0);
  CHECK(fault_of(R"([{"b":{"$value":0}}])") == "ops[0].b.$value: found 0, want a whole number from 1 to 64");
  CHECK(fault_of(R"([{"b":{"$value":1.5}}])").find("ops[0].b.$value: found 1.5") == 0);
  CHECK(fault_of(R"([{"b":{"$value":3,"c":1}}])") == "ops[0].b: `$value` must stand alone in its object");
  CHECK(fault_of(R"([{"b":{"$nope":3}}])").find("ops[0].b.$nope: unknown; known are $value") == 0);
  CHECK(fault_of(R"([{"b":{"$one_of":[]}}])").find("ops[0].b.$one_of: found []") == 0);
  CHECK(fault_of(R"([{"b":{"$list":[{"$string":-1},2]}}])").find("ops[0].b.$list[0].$string: found -1") == 0);
  CHECK(fault_of(R"([{"$weight":2}])").find("ops[0]: a weighted template is") == 0);
  CHECK(fault_of(R"([{"$weight":0,"op":{}}])").find("ops[0].$weight: found 0") == 0);
  CHECK(fault_of(R"([{"a":1,"a":2}])").find("ops: an object has the same key twice") == 0);
  CHECK(fault_of("[{").find("ops: ") == 0);
}
