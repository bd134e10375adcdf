// What must not hang, crash or grow the server: hostile framing, slow clients, too many of them.
#include "net_fixture.hpp"

#include <poll.h>

#include <cstdlib>
#include <random>

using namespace crdtd;
using namespace crdtd::net;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

NetOptions short_deadlines() {
  NetOptions options;
  options.http.header_timeout = 60ms;
  options.http.body_timeout = 60ms;
  options.http.idle_timeout = 60ms;
  return options;
}

// Waits for whichever has an answer first, takes it out of `clients` and gives the answer.
Answer first_answer(std::vector<std::unique_ptr<RawClient>>& clients) {
  std::vector<pollfd> waiting;
  for (const auto& client : clients) waiting.push_back({client->socket(), POLLIN, 0});
  REQUIRE(::poll(waiting.data(), waiting.size(), 20'000) > 0);
  std::size_t first = 0;
  while (waiting[first].revents == 0) ++first;
  const auto answer = clients[first]->receive();
  clients.erase(clients.begin() + static_cast<std::ptrdiff_t>(first));
  return answer;
}

}  // namespace

TEST_CASE("http_server: broken framing is answered and ends the connection", "[unit][net]") {
  TestServer server;
  const std::vector<std::pair<std::string, int>> cases = {
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\nHost: a\n\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n", 413},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(40'000, 'x'), 400},
      {"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505},
      {"GET /" + std::string(3000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
      {std::string(3000, 'a'), 414},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(20'000, 'a'), 431},
      {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"s, 400},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
  };
  for (const auto& [bytes, status] : cases) {
    INFO(bytes.substr(0, 100));
    RawClient client(server.port);
    const auto answer = client.ask(bytes);
    CHECK(answer.status == status);
    CHECK(answer.fields.at("connection") == "close");
    CHECK(answer.fields.at("content-type") == "application/problem+json");
    CHECK(answer.fields.count("x-request-id") == 1);
    CHECK(client.closed());
  }
}

TEST_CASE("http_server: after a refusal, bytes that follow are no request", "[unit][net]") {
  TestServer server;
  RawClient client(server.port);
  const auto smuggled = message("POST", "/v1/docs/a/ops", kBatch);
  CHECK(client.ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n" + smuggled).status == 400);
  CHECK(client.closed());
  CHECK(server.hub.writes().empty());
}

TEST_CASE("http_server: a refusal says nothing of the request before", "[unit][net]") {
  NetOptions options;
  options.http.origins = {"https://a.example"};
  TestServer server(std::move(options));
  RawClient client(server.port);
  const auto first = client.ask(message("HEAD", "/v1/types", {}, "X-Request-ID: first\r\nOrigin: https://a.example\r\n"), true);
  CHECK(first.fields.count("access-control-allow-origin") == 1);
  const auto second = client.ask("GET / HTTP/1.1\r\n\r\n");
  CHECK(second.status == 400);
  CHECK(second.fields.at("x-request-id") != "first");
  CHECK(second.fields.count("access-control-allow-origin") == 0);
  CHECK_FALSE(second.body.empty());
}

TEST_CASE("http_server: a body at the limit passes, beyond it not, chunked or not", "[unit][net]") {
  NetOptions options;
  options.http.body_max = 100'000;
  TestServer server(std::move(options));
  std::string body = R"({"type":"t","ops":[]})";
  body.insert(1, 100'000 - body.size(), ' ');
  RawClient client(server.port);
  CHECK(client.ask(message("POST", "/v1/docs/a/ops", body)).status == 200);
  auto answer = client.ask(message("POST", "/v1/docs/a/ops", body + " "));
  CHECK(answer.status == 413);
  CHECK(answer.has(R"("limit":100000)"));
  CHECK(client.closed());
  RawClient chunked(server.port);
  chunked.send(
      "POST /v1/docs/a/ops HTTP/1.1\r\nHost: localhost\r\nX-Tenant-ID: a\r\nX-Node-ID: n\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 200; ++i) chunked.send("400\r\n" + std::string(1024, 'x') + "\r\n");
  CHECK(chunked.receive().status == 413);
}

TEST_CASE("http_server: who may not call is told before the body has arrived", "[unit][net]") {
  NetOptions options;
  options.api_keys = {{.name = "web", .sha256 = sha256({"secret"}), .all_tenants = true, .tenants = {}}};
  TestServer server(std::move(options));
  const auto head = [](std::string_view fields) {
    return "PUT /v1/docs/a HTTP/1.1\r\nHost: localhost\r\nX-Tenant-ID: a\r\nContent-Length: 1000000\r\n" + std::string(fields) +
           "\r\n{";
  };
  RawClient without_key(server.port);
  CHECK(without_key.ask(head("X-Node-ID: n\r\n")).status == 401);
  RawClient without_node(server.port);
  CHECK(without_node.ask(head("X-API-Key: secret\r\n")).status == 400);
  RawClient expecting(server.port);
  CHECK(expecting.ask("PUT /v1/docs/a HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n")
            .status == 403);
}

TEST_CASE("http_server: large bodies share a budget, which they give back", "[unit][net]") {
  NetOptions options;
  options.http.body_max = 100'000;
  options.body_bytes_total = 0;  // so that the budget is what four such bodies may take
  TestServer server(std::move(options));
  const std::string whole = message("POST", "/v1/docs/a/ops", std::string(100'000, ' '));
  const std::string most = whole.substr(0, whole.size() - 1);
  for (int round = 0; round < 3; ++round) {
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 4; ++i) {
      clients.push_back(std::make_unique<RawClient>(server.port));
      clients.back()->send(most);
    }
    const auto answer = first_answer(clients);
    CHECK(answer.status == 503);
    CHECK(answer.has("overloaded"));
    for (auto& client : clients) CHECK(client->ask(" ").status == 400);  // not JSON, but whole
    clients.clear();
    while (server.server->connection_count() > 0) std::this_thread::yield();
  }
}

TEST_CASE("http_server: slow headers, slow bodies and idle connections end in time", "[unit][net]") {
  TestServer server(short_deadlines());
  RawClient silent(server.port);
  RawClient slow_head(server.port);
  slow_head.send("GET /healthz HT");
  RawClient slow_body(server.port);
  slow_body.send("POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{");
  RawClient idle(server.port);
  CHECK(idle.ask(message("GET", "/healthz")).status == 200);
  auto answer = slow_head.receive();
  CHECK(answer.status == 408);
  CHECK(answer.has("the headers did not arrive in time"));
  CHECK(slow_head.closed());
  answer = slow_body.receive();
  CHECK(answer.status == 408);
  CHECK(answer.has("the body did not arrive in time"));
  CHECK(slow_body.closed());
  CHECK(idle.closed());
  CHECK(silent.closed());
}

TEST_CASE("http_server: a head that keeps dripping does not move its deadline", "[unit][net]") {
  TestServer server(short_deadlines());
  RawClient client(server.port);
  client.send("GET /healthz HTTP/1.1\r\nHost: a\r\nX: ");
  std::atomic<bool> over{false};
  std::thread dripper([&] {
    while (!over) {
      client.send("x");
      std::this_thread::yield();
    }
  });
  const auto answer = client.receive();
  over = true;
  dripper.join();
  CHECK((answer.status == 408 || answer.status == 431));
}

TEST_CASE("http_server: a request the engine keeps long has no deadline of its own", "[unit][net]") {
  TestServer server(short_deadlines());
  server.hub.hold = true;
  RawClient client(server.port);
  client.send(message("POST", "/v1/docs/a/ops", kBatch));
  std::vector<document::Done<document::WriteReply>> held;
  while ((held = server.hub.take_held()).empty()) std::this_thread::yield();
  RawClient other(server.port);
  CHECK(other.closed());  // some deadlines pass meanwhile
  document::WriteReply reply;
  reply.version = 3;
  held[0](std::move(reply));
  CHECK(client.receive().status == 200);
}

TEST_CASE("http_server: connections beyond the bound wait for a place", "[unit][net]") {
  NetOptions options;
  options.http.connections_max = 2;
  TestServer server(std::move(options));
  auto first = std::make_unique<RawClient>(server.port);
  RawClient second(server.port);
  CHECK(first->ask(message("GET", "/healthz")).status == 200);
  CHECK(second.ask(message("GET", "/healthz")).status == 200);
  RawClient third(server.port);
  third.send(message("GET", "/healthz"));
  CHECK(second.ask(message("GET", "/healthz")).status == 200);
  CHECK(server.server->connection_count() == 2);
  first.reset();
  CHECK(third.receive().status == 200);
}

TEST_CASE("http_server: clients that leave in the middle leave nothing behind", "[unit][net]") {
  TestServer server({}, 2);
  const auto whole = message("POST", "/v1/docs/a/ops", kBatch);
  for (std::size_t size = 0; size < whole.size(); size += 3) {
    RawClient client(server.port);
    client.send(std::string_view(whole).substr(0, size));
  }
  while (server.server->connection_count() > 0) std::this_thread::yield();
  RawClient client(server.port);
  CHECK(client.ask(whole).status == 200);
}

TEST_CASE("http_server: mutated requests get an answer or a closed connection", "[unit][net]") {
  const char* given = std::getenv("CRDTD_TEST_SEED");
  const std::uint32_t seed =
      given != nullptr ? static_cast<std::uint32_t>(std::strtoul(given, nullptr, 10)) : std::random_device{}();
  INFO("CRDTD_TEST_SEED=" << seed);
  std::mt19937 random(seed);
  const auto pick = [&random](std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(random); };
  TestServer server(short_deadlines());
  const std::string whole = message("POST", "/v1/docs/a/ops?unit=utf16", kBatch, "Prefer: return=minimal\r\nIf-Match: \"x\"\r\n");
  for (int round = 0; round < 500; ++round) {
    std::string bytes = whole;
    for (std::size_t i = pick(4) + 1; i > 0; --i) {
      const std::size_t at = pick(bytes.size());
      switch (pick(3)) {
        case 0:
          bytes[at] = static_cast<char>(pick(256));
          break;
        case 1:
          bytes.erase(at, pick(5));
          break;
        default:
          bytes.insert(at, 1, static_cast<char>(pick(256)));
          break;
      }
    }
    RawClient client(server.port);
    const int status = client.ask(bytes).status;
    REQUIRE((status == 0 || (status >= 200 && status < 600 && status != 500)));
  }
  RawClient client(server.port);
  CHECK(client.ask(message("GET", "/healthz")).status == 200);
}
