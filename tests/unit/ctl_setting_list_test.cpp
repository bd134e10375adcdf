#include "ctl/setting_list.hpp"

#include <catch2/catch.hpp>

using namespace crdtd::ctl;

namespace {

std::string json_of(const std::vector<std::string>& assignments) {
  const auto json = settings_json(assignments);
  return json ? *json : "refused: " + json.error().message;
}

}  // namespace

TEST_CASE("settings on the command line: values are what the rule says", "[unit][ctl]") {
  CHECK(json_of({}) == "{}");
  CHECK(json_of({"path=store.db"}) == R"({"path":"store.db"})");
  CHECK(json_of({"readers=4", "sync=true", "cold=false"}) == R"({"readers":4,"sync":true,"cold":false})");
  // A number that a file name or a version only looks like stays text.
  CHECK(json_of({"a=007"}) == R"({"a":"007"})");
  CHECK(json_of({"a=1.5"}) == R"({"a":1.5})");
  CHECK(json_of({"a=1.5.2"}) == R"({"a":"1.5.2"})");
  CHECK(json_of({"a=-1e3"}) == R"({"a":-1e3})");
  CHECK(json_of({"a= 1"}) == R"({"a":" 1"})");
  // Quotes ask for text; without a whole JSON string they are part of it.
  CHECK(json_of({R"(a="5")"}) == R"({"a":"5"})");
  CHECK(json_of({R"(a="5)"}) == R"({"a":"\"5"})");
  CHECK(json_of({"a="}) == R"({"a":""})");
  CHECK(json_of({"a=b=c"}) == R"({"a":"b=c"})");
  // Containers and null are no settings.
  CHECK(json_of({"a={}", "b=null"}) == R"({"a":"{}","b":"null"})");
  CHECK(json_of({"a=Null\n\x01"}) == R"({"a":"Null\n\u0001"})");
}

TEST_CASE("settings on the command line: mistakes are named, as wrong usage", "[unit][ctl]") {
  for (const char* wrong : {"path", "=x", "a b=1", "\"a\"=1", ""}) {
    INFO(wrong);
    const auto json = settings_json({wrong});
    REQUIRE_FALSE(json);
    CHECK(json.error().code == kExitUsage);
    CHECK(json.error().message.find("name=value") != std::string::npos);
  }
  CHECK(json_of({"path=a", "path=b"}) == "refused: --set path=b: path is given twice");
}
