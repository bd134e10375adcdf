// Documents over HTTP against a real server: what a person with curl sees, on each storage backend.
#include <catch2/catch.hpp>

#include <fstream>
#include <iterator>

#include "json_view.hpp"
#include "running_server.hpp"

using namespace crdtd::testing;

namespace {

struct Api {
  explicit Api(RunningServer& server, std::string node = "node-a", std::string tenant = "acme")
      : client(server.address()), headers{{"X-Tenant-ID", tenant}, {"X-Node-ID", node}, {"Content-Type", "application/json"}} {}

  HttpReply call(std::string_view method, std::string_view target, std::string_view body = {}, Headers more = {}) {
    Headers all = headers;
    all.insert(all.end(), more.begin(), more.end());
    auto reply = client.request(method, target, all, body);
    REQUIRE(reply.has_value());
    return *reply;
  }

  HttpClient client;
  Headers headers;
};

// The part of a reply that its first members make, as the manual prints it.
bool starts_with(const HttpReply& reply, const std::string& text) { return reply.body.rfind(text, 0) == 0; }

std::string set_of(const HttpReply& reply) { return JsonView(reply.body).at("/snapshot"); }

}  // namespace

TEST_CASE("documents: the first calls of the manual", "[integration]") {
  RunningServer server(storage_under_test());
  Api api(server);

  auto put = api.call("PUT", "/v1/docs/profile", R"({"type":"lww","value":{"name":"Ada"}})");
  CHECK(put.status == 200);
  CHECK(starts_with(put, R"({"version":1,"snapshot":{"name":"Ada"},"cursor":")"));
  CHECK(JsonView(put.body).at("/applied") == "1");

  auto add = api.call("POST", "/v1/docs/todos/ops", R"({"since":0,"type":"orset","ops":[{"type":"add","elem":"buy-milk"}]})");
  CHECK(add.status == 200);
  CHECK(starts_with(add, R"({"version":1,"snapshot":["buy-milk"],)"));
  auto remove = api.call("POST", "/v1/docs/todos/ops", R"({"type":"orset","ops":[{"type":"remove","elem":"buy-milk"}]})");
  CHECK(starts_with(remove, R"({"version":2,"snapshot":[],)"));

  auto assign = api.call("PUT", "/v1/docs/letters", R"({"type":"orset","value":["a","b"]})");
  CHECK(starts_with(assign, R"({"version":1,"snapshot":["a","b"],)"));
  auto set = api.call("POST", "/v1/docs/profile/ops", R"({"type":"lww","ops":[{"set":{"name":"Ada"},"ts_unix_ns":0}]})");
  CHECK(starts_with(set, R"({"version":2,"snapshot":{"name":"Ada"},)"));

  auto get = api.call("GET", "/v1/docs/letters");
  CHECK(get.status == 200);
  const JsonView value(get.body);
  CHECK(value.at("/type") == "orset");
  CHECK(value.at("/version") == "1");
  CHECK(value.at("/value") == R"(["a","b"])");
  CHECK(get.headers["etag"] == '"' + value.at("/cursor") + '"');
}

TEST_CASE("documents: what was acknowledged survives kill -9", "[integration]") {
  RunningServer server(storage_under_test());
  if (server.storage() == "memory") return;  // keeps nothing by design
  std::string cursor;
  {
    Api api(server);
    api.call("PUT", "/v1/docs/profile", R"({"type":"lww","value":{"name":"Ada"}})");
    api.call("PUT", "/v1/docs/letters", R"({"type":"orset","value":["a","b"]})");
    auto last = api.call("POST", "/v1/docs/letters/ops", R"({"type":"orset","ops":[{"type":"remove","elem":"a"}]})");
    cursor = JsonView(last.body).at("/cursor");
  }
  server.kill();
  server.start();
  Api api(server);
  CHECK(JsonView(api.call("GET", "/v1/docs/profile").body).at("/value") == R"({"name":"Ada"})");
  const JsonView letters(api.call("GET", "/v1/docs/letters").body);
  CHECK(letters.at("/value") == R"(["b"])");
  CHECK(letters.at("/version") == "2");
  CHECK(letters.at("/cursor") == cursor);
  // And it goes on from there.
  auto more = api.call("POST", "/v1/docs/letters/ops", R"({"type":"orset","ops":[{"type":"add","elem":"c"}]})");
  CHECK(starts_with(more, R"({"version":3,"snapshot":["b","c"],)"));
}

TEST_CASE("documents: a removal does not touch what its author had not seen", "[integration]") {
  RunningServer server(storage_under_test());
  Api a(server, "node-a");
  Api b(server, "node-b");
  auto seen = a.call("POST", "/v1/docs/list/ops", R"({"type":"orset","ops":[{"type":"add","elem":"x"}]})");
  const std::string version = JsonView(seen.body).at("/version");
  const std::string cursor = JsonView(seen.body).at("/cursor");

  SECTION("by version number") {
    b.call("POST", "/v1/docs/list/ops", R"({"type":"orset","since":)" + version + R"(,"ops":[{"type":"add","elem":"x"}]})");
    auto removed = a.call("POST", "/v1/docs/list/ops",
                          R"({"type":"orset","since":)" + version + R"(,"ops":[{"type":"remove","elem":"x"}]})");
    CHECK(set_of(removed) == R"(["x"])");
  }
  SECTION("by cursor") {
    b.call("POST", "/v1/docs/list/ops", R"({"type":"orset","ops":[{"type":"add","elem":"x"}]})");
    auto removed = a.call("POST", "/v1/docs/list/ops",
                          R"({"type":"orset","since":")" + cursor + R"(","ops":[{"type":"remove","elem":"x"}]})");
    CHECK(set_of(removed) == R"(["x"])");
    auto now = a.call("POST", "/v1/docs/list/ops", R"({"type":"orset","ops":[{"type":"remove","elem":"x"}]})");
    CHECK(set_of(now) == "[]");
  }
}

TEST_CASE("documents: a request with a key takes effect once", "[integration]") {
  RunningServer server(storage_under_test());
  Api api(server);
  const Headers key{{"Idempotency-Key", "k-1"}};
  const std::string body = R"({"type":"orset","ops":[{"type":"add","elem":"x"}]})";
  auto first = api.call("POST", "/v1/docs/list/ops", body, key);
  api.call("POST", "/v1/docs/list/ops", R"({"type":"orset","ops":[{"type":"add","elem":"y"}]})");
  auto again = api.call("POST", "/v1/docs/list/ops", body, key);
  CHECK(again.status == 200);
  CHECK(again.headers["idempotency-replayed"] == "true");
  CHECK(JsonView(again.body).at("/applied") == "1");
  CHECK(JsonView(again.body).at("/version") == "2");
  CHECK(set_of(again) == R"(["x","y"])");

  auto other = api.call("POST", "/v1/docs/list/ops", R"({"type":"orset","ops":[{"type":"add","elem":"z"}]})", key);
  CHECK(other.status == 422);
  CHECK(JsonView(other.body).at("/type") == "/problems/idempotency-key-reused");
  Api someone(server, "node-b");
  CHECK(someone.call("POST", "/v1/docs/list/ops", body, key).headers.count("idempotency-replayed") == 0);

  if (server.storage() == "memory") return;
  server.kill();
  server.start();
  Api later(server);
  auto after = later.call("POST", "/v1/docs/list/ops", body, key);
  CHECK(after.headers["idempotency-replayed"] == "true");
  CHECK(JsonView(after.body).at("/applied") == "1");
}

TEST_CASE("documents: minimal replies claim nothing that was not seen", "[integration]") {
  RunningServer server(storage_under_test());
  Api api(server);
  auto reply = api.call("POST", "/v1/docs/list/ops", R"({"type":"orset","ops":[{"type":"add","elem":"x"}]})",
                        {{"Prefer", "return=minimal"}});
  CHECK(reply.status == 200);
  const JsonView json(reply.body);
  CHECK(json.at("/applied") == "1");
  CHECK_FALSE(json.has("/snapshot"));
  CHECK_FALSE(json.has("/cursor"));
  CHECK(reply.headers["preference-applied"] == "return=minimal");
}

TEST_CASE("documents: conditional reads and writes", "[integration]") {
  RunningServer server(storage_under_test());
  Api api(server);
  auto put = api.call("PUT", "/v1/docs/d", R"({"type":"lww","value":1})", {{"If-None-Match", "*"}});
  CHECK(put.status == 200);
  const std::string tag = '"' + JsonView(put.body).at("/cursor") + '"';
  CHECK(api.call("PUT", "/v1/docs/d", R"({"type":"lww","value":2})", {{"If-None-Match", "*"}}).status == 412);
  CHECK(api.call("GET", "/v1/docs/d", {}, {{"If-None-Match", tag}}).status == 304);
  CHECK(api.call("PUT", "/v1/docs/d", R"({"type":"lww","value":2})", {{"If-Match", tag}}).status == 200);
  CHECK(api.call("PUT", "/v1/docs/d", R"({"type":"lww","value":3})", {{"If-Match", tag}}).status == 412);
  CHECK(api.call("GET", "/v1/docs/d", {}, {{"If-None-Match", tag}}).status == 200);
  CHECK(api.call("DELETE", "/v1/docs/d", {}, {{"If-Match", tag}}).status == 412);
  CHECK(JsonView(api.call("GET", "/v1/docs/d").body).at("/value") == "2");
}

TEST_CASE("documents: the log, older versions, the encoded state", "[integration]") {
  RunningServer server(storage_under_test());
  Api api(server);
  std::vector<std::string> cursors;
  for (int i = 0; i < 5; ++i) {
    auto reply =
        api.call("POST", "/v1/docs/log/ops", R"({"type":"orset","ops":[{"type":"add","elem":)" + std::to_string(i) + "}]}");
    cursors.push_back(JsonView(reply.body).at("/cursor"));
  }
  auto all = api.call("GET", "/v1/docs/log/ops?since=0");
  CHECK(JsonView(all.body).size("/rows") == 5);
  CHECK(JsonView(all.body).at("/cursor") == cursors.back());
  auto tail = api.call("GET", "/v1/docs/log/ops?since=" + cursors[2]);
  CHECK(JsonView(tail.body).size("/rows") == 2);
  CHECK(JsonView(tail.body).at("/rows/0/version") == "4");
  CHECK(JsonView(tail.body).at("/rows/0/node") == "node-a");
  auto paged = api.call("GET", "/v1/docs/log/ops?since=1&limit=2");
  CHECK(JsonView(paged.body).size("/rows") == 2);
  CHECK(JsonView(paged.body).at("/cursor") == cursors[2]);
  CHECK(JsonView(api.call("GET", "/v1/docs/log/ops?since=" + cursors[4]).body).size("/rows") == 0);

  CHECK(JsonView(api.call("GET", "/v1/docs/log?version=2").body).at("/value") == R"(["0","1"])");
  CHECK(api.call("GET", "/v1/docs/log?version=99").status == 410);
  CHECK(JsonView(api.call("GET", "/v1/docs/log?query=%7B%22contains%22%3A3%7D").body).at("/value") == "true");
  auto encoded = api.call("GET", "/v1/docs/log", {}, {{"Accept", "application/vnd.crdtd.snapshot"}});
  CHECK(encoded.status == 200);
  CHECK(encoded.headers["content-type"] == "application/vnd.crdtd.snapshot");
  CHECK(encoded.body.size() > 20);
}

TEST_CASE("documents: erase, list, tenants apart", "[integration]") {
  RunningServer server(storage_under_test());
  Api acme(server, "n", "acme");
  Api other(server, "n", "other");
  for (const char* id : {"a", "b", "c"}) acme.call("PUT", std::string("/v1/docs/") + id, R"({"type":"lww","value":1})");
  other.call("PUT", "/v1/docs/a", R"({"type":"lww","value":"theirs"})");

  auto page = acme.call("GET", "/v1/docs?limit=2");
  CHECK(JsonView(page.body).size("/docs") == 2);
  CHECK(JsonView(page.body).at("/docs/0/id") == "a");
  const auto next = JsonView(page.body).at("/next");
  CHECK(JsonView(acme.call("GET", "/v1/docs?after=" + next).body).size("/docs") == 1);
  CHECK(JsonView(other.call("GET", "/v1/docs").body).size("/docs") == 1);

  const auto cursor = JsonView(acme.call("GET", "/v1/docs/a").body).at("/cursor");
  CHECK(acme.call("DELETE", "/v1/docs/a").status == 204);
  CHECK(acme.call("GET", "/v1/docs/a").status == 404);
  CHECK(acme.call("DELETE", "/v1/docs/a").status == 404);
  CHECK(JsonView(other.call("GET", "/v1/docs/a").body).at("/value") == "theirs");
  const std::string late = R"({"type":"lww","since":")" + cursor + R"(","ops":[{"set":2}]})";
  CHECK(acme.call("POST", "/v1/docs/a/ops", late).status == 410);
  auto anew = acme.call("PUT", "/v1/docs/a", R"({"type":"orset","value":[1]})");
  CHECK(JsonView(anew.body).at("/version") == "1");
  CHECK(acme.call("POST", "/v1/docs/a/ops", R"({"type":"orset","since":")" + cursor + R"(","ops":[]})").status == 410);
}

TEST_CASE("documents: bad input is told where and what, and changes nothing", "[integration]") {
  RunningServer server(storage_under_test(), "types: { lww: {}, orset: { limits: { element: 64 } } }\n");
  Api api(server);
  api.call("PUT", "/v1/docs/d", R"({"type":"orset","value":["kept"]})");
  const auto expect = [&](std::string_view method, std::string_view target, std::string_view body, int status,
                          const std::string& slug) {
    auto reply = api.call(method, target, body);
    INFO(reply.body);
    CHECK(reply.status == status);
    CHECK(reply.headers["content-type"] == "application/problem+json");
    CHECK(JsonView(reply.body).at("/type") == "/problems/" + slug);
    return reply.body;
  };
  expect("POST", "/v1/docs/d/ops", R"({"type":"lww","ops":[{"set":1}]})", 409, "type-mismatch");
  auto types = expect("PUT", "/v1/docs/e", R"({"type":"nope","value":1})", 422, "type-not-enabled");
  CHECK(JsonView(types).at("/enabled") == R"(["lww","orset"])");
  auto batch =
      expect("POST", "/v1/docs/d/ops",
             R"({"type":"orset","ops":[{"type":"add","elem":1},{"type":"add","elem":2},{"type":"add","elem":3},{"type":"add"}]})",
             422, "invalid-op");
  CHECK(JsonView(batch).at("/pointer") == "/ops/3/elem");
  auto big =
      expect("POST", "/v1/docs/d/ops", R"({"type":"orset","ops":[{"type":"add","elem":")" + std::string(100, 'x') + R"("}]})",
             422, "limit-exceeded");
  CHECK(JsonView(big).at("/pointer") == "/ops/0/elem");
  CHECK(JsonView(big).at("/limit") == "64");
  auto drift = expect("POST", "/v1/docs/l/ops", R"({"type":"lww","ops":[{"set":1,"ts_unix_ns":"9000000000000000000"}]})", 422,
                      "clock-drift");
  CHECK(std::stoll(JsonView(drift).at("/offset_ns")) > 0);
  CHECK(api.call("GET", "/v1/docs/l").status == 404);
  expect("POST", "/v1/docs/d/ops", "{", 400, "invalid-json");
  expect("POST", "/v1/docs/d/ops", R"({"type":"orset","opps":[]})", 400, "invalid-field");
  expect("PUT", "/v1/docs/" + std::string(129, 'a'), R"({"type":"lww","value":1})", 400, "invalid-doc-id");
  expect("PUT", "/v1/docs/a%2Fb", R"({"type":"lww","value":1})", 400, "invalid-doc-id");
  expect("POST", "/v1/docs/d/ops", R"({"type":"orset","since":"nonsense","ops":[]})", 400, "invalid-field");
  expect("POST", "/v1/docs/d/ops", R"({"type":"orset","since":99,"ops":[]})", 410, "stale");
  expect("GET", "/v1/docs/none", {}, 404, "document-not-found");
  expect("GET", "/v2/docs/none", {}, 404, "route-not-found");
  expect("PATCH", "/v1/docs/d", {}, 405, "method-not-allowed");
  for (const char* missing : {"X-Tenant-ID", "X-Node-ID"}) {
    Headers some;
    for (const auto& header : api.headers) {
      if (header.first != missing) some.push_back(header);
    }
    auto reply = api.client.request("GET", "/v1/docs/d", some);
    REQUIRE(reply);
    CHECK(reply->status == 400);
    CHECK(JsonView(reply->body).at("/type") == "/problems/missing-header");
  }
  const JsonView after(api.call("GET", "/v1/docs/d").body);
  CHECK(after.at("/value") == R"(["kept"])");
  CHECK(after.at("/version") == "1");
}

TEST_CASE("documents: health, types, problem pages", "[integration]") {
  RunningServer server(storage_under_test(),
                       "types: { lww: {}, orset: {}, shopping: { type: orset, limits: { element: 256 } } }\n");
  Api api(server);
  CHECK(api.call("GET", "/healthz").status == 200);
  CHECK(api.call("GET", "/readyz").status == 200);
  auto types = api.call("GET", "/v1/types");
  CHECK(types.status == 200);
  CHECK(types.body.find("\"shopping\"") != std::string::npos);
  auto page = api.call("GET", "/problems/clock-drift");
  CHECK(page.status == 200);
  CHECK(page.body.find("future") != std::string::npos);
  CHECK(api.call("PUT", "/v1/docs/s", R"({"type":"shopping","value":["milk"]})").status == 200);
  CHECK(api.call("POST", "/v1/docs/s/ops", R"({"type":"orset","ops":[]})").status == 409);
}

TEST_CASE("documents: SIGTERM finishes what was taken and ends with 0", "[integration]") {
  RunningServer server(storage_under_test());
  Api api(server);
  CHECK(api.call("PUT", "/v1/docs/d", R"({"type":"lww","value":1})").status == 200);
  CHECK(server.stop() == 0);
  if (server.storage() == "memory") return;
  server.start();
  Api later(server);
  CHECK(JsonView(later.call("GET", "/v1/docs/d").body).at("/value") == "1");
}

TEST_CASE("documents: a second server on the same data is refused by name", "[integration]") {
  RunningServer server(storage_under_test());
  if (server.storage() == "memory") return;
  ChildProcess second(crdtd_program(), {"serve", "--config", server.folder().file("crdtd.yaml")},
                      server.folder().file("second.log"));
  const auto code = second.wait(10'000);
  REQUIRE(code.has_value());
  CHECK(*code != 0);
  std::ifstream log(server.folder().file("second.log"));
  const std::string text((std::istreambuf_iterator<char>(log)), {});
  CHECK(text.find(std::to_string(server.process().pid())) != std::string::npos);
}
