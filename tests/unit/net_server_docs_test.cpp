// What each path asks of the engine, and how its answers and errors look.
#include "crdtd/wire/snapshot.hpp"
#include "net_fixture.hpp"

using namespace crdtd;
using namespace crdtd::net;
using base::Code;

TEST_CASE("put_doc: assigns the bytes of the value, and points errors at it", "[unit][net]") {
  TestServer server;
  RawClient client(server.port);
  auto answer = client.ask(message("PUT", "/v1/docs/profile", R"({"type":"t","value": {"name":"Ada", "n":1.0} })"));
  CHECK(answer.status == 200);
  const auto write = server.hub.writes().at(0);
  CHECK(write.doc.tenant == "acme");
  CHECK(write.doc.id == "profile");
  CHECK(write.node == "n1");
  CHECK(write.type == "t");
  CHECK(write.ops_json == R"([{"assign":{"name":"Ada", "n":1.0}}])");
  CHECK(write.since.kind == document::Since::Kind::kAbsent);
  CHECK_FALSE(write.key);
  CHECK_FALSE(write.if_match);
  server.hub.on_write = [](const auto&) { return base::Error{Code::kLimitExceeded, "too long", "/ops/0/assign/3", 256}; };
  answer = client.ask(message("PUT", "/v1/docs/profile", R"({"type":"t","value":1})"));
  CHECK(answer.status == 422);
  CHECK(answer.fields.at("content-type") == "application/problem+json");
  CHECK(answer.has(R"("pointer":"/value/3","limit":256)"));
}

TEST_CASE("post_ops: hands over since, ops, conditions and wishes", "[unit][net]") {
  TestServer server;
  RawClient client(server.port);
  const auto answer =
      client.ask(message("POST", "/v1/docs/a%2Eb/ops?unit=utf16", R"({"since":"AQ-9","type":"t","ops":[1, 2]})",
                         "Prefer: return=minimal\r\nIf-Match: \"AQ-8\"\r\nIf-None-Match: *\r\nIdempotency-Key: k 1\r\n"));
  CHECK(answer.status == 200);
  CHECK(answer.body == R"({"version":1,"applied":1})");
  CHECK(answer.fields.at("preference-applied") == "return=minimal");
  CHECK(answer.fields.count("etag") == 0);
  const auto write = server.hub.writes().at(0);
  CHECK(write.doc.id == "a.b");
  CHECK(write.ops_json == "[1, 2]");
  CHECK(write.since.cursor == "AQ-9");
  CHECK(write.if_match == "AQ-8");
  CHECK(write.if_none_match_any);
  CHECK(write.utf16);
  CHECK_FALSE(write.want_value);
  REQUIRE(write.key);
  CHECK(write.key->key == "k 1");
}

TEST_CASE("post_ops: the digest of a key covers method, target and body", "[unit][net]") {
  TestServer server;
  RawClient client(server.port);
  const auto send = [&client](std::string_view target, std::string_view body) {
    REQUIRE(client.ask(message("POST", target, body, "Idempotency-Key: k\r\n")).status == 200);
  };
  send("/v1/docs/a/ops", kBatch);
  send("/v1/docs/a/ops", kBatch);
  send("/v1/docs/b/ops", kBatch);
  send("/v1/docs/a/ops", R"({"since":0,"type":"t","ops":[{"add":2}]})");
  const auto writes = server.hub.writes();
  CHECK(writes[0].key->digest == writes[1].key->digest);
  CHECK(writes[0].key->digest != writes[2].key->digest);
  CHECK(writes[0].key->digest != writes[3].key->digest);
}

TEST_CASE("post_ops: a repeat and a result are told", "[unit][net]") {
  TestServer server;
  server.hub.on_write = [](const auto&) {
    document::WriteReply reply;
    reply.version = 5;
    reply.applied = 3;
    reply.cursor = "AQ";
    reply.value_json = "1";
    reply.result_json = R"([{"lost":true}])";
    reply.replayed = true;
    return reply;
  };
  RawClient client(server.port);
  const auto answer = client.ask(message("POST", "/v1/docs/a/ops", kBatch, "Idempotency-Key: k\r\n"));
  CHECK(answer.fields.at("idempotency-replayed") == "true");
  CHECK(answer.body == R"({"version":5,"snapshot":1,"cursor":"AQ","applied":3,"result":[{"lost":true}]})");
}

TEST_CASE("post_ops: bad input reaches no engine and is named", "[unit][net]") {
  TestServer server;
  RawClient client(server.port);
  const auto post = [&client](std::string_view body, std::string_view fields = {}, std::string_view target = "/v1/docs/a/ops") {
    return client.ask(message("POST", target, body, fields));
  };
  CHECK(post("{").has("invalid-json"));
  CHECK(post(R"({"type":"t","opps":[]})").has("did you mean `ops`?"));
  CHECK(post(R"({"type":"t","ops":1})").has(R"("pointer":"/ops")"));
  CHECK(post(R"({"type":"t","ops":)" + std::string(100'000, '[')).has("invalid-json"));
  CHECK(post(kBatch, "Idempotency-Key: " + std::string(129, 'k') + "\r\n").has("Idempotency-Key"));
  CHECK(post(kBatch, "If-Match: AQ\r\n").has("If-Match"));
  CHECK(post(kBatch, "If-None-Match: \"x\"\r\n").has("If-None-Match"));
  CHECK(post(kBatch, "Accept: text/html\r\n").status == 406);
  CHECK(post(kBatch, "Content-Encoding: gzip\r\n").status == 415);
  CHECK(post(kBatch, {}, "/v1/docs/a/ops?uint=utf16").has("did you mean `unit`?"));
  CHECK(post(kBatch, {}, "/v1/docs/a/ops?unit=bytes").has("takes utf16 or codepoint"));
  CHECK(
      client
          .ask("POST /v1/docs/a/ops HTTP/1.1\r\nHost: localhost\r\nX-Tenant-ID: a\r\nX-Node-ID: n\r\nContent-Type: text/plain\r\n"
               "Content-Length: 2\r\n\r\n{}")
          .status == 415);
  CHECK(client.ask(message("POST", "/v1/docs/a/ops")).has("invalid-json"));
  CHECK(server.hub.writes().empty());
}

TEST_CASE("writes: the engine's refusals become problems with their members", "[unit][net]") {
  NetOptions options;
  options.types = {{"alpha", "x", 1, 1, {}, {}}, {"beta", "y", 1, 1, {}, {}}};
  TestServer server(std::move(options));
  RawClient client(server.port);
  const auto refused = [&](base::Error error) {
    server.hub.on_write = [error](const auto&) { return error; };
    return client.ask(message("POST", "/v1/docs/a/ops", kBatch));
  };
  auto answer = refused(base::make_error(Code::kTypeNotEnabled, "`t` is not enabled"));
  CHECK(answer.status == 422);
  CHECK(answer.has(R"("enabled":["alpha","beta"])"));
  CHECK(refused({Code::kClockDrift, "ahead", "/ops/0/ts_unix_ns", 90'000'000'000})
            .has(R"("pointer":"/ops/0/ts_unix_ns","offset_ns":90000000000)"));
  CHECK(refused({Code::kGap, "hole", "", 4}).has(R"("expected":4)"));
  answer = refused(base::make_error(Code::kQuotaExceeded, "slow down"));
  CHECK(answer.status == 429);
  CHECK(answer.fields.at("retry-after") == "1");
  CHECK(refused(base::make_error(Code::kPreconditionFailed, "moved on")).status == 412);
  CHECK(refused(base::make_error(Code::kStale, "behind")).status == 410);
  answer = client.ask(message("GET", "/v1/types"));
  CHECK(
      answer.body ==
      R"({"types":[{"name":"alpha","type":"x","semantics":1,"format":1},{"name":"beta","type":"y","semantics":1,"format":1}]})");
}

TEST_CASE("get_doc: value, tag and conditions", "[unit][net]") {
  TestServer server;
  document::ReadRequest asked;
  server.hub.on_read = [&asked](const auto& request) {
    asked = request;
    document::ReadReply reply;
    reply.type = "t";
    reply.version = 4;
    reply.cursor = "AQ-4";
    reply.not_modified = request.if_none_match == "AQ-4";
    if (!reply.not_modified) reply.value_json = "[1]";
    return reply;
  };
  RawClient client(server.port);
  auto answer = client.ask(message("GET", "/v1/docs/a"));
  CHECK(answer.body == R"({"type":"t","version":4,"cursor":"AQ-4","value":[1]})");
  CHECK(answer.fields.at("etag") == "\"AQ-4\"");
  answer = client.ask(message("GET", "/v1/docs/a", {}, "If-None-Match: \"AQ-4\"\r\n"));
  CHECK(answer.status == 304);
  CHECK(answer.fields.at("etag") == "\"AQ-4\"");
  CHECK(answer.fields.count("content-length") == 0);
  CHECK(client.ask(message("GET", "/v1/docs/a", {}, "If-None-Match: \"AQ-1\", W/\"AQ-4\"\r\n")).status == 304);
  CHECK(client.ask(message("GET", "/v1/docs/a", {}, "If-None-Match: \"AQ-1\"\r\n")).status == 200);
  CHECK(asked.if_none_match == "AQ-1");
  CHECK(client.ask(message("GET", "/v1/docs/a?query=%7B%22contains%22:1%7D&version=3&unit=utf16")).status == 200);
  CHECK(asked.query_json == R"({"contains":1})");
  CHECK(asked.version == 3u);
  CHECK(asked.utf16);
  CHECK(client.ask(message("GET", "/v1/docs/a?query=%7B")).has("the query parameter `query`: offset 1"));
  CHECK(client.ask(message("GET", "/v1/docs/a?version=-1")).status == 400);
  CHECK(client.ask(message("GET", "/v1/docs/a", {}, "Accept: text/html\r\n")).status == 406);
  answer = client.ask(message("HEAD", "/v1/docs/a"), true);
  CHECK(answer.fields.at("content-length") == "52");
  server.hub.on_read = [](const auto&) { return base::make_error(Code::kDocumentNotFound, "no"); };
  CHECK(client.ask(message("GET", "/v1/docs/a")).status == 404);
}

TEST_CASE("get_doc: the encoded state with the known table", "[unit][net]") {
  TestServer server;
  server.hub.on_read = [](const auto& request) {
    document::ReadReply reply;
    reply.type = "t";
    reply.version = 4;
    reply.cursor = "AQ-4";
    reply.format = 2;
    if (request.encoded) reply.encoded = std::string("\0\1\2", 3);
    reply.known = {{7, 9, 11, "n"}};
    return reply;
  };
  RawClient client(server.port);
  const auto answer = client.ask(message("GET", "/v1/docs/a", {}, "Accept: application/vnd.crdtd.snapshot\r\n"));
  CHECK(answer.fields.at("content-type") == wire::kSnapshotMediaType);
  const auto snapshot = wire::read_snapshot(answer.body);
  REQUIRE(snapshot);
  CHECK(snapshot->encoded == std::string_view("\0\1\2", 3));
  CHECK(snapshot->format == 2);
  CHECK(snapshot->known.at(0).chain == 11);
  CHECK(
      client.ask(message("GET", "/v1/docs/a", {}, "Accept: application/vnd.crdtd.snapshot, */*\r\n")).fields.at("content-type") ==
      "application/json");
  CHECK(client.ask(message("GET", "/v1/docs/a?query=1", {}, "Accept: application/vnd.crdtd.snapshot\r\n")).status == 400);
}

TEST_CASE("get_ops: rows after a cursor or a version", "[unit][net]") {
  TestServer server;
  document::RowsRequest asked;
  server.hub.on_rows = [&asked](const auto& request) {
    asked = request;
    document::RowsReply reply;
    reply.type = "t";
    host::Row row;
    row.version = 2;
    row.replica = 0x8000000000000001;
    row.first_counter = 3;
    row.count = 1;
    row.node = "n1";
    row.delta = "d";
    reply.rows = {std::make_shared<const host::Row>(row)};
    reply.inspected = {R"([{"add":1}])"};
    reply.version = 2;
    reply.cursor = "AQ-2";
    reply.head = 9;
    return reply;
  };
  RawClient client(server.port);
  auto answer = client.ask(message("GET", "/v1/docs/a/ops?since=AQ-1&limit=10"));
  CHECK(answer.body ==
        R"({"type":"t","rows":[{"version":2,"dot":"8000000000000001:3","count":1,"hlc_unix_ns":"0","node":"n1","format":0,)"
        R"("delta":"ZA==","ops":[{"add":1}]}],"version":2,"cursor":"AQ-2","head":9})");
  CHECK(asked.since.cursor == "AQ-1");
  CHECK(asked.limit == 10);
  CHECK(client.ask(message("GET", "/v1/docs/a/ops?since=12")).status == 200);
  CHECK(asked.since.number == 12);
  CHECK(asked.limit == 1000);
  CHECK(client.ask(message("GET", "/v1/docs/a/ops?limit=0")).status == 400);
  CHECK(client.ask(message("GET", "/v1/docs/a/ops?since=")).status == 400);
  CHECK(client.ask(message("GET", "/v1/docs/a/ops", {}, "Accept: text/event-stream\r\n")).status == 406);
}

TEST_CASE("list_docs and delete_doc", "[unit][net]") {
  TestServer server;
  document::ListRequest listed;
  server.hub.on_list = [&listed](const auto& request) {
    listed = request;
    document::ListReply reply;
    reply.items = {{"a", "t", 1, 0}, {"b", "u", 2, 0}};
    reply.more = true;
    return reply;
  };
  document::EraseRequest erased;
  server.hub.on_erase = [&erased](const auto& request) {
    erased = request;
    return document::Nothing{};
  };
  RawClient client(server.port);
  CHECK(client.ask(message("GET", "/v1/docs?limit=2&after=A")).body ==
        R"({"docs":[{"id":"a","type":"t","version":1},{"id":"b","type":"u","version":2}],"next":"b"})");
  CHECK(listed.tenant == "acme");
  CHECK(listed.after == "A");
  CHECK(listed.limit == 2);
  CHECK(client.ask(message("GET", "/v1/docs?limit=1001")).status == 400);
  CHECK(client.ask(message("GET", "/v1/docs?after=a%20b")).status == 400);
  const auto answer = client.ask(message("DELETE", "/v1/docs/a", {}, "If-Match: \"AQ\"\r\n"));
  CHECK(answer.status == 204);
  CHECK(answer.fields.count("content-length") == 0);
  CHECK(erased.doc.id == "a");
  CHECK(erased.if_match == "AQ");
}
