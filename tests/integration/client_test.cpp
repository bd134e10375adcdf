// The C++ client against a real server: every call, and that a write takes effect once whatever happens to its reply.
#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <map>
#include <set>
#include <thread>

#include "crdtd/client/json.hpp"
#include "crdtd/client/remote_docs.hpp"
#include "cutting_proxy.hpp"
#include "running_server.hpp"

using namespace crdtd::client;
using namespace crdtd::testing;
using namespace std::chrono_literals;

namespace {

RemoteDocs open_docs(const std::string& url, const std::string& node = "laptop", std::function<void(Options&)> change = {}) {
  Options options{.url = url, .tenant = "acme", .node = node};
  options.retry = {.attempts_max = 1000, .pause_first = 1ms, .pause_max = 20ms};
  options.timeouts.call = 60s;
  if (change) change(options);
  auto docs = RemoteDocs::open(std::move(options));
  if (!docs) throw std::runtime_error(docs.failure().message);
  return *std::move(docs);
}

RemoteDocs open_docs(const RunningServer& server, const std::string& node = "laptop") {
  return open_docs("http://" + server.address(), node);
}

std::string add_op(const std::string& elem) { return R"([{"type":"add","elem":)" + json_string(elem) + "}]"; }
std::string remove_op(const std::string& elem) { return R"([{"type":"remove","elem":)" + json_string(elem) + "}]"; }

// Every key of a document's log, with how many rows have it.
std::map<std::string, int> keys_of(const RemoteDocs& docs, const std::string& doc) {
  std::map<std::string, int> keys;
  REQUIRE(docs.each_op(doc, {}, [&](const Row& row) { return ++keys[row.key], true; }));
  return keys;
}

}  // namespace

TEST_CASE("client: writes and reads of a document", "[integration][client]") {
  RunningServer server(storage_under_test());
  const auto docs = open_docs(server);

  const auto put = docs.put("profile", "lww", R"({"name":"Ada \u2665"})");
  REQUIRE(put);
  CHECK(put->version == 1);
  CHECK(put->applied == 1);
  CHECK(put->value_json == "{\"name\":\"Ada \xe2\x99\xa5\"}");
  CHECK_FALSE(put->cursor.empty());
  CHECK_FALSE(put->replayed);
  CHECK(docs.put("profile", "lww", "1", {.create_only = true}).failure().is(ProblemCode::kPreconditionFailed));
  CHECK(docs.put("profile", "orset", "[]").failure().is(ProblemCode::kTypeMismatch));
  CHECK(docs.put("new", "lww", "1", {.if_match = "*"}).failure().is(ProblemCode::kPreconditionFailed));

  const auto changed = docs.push_ops("profile", "lww", R"([{"set":2}])", {.minimal = true, .if_match = put->cursor});
  REQUIRE(changed);
  CHECK(changed->version == 2);
  CHECK(changed->cursor.empty());
  CHECK(changed->value_json.empty());
  CHECK(docs.push_ops("profile", "lww", R"([{"set":3}])", {.if_match = put->cursor})
            .failure()
            .is(ProblemCode::kPreconditionFailed));

  const auto got = docs.get("profile");
  REQUIRE(got);
  CHECK(got->type == "lww");
  CHECK(got->version == 2);
  CHECK(got->value_json == "2");
  CHECK_FALSE(got->not_modified);
  const auto same = docs.get("profile", {.if_none_match = got->cursor});
  REQUIRE(same);
  CHECK(same->not_modified);
  CHECK(same->cursor == got->cursor);
  CHECK(docs.get("profile", {.version = 1})->value_json == put->value_json);
  CHECK(docs.get("absent").failure().is(ProblemCode::kDocumentNotFound));
}

TEST_CASE("client: a removal takes what its author saw", "[integration][client]") {
  RunningServer server(storage_under_test());
  const auto ada = open_docs(server, "ada");
  const auto bob = open_docs(server, "bob");
  const auto start = ada.put("list", "orset", R"(["eggs","milk"])");
  REQUIRE(start);
  REQUIRE(bob.push_ops("list", "orset", add_op("milk"), {.since = start->cursor}));
  const auto after = ada.push_ops("list", "orset", R"([{"type":"remove","elem":"eggs"},{"type":"remove","elem":"milk"}])",
                                  {.since = start->cursor});
  REQUIRE(after);
  CHECK(after->value_json == R"(["milk"])");
  CHECK(ada.get("list", {.query_json = R"({"contains":"milk"})"})->value_json == "true");
  CHECK(ada.push_ops("list", "orset", remove_op("milk"), {.since = "99"}).failure().is(ProblemCode::kStale));
}

TEST_CASE("client: rows, pages, the encoded state", "[integration][client]") {
  RunningServer server(storage_under_test());
  const auto docs = open_docs(server);
  std::string cursor;
  for (int i = 0; i < 25; ++i) {
    const auto written = docs.push_ops("list", "orset", add_op(std::to_string(i)), {.key = "key-" + std::to_string(i)});
    REQUIRE(written);
    if (i == 9) cursor = written->cursor;
  }
  const auto page = docs.ops("list", {}, 10);
  REQUIRE(page);
  CHECK(page->type == "orset");
  REQUIRE(page->rows.size() == 10);
  CHECK(page->version == 10);
  CHECK(page->cursor == cursor);
  CHECK(page->head == 25);
  const auto& row = page->rows[9];
  CHECK(row.version == 10);
  CHECK(row.node == "laptop");
  CHECK(row.key == "key-9");
  CHECK(row.count == 1);
  CHECK(row.first_counter == 10);
  CHECK(row.replica >> 63 == 1);  // made by the server
  CHECK(row.hlc_unix_ns > 1'600'000'000'000'000'000);
  CHECK_FALSE(row.delta.empty());
  CHECK_THAT(row.ops_json, Catch::Contains("9"));

  std::vector<std::uint64_t> versions;
  const auto end = docs.each_op("list", cursor, [&](const Row& each) { return versions.push_back(each.version), true; });
  REQUIRE(end);
  REQUIRE(versions.size() == 15);
  CHECK(versions.front() == 11);
  CHECK(versions.back() == 25);
  CHECK(docs.ops("list", *end)->rows.empty());
  int seen = 0;
  CHECK(*docs.each_op("list", cursor, [&](const Row&) { return ++seen < 3; }) == cursor);
  CHECK(seen == 3);

  const auto encoded = docs.get_encoded("list");
  REQUIRE(encoded);
  CHECK(encoded->type == "orset");
  CHECK(encoded->version == 25);
  CHECK(encoded->cursor == *end);
  REQUIRE(encoded->known.size() == 1);
  CHECK(encoded->known[0].replica == row.replica);
  CHECK(encoded->known[0].counter == 25);
  CHECK_FALSE(encoded->encoded.empty());
  CHECK(docs.get_encoded("absent").failure().is(ProblemCode::kDocumentNotFound));
}

TEST_CASE("client: lists, types, erasing", "[integration][client]") {
  RunningServer server(storage_under_test());
  const auto docs = open_docs(server);
  std::set<std::string> wanted;
  for (int i = 0; i < 7; ++i) {
    wanted.insert("doc-" + std::to_string(i));
    REQUIRE(docs.put("doc-" + std::to_string(i), "lww", "1", {.minimal = true}));
  }
  std::set<std::string> listed;
  std::string after;
  do {
    const auto page = docs.list({.after = after, .limit = 3});
    REQUIRE(page);
    for (const auto& doc : page->docs) {
      listed.insert(doc.id);
      CHECK(doc.type == "lww");
      CHECK(doc.version == 1);
    }
    after = page->next;
  } while (!after.empty());
  CHECK(listed == wanted);
  CHECK(open_docs("http://" + server.address(), "x", [](Options& o) { o.tenant = "other"; }).list()->docs.empty());

  const auto types = docs.types();
  REQUIRE(types);
  REQUIRE(types->size() == 2);
  CHECK((*types)[0].name == "lww");
  CHECK((*types)[1].type == "orset");
  CHECK((*types)[1].semantics >= 1);
  CHECK((*types)[1].format >= 1);

  const auto got = docs.get("doc-1");
  REQUIRE(got);
  CHECK(docs.erase("doc-1", "not-its-cursor").failure().is(ProblemCode::kPreconditionFailed));
  REQUIRE(docs.erase("doc-1", got->cursor));
  CHECK(docs.erase("doc-1").failure().is(ProblemCode::kDocumentNotFound));
  CHECK(docs.push_ops("doc-1", "lww", R"([{"set":1}])", {.since = got->cursor}).failure().is(ProblemCode::kGone));
  REQUIRE(docs.put("doc-1", "lww", "2"));
}

TEST_CASE("client: what a server refuses says where", "[integration][client]") {
  RunningServer server(storage_under_test(), "types: { lww: {}, short: { type: orset, limits: { element: 8 } } }\n");
  const auto docs = open_docs(server);
  CHECK(docs.types()->at(1).name == "short");
  const auto large = docs.push_ops("d", "short", R"([{"type":"add","elem":1},{"type":"add","elem":"much too long"}])").failure();
  CHECK(large.is(ProblemCode::kLimitExceeded));
  CHECK(large.attempts == 1);
  CHECK_FALSE(large.outcome_unknown);
  CHECK(large.problem->pointer == "/ops/1/elem");
  CHECK(large.problem->value == 8);
  CHECK_THAT(large.problem->instance, Catch::Contains("urn:crdtd:request:"));
  const auto absent = docs.put("d", "nothing", "1").failure();
  CHECK(absent.is(ProblemCode::kTypeNotEnabled));
  CHECK(absent.problem->enabled == std::vector<std::string>{"lww", "short"});
  const auto drift = docs.push_ops("d", "lww", R"([{"set":1,"ts_unix_ns":"9000000000000000000"}])").failure();
  CHECK(drift.is(ProblemCode::kClockDrift));
  CHECK(drift.problem->value > 1'000'000'000);
  REQUIRE(docs.put("d", "lww", "1", {.key = "k"}));
  CHECK(docs.put("d", "lww", "2", {.key = "k"}).failure().is(ProblemCode::kKeyReused));
}

TEST_CASE("client: API keys", "[integration][client]") {
  // SHA-256 of "sesame".
  RunningServer server(storage_under_test(),
                       "auth: { keys: [ { name: k, sha256: \"d0c04f4b1951e4aeaaec8223ed2039e542f3aae805a6fa7f6d794e5afff5d272\", "
                       "tenants: [acme] } ] }\n");
  CHECK(open_docs(server).list().failure().is(ProblemCode::kUnauthorized));
  CHECK(open_docs("http://" + server.address(), "laptop", [](Options& o) {
          o.api_key = [] { return std::string("sesame"); };
        }).list());
}

TEST_CASE("client: a write whose reply is lost takes effect once", "[integration][client]") {
  RunningServer server(storage_under_test());
  CuttingProxy proxy(server.address());
  const auto docs = open_docs(proxy.url());
  std::uint32_t cuts = 0;
  for (const std::size_t bytes : {0, 1, 17, 150}) {
    const std::string doc = "doc-" + std::to_string(bytes);
    const auto before = docs.put(doc, "orset", R"(["milk"])");
    REQUIRE(before);
    proxy.cut(3, bytes);
    // Under If-Match a second effect would be refused; the repeat of the first must not be.
    const auto written = docs.push_ops(doc, "orset", add_op("eggs"), {.since = before->cursor, .if_match = before->cursor});
    REQUIRE(written);
    CHECK(written->replayed);
    CHECK(written->applied == 2);
    CHECK(written->version == 2);
    cuts += 3;
    CHECK(proxy.cut_count() == cuts);
    CHECK(keys_of(docs, doc) == std::map<std::string, int>{{before->key, 1}, {written->key, 1}});
  }
  proxy.cut(2, 0);
  REQUIRE(docs.erase("doc-0"));
  CHECK(docs.get("doc-0").failure().is(ProblemCode::kDocumentNotFound));
}

TEST_CASE("client: without attempts left it says that the outcome is unknown, and the key finishes the write",
          "[integration][client]") {
  RunningServer server(storage_under_test());
  CuttingProxy proxy(server.address());
  const auto docs = open_docs(proxy.url(), "laptop", [](Options& o) { o.retry.attempts_max = 1; });
  proxy.cut(1, 0);
  const auto lost = docs.push_ops("list", "orset", add_op("milk"));
  REQUIRE_FALSE(lost);
  CHECK(lost.failure().cause == Cause::kBroken);
  CHECK(lost.failure().outcome_unknown);
  const auto again = docs.push_ops("list", "orset", add_op("milk"), {.key = lost.failure().key});
  REQUIRE(again);
  CHECK(again->replayed);
  CHECK(again->version == 1);
}

TEST_CASE("client: kill -9 while several push loses and doubles nothing", "[integration][client]") {
  if (storage_under_test() == "memory") return;  // keeps nothing by design
  constexpr int kThreads = 4;
  const char* scale = std::getenv("CRDTD_TEST_SCALE");
  const int kills = 4 * (scale == nullptr ? 1 : std::max(1, std::atoi(scale)));
  RunningServer server(storage_under_test());
  CuttingProxy proxy(server.address());
  const auto docs = open_docs(proxy.url());
  std::atomic<bool> stop{false};
  std::atomic<int> done{0};
  std::vector<std::set<std::string>> keys(kThreads);
  std::vector<std::string> unexpected(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; !stop; ++i) {
        const auto written =
            docs.push_ops("list", "orset", add_op(std::to_string(t) + "-" + std::to_string(i)), {.minimal = true});
        if (!written) {
          unexpected[static_cast<std::size_t>(t)] = written.failure().message;
          done += 1000 * kills;  // lets the test go on to its end
          return done.notify_one();
        }
        keys[static_cast<std::size_t>(t)].insert(written->key);
        ++done;
        done.notify_one();
      }
    });
  }
  for (int kill = 0; kill < kills; ++kill) {
    for (int now = done, wanted = now + 50; now < wanted; now = done) done.wait(now);
    server.kill();
    server.start();
    proxy.set_target(server.address());
  }
  stop = true;
  for (auto& thread : threads) thread.join();
  std::map<std::string, int> wanted;
  for (int t = 0; t < kThreads; ++t) {
    CHECK(unexpected[static_cast<std::size_t>(t)] == "");
    for (const auto& key : keys[static_cast<std::size_t>(t)]) wanted[key] = 1;
  }
  CHECK(keys_of(docs, "list") == wanted);
  const auto elements = elements_of_json(docs.get("list")->value_json);
  REQUIRE(elements);
  CHECK(elements->size() == wanted.size());
}
