// The manifest's op templates on their way through the loader.
#include <catch2/catch.hpp>

#include <string>

#include "crdtd/loader/manifest.hpp"

using namespace crdtd::loader;

namespace {

std::string manifest_with(const std::string& ops) {
  return R"({"manifest":1,"id":"com.example.x","version":"1.0.0","abi":"1.0","provides":[{"kind":"crdt.type/1","name":"x",)"
         R"("semantics":1,"format_written":1,"formats_read":[1],"ops":)" +
         ops + "}]}";
}

std::string refusal_of(const std::string& ops) {
  const auto parsed = parse_manifest("x.so", manifest_with(ops));
  return parsed ? "none" : parsed.refusal().field;
}

}  // namespace

TEST_CASE("manifest: op templates are handed on as compact JSON", "[conformance][manifest]") {
  const auto parsed = parse_manifest("x.so", manifest_with("[ {\"add\": {\"$value\": 8}},\n {\"n\": \"\\u00e9\"} ]"));
  REQUIRE(parsed);
  CHECK(parsed->provides[0].ops_json == "[{\"add\":{\"$value\":8}},{\"n\":\"\xC3\xA9\"}]");
}

TEST_CASE("manifest: op templates have their bounds", "[conformance][manifest]") {
  CHECK(refusal_of("[{}]") == "none");
  CHECK(refusal_of("[]") == "manifest.provides[0].ops");
  CHECK(refusal_of("{}") == "manifest.provides[0].ops");
  CHECK(refusal_of("[{},1]") == "manifest.provides[0].ops[1]");
  CHECK(refusal_of("[{\"a\":1,\"a\":2}]") == "manifest.provides[0].ops[0]");
  CHECK(refusal_of("[{\"a\":\"" + std::string(70'000, 'x') + "\"}]") == "manifest.provides[0].ops");
  CHECK(refusal_of("[{\"a\":" + std::string(31, '[') + std::string(31, ']') + "}]") == "none");
  CHECK(refusal_of("[{\"a\":" + std::string(32, '[') + std::string(32, ']') + "}]") == "manifest.provides[0].ops[0]");
  CHECK(refusal_of("[{\"a\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}]") == "manifest.provides[0].ops[0]");
  std::string many;
  for (int i = 0; i < 65; ++i) many += i == 0 ? "{}" : ",{}";
  CHECK(refusal_of("[" + many + "]") == "manifest.provides[0].ops");
}
