// The server as a whole: connections, order, callers, pages, the stop.
#include "net_fixture.hpp"

using namespace crdtd;
using namespace crdtd::net;
using namespace std::chrono_literals;

TEST_CASE("http_server: a write is answered with all its headers", "[unit][net]") {
  TestServer server;
  RawClient client(server.port);
  const auto answer = client.ask(message("POST", "/v1/docs/todos/ops", kBatch, "X-Request-ID: my-id\r\n"));
  CHECK(answer.status == 200);
  CHECK(answer.body == R"({"version":1,"snapshot":[{"add":1}],"cursor":"AQ-1","applied":1})");
  CHECK(answer.fields.at("content-type") == "application/json");
  CHECK(answer.fields.at("etag") == "\"AQ-1\"");
  CHECK(answer.fields.at("x-request-id") == "my-id");
  CHECK(answer.fields.at("cache-control") == "no-store");
  CHECK(answer.fields.at("x-content-type-options") == "nosniff");
  CHECK(answer.fields.at("date").size() == 29);
  CHECK(answer.fields.count("connection") == 0);
}

TEST_CASE("http_server: pipelined requests are answered in order on one connection", "[unit][net]") {
  TestServer server({}, GENERATE(1, 3));
  RawClient client(server.port);
  std::string all;
  for (int i = 0; i < 200; ++i)
    all += message("POST", "/v1/docs/d" + std::to_string(i) + "/ops", R"({"type":"t","ops":[)" + std::to_string(i) + "]}");
  client.send(all);
  for (int i = 0; i < 200; ++i) {
    const auto answer = client.receive();
    REQUIRE(answer.status == 200);
    REQUIRE(answer.has("\"snapshot\":[" + std::to_string(i) + "]"));
  }
}

TEST_CASE("http_server: a request that drips in byte by byte is served", "[unit][net]") {
  TestServer server;
  RawClient client(server.port);
  for (const char c : message("POST", "/v1/docs/todos/ops", kBatch)) client.send({&c, 1});
  CHECK(client.receive().status == 200);
  CHECK(client.ask(message("GET", "/healthz")).status == 200);
}

TEST_CASE("http_server: chunked bodies and Expect", "[unit][net]") {
  TestServer server;
  RawClient client(server.port);
  const std::string head =
      "POST /v1/docs/a/ops HTTP/1.1\r\nHost: localhost\r\nX-Tenant-ID: acme\r\nX-Node-ID: n1\r\nTransfer-Encoding: "
      "chunked\r\n\r\n";
  const std::string half(kBatch.substr(0, 10));
  const std::string rest(kBatch.substr(10));
  client.send(head + "a\r\n" + half + "\r\n");
  char size[8];
  std::snprintf(size, sizeof size, "%zx", rest.size());
  auto answer = client.ask(size + ("\r\n" + rest) + "\r\n0\r\nX: y\r\n\r\n");
  CHECK(answer.status == 200);
  CHECK(server.hub.writes().at(0).ops_json == R"([{"add":1}])");

  const auto expecting = message("POST", "/v1/docs/a/ops", kBatch, "Expect: 100-continue\r\n");
  client.send(expecting.substr(0, expecting.size() - kBatch.size()));
  CHECK(client.receive().status == 100);
  CHECK(client.ask(kBatch).status == 200);
}

TEST_CASE("http_server: HTTP/1.0 and Connection: close end the connection", "[unit][net]") {
  TestServer server;
  RawClient old(server.port);
  auto answer = old.ask("GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n");
  CHECK(answer.status == 200);
  CHECK(answer.fields.at("connection") == "close");
  CHECK(old.closed());
  RawClient client(server.port);
  CHECK(client.ask(message("GET", "/healthz", {}, "Connection: close\r\n")).status == 200);
  CHECK(client.closed());
}

TEST_CASE("http_server: HEAD has the headers of GET and no body", "[unit][net]") {
  TestServer server;
  RawClient client(server.port);
  const auto get = client.ask(message("GET", "/v1/types"));
  const auto head = client.ask(message("HEAD", "/v1/types"), true);
  CHECK(head.status == 200);
  CHECK(head.fields.at("content-length") == get.fields.at("content-length"));
  CHECK(client.ask(message("GET", "/healthz")).body == R"({"status":"ok"})");
}

TEST_CASE("http_server: readiness follows its reason", "[unit][net]") {
  std::atomic<bool> broken{false};
  NetOptions options;
  options.not_ready = [&broken]() -> std::string { return broken ? "the \"disk\"" : ""; };
  TestServer server(std::move(options));
  RawClient client(server.port);
  CHECK(client.ask(message("GET", "/readyz")).status == 200);
  broken = true;
  const auto answer = client.ask(message("GET", "/readyz"));
  CHECK(answer.status == 503);
  CHECK(answer.body == R"({"status":"not-ready","reason":"the \"disk\""})");
  CHECK(client.ask(message("GET", "/healthz")).status == 200);
}

TEST_CASE("http_server: unknown paths and methods", "[unit][net]") {
  TestServer server;
  RawClient client(server.port);
  for (const auto* path : {"/", "/v1", "/v1/docs/", "/v1/docs/a/", "/v1/docs/a/ops/", "/v1/docs/a/b", "/v2/docs", "/healthz/"}) {
    INFO(path);
    const int status = client.ask(message("GET", path)).status;
    CHECK(status == (std::string(path) == "/v1/docs/" ? 400 : 404));
  }
  auto answer = client.ask(message("POST", "/v1/docs/a", kBatch));
  CHECK(answer.status == 405);
  CHECK(answer.fields.at("allow") == "GET, HEAD, PUT, DELETE, OPTIONS");
  CHECK(answer.has("/problems/method-not-allowed"));
  CHECK(client.ask(message("BREW", "/healthz")).fields.at("allow") == "GET, HEAD, OPTIONS");
  CHECK(client.ask(message("GET", "/v1/docs/a%2fb")).has("invalid-doc-id"));
}

TEST_CASE("http_server: help pages for people and programs", "[unit][net]") {
  TestServer server;
  RawClient client(server.port);
  auto answer = client.ask(message("GET", "/problems/clock-drift"));
  CHECK(answer.status == 200);
  CHECK(answer.fields.at("content-type") == "text/html; charset=utf-8");
  CHECK(answer.fields.at("cache-control") == "public, max-age=3600");
  CHECK(answer.has("offset_ns"));
  answer = client.ask(message("GET", "/problems/clock-drift", {}, "Accept: application/json\r\n"));
  CHECK(answer.fields.at("content-type") == "application/json");
  CHECK(answer.has(R"("status":422)"));
  CHECK(client.ask(message("GET", "/problems")).has("/problems/gap"));
  CHECK(client.ask(message("GET", "/problems/nope")).status == 404);
  CHECK(client.ask(message("GET", "/problems", {}, "Accept: image/png\r\n")).status == 406);
}

TEST_CASE("http_server: origins and hosts are checked", "[unit][net]") {
  NetOptions options;
  options.http.origins = {"https://app.example.com"};
  options.http.hosts = {"api.example.com"};
  TestServer server(std::move(options));
  RawClient client(server.port);
  auto answer = client.ask(message("POST", "/v1/docs/a/ops", kBatch, "Origin: https://app.example.com\r\n"));
  CHECK(answer.status == 200);
  CHECK(answer.fields.at("access-control-allow-origin") == "https://app.example.com");
  CHECK(answer.fields.at("vary") == "Origin");
  answer = client.ask(message("POST", "/v1/docs/a/ops", kBatch, "Origin: https://evil.example.com\r\n"));
  CHECK(answer.status == 403);
  CHECK(answer.fields.count("access-control-allow-origin") == 0);
  CHECK(client.ask(message("POST", "/v1/docs/a/ops", kBatch, "Origin: null\r\n")).status == 403);
  answer = client.ask(
      "OPTIONS /v1/docs/a HTTP/1.1\r\nHost: api.example.com\r\nOrigin: https://app.example.com\r\nAccess-Control-Request-Method: "
      "PUT\r\n\r\n");
  CHECK(answer.status == 204);
  CHECK(answer.fields.at("access-control-allow-methods") == "GET, HEAD, PUT, DELETE, OPTIONS");
  CHECK(answer.fields.at("access-control-allow-headers").find("X-Tenant-ID") != std::string::npos);
  answer = client.ask("OPTIONS /v1/docs/a HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(answer.fields.at("allow") == "GET, HEAD, PUT, DELETE, OPTIONS");
  CHECK(answer.fields.count("access-control-allow-methods") == 0);
  CHECK(client.ask("GET /v1/types HTTP/1.1\r\nHost: rebound.example.net\r\n\r\n").has("host-refused"));
  CHECK(client.ask("GET /healthz HTTP/1.1\r\nHost: pod-7\r\n\r\n").status == 200);
  CHECK(client.ask("GET /v1/types HTTP/1.1\r\nHost: 10.1.2.3:8080\r\n\r\n").status == 200);
  CHECK(server.hub.writes().size() == 1);
}

TEST_CASE("http_server: tenant, node and key", "[unit][net]") {
  NetOptions options;
  options.api_keys = {{.name = "web", .sha256 = sha256({"secret"}), .all_tenants = false, .tenants = {"acme"}}};
  TestServer server(std::move(options));
  RawClient client(server.port);
  const auto ask = [&client](std::string_view fields) {
    return client.ask("GET /v1/docs?limit=x HTTP/1.1\r\nHost: localhost\r\n" + std::string(fields) + "\r\n");
  };
  CHECK(ask("X-Node-ID: n\r\n").has("X-Tenant-ID is missing"));
  CHECK(ask("X-Tenant-ID: acme\r\n").has("X-Node-ID is missing"));
  CHECK(ask("X-Tenant-ID: a b\r\nX-Node-ID: n\r\n").has("invalid-header"));
  CHECK(ask("X-Tenant-ID: acme\r\nX-Tenant-ID: acme\r\nX-Node-ID: n\r\n").has("X-Tenant-ID stands twice"));
  auto answer = ask("X-Tenant-ID: acme\r\nX-Node-ID: n\r\n");
  CHECK(answer.status == 401);
  CHECK(answer.fields.count("www-authenticate") == 1);
  CHECK(ask("X-Tenant-ID: acme\r\nX-Node-ID: n\r\nX-API-Key: wrong\r\n").status == 401);
  CHECK(ask("X-Tenant-ID: other\r\nX-Node-ID: n\r\nX-API-Key: secret\r\n").status == 401);
  CHECK(ask("X-Tenant-ID: acme\r\nX-Node-ID: n\r\nX-API-Key: secret\r\n").has("`limit`"));
  CHECK(client.ask(message("GET", "/v1/types")).status == 200);
}

TEST_CASE("http_server: a dropped exchange answers 503", "[unit][net]") {
  TestServer server;
  server.hub.hold = true;
  RawClient client(server.port);
  client.send(message("POST", "/v1/docs/a/ops", kBatch));
  while (server.hub.take_held().empty()) std::this_thread::yield();
  const auto answer = client.receive();
  CHECK(answer.status == 503);
  CHECK(answer.has("shutting-down"));
  CHECK(answer.fields.at("retry-after") == "1");
}

TEST_CASE("http_server: a stop lets requests under way finish and closes the rest", "[unit][net]") {
  TestServer server({}, 2);
  server.hub.hold = true;
  RawClient idle(server.port);
  CHECK(idle.ask(message("GET", "/healthz")).status == 200);
  RawClient busy(server.port);
  busy.send(message("POST", "/v1/docs/a/ops", kBatch));
  std::vector<document::Done<document::WriteReply>> held;
  while ((held = server.hub.take_held()).empty()) std::this_thread::yield();
  auto stopped = server.begin_stop();
  CHECK(idle.closed());
  CHECK(stopped.wait_for(0s) == std::future_status::timeout);
  document::WriteReply reply;
  reply.version = reply.applied = 7;
  reply.value_json = "[]";
  held[0](std::move(reply));
  const auto answer = busy.receive();
  CHECK(answer.status == 200);
  CHECK(answer.has("\"version\":7"));
  CHECK(answer.fields.at("connection") == "close");
  CHECK(busy.closed());
  held.clear();
  stopped.wait();
  CHECK(server.server->connection_count() == 0);
}

TEST_CASE("http_server: a stop cuts off what does not end", "[unit][net]") {
  NetOptions options;
  options.http.shutdown_timeout = 50ms;
  TestServer server(std::move(options));
  server.hub.hold = true;
  RawClient client(server.port);
  client.send(message("POST", "/v1/docs/a/ops", kBatch));
  std::vector<document::Done<document::WriteReply>> held;
  while ((held = server.hub.take_held()).empty()) std::this_thread::yield();
  auto stopped = server.begin_stop();
  CHECK(client.closed());
  held.clear();
  stopped.wait();
}

TEST_CASE("http_server: a port that is taken is told in a sentence", "[unit][net]") {
  TestServer server;
  IoLoops loops(1);
  FakeHub hub(loops);
  NetOptions options;
  options.listen = {"127.0.0.1", server.port};
  HttpServer second(loops, hub, options);
  const auto taken = second.start();
  REQUIRE_FALSE(taken);
  CHECK(taken.error().detail.find("cannot listen on 127.0.0.1, port") == 0);
}
