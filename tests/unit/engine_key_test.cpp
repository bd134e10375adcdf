// Idempotency keys: a request takes effect once, however often it is sent.
#include <catch2/catch.hpp>

#include "engine_fixture.hpp"

using namespace crdtd;
using namespace crdtd::testing;
using base::StorageWork;

namespace {

document::WriteRequest keyed(const base::DocKey& key, const std::string& text, const std::string& name, unsigned char digest = 1,
                             const std::string& node = "n") {
  auto request = write_request(key, {text}, node);
  request.key = request_key(name, digest);
  return request;
}

}  // namespace

TEST_CASE("keys: a repeat after the commit returns the first applied and the present value", "[unit][engine]") {
  OneServer one;
  const auto first = one.server.write(keyed(doc("d"), "add:a", "k"));
  one.world.settle();
  const auto between = one.server.add(doc("d"), "b");
  one.world.settle();
  const auto repeat = one.server.write(keyed(doc("d"), "add:a", "k"));
  one.world.settle();
  CHECK_FALSE(first->replayed);
  CHECK(repeat->replayed);
  CHECK(repeat->applied == 1);
  CHECK(repeat->version == 2);
  CHECK(repeat->cursor == between->cursor);
  CHECK(repeat->value_json == R"(["a","b"])");
  CHECK(stored_value(one.disk, doc("d")) == R"(["a","b"])");
}

TEST_CASE("keys: repeats before and during the first commit wait for it", "[unit][engine]") {
  OneServer one;
  (void)one.server.add(doc("d"), "base");
  one.world.settle();
  one.world.executor.hold(StorageWork::kWrite);
  const auto first = one.server.write(keyed(doc("d"), "add:a", "k"));
  const auto before = one.server.write(keyed(doc("d"), "add:a", "k"));  // both not yet started
  one.world.settle();
  const auto during = one.server.write(keyed(doc("d"), "add:a", "k"));
  one.world.settle();
  CHECK(first.waits());
  CHECK(before.waits());
  CHECK(during.waits());
  one.world.executor.hold(StorageWork::kWrite, false);
  one.world.settle();
  for (const auto& answer : {first, before, during}) {
    CHECK(answer->applied == 2);
    CHECK(answer->value_json == R"(["a","base"])");
  }
  CHECK_FALSE(first->replayed);
  CHECK(before->replayed);
  CHECK(during->replayed);
  CHECK(stored_value(one.disk, doc("d")) == R"(["a","base"])");
}

TEST_CASE("keys: the same on a document that the request creates", "[unit][engine]") {
  OneServer one;
  std::vector<WriteAnswer> answers;
  for (int i = 0; i < 5; ++i) answers.push_back(one.server.write(keyed(doc("d"), "add:a", "k")));
  one.world.settle();
  for (const auto& answer : answers) CHECK(answer->applied == 1);
  CHECK(answers[0]->created);
  CHECK(stored_value(one.disk, doc("d")) == R"(["a"])");
}

TEST_CASE("keys: hundreds of repeats at once are all answered", "[unit][engine]") {
  OneServer one;
  std::vector<WriteAnswer> answers;
  for (int i = 0; i < 500; ++i) answers.push_back(one.server.write(keyed(doc("d"), "add:a", "k")));
  one.world.settle();
  std::size_t good = 0;
  for (const auto& answer : answers) good += answer.ok() && answer->applied == 1 ? 1 : 0;
  CHECK(good == answers.size());
  CHECK(stored_value(one.disk, doc("d")) == R"(["a"])");
}

TEST_CASE("keys: another request under a known key is refused", "[unit][engine]") {
  OneServer one;
  const auto first = one.server.write(keyed(doc("d"), "add:a", "k", 1));
  const auto at_once = one.server.write(keyed(doc("d"), "add:b", "k", 2));
  one.world.settle();
  const auto later = one.server.write(keyed(doc("d"), "add:b", "k", 2));
  one.world.settle();
  CHECK(first.ok());
  CHECK(at_once.is(Code::kKeyReused));
  CHECK(later.is(Code::kKeyReused));
  CHECK(stored_value(one.disk, doc("d")) == R"(["a"])");
}

TEST_CASE("keys: their scope is tenant, document and node", "[unit][engine]") {
  OneServer one;
  const auto a = one.server.write(keyed(doc("d"), "add:a", "k", 1, "n1"));
  const auto b = one.server.write(keyed(doc("d"), "add:b", "k", 2, "n2"));
  const auto c = one.server.write(keyed(doc("e"), "add:c", "k", 3, "n1"));
  const auto d = one.server.write(keyed(doc("d", "other"), "add:d", "k", 4, "n1"));
  one.world.settle();
  for (const auto& answer : {a, b, c, d}) {
    REQUIRE(answer.ok());
    CHECK_FALSE(answer->replayed);
  }
}

TEST_CASE("keys: stored also when nothing changed, in the same append", "[unit][engine]") {
  OneServer one;
  (void)one.server.add(doc("d"), "a");
  one.world.settle();
  const auto first = one.server.write(keyed(doc("d"), "noop", "k"));
  one.world.settle();
  CHECK(first->applied == 1);
  REQUIRE(one.server.storage.appends.size() == 2);
  CHECK(one.server.storage.appends[1].front().keys == 1);
  CHECK(one.server.storage.appends[1].front().rows.empty());
  (void)one.server.add(doc("d"), "b");
  one.world.settle();
  const auto repeat = one.server.write(keyed(doc("d"), "noop", "k"));
  one.world.settle();
  CHECK(repeat->replayed);
  CHECK(repeat->applied == 1);
  CHECK(repeat->version == 2);
  CHECK(one.server.write(keyed(doc("d"), "add:x", "k", 9)).waits());
}

TEST_CASE("keys: a refused request keeps none, so that a corrected one may use it", "[unit][engine]") {
  OneServer one;
  const auto refused = one.server.write(keyed(doc("d"), "refuse", "k", 1));
  one.world.settle();
  CHECK(refused.is(Code::kInvalidOp));
  const auto corrected = one.server.write(keyed(doc("d"), "add:a", "k", 2));
  one.world.settle();
  CHECK(corrected->applied == 1);
}

TEST_CASE("keys: survive a restart and an eviction", "[unit][engine]") {
  OneServer one;
  (void)one.server.write(keyed(doc("d"), "add:a", "k"));
  one.world.settle();
  one.server.restart();
  const auto repeat = one.server.write(keyed(doc("d"), "add:a", "k"));
  one.world.settle();
  CHECK(repeat->replayed);
  CHECK(stored_value(one.disk, doc("d")) == R"(["a"])");
}

TEST_CASE("keys: what became durable before a crash is not applied again", "[unit][engine]") {
  OneServer one;
  one.world.executor.hold(StorageWork::kWrite);
  const auto lost = one.server.write(keyed(doc("d"), "add:a", "k"));
  one.world.settle();
  one.world.executor.step(StorageWork::kWrite);  // durable, but the answer is never given
  one.world.executor.hold(StorageWork::kWrite, false);
  one.server.restart();
  CHECK(lost.waits());
  const auto repeat = one.server.write(keyed(doc("d"), "add:a", "k"));
  one.world.settle();
  CHECK(repeat->replayed);
  CHECK(repeat->applied == 1);
}

TEST_CASE("keys: a failing look-up is an error, never a second effect", "[unit][engine]") {
  OneServer one;
  (void)one.server.write(keyed(doc("d"), "add:a", "k"));
  one.world.settle();
  one.server.storage.fail(StoreCall::kFindKey, CRDTD_RETRY);
  const auto failed = one.server.write(keyed(doc("d"), "add:a", "k"));
  one.world.settle();
  CHECK(failed.is(Code::kOverloaded));
  const auto repeat = one.server.write(keyed(doc("d"), "add:a", "k"));
  one.world.settle();
  CHECK(repeat->replayed);
}

TEST_CASE("keys: expire after their age, when the store is trimmed", "[unit][engine]") {
  ServerOptions options;
  options.settings.checkpoint_log_bytes_min = 1;
  OneServer one(options);
  const auto first = one.server.write(keyed(doc("d"), "add:a", "k"));
  one.world.settle();
  for (int i = 0; i < 3; ++i) {
    (void)one.server.add(doc("d"), numbered("x", static_cast<std::uint64_t>(i)));
    one.world.settle();
  }
  one.world.advance(std::chrono::hours(7 * 24) + std::chrono::hours(1));
  for (int i = 3; i < 9; ++i) {
    (void)one.server.add(doc("d"), numbered("x", static_cast<std::uint64_t>(i)));
    one.world.settle();
  }
  REQUIRE(first.ok());
  CHECK(one.disk.documents.at(doc("d")).keys.empty());
  const auto anew = one.server.write(keyed(doc("d"), "add:b", "k", 2));
  one.world.settle();
  REQUIRE(anew.ok());
  CHECK_FALSE(anew->replayed);
}
