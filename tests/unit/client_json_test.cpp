#include <catch2/catch.hpp>

#include "crdtd/client/json.hpp"

using namespace crdtd::client;

TEST_CASE("client json: any text survives being a string", "[unit][client]") {
  for (const std::string& text :
       {std::string(), std::string("milk"), std::string("say \"hi\" \\ / \b\f\n\r\t"), std::string("a\0b", 3),
        std::string("M\xc3\xbcsli \xf0\x9f\xa5\x9b"), std::string("\x01\x1f\x7f")}) {
    CAPTURE(text);
    CHECK(text_of_json(json_string(text)) == text);
  }
  CHECK(text_of_json(json_string("a\xff"
                                 "b")) ==
        "a\xef\xbf\xbd"
        "b");
  CHECK(text_of_json(R"("\u00e9\ud83e\udd5b")") == "\xc3\xa9\xf0\x9f\xa5\x9b");
  for (const char* json : {"", "1", "null", "[\"a\"]", "\"a", "\"a\" \"b\"", "\"\\ud800\""}) CHECK_FALSE(text_of_json(json));
}

TEST_CASE("client json: elements and members stay the text that they are", "[unit][client]") {
  CHECK(elements_of_json(R"( [ 1.50 , "a\"b", {"x":[1,2]},null] )") ==
        std::vector<std::string>{"1.50", R"("a\"b")", R"({"x":[1,2]})", "null"});
  CHECK(elements_of_json("[]") == std::vector<std::string>{});
  for (const char* json : {"", "{}", "[1", "[1,]", "[1]x", "[,]"}) CHECK_FALSE(elements_of_json(json));
  CHECK(member_of_json(R"({"a":1,"b":{"a":2}})", "b") == R"({"a":2})");
  CHECK_FALSE(member_of_json(R"({"a":1})", "b"));
  CHECK_FALSE(member_of_json(R"({"a":1,)", "a"));
  CHECK_FALSE(member_of_json("[1]", "a"));
}
