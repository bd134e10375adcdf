// Replies read as they were written, and nothing else.
#include <catch2/catch.hpp>

#include "crdtd/wire/problem_json.hpp"
#include "crdtd/wire/read_reply.hpp"
#include "crdtd/wire/reply.hpp"
#include "crdtd/wire/snapshot.hpp"

using namespace crdtd::wire;

namespace {

constexpr std::uint64_t kMost = ~std::uint64_t{0};

std::string nested(int depth) {
  return std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']');
}

// Cut anywhere, it is refused with a reason; so it is with something behind it.
template <class T, class Read>
void check_cuts(const std::string& body, Read&& read) {
  std::string why;
  for (std::size_t cut = 0; cut < body.size(); ++cut) {
    T out;
    CAPTURE(body.substr(0, cut));
    REQUIRE_FALSE(read(std::string_view(body).substr(0, cut), out, why));
    REQUIRE_FALSE(why.empty());
  }
  T out;
  CHECK_FALSE(read(body + "x", out, why));
  CHECK(read(body, out, why));
  CHECK(why.empty());
}

}  // namespace

TEST_CASE("wire read_reply: a write", "[unit][wire]") {
  std::string body, why;
  append_write_reply(body, {.version = kMost,
                            .applied = 7,
                            .minimal = false,
                            .cursor = "c\"1",
                            .value_json = R"({"a":[1.0,"x"]})",
                            .result_json = R"({"lost":true})"});
  WriteReply reply;
  REQUIRE(read_write_reply(body, reply, why));
  CHECK(reply.version == kMost);
  CHECK(reply.applied == 7);
  CHECK(reply.cursor == "c\"1");
  CHECK(reply.value_json == R"({"a":[1.0,"x"]})");
  CHECK(reply.result_json == R"({"lost":true})");
  check_cuts<WriteReply>(body, read_write_reply);

  body.clear();
  append_write_reply(body, {.version = 2, .applied = 2, .minimal = true, .cursor = {}, .value_json = {}, .result_json = {}});
  REQUIRE(read_write_reply(body, reply, why));
  CHECK(reply.cursor.empty());
  CHECK(reply.value_json.empty());
  check_cuts<WriteReply>(body, read_write_reply);
  CHECK(read_write_reply(R"({"version":1,"applied":1,"new":[[{"x":1}]],"snapshot":null,"cursor":"c"})", reply, why));
  CHECK(reply.value_json == "null");
}

TEST_CASE("wire read_reply: a document, as deep as the server takes them", "[unit][wire]") {
  std::string body, why;
  append_read_reply(body, {.type = "orset", .version = 3, .cursor = "c", .value_json = nested(64)});
  ReadReply reply;
  REQUIRE(read_read_reply(body, reply, why));
  CHECK(reply.value_json == nested(64));
  body.clear();
  append_read_reply(body, {.type = "orset", .version = 3, .cursor = "c", .value_json = nested(65)});
  CHECK_FALSE(read_read_reply(body, reply, why));
  CHECK_THAT(why, Catch::Contains("nested too deep"));
  body.clear();
  append_read_reply(body, {.type = "orset", .version = 3, .cursor = "c", .value_json = R"(["a",{"b":[]}])"});
  check_cuts<ReadReply>(body, read_read_reply);
}

TEST_CASE("wire read_reply: rows", "[unit][wire]") {
  std::string why;
  std::string bytes;
  std::vector<std::string> deltas;
  for (int size = 0; size < 300; ++size) {
    deltas.push_back(bytes);
    bytes += static_cast<char>(size * 7);
  }
  std::vector<RowView> rows;
  const std::string ops = R"([{"elem":)" + nested(62) + "}]";
  for (std::size_t i = 0; i < deltas.size(); ++i) {
    rows.push_back({.version = i + 1,
                    .replica = kMost - i,
                    .first_counter = kMost,
                    .hlc_unix_ns = kMost,
                    .count = 0xFFFFFFFF,
                    .format = 1,
                    .node = "n",
                    .key = i % 2 == 0 ? "" : "k\\",
                    .delta = deltas[i],
                    .ops_json = i % 3 == 0 ? "" : std::string_view(ops)});
  }
  std::string body;
  append_rows_reply(body, {.type = "orset", .rows = rows, .version = 300, .cursor = "c", .head = kMost});
  RowsPage page;
  REQUIRE(read_rows_reply(body, page, why));
  REQUIRE(page.rows.size() == 300);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& row = page.rows[i];
    REQUIRE(row.version == i + 1);
    REQUIRE(row.replica == kMost - i);
    REQUIRE(row.first_counter == kMost);
    REQUIRE(row.hlc_unix_ns == kMost);
    REQUIRE(row.count == 0xFFFFFFFF);
    REQUIRE(row.key == rows[i].key);
    REQUIRE(row.delta == deltas[i]);
    REQUIRE(row.ops_json == (i % 3 == 0 ? "null" : ops));
  }
  CHECK(page.version == 300);
  CHECK(page.head == kMost);
  body.clear();
  append_rows_reply(body, {.type = "t", .rows = std::span(rows).first(2), .version = 2, .cursor = "c", .head = 2});
  check_cuts<RowsPage>(body, read_rows_reply);
}

TEST_CASE("wire read_reply: lists and types", "[unit][wire]") {
  std::string body, why;
  const DocView docs[] = {{"a", "lww", 1}, {"b~", "orset", kMost}};
  append_list_reply(body, docs, true);
  ListReply list;
  REQUIRE(read_list_reply(body, list, why));
  REQUIRE(list.docs.size() == 2);
  CHECK(list.docs[1].id == "b~");
  CHECK(list.docs[1].version == kMost);
  CHECK(list.next == "b~");
  check_cuts<ListReply>(body, read_list_reply);
  body.clear();
  append_list_reply(body, {}, false);
  REQUIRE(read_list_reply(body, list, why));
  CHECK(list.next.empty());

  body.clear();
  const TypeView types[] = {{"shopping", "orset", 1, 2, {1, 2}, {{"element", 256}}}, {"lww", "lww", 1, 1, {}, {}}};
  append_types_reply(body, types);
  std::vector<TypeInfo> read;
  REQUIRE(read_types_reply(body, read, why));
  REQUIRE(read.size() == 2);
  CHECK(read[0].name == "shopping");
  CHECK(read[0].type == "orset");
  CHECK(read[0].format == 2);
  CHECK(read[0].formats_read == std::vector<std::uint32_t>{1, 2});
  CHECK(read[0].limits == decltype(read[0].limits){{"element", 256}});
  check_cuts<std::vector<TypeInfo>>(body, read_types_reply);
}

TEST_CASE("wire read_reply: snapshots", "[unit][wire]") {
  std::string body, why;
  append_snapshot(body,
                  {.type = "orset", .format = 1, .version = 9, .cursor = "c", .known = {{1, 2, 3, "n"}}, .encoded = "bytes"});
  SnapshotReply reply;
  REQUIRE(read_snapshot_reply(body, reply, why));
  CHECK(reply.version == 9);
  REQUIRE(reply.known.size() == 1);
  CHECK(reply.known[0].node == "n");
  CHECK(reply.encoded == "bytes");
  check_cuts<SnapshotReply>(body, read_snapshot_reply);
}

TEST_CASE("wire read_reply: every problem of the table comes back as itself", "[unit][wire]") {
  std::string why;
  for (const auto& info : kProblems) {
    std::string body;
    append_problem(body, make_problem(info.code, "what \"was\" wrong", "/ops/0", -5), "urn:x");
    ProblemReply reply;
    REQUIRE(read_problem_reply(body, reply, why));
    CHECK(reply.code == info.code);
    CHECK(reply.slug == info.slug);
    CHECK(reply.status == info.status);
    CHECK(reply.retry == info.retry);
    CHECK(reply.title == info.title);
    CHECK(reply.detail == "what \"was\" wrong");
    CHECK(reply.pointer == "/ops/0");
    CHECK(reply.instance == "urn:x");
    CHECK(reply.value == -5);
    check_cuts<ProblemReply>(body, read_problem_reply);
  }
  auto problem = make_problem(ProblemCode::kTypeNotEnabled, "no");
  problem.enabled = {"lww", "orset"};
  std::string body;
  append_problem(body, problem, {});
  ProblemReply reply;
  REQUIRE(read_problem_reply(body, reply, why));
  CHECK(reply.enabled == problem.enabled);
}

TEST_CASE("wire read_reply: a problem that is not in the table keeps its name", "[unit][wire]") {
  std::string why;
  ProblemReply reply;
  REQUIRE(read_problem_reply(R"({"type":"https://h/problems/brand-new","title":"t","status":503})", reply, why));
  CHECK_FALSE(reply.code);
  CHECK(reply.slug == "brand-new");
  CHECK(reply.retry == Retry::kLater);
  REQUIRE(read_problem_reply(R"({"type":"/problems/brand-new","title":"t","status":422})", reply, why));
  CHECK(reply.retry == Retry::kNever);
  CHECK_FALSE(read_problem_reply(R"({"type":"about:blank","title":"t","status":503})", reply, why));
}

TEST_CASE("wire read_reply: what is wrong is named", "[unit][wire]") {
  const auto row = [](std::string_view dot, std::string_view delta) {
    std::string body = R"({"type":"t","rows":[{"version":1,"dot":")";
    body.append(dot).append(R"(","count":1,"hlc_unix_ns":"1","node":"n","format":1,"delta":")").append(delta);
    return body.append(R"(","ops":null}],"version":1,"cursor":"c","head":1})");
  };
  RowsPage page;
  std::string why;
  REQUIRE(read_rows_reply(row("00000000000000ff:1", "AAAA"), page, why));
  CHECK(page.rows[0].replica == 255);
  const std::pair<std::string, const char*> cases[] = {
      {row("ff:1", "AAAA"), "16 hex digits"},
      {row("00000000000000ff-1", "AAAA"), "16 hex digits"},
      {row("00000000000000fg:1", "AAAA"), "a number that is none"},
      {row("00000000000000ff:", "AAAA"), "16 hex digits"},
      {row("00000000000000ff:+1", "AAAA"), "a number that is none"},
      {row("00000000000000ff:99999999999999999999", "AAAA"), "out of range"},
      {row("00000000000000ff:1", "AAA"), "not base64"},
      {row("00000000000000ff:1", "AA-_"), "not base64"},
      {row("00000000000000ff:1", "AB=="), "not base64"},
      {row("00000000000000ff:1", "===="), "not base64"},
      {row("00000000000000ff:1", "=AAA"), "not base64"},
      {R"({"type":"t","rows":{},"version":1,"cursor":"c","head":1})", "an object where an array is expected"},
      {R"({"type":"t","rows":[],"version":1,"cursor":"c"})", "`head` that is missing"},
      {R"({"type":"t","rows":[],"version":1,"version":1,"cursor":"c","head":1})", "`version` that stands twice"},
      {R"({"type":"t","rows":[],"version":1.5,"cursor":"c","head":1})", "a number that is none"},
      {R"({"type":"t","rows":[],"version":-1,"cursor":"c","head":1})", "a number that is none"},
      {R"({"type":"t","rows":[],"version":18446744073709551616,"cursor":"c","head":1})", "out of range"},
  };
  for (const auto& [body, wanted] : cases) {
    CAPTURE(body);
    CHECK_FALSE(read_rows_reply(body, page, why));
    CHECK_THAT(why, Catch::Contains(wanted));
  }
}
