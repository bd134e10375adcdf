// When a call is made again: the plan alone, and a caller on lines that fail as they are told.
#include <catch2/catch.hpp>

#include <deque>

#include "client_fixture.hpp"

using namespace crdtd::client;
using namespace crdtd::testing;
using namespace std::chrono_literals;

namespace {

constexpr RetryOptions kRetry{.attempts_max = 6, .pause_first = 100ms, .pause_max = 1s};

// Lines that answer from one list, and note what they were asked.
struct Script {
  std::deque<LineResult> results;
  std::vector<HttpRequest> requests;
  std::vector<LineTimes> times;
  int made = 0;
};

class ScriptedLine final : public Line {
 public:
  explicit ScriptedLine(std::shared_ptr<Script> script) : script_(std::move(script)) { ++script_->made; }
  LineResult exchange(const HttpRequest& request, const LineTimes& times) override {
    script_->requests.push_back(request);
    script_->times.push_back(times);
    REQUIRE_FALSE(script_->results.empty());
    auto result = std::move(script_->results.front());
    script_->results.pop_front();
    open_ = std::holds_alternative<HttpAnswer>(result);
    return result;
  }
  bool is_open() const noexcept override { return open_; }

 private:
  std::shared_ptr<Script> script_;
  bool open_ = false;
};

struct Fixture {
  explicit Fixture(Options given = test_options("http://h")) : options(std::move(given)) {}
  RemoteDocs docs() {
    Url url;
    std::string why;
    REQUIRE(parse_url(options.url, url, why));
    auto maker = [script = script] { return std::make_unique<ScriptedLine>(script); };
    return RemoteDocs(std::make_unique<RemoteDocs::Caller>(options, url, maker, std::make_unique<FakeSurroundings>(world)));
  }
  void answer(std::uint16_t status, std::string body, std::optional<std::chrono::seconds> later = {}) {
    HttpAnswer answer;
    answer.status = status;
    answer.content_type = status < 300 ? "application/json" : "application/problem+json";
    answer.body = std::move(body);
    answer.retry_after = later;
    script->results.emplace_back(std::move(answer));
  }
  void fail(Cause cause, bool sent, bool reply_begun = false, bool worth = true) {
    script->results.emplace_back(LineFailure{cause, "as told", worth, sent, reply_begun});
  }
  std::string field(std::size_t request, std::string_view name) const {
    for (const auto& [key, value] : script->requests.at(request).fields) {
      if (key == name) return value;
    }
    return {};
  }

  Options options;
  std::shared_ptr<Script> script = std::make_shared<Script>();
  std::shared_ptr<FakeWorld> world = std::make_shared<FakeWorld>();
};

const std::string kWritten = R"({"version":2,"applied":2})";
const std::string kBusy = R"({"type":"/problems/overloaded","title":"busy","status":503})";
const std::string kNotThere = R"({"type":"/problems/document-not-found","title":"not there","status":404})";

}  // namespace

TEST_CASE("client retry: pauses double up to their most, and are drawn below it", "[unit][client]") {
  const auto start = Clock::time_point{};
  RetryPlan plan(kRetry, start + 1h);
  const std::int64_t most[] = {100, 200, 400, 800, 1000};
  for (const auto wanted : most) {
    REQUIRE(plan.begin(start) == 1h);
    const auto range = static_cast<std::uint64_t>(wanted) + 1;
    CHECK(plan.pause(start, {}, 0) == 0ms);
    CHECK(plan.pause(start, {}, range - 1) == Milliseconds(wanted));
    CHECK(plan.pause(start, {}, range) == 0ms);
    CHECK(plan.pause(start, 3s, range - 1) == 3s + Milliseconds(wanted));
  }
  REQUIRE(plan.begin(start) == 1h);
  CHECK_FALSE(plan.pause(start, {}, 0));  // the sixth attempt was the last
  CHECK(plan.attempts() == 6);
}

TEST_CASE("client retry: nothing goes beyond the deadline", "[unit][client]") {
  const auto start = Clock::time_point{};
  RetryPlan plan(kRetry, start + 5s);
  CHECK(plan.begin(start) == 5s);
  CHECK(plan.begin(start + 4s) == 1s);
  CHECK(plan.pause(start + 4s, {}, 0) == 0ms);
  CHECK_FALSE(plan.pause(start + 4s, 1s, 0));
  CHECK_FALSE(plan.pause(start + 1s, std::chrono::seconds::max(), 0));
  CHECK_FALSE(plan.pause(start + 6s, {}, 0));
  CHECK_FALSE(plan.begin(start + 5s));
}

TEST_CASE("client retry: odd options do no harm", "[unit][client]") {
  const auto start = Clock::time_point{};
  RetryPlan plan({.attempts_max = ~0u, .pause_first = -5ms, .pause_max = -1ms}, start + 1h);
  for (int i = 0; i < 100; ++i) REQUIRE(plan.begin(start));
  CHECK(plan.pause(start, -3s, ~0ull) == 0ms);
  RetryPlan slow({.attempts_max = ~0u, .pause_first = Milliseconds::max(), .pause_max = Milliseconds::max()}, start + 24h);
  for (int i = 0; i < 100; ++i) REQUIRE(slow.begin(start));
  CHECK(slow.pause(start, {}, 3'600'000) == 1h);
}

TEST_CASE("client call: a write is sent again as it was, under one key", "[unit][client]") {
  Fixture f;
  f.fail(Cause::kRefused, false);
  f.answer(503, kBusy, 2s);
  f.answer(200, kWritten);
  const auto written = f.docs().push_ops("d", "orset", R"([{"type":"add","elem":1}])", {.minimal = true});
  REQUIRE(written);
  CHECK(written->version == 2);
  CHECK(written->key.size() == 32);
  REQUIRE(f.script->requests.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(f.field(i, "Idempotency-Key") == written->key);
    CHECK(f.script->requests[i].body == R"({"type":"orset","ops":[{"type":"add","elem":1}]})");
    CHECK(f.script->requests[i].target == "/v1/docs/d/ops");
    CHECK(f.field(i, "Prefer") == "return=minimal");
  }
  REQUIRE(f.world->pauses.size() == 2);
  CHECK(f.world->pauses[0] <= 100ms);
  CHECK(f.world->pauses[1] >= 2s);
  CHECK(f.world->pauses[1] <= 2200ms);
}

TEST_CASE("client call: keys are drawn anew for each write, and a given one is kept", "[unit][client]") {
  Fixture f;
  for (int i = 0; i < 3; ++i) f.answer(200, kWritten);
  const auto docs = f.docs();
  const auto first = docs.put("d", "lww", "1", {.minimal = true});
  const auto second = docs.put("d", "lww", "1", {.minimal = true});
  REQUIRE(first);
  REQUIRE(second);
  CHECK(first->key != second->key);
  CHECK(docs.put("d", "lww", "1", {.minimal = true, .key = "mine"})->key == "mine");
  CHECK(f.field(2, "Idempotency-Key") == "mine");
  f.world->has_random = false;
  CHECK(docs.put("d", "lww", "1").failure().cause == Cause::kUsage);
}

TEST_CASE("client call: the last failure is told, with what is known of the outcome", "[unit][client]") {
  Fixture f;
  SECTION("never sent") {
    for (int i = 0; i < 3; ++i) f.fail(Cause::kRefused, false);
    const auto failure = f.docs().put("d", "lww", "1").failure();
    CHECK(failure.cause == Cause::kRefused);
    CHECK(failure.attempts == 3);
    CHECK_FALSE(failure.outcome_unknown);
    CHECK(failure.key.size() == 32);
  }
  SECTION("perhaps done") {
    f.fail(Cause::kTimeout, true);
    f.fail(Cause::kRefused, false);
    f.fail(Cause::kRefused, false);
    CHECK(f.docs().put("d", "lww", "1").failure().outcome_unknown);
  }
  SECTION("a read leaves nothing open") {
    for (int i = 0; i < 3; ++i) f.fail(Cause::kTimeout, true);
    CHECK_FALSE(f.docs().get("d").failure().outcome_unknown);
  }
  SECTION("a problem that waiting does not help is told at once") {
    f.answer(410, R"({"type":"/problems/stale","title":"too old","status":410,"detail":"gone by"})");
    const auto failure = f.docs().push_ops("d", "orset", "[]", {.since = "7"}).failure();
    CHECK(failure.attempts == 1);
    CHECK(failure.is(ProblemCode::kStale));
    CHECK(failure.problem->retry == Retry::kReload);
    CHECK_THAT(failure.message, Catch::Contains("too old: gone by"));
    CHECK(f.world->pauses.empty());
  }
  SECTION("so is a name that nobody has") {
    f.fail(Cause::kResolve, false, false, false);
    CHECK(f.docs().get("d").failure().attempts == 1);
  }
  SECTION("a good status with a bad body leaves a write open") {
    f.answer(200, "{}");
    const auto failure = f.docs().put("d", "lww", "1", {.minimal = true}).failure();
    CHECK(failure.cause == Cause::kMalformed);
    CHECK(failure.outcome_unknown);
    CHECK_THAT(failure.message, Catch::Contains("`version` that is missing"));
  }
}

TEST_CASE("client call: the call's time is never exceeded", "[unit][client]") {
  Fixture f;
  f.options.timeouts = {.connect = 1s, .attempt = 10s, .call = 4s};
  f.answer(503, kBusy, 3s);
  f.answer(503, kBusy, 3s);
  const auto failure = f.docs().get("d").failure();
  CHECK(failure.attempts == 2);  // a second pause would end after the deadline
  CHECK(failure.is(ProblemCode::kOverloaded));
  REQUIRE(f.script->times.size() == 2);
  CHECK(f.script->times[0].exchange == 4s);
  CHECK(f.script->times[0].connect == 1s);
  CHECK(f.script->times[0].whole == 4s);
  CHECK(f.script->times[1].exchange <= 1s);
}

TEST_CASE("client call: a line that was closed meanwhile is replaced without a pause", "[unit][client]") {
  Fixture f;
  f.options.retry.attempts_max = 1;
  f.answer(200, kWritten);
  f.fail(Cause::kBroken, true);
  f.answer(200, kWritten);
  const auto docs = f.docs();
  REQUIRE(docs.put("d", "lww", "1", {.minimal = true}));
  REQUIRE(docs.put("d", "lww", "2", {.minimal = true}));
  CHECK(f.script->made == 2);
  CHECK(f.world->pauses.empty());
  CHECK(f.field(1, "Idempotency-Key") == f.field(2, "Idempotency-Key"));
  SECTION("but not when the reply had begun") {
    f.fail(Cause::kBroken, true, true);
    CHECK(docs.put("d", "lww", "3", {.minimal = true}).failure().cause == Cause::kBroken);
  }
  SECTION("nor when it was new") {
    f.fail(Cause::kTimeout, true);
    CHECK(docs.put("d", "lww", "3", {.minimal = true}).failure().cause == Cause::kTimeout);
  }
}

TEST_CASE("client call: a log that does not go on is not read for ever", "[unit][client]") {
  Fixture f;
  const std::string page =
      R"({"type":"t","rows":[{"version":1,"dot":"0000000000000001:1","count":1,"hlc_unix_ns":"1","node":"n","format":1,)"
      R"("delta":"","ops":null}],"version":1,"cursor":"c","head":9})";
  f.answer(200, page);
  f.answer(200, page);
  int rows = 0;
  const auto read = f.docs().each_op("d", {}, [&](const Row&) { return ++rows > 0; });
  REQUIRE_FALSE(read);
  CHECK(read.failure().cause == Cause::kMalformed);
  CHECK(rows == 1);
}

TEST_CASE("client call: an erase whose reply was lost is done when the document is not there", "[unit][client]") {
  Fixture f;
  SECTION("lost") {
    f.fail(Cause::kBroken, true);
    f.answer(404, kNotThere);
    CHECK(f.docs().erase("d"));
  }
  SECTION("never sent") {
    f.fail(Cause::kRefused, false);
    f.answer(404, kNotThere);
    CHECK(f.docs().erase("d").failure().is(ProblemCode::kDocumentNotFound));
  }
}

TEST_CASE("client call: the API key is asked for before each attempt", "[unit][client]") {
  Fixture f;
  int asked = 0;
  f.options.api_key = [&] { return "key-" + std::to_string(++asked); };
  f.answer(503, kBusy);
  f.answer(200, R"({"docs":[],"next":null})");
  REQUIRE(f.docs().list());
  CHECK(f.field(0, "X-API-Key") == "key-1");
  CHECK(f.field(1, "X-API-Key") == "key-2");
  f.options.api_key = [] { return "a\r\nX-Tenant-ID: other"; };
  CHECK(f.docs().list().failure().cause == Cause::kUsage);
  CHECK(f.script->requests.size() == 2);
}

TEST_CASE("client call: unusable arguments are refused before anything is sent", "[unit][client]") {
  Fixture f;
  const auto docs = f.docs();
  const auto usage = [](const auto& result, const char* what) {
    REQUIRE_FALSE(result);
    CHECK(result.failure().cause == Cause::kUsage);
    CHECK_THAT(result.failure().message, Catch::Contains(what));
  };
  usage(docs.get(""), "a document id takes");
  usage(docs.get("a/b"), "a document id takes");
  usage(docs.put("d", "no type", "1"), "a type takes");
  usage(docs.put("d", "lww", "1,\"x\":2"), "is not JSON");
  usage(docs.put("d", "lww", ""), "is not JSON");
  usage(docs.push_ops("d", "orset", "{}"), "a JSON array, not an object");
  usage(docs.push_ops("d", "orset", "[1"), "is not JSON");
  usage(docs.push_ops("d", "orset", "[]", {.since = "a b"}), "`since` takes");
  usage(docs.push_ops("d", "orset", "[]", {.if_match = "a\"b"}), "`if_match` takes");
  usage(docs.push_ops("d", "orset", "[]", {.key = "a\nb"}), "`key` takes");
  usage(docs.push_ops("d", "orset", "[]", {.key = std::string(129, 'a')}), "`key` takes");
  usage(docs.get("d", {.if_none_match = "\r\n"}), "`if_none_match` takes");
  usage(docs.ops("d", "0", 10'001), "10000 rows");
  usage(docs.list({.limit = 1'001}), "1000 documents");
  usage(docs.list({.after = "?"}), "`after` takes");
  CHECK(f.script->requests.empty());

  auto options = test_options("http://h");
  options.tenant = "a b";
  usage(RemoteDocs::open(options), "tenant");
  options = test_options("http://h");
  options.node.clear();
  usage(RemoteDocs::open(options), "node");
  options = test_options("nowhere");
  usage(RemoteDocs::open(options), "does not begin with http");
  options = test_options("https://h");
  options.tls_authorities_file = "no-such-file.pem";
  usage(RemoteDocs::open(options), "no-such-file.pem");
  options = test_options("http://h");
  options.timeouts.call = 0s;
  usage(RemoteDocs::open(options), "timeouts");
}
