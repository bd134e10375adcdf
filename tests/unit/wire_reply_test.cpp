#include "crdtd/wire/reply.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "crdtd/wire/json_gate.hpp"
#include "crdtd/wire/json_text.hpp"
#include "crdtd/wire/problem_json.hpp"
#include "crdtd/wire/snapshot.hpp"

using namespace crdtd::wire;
using namespace std::string_literals;

namespace {

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string base64(std::string_view bytes) {
  std::string out;
  append_base64(out, bytes);
  return out;
}

}  // namespace

TEST_CASE("json_text: strings are escaped, and bytes that are no text replaced", "[unit][wire]") {
  CHECK(json_string("a\"\\\b\f\n\r\t\x01\x7F") == R"("a\"\\\b\f\n\r\t\u0001\u007f")");
  CHECK(json_string("é😀") == "\"é😀\"");
  CHECK(json_string("a\xFF\xC3") == "\"a\xEF\xBF\xBD\xEF\xBF\xBD\"");
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  CHECK_FALSE(check_json(json_string(all), {}));
}

TEST_CASE("json_text: base64 as RFC 4648 prints it", "[unit][wire]") {
  CHECK(base64("") == "");
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foo") == "Zm9v");
  CHECK(base64("foobar") == "Zm9vYmFy");
  CHECK(base64("\xFB\xFF\xFE") == "+//+");
}

TEST_CASE("reply: a write answers version and snapshot first", "[unit][wire]") {
  std::string out;
  append_write_reply(
      out, {.version = 1, .applied = 1, .minimal = false, .cursor = "AQ", .value_json = R"({"name":"Ada"})", .result_json = ""});
  CHECK(out == R"({"version":1,"snapshot":{"name":"Ada"},"cursor":"AQ","applied":1})");
  out.clear();
  append_write_reply(
      out, {.version = 2, .applied = 1, .minimal = true, .cursor = "AQ", .value_json = "1", .result_json = R"([{"lost":true}])"});
  CHECK(out == R"({"version":2,"applied":1,"result":[{"lost":true}]})");
}

TEST_CASE("reply: reads, rows, lists and types", "[unit][wire]") {
  std::string out;
  append_read_reply(out, {"orset", 3, "AQ", "[1]"});
  CHECK(out == R"({"type":"orset","version":3,"cursor":"AQ","value":[1]})");
  out.clear();
  const RowView rows[] = {{.version = 1,
                           .replica = 0xAB,
                           .first_counter = 4,
                           .hlc_unix_ns = 1700000000000000001,
                           .count = 2,
                           .format = 1,
                           .node = "n",
                           .key = "k",
                           .delta = "foo",
                           .ops_json = "[{}]"},
                          {.version = 2,
                           .replica = ~0ull,
                           .first_counter = 1,
                           .hlc_unix_ns = 2,
                           .count = 0,
                           .format = 1,
                           .node = "m",
                           .key = "",
                           .delta = "",
                           .ops_json = ""}};
  append_rows_reply(out, {"t", rows, 2, "AQ", 9});
  CHECK(out ==
        R"({"type":"t","rows":[{"version":1,"dot":"00000000000000ab:4","count":2,"hlc_unix_ns":"1700000000000000001","node":"n",)"
        R"("key":"k","format":1,"delta":"Zm9v","ops":[{}]},{"version":2,"dot":"ffffffffffffffff:1","count":0,"hlc_unix_ns":"2",)"
        R"("node":"m","format":1,"delta":"","ops":null}],"version":2,"cursor":"AQ","head":9})");
  out.clear();
  const DocView docs[] = {{"a", "t", 1}, {"b", "u", 2}};
  append_list_reply(out, docs, true);
  CHECK(out == R"({"docs":[{"id":"a","type":"t","version":1},{"id":"b","type":"u","version":2}],"next":"b"})");
  out.clear();
  append_list_reply(out, {}, false);
  CHECK(out == R"({"docs":[],"next":null})");
  out.clear();
  const TypeView types[] = {{"shopping", "orset", 1, 2, {1, 2}, {{"element", 256}}}};
  append_types_reply(out, types);
  CHECK(
      out ==
      R"({"types":[{"name":"shopping","type":"orset","semantics":1,"format":2,"formats_read":[1,2],"limits":{"element":256}}]})");
}

TEST_CASE("problem: members depend on the problem", "[unit][wire]") {
  std::string out;
  append_problem(out, make_problem(ProblemCode::kClockDrift, "late \"x\"", "/ops/3/ts_unix_ns", -5), "urn:x");
  CHECK(out == R"({"type":"/problems/clock-drift","title":"A timestamp lies in the future","status":422,"detail":"late \"x\"",)"
               R"("instance":"urn:x","pointer":"/ops/3/ts_unix_ns","offset_ns":-5})");
  out.clear();
  append_problem(out, make_problem(ProblemCode::kGap, "", "", 7), "");
  CHECK(out.find(R"("expected":7)") != std::string::npos);
  out.clear();
  auto problem = make_problem(ProblemCode::kTypeNotEnabled, "no");
  problem.enabled = {"a", "b"};
  append_problem(out, problem, "");
  CHECK(out.find(R"("enabled":["a","b"])") != std::string::npos);
}

TEST_CASE("problem: every row of the table has a page, a slug of its own and valid JSON", "[unit][wire]") {
  std::set<std::string_view> slugs;
  for (const auto& info : kProblems) {
    CHECK(slugs.insert(info.slug).second);
    CHECK(&problem_info(info.code) == &info);
    CHECK(find_problem(info.slug) == &info);
    CHECK_FALSE(check_json(problem_page_json(info), {}));
    CHECK(problem_page_html(info).find(info.slug) != std::string::npos);
    CHECK((info.status >= 400 && info.status < 600));
  }
  CHECK(find_problem("no-such") == nullptr);
  CHECK_FALSE(check_json(problem_list_json(), {}));
  CHECK(problem_list_html().find("/problems/storage-full") != std::string::npos);
}

TEST_CASE("snapshot: what was written is read, and nothing else", "[unit][wire]") {
  SnapshotView view{.type = "orset",
                    .format = 1,
                    .version = 9,
                    .cursor = "AQ",
                    .known = {{1, 2, 3, "n"}, {~0ull, 5, 6, ""}},
                    .encoded = "state\0x"};
  std::string bytes;
  append_snapshot(bytes, view);
  const auto back = read_snapshot(bytes);
  REQUIRE(back);
  CHECK(back->type == "orset");
  CHECK(back->version == 9);
  CHECK(back->cursor == "AQ");
  REQUIRE(back->known.size() == 2);
  CHECK(back->known[1].replica == ~0ull);
  CHECK(back->known[0].node == "n");
  CHECK(back->encoded == view.encoded);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const std::vector<char> cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK_FALSE(read_snapshot({cut.data(), cut.size()}));
  }
  CHECK_FALSE(read_snapshot(bytes + "x"));
  CHECK(bytes.substr(0, 12) == "crdtsnap\1\0\0\0"s);
}
