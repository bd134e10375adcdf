#include "crdtd/plugin/storage_settings.hpp"

#include <catch2/catch.hpp>

using crdtd::Outcome;
using crdtd::storage::Settings;

TEST_CASE("storage settings: texts, numbers and flags are read", "[unit][storage]") {
  Settings settings;
  REQUIRE(Settings::parse(R"( { "path" : "a\"\\\u00e9\ud83d\ude00/b" , "size":"64KiB","n":7, "on":true } )", settings).ok());
  std::string path;
  std::uint64_t size = 0, n = 0, absent = 5;
  bool on = false;
  CHECK(settings.text("path", path).ok());
  CHECK(path == "a\"\\\xc3\xa9\xf0\x9f\x98\x80/b");
  CHECK(settings.number("size", 0, 100'000, size).ok());
  CHECK(size == 65'536);
  CHECK(settings.number("n", 7, 7, n).ok());
  CHECK(n == 7);
  CHECK(settings.flag("on", on).ok());
  CHECK(on);
  CHECK(settings.number("absent", 0, 9, absent).ok());
  CHECK(absent == 5);
  CHECK(settings.refuse_others().ok());
}

TEST_CASE("storage settings: what nobody asked for is refused by name, with the known ones", "[unit][storage]") {
  Settings settings;
  REQUIRE(Settings::parse(R"({"pth": "x"})", settings).ok());
  std::string path;
  CHECK(settings.text("path", path).ok());
  const Outcome refused = settings.refuse_others();
  CHECK(refused.status() == CRDTD_INVALID);
  CHECK(refused.error().pointer.view() == "/pth");
  CHECK(refused.error().message.view().find("it knows: path") != std::string_view::npos);
}

TEST_CASE("storage settings: values out of bounds or of another kind are refused", "[unit][storage]") {
  for (const char* json : {R"({"n": 4})", R"({"n": 11})", R"({"n": -5})", R"({"n": "5MB"})", R"({"n": true})", R"({"n": 5.5})",
                           R"({"n": ""})", R"({"n": "99999999999999999999"})", R"({"n": "99999999999GiB"})"}) {
    INFO(json);
    Settings settings;
    REQUIRE(Settings::parse(json, settings).ok());
    std::uint64_t n = 0;
    const Outcome refused = settings.number("n", 5, 10, n);
    CHECK(refused.status() == CRDTD_INVALID);
    CHECK(refused.error().pointer.view() == "/n");
  }
  Settings settings;
  REQUIRE(Settings::parse(R"({"t": 1, "f": "true"})", settings).ok());
  std::string text;
  bool flag = false;
  CHECK_FALSE(settings.text("t", text).ok());
  CHECK_FALSE(settings.flag("f", flag).ok());
}

TEST_CASE("storage settings: anything but a flat JSON object is refused", "[unit][storage]") {
  for (const char* json : {"",
                           "[]",
                           "{",
                           "{\"a\"",
                           "{\"a\":",
                           "{\"a\":1",
                           "{\"a\":1,",
                           "{\"a\":1,}",
                           "{\"a\":1}x",
                           "{\"a\":{}}",
                           "{\"a\":[1]}",
                           "{\"a\":null}",
                           "{\"a\":1,\"a\":2}",
                           "{\"a\":\"\\x\"}",
                           "{\"a\":\"\\u12\"}",
                           "{a:1}",
                           "{\"a\":\"\\ud800\"}",
                           "{\"a\":\"\\udc00\"}",
                           "{\"a\":\"\\ud800\\u0041\"}",
                           "{\"a\":\"x}",
                           "{\"a\":hello}"}) {
    INFO(json);
    Settings settings;
    CHECK(Settings::parse(json, settings).status() == CRDTD_INVALID);
  }
}
