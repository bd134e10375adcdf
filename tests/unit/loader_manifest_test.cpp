#include <catch2/catch.hpp>

#include "crdtd/loader/manifest.hpp"

using crdtd::loader::parse_manifest;

namespace {

const std::string kGood =
    R"({"manifest":1,"id":"com.example.max","version":"0.1.0","abi":"1.0",)"
    R"("description":"d","later":[{}],"provides":[)"
    R"({"kind":"crdt.type/1","name":"max","semantics":1,"format_written":2,"formats_read":[1,2],)"
    R"("limits":[{"name":"element","unit":"bytes","default":16,"max":64},{"name":"many","default":1,"max":18446744073709551615}]},)"
    R"({"kind":"storage.backend/1","name":"max"},{"kind":"com.example.colour/7","name":"blue"}]})";

std::string with(std::string text, const std::string& part, const std::string& instead) {
  const auto at = text.find(part);
  REQUIRE(at != std::string::npos);
  return text.replace(at, part.size(), instead);
}

}  // namespace

TEST_CASE("manifest: reads what a plugin provides", "[unit][loader]") {
  const auto manifest = parse_manifest("x.so", kGood + std::string("\0\0", 2));
  REQUIRE(manifest);
  CHECK(manifest->id == "com.example.max");
  CHECK(manifest->version == "0.1.0");
  CHECK(manifest->abi_major == 1);
  CHECK(manifest->abi_minor == 0);
  REQUIRE(manifest->provides.size() == 3);
  const auto& type = manifest->provides[0];
  CHECK(type.semantics == 1);
  CHECK(type.format_written == 2);
  CHECK(type.formats_read == std::vector<std::uint32_t>{1, 2});
  REQUIRE(type.limits.size() == 2);
  CHECK(type.limits[0].name == "element");
  CHECK(type.limits[0].value_default == 16);
  CHECK(type.limits[0].value_max == 64);
  CHECK(type.limits[1].value_max == 18446744073709551615ull);
  CHECK(manifest->provides[2].kind == "com.example.colour/7");
}

TEST_CASE("manifest: a wrong field is named with what was wanted and found", "[unit][loader]") {
  struct Case {
    const char* part;
    const char* instead;
    const char* field;
    const char* found;
  };
  const auto c = GENERATE(values<Case>({
      {"\"manifest\":1,", "", "manifest.manifest", "nothing"},
      {"\"manifest\":1,", "\"manifest\":2,", "manifest.manifest", "2"},
      {"\"com.example.max\"", "7", "manifest.id", "7"},
      {"\"com.example.max\"", "\"\"", "manifest.id", "\"\""},
      {"\"com.example.max\"", "\"a\\u0000b\"", "manifest.id", "one"},
      {"\"1.0\"", "\"1\"", "manifest.abi", "\"1\""},
      {"\"1.0\"", "\"1.0.0\"", "manifest.abi", "\"1.0.0\""},
      {"\"1.0\"", "\"-1.0\"", "manifest.abi", "\"-1.0\""},
      {"\"1.0\"", "\"99999999999.0\"", "manifest.abi", "\"99999999999.0\""},
      {"\"version\":\"0.1.0\"", "\"id\":\"twice\"", "manifest", "\"id\" twice"},
      {"\"kind\":\"crdt.type/1\",", "", "manifest.provides[0].kind", "nothing"},
      {"\"semantics\":1", "\"semantics\":0", "manifest.provides[0].semantics", "0"},
      {"\"semantics\":1", "\"semantics\":1.5", "manifest.provides[0].semantics", "a number that is not whole"},
      {"\"semantics\":1", "\"semantics\":-1", "manifest.provides[0].semantics", "-1"},
      {"\"semantics\":1", "\"semantics\":4294967296", "manifest.provides[0].semantics", "4294967296"},
      {"[1,2]", "[1]", "manifest.provides[0].formats_read", "others only"},
      {"[1,2]", "[]", "manifest.provides[0].formats_read", "an array of 0"},
      {"[1,2]", "[1,null,2]", "manifest.provides[0].formats_read[1]", "null"},
      {"\"default\":16", "\"default\":65", "manifest.provides[0].limits[0].default", "65"},
      {"\"name\":\"many\"", "\"name\":\"element\"", "manifest.provides[0].limits[1].name", "\"element\" twice"},
      {"\"kind\":\"storage.backend/1\"", "\"kind\":\"crdt.type/1\"", "manifest.provides[1].name", "\"max\" twice"},
      {"\"storage.backend/1\",\"name\":\"max\"", "\"crdt.type/1\",\"name\":\"min\"", "manifest.provides[1].semantics", "nothing"},
  }));
  const auto manifest = parse_manifest("x.so", with(kGood, c.part, c.instead));
  INFO(c.part << " -> " << c.instead);
  REQUIRE_FALSE(manifest);
  CHECK(manifest.refusal().field == c.field);
  CHECK(manifest.refusal().found == c.found);
}

TEST_CASE("manifest: what is no JSON object is refused at every length", "[unit][loader]") {
  for (std::size_t length = 0; length < kGood.size(); ++length) CHECK_FALSE(parse_manifest("x.so", kGood.substr(0, length)));
  for (const char* text : {"[]", "1", "null", "\"text\"", "{}", "{} {}", "\xff", "{\"a\":\"\xc3\"}"}) {
    INFO(text);
    CHECK_FALSE(parse_manifest("x.so", text));
  }
}

TEST_CASE("manifest: depth and size do no harm", "[unit][loader]") {
  const std::string deep(100000, '[');
  CHECK_FALSE(parse_manifest("x.so", deep));
  CHECK(parse_manifest("x.so", with(kGood, "[{}]", deep + std::string(deep.size(), ']'))));
  const auto large = parse_manifest("x.so", std::string(crdtd::loader::kManifestBytesMax + 1, ' '));
  REQUIRE_FALSE(large);
  CHECK(large.refusal().found == "262145");
}

TEST_CASE("refusal: is one harmless line", "[unit][loader]") {
  const crdtd::loader::Refusal refusal{"x.so", "id", "a", "b\n\x1b[31m" + std::string(5000, 'c'), "do"};
  const auto line = refusal.to_string();
  CHECK(line.starts_with("x.so: id: wanted a, found b??[31mccc"));
  CHECK(line.ends_with("...: do"));
  CHECK(line.size() < 700);
}
