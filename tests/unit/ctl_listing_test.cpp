#include "ctl/listing.hpp"

#include <catch2/catch.hpp>
#include <sstream>

using namespace crdtd::ctl;

namespace {

std::string table_of(const Listing& listing) {
  std::ostringstream out;
  listing.print_table(out);
  return out.str();
}

}  // namespace

TEST_CASE("listing: columns line up, numbers to the right, by characters and not bytes", "[unit][ctl]") {
  Listing listing({{"name", "NAME", false}, {"count", "COUNT", true}, {"hidden", "", false}, {"note", "NOTE", false}});
  listing.add({Cell::of(std::string_view("a×b")), Cell::of(std::uint64_t{7}), Cell::of(std::uint64_t{1}), Cell::none()});
  listing.add(
      {Cell::of(std::string_view("x")), Cell::of(std::uint64_t{123456}), Cell::none(), Cell::of(std::string_view("long"))});
  CHECK(table_of(listing) ==
        "NAME   COUNT  NOTE\n"
        "a×b        7  -\n"
        "x     123456  long\n");
  CHECK(listing.json() ==
        R"([{"name":"a×b","count":7,"hidden":1,"note":null},{"name":"x","count":123456,"hidden":null,"note":"long"}])");
}

TEST_CASE("listing: without rows it is a heading, or an empty array", "[unit][ctl]") {
  const Listing listing({{"a", "A", false}});
  CHECK(table_of(listing) == "A\n");
  CHECK(listing.json() == "[]");
}

TEST_CASE("sheet: names and values, an object in JSON", "[unit][ctl]") {
  Sheet sheet;
  sheet.add("id", "the id", Cell::of(std::string_view("todos")));
  sheet.add("tags", "tags", Cell::of(std::vector<std::string>{"a", "b\"c"}));
  sheet.add("value", "", Cell::raw(R"({"x":1})"));
  std::ostringstream out;
  sheet.print_table(out);
  CHECK(out.str() == "the id  todos\ntags    a, b\"c\n");
  CHECK(sheet.json() == R"({"id":"todos","tags":["a","b\"c"],"value":{"x":1}})");
}

// What a plugin, a store or a server says must not steer the terminal of whoever looks at it.
TEST_CASE("listing: control characters and broken UTF-8 never reach the terminal", "[unit][ctl]") {
  CHECK(printable("a\x1b[31mb\r\nc\x7f") == "a?[31mb??c?");
  CHECK(printable("\xc2\x9b") == "?");  // CSI as one character
  CHECK(printable("ok \xff\xfe\xe2\x82") == "ok ????");
  CHECK(printable("zo\xc3\xab \xe2\x82\xac \xf0\x9f\x98\x80") == "zo\xc3\xab \xe2\x82\xac \xf0\x9f\x98\x80");
  CHECK(Cell::of(std::string_view("\x1b")).json == R"("\u001b")");
}

TEST_CASE("pretty JSON: indented, empty containers short, strings untouched", "[unit][ctl]") {
  CHECK(pretty_json(R"({"a":[1,{"b":[]}],"c":"x{,\"}:"})") ==
        "{\n  \"a\": [\n    1,\n    {\n      \"b\": []\n    }\n  ],\n  \"c\": \"x{,\\\"}:\"\n}");
  CHECK(pretty_json("[]") == "[]");
  CHECK(pretty_json("{}") == "{}");
  CHECK(pretty_json("5") == "5");
  CHECK(pretty_json(R"("a\\")") == R"("a\\")");
  // Broken input gives something, not a crash.
  CHECK_NOTHROW(pretty_json("]}]\"\\"));
}

TEST_CASE("times and numbers: to the nanosecond, all digits", "[unit][ctl]") {
  CHECK(utc_text(0) == "1970-01-01T00:00:00.000000000Z");
  CHECK(utc_text(1'767'225'600'000'000'001) == "2026-01-01T00:00:00.000000001Z");
  CHECK(utc_text(~std::uint64_t{0}) == "2554-07-21T23:34:33.709551615Z");
  CHECK(hex8(0xa1) == "000000a1");
  CHECK(hex16(0xa1) == "00000000000000a1");
  CHECK(hex_bytes(std::string_view("\x00\xff\x10", 3)) == "00ff10");
}
