#include "net/header_values.hpp"

#include <catch2/catch.hpp>

#include "net/api_keys.hpp"
#include "net/query_string.hpp"

using namespace crdtd::net;
using crdtd::wire::ProblemCode;

namespace {

Request with(Field field, std::string_view value) {
  Request request;
  request.fields[static_cast<std::size_t>(field)] = value;
  request.present |= 1u << static_cast<unsigned>(field);
  return request;
}

int json_quality(std::string_view accept) { return accept_quality(with(Field::kAccept, accept), "application/json"); }

}  // namespace

TEST_CASE("header_values: Accept by the most specific range", "[unit][net]") {
  CHECK(accept_quality(Request(), "application/json") == 1000);
  CHECK(json_quality("*/*") == 1000);
  CHECK(json_quality("application/*;q=0.5") == 500);
  CHECK(json_quality("text/html, Application/JSON;q=0.123") == 123);
  CHECK(json_quality("application/json;q=0, */*") == 0);
  CHECK(json_quality("*/*;q=0.1, application/json") == 1000);
  CHECK(json_quality("text/html") == 0);
  CHECK(json_quality("application/json;q=x") == 0);
  CHECK(json_quality("") == 0);
}

TEST_CASE("header_values: a JSON body says so, or nothing", "[unit][net]") {
  CHECK_FALSE(check_json_content(Request()));
  for (const auto* ok : {"application/json", "Application/JSON; charset=UTF-8", "application/json;charset=\"utf-8\""}) {
    CHECK_FALSE(check_json_content(with(Field::kContentType, ok)));
  }
  for (const auto* bad :
       {"text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1", "application/jsonx", ""}) {
    INFO(bad);
    CHECK(check_json_content(with(Field::kContentType, bad)));
  }
  CHECK(check_json_content(with(Field::kContentEncoding, "gzip")));
  CHECK_FALSE(check_json_content(with(Field::kContentEncoding, "identity")));
}

TEST_CASE("header_values: Prefer and entity tags", "[unit][net]") {
  CHECK(prefers_minimal(with(Field::kPrefer, "respond-async, Return=Minimal; x=1")));
  CHECK_FALSE(prefers_minimal(with(Field::kPrefer, "return=representation")));

  std::optional<std::string> cursor;
  CHECK_FALSE(read_if_match(with(Field::kIfMatch, "\"AQ\""), cursor));
  CHECK(cursor == "AQ");
  CHECK_FALSE(read_if_match(with(Field::kIfMatch, "*"), cursor));
  CHECK(cursor == "*");
  for (const auto* bad : {"AQ", "W/\"AQ\"", "\"a\", \"b\"", "\"\"", ""}) CHECK(read_if_match(with(Field::kIfMatch, bad), cursor));

  bool create_only = false;
  CHECK(read_create_only(with(Field::kIfNoneMatch, "\"a\""), create_only));
  CHECK_FALSE(create_only);
  CHECK_FALSE(read_create_only(with(Field::kIfNoneMatch, " * "), create_only));
  CHECK(create_only);

  CHECK(none_match_hits(with(Field::kIfNoneMatch, "\"a,b\", W/\"c\""), "c"));
  CHECK(none_match_hits(with(Field::kIfNoneMatch, "\"a,b\""), "a,b"));
  CHECK_FALSE(none_match_hits(with(Field::kIfNoneMatch, "\"a,b\""), "a"));
  CHECK(none_match_hits(with(Field::kIfNoneMatch, "*"), "a"));
}

TEST_CASE("query_string: names are known, single and well escaped", "[unit][net]") {
  QueryString query;
  REQUIRE_FALSE(query.parse("since=a%2Bb&query=%7B%22a%22:+1}&limit=5", {"since", "query", "limit"}));
  CHECK(*query.find("since") == "a+b");
  CHECK(*query.find("query") == "{\"a\": 1}");
  std::uint64_t limit = 0;
  CHECK_FALSE(query.read_number("limit", 1, 5, limit));
  CHECK(limit == 5);
  CHECK(query.read_number("limit", 6, 9, limit));
  CHECK(query.read_number("since", 0, 9, limit));
  const auto problem = QueryString().parse("sinse=1", {"since"});
  REQUIRE(problem);
  CHECK(problem->detail == "there is no query parameter `sinse`, did you mean `since`?");
  CHECK(QueryString().parse("since=1&since=2", {"since"}));
  CHECK(QueryString().parse("since=%2", {"since"}));
  CHECK(QueryString().parse("&", {"since"}));
  CHECK(QueryString().parse("x", {}));
}

TEST_CASE("api_keys: a key opens its own tenants", "[unit][net]") {
  crdtd::settings::ApiKey web{.name = "web", .sha256 = sha256({"sec", "ret"}), .all_tenants = false, .tenants = {"acme"}};
  crdtd::settings::ApiKey root{.name = "root", .sha256 = sha256({"root"}), .all_tenants = true, .tenants = {}};
  const ApiKeys keys({web, root});
  CHECK(keys.required());
  CHECK(keys.admits("secret", "acme"));
  CHECK_FALSE(keys.admits("secret", "other"));
  CHECK(keys.admits("root", "other"));
  CHECK_FALSE(keys.admits("Secret", "acme"));
  CHECK_FALSE(keys.admits("", "acme"));
  CHECK_FALSE(ApiKeys({}).required());
  CHECK(sha256({"abc"})[0] == 0xba);
}
