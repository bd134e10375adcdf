// Calls over real sockets, against a server that misbehaves as it is told.
#include <catch2/catch.hpp>

#include "client_fixture.hpp"
#include "scripted_server.hpp"

using namespace crdtd::client;
using namespace crdtd::testing;
using namespace std::chrono_literals;
using Then = ScriptStep::Then;

namespace {

const std::string kWritten = R"({"version":3,"snapshot":["a"],"cursor":"c3","applied":2})";
const std::string kDocument = R"({"type":"lww","version":1,"cursor":"c1","value":{"a":[1,2]}})";

std::shared_ptr<FakeWorld> world() { return std::make_shared<FakeWorld>(); }

std::string header(const std::string& request, const std::string& name) {
  const auto at = request.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const auto begin = at + name.size() + 4;
  return request.substr(begin, request.find("\r\n", begin) - begin);
}

}  // namespace

TEST_CASE("client line: a call and its reply", "[unit][client]") {
  ScriptedServer server(
      {{scripted_json(kWritten, "Idempotency-Replayed: true\r\n"), Then::kStay}, {scripted_json(kDocument), Then::kStay}});
  auto options = test_options(server.url() + "/behind/");
  options.api_key = [] { return "secret"; };
  options.user_agent = "todo/1";
  const auto docs = open_docs(options, world());
  const auto written = docs.push_ops("list", "orset", "[ ]", {.since = "c2", .create_only = true, .if_match = "c2", .key = "k"});
  REQUIRE(written);
  CHECK(written->version == 3);
  CHECK(written->applied == 2);
  CHECK(written->cursor == "c3");
  CHECK(written->value_json == R"(["a"])");
  CHECK(written->replayed);
  const auto got = docs.get("list", {.version = 1, .query_json = R"({"a":"b&c"})"});
  REQUIRE(got);
  CHECK(got->value_json == R"({"a":[1,2]})");
  CHECK(got->type == "lww");

  const auto requests = server.requests();
  REQUIRE(requests.size() == 2);
  CHECK(server.connections() == 1);
  CHECK(requests[0].rfind("POST /behind/v1/docs/list/ops HTTP/1.1\r\n", 0) == 0);
  CHECK(requests[0].substr(requests[0].find("\r\n\r\n") + 4) == R"({"since":"c2","type":"orset","ops":[ ]})");
  CHECK(header(requests[0], "Host") == "127.0.0.1:" + std::to_string(server.port()));
  CHECK(header(requests[0], "X-Tenant-ID") == "acme");
  CHECK(header(requests[0], "X-Node-ID") == "laptop");
  CHECK(header(requests[0], "X-API-Key") == "secret");
  CHECK(header(requests[0], "User-Agent") == "todo/1 crdtd-cpp/" CRDTD_TEST_VERSION);
  CHECK(header(requests[0], "If-Match") == "\"c2\"");
  CHECK(header(requests[0], "If-None-Match") == "*");
  CHECK(header(requests[0], "Idempotency-Key") == "k");
  CHECK(requests[1].rfind("GET /behind/v1/docs/list?version=1&query=%7B%22a%22%3A%22b%26c%22%7D HTTP/1.1\r\n", 0) == 0);
}

TEST_CASE("client line: nobody answers", "[unit][client]") {
  std::string url;
  {
    ScriptedServer gone({});
    url = gone.url();
  }
  const auto time = world();
  const auto failure = open_docs(test_options(url), time).get("d").failure();
  CHECK(failure.cause == Cause::kRefused);
  CHECK(failure.attempts == 3);
  CHECK(time->pauses.size() == 2);
  CHECK_THAT(failure.message, Catch::Contains(url) && Catch::Contains("is the server running?"));
}

TEST_CASE("client line: a reset within the reply, then the reply", "[unit][client]") {
  const std::string reply = scripted_json(kWritten);
  ScriptedServer server({{reply.substr(0, 40), Then::kReset}, {"", Then::kClose}, {reply, Then::kStay}});
  const auto written = open_docs(test_options(server.url()), world()).put("d", "orset", R"(["a"])");
  REQUIRE(written);
  const auto requests = server.requests();
  REQUIRE(requests.size() == 3);
  CHECK(requests[0] == requests[1]);
  CHECK(requests[0] == requests[2]);
  CHECK(header(requests[0], "Idempotency-Key") == written->key);
}

TEST_CASE("client line: busy, then done", "[unit][client]") {
  ScriptedServer server(
      {{scripted_reply(503, "application/problem+json", R"({"type":"/problems/shutting-down","title":"stopping","status":503})",
                       "Retry-After: 2\r\nConnection: close\r\n"),
        Then::kClose},
       {scripted_reply(502, "text/html", "<h1>Bad gateway</h1>"), Then::kStay},
       {scripted_json(kWritten), Then::kStay}});
  const auto time = world();
  REQUIRE(open_docs(test_options(server.url()), time).put("d", "orset", "[]"));
  REQUIRE(time->pauses.size() == 2);
  CHECK(time->pauses[0] >= 2s);
  CHECK(time->pauses[1] < 2s);
  CHECK(server.requests()[0] == server.requests()[2]);
  CHECK(server.connections() == 2);
}

TEST_CASE("client line: a reply that does not come in time", "[unit][client]") {
  const std::string reply = scripted_json(kWritten);
  for (const std::string& part : {std::string(), reply.substr(0, 10), reply.substr(0, reply.size() - 1)}) {
    ScriptedServer server({{part, Then::kHold}});
    auto options = test_options(server.url());
    options.retry.attempts_max = 1;
    options.timeouts.attempt = 60ms;
    const auto failure = open_docs(options, world()).put("d", "orset", "[]").failure();
    CHECK(failure.cause == Cause::kTimeout);
    CHECK(failure.outcome_unknown);
    CHECK(failure.key.size() == 32);
  }
}

TEST_CASE("client line: replies are bounded", "[unit][client]") {
  const std::string large(5000, ' ');
  const std::string head = "HTTP/1.1 200 OK\r\n";
  const std::string cases[] = {
      scripted_json(kDocument + large),
      head + "Transfer-Encoding: chunked\r\n\r\n1388\r\n" + large + "\r\n0\r\n\r\n",
      head + "\r\n" + large,
      head + "Content-Length: 18446744073709551615\r\n\r\n",
  };
  for (const auto& bytes : cases) {
    ScriptedServer server({{bytes, Then::kClose}});
    auto options = test_options(server.url());
    options.reply_bytes_max = 4096;
    const auto failure = open_docs(options, world()).get("d").failure();
    CHECK(failure.cause == Cause::kTooLarge);
    CHECK(failure.attempts == 1);
    CHECK_THAT(failure.message, Catch::Contains("4096 bytes"));
  }
}

TEST_CASE("client line: what is no reply of a crdtd", "[unit][client]") {
  const std::pair<std::string, const char*> cases[] = {
      {"SSH-2.0-OpenSSH_9.2\r\n\r\n", "speaks no HTTP"},
      {"HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n", "speaks no HTTP"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\n", "speaks no HTTP"},
      {scripted_json("{\"version\":"), "the reply is no JSON"},
      {scripted_json("[]"), "an array where an object is expected"},
      {scripted_json(R"({"type":"lww","version":"1","cursor":"c","value":1})"), "a string where a number is expected"},
      {scripted_reply(200, "text/html", "<h1>Welcome</h1>"), "the reply is no JSON"},
      {scripted_reply(302, "text/html", "", "Location: https://elsewhere/\r\n"), "https://elsewhere/"},
      {scripted_reply(404, "text/html", "<h1>Not found</h1>"), "HTTP status 404"},
      {scripted_reply(304, "application/json", ""), "not modified"},
  };
  for (const auto& [bytes, wanted] : cases) {
    CAPTURE(bytes.substr(0, 60), wanted);
    ScriptedServer server({{bytes, Then::kClose}});
    const auto failure = open_docs(test_options(server.url()), world()).get("d").failure();
    CHECK(failure.cause == Cause::kMalformed);
    CHECK(failure.attempts == 1);
    CHECK_THAT(failure.message, Catch::Contains(wanted));
  }
}

TEST_CASE("client line: a reply cut at any byte is never taken for one", "[unit][client]") {
  const std::string reply = scripted_json(kWritten);
  std::vector<ScriptStep> script;
  for (std::size_t cut = 0; cut < reply.size(); ++cut) script.push_back({reply.substr(0, cut), Then::kClose});
  script.push_back({reply, Then::kClose});
  ScriptedServer server(script);
  auto options = test_options(server.url());
  options.retry.attempts_max = 1;
  const auto docs = open_docs(options, world());
  for (std::size_t cut = 0; cut < reply.size(); ++cut) {
    CAPTURE(cut);
    const auto result = docs.put("d", "orset", "[]");
    REQUIRE_FALSE(result);
    CHECK(result.failure().cause == Cause::kBroken);
    CHECK(result.failure().outcome_unknown);
  }
  CHECK(docs.put("d", "orset", "[]"));
}

TEST_CASE("client line: chunks, interim replies and bodies that end with their connection", "[unit][client]") {
  std::string chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const char c : kDocument) chunks.append("1;x=y\r\n").append(1, c).append("\r\n");
  chunks += "0\r\n\r\n";
  ScriptedServer server(
      {{chunks, Then::kStay},
       {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + scripted_json(kDocument), Then::kStay},
       {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + kDocument, Then::kClose},
       {"HTTP/1.1 304 Not Modified\r\nETag: \"c1\"\r\n\r\n", Then::kStay}});
  const auto docs = open_docs(test_options(server.url()), world());
  for (int i = 0; i < 3; ++i) {
    const auto got = docs.get("d");
    REQUIRE(got);
    CHECK(got->cursor == "c1");
  }
  const auto same = docs.get("d", {.if_none_match = "c1"});
  REQUIRE(same);
  CHECK(same->not_modified);
  CHECK(same->cursor == "c1");
  CHECK(server.connections() == 2);
}

TEST_CASE("client line: a connection that was closed between two calls is opened again, silently", "[unit][client]") {
  ScriptedServer server(
      {{scripted_json(kWritten), Then::kClose}, {scripted_json(kWritten), Then::kReset}, {scripted_json(kWritten), Then::kStay}});
  const auto time = world();
  const auto docs = open_docs(test_options(server.url()), time);
  for (int i = 0; i < 3; ++i) REQUIRE(docs.put("d", "orset", "[]"));
  CHECK(time->pauses.empty());
  CHECK(server.connections() == 3);
}

TEST_CASE("client line: problems arrive typed", "[unit][client]") {
  ScriptedServer server(
      {{scripted_reply(422, "application/problem+json",
                       R"({"type":"/problems/limit-exceeded","title":"Too much","status":422,"detail":"an element",)"
                       R"("instance":"urn:crdtd:request:7","pointer":"/ops/3/elem","limit":256,"new":[1]})"),
        Then::kStay}});
  const auto failure = open_docs(test_options(server.url()), world()).push_ops("d", "orset", "[1]").failure();
  CHECK(failure.cause == Cause::kProblem);
  CHECK(failure.status == 422);
  CHECK(failure.is(ProblemCode::kLimitExceeded));
  CHECK(failure.problem->pointer == "/ops/3/elem");
  CHECK(failure.problem->value == 256);
  CHECK(failure.problem->instance == "urn:crdtd:request:7");
  CHECK_FALSE(failure.outcome_unknown);
  CHECK_THAT(failure.message, Catch::Contains("an element (at /ops/3/elem)"));
}

TEST_CASE("client line: several threads share one client", "[unit][client]") {
  constexpr int kThreads = 4;
  constexpr int kCalls = 50;
  std::vector<ScriptStep> script(kThreads * kCalls, {scripted_json(kWritten, "Connection: close\r\n"), Then::kClose});
  ScriptedServer server(std::move(script));
  auto options = test_options(server.url());
  const auto docs = open_docs(options, world());
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kCalls; ++i) good += docs.put("d", "orset", "[]", {.key = "k"}) ? 1 : 0;
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(good == kThreads * kCalls);
}
