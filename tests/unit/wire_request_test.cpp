#include "crdtd/wire/request.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace crdtd::wire;
using namespace std::string_literals;

namespace {

Problem refused_ops(std::string_view body, const BodyLimits& limits = {}) {
  OpsBody out;
  const auto problem = read_ops_body(body, limits, out);
  INFO(body);
  REQUIRE(problem);
  return *problem;
}

Problem refused_put(std::string_view body) {
  PutBody out;
  const auto problem = read_put_body(body, {}, out);
  INFO(body);
  REQUIRE(problem);
  return *problem;
}

SinceField since_of(std::string_view json) {
  OpsBody out;
  const auto body = "{\"type\":\"t\",\"ops\":[],\"since\":" + std::string(json) + "}";
  INFO(body);
  REQUIRE_FALSE(read_ops_body(body, {}, out));
  return out.since;
}

}  // namespace

TEST_CASE("request: a batch of ops keeps the bytes of its ops", "[unit][wire]") {
  OpsBody out;
  REQUIRE_FALSE(read_ops_body(R"({"since":7,"type":"orset","ops": [ {"type":"add","elem":1.0} , 2 ] })", {}, out));
  CHECK(out.type == "orset");
  CHECK(out.ops == R"([ {"type":"add","elem":1.0} , 2 ])");
  CHECK(out.op_count == 2);
  CHECK(out.since.kind == SinceField::Kind::kNumber);
  CHECK(out.since.number == 7);
  REQUIRE_FALSE(read_ops_body(R"({"ops":[],"type":"a.b_c~d-e"})", {}, out));
  CHECK(out.ops == "[]");
  CHECK(out.op_count == 0);
  CHECK(out.since.kind == SinceField::Kind::kAbsent);
}

TEST_CASE("request: since takes a number, digits, a cursor or null", "[unit][wire]") {
  CHECK(since_of("18446744073709551615").number == 18446744073709551615u);
  CHECK(since_of("\"42\"").kind == SinceField::Kind::kNumber);
  CHECK(since_of("\"42\"").number == 42);
  CHECK(since_of("\"AQx-_\"").cursor == "AQx-_");
  CHECK(since_of("null").kind == SinceField::Kind::kAbsent);
  for (const auto* bad :
       {"-1", "1.0", "1e3", "18446744073709551616", "\"\"", "\"a b\"", "true", "[]", "{}", "\"99999999999999999999\""}) {
    const auto problem = refused_ops("{\"type\":\"t\",\"ops\":[],\"since\":" + std::string(bad) + "}");
    CHECK(problem.code == ProblemCode::kInvalidField);
    CHECK(problem.pointer == "/since");
  }
  CHECK(refused_ops("{\"type\":\"t\",\"ops\":[],\"since\":\"" + std::string(257, 'x') + "\"}").pointer == "/since");
}

TEST_CASE("request: a wrong field is named, with the nearest that is known", "[unit][wire]") {
  auto problem = refused_ops(R"({"sinse":1,"type":"t","ops":[]})");
  CHECK(problem.code == ProblemCode::kInvalidField);
  CHECK(problem.pointer == "/sinse");
  CHECK(problem.detail == "there is no field `sinse`, did you mean `since`?");
  problem = refused_ops(R"({"a/b~c":1})");
  CHECK(problem.pointer == "/a~1b~0c");
  CHECK(problem.detail == "there is no field `a/b~c`: those known are since, type, ops");
  CHECK(refused_ops(R"({"type":1,"ops":[]})").detail == "`type` takes the name of a type as a string, not a number");
  CHECK(refused_ops(R"({"type":"","ops":[]})").pointer == "/type");
  CHECK(refused_ops(R"({"type":"a b","ops":[]})").pointer == "/type");
  CHECK(refused_ops(R"({"type":"t","ops":{}})").detail == "`ops` takes an array of ops, not an object");
  CHECK(refused_ops(R"({"ops":[]})").pointer == "/type");
  CHECK(refused_ops(R"({"type":"t"})").pointer == "/ops");
  CHECK(refused_ops("[1]").code == ProblemCode::kInvalidField);
  CHECK(refused_put(R"({"type":"t"})").pointer == "/value");
  CHECK(refused_put(R"({"type":"t","valeu":1})").detail == "there is no field `valeu`, did you mean `value`?");
  CHECK(refused_put(R"({"value":1})").pointer == "/type");
}

TEST_CASE("request: a key that stands twice is refused, escaped or not", "[unit][wire]") {
  for (const auto* body :
       {R"({"type":"t","type":"t","ops":[]})", R"({"type":"t","\u0074ype":"u","ops":[]})", R"({"ops":[],"ops":[],"type":"t"})"}) {
    CHECK(refused_ops(body).code == ProblemCode::kInvalidJson);
  }
  CHECK(refused_put(R"({"type":"t","value":1,"value":2})").detail == "the key `value` stands twice");
}

TEST_CASE("request: broken JSON anywhere in the body is refused", "[unit][wire]") {
  for (const auto& body : {""s, "{"s, R"({"type":"t","ops":[)"s, R"({"type":"t","ops":[]} x)"s, R"({"type":"t","ops":[1,]})"s,
                           R"({"type":"t","ops":[NaN]})"s, "{\"type\":\"t\",\"ops\":[\"\xFF\"]}"s,
                           "{\"type\":\"t\",\"ops\":[]}\0"s, R"({"type":"t","ops":[)" + std::string(100'000, '[')}) {
    CHECK(refused_ops(body).code == ProblemCode::kInvalidJson);
  }
}

TEST_CASE("request: ops count against the limit of a batch, and depth from the body's start", "[unit][wire]") {
  BodyLimits limits;
  limits.op_count_max = 3;
  OpsBody out;
  CHECK_FALSE(read_ops_body(R"({"type":"t","ops":[1,2,3]})", limits, out));
  const auto problem = refused_ops(R"({"type":"t","ops":[1,2,3,4]})", limits);
  CHECK(problem.code == ProblemCode::kLimitExceeded);
  CHECK(problem.pointer == "/ops");
  CHECK(problem.value == 3);
  limits.json.depth_max = 3;
  CHECK_FALSE(read_ops_body(R"({"type":"t","ops":[[]]})", limits, out));
  CHECK(refused_ops(R"({"type":"t","ops":[[[]]]})", limits).code == ProblemCode::kInvalidJson);
}

TEST_CASE("request: a put keeps the bytes of its value", "[unit][wire]") {
  PutBody out;
  REQUIRE_FALSE(read_put_body(R"({"value": {"name":"Ada"} ,"type":"lww"})", {}, out));
  CHECK(out.value == R"({"name":"Ada"})");
  REQUIRE_FALSE(read_put_body(R"({"type":"lww","value":null})", {}, out));
  CHECK(out.value == "null");
}

TEST_CASE("request: a body cut at any byte is refused", "[unit][wire]") {
  const std::string body = R"({"since":"AQ-x","type":"t","ops":[{"a":"é"},2]})";
  OpsBody out;
  REQUIRE_FALSE(read_ops_body(body, {}, out));
  for (std::size_t size = 0; size < body.size(); ++size)
    CHECK(refused_ops(std::string_view(body).substr(0, size)).code == ProblemCode::kInvalidJson);
}

TEST_CASE("request: document ids are decoded once", "[unit][wire]") {
  std::string id;
  CHECK_FALSE(read_doc_id("Az09._~-", id));
  CHECK_FALSE(read_doc_id("%61%2Eb", id));
  CHECK(id == "a.b");
  CHECK_FALSE(read_doc_id(std::string(128, 'x'), id));
  CHECK_FALSE(read_doc_id(
      [] {
        std::string text;
        for (int i = 0; i < 128; ++i) text += "%41";
        return text;
      }(),
      id));
  for (const auto& bad : {""s, "%2561"s, "a%2Fb"s, "a b"s, "%"s, "%4"s, "%G1"s, "%00"s, "é"s, "a+b"s, std::string(129, 'x'),
                          std::string(10'000, 'x')}) {
    INFO(bad);
    const auto problem = read_doc_id(bad, id);
    REQUIRE(problem);
    CHECK(problem->code == ProblemCode::kInvalidDocId);
  }
}
