// The commit queue alone: batches, fairness, verdicts.
#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

#include "faulty_storage.hpp"
#include "store/document_store.hpp"
#include "store/generation.hpp"
#include "virtual_disk.hpp"
#include "virtual_world.hpp"

using namespace crdtd;
using namespace crdtd::testing;
using base::StorageWork;
using host::StorageStatus;

namespace {

struct QueueFixture {
  explicit QueueFixture(store::CommitSettings settings = {})
      : storage(VirtualDisk::table(), disk.settings()),
        opened(std::move(*host::Store::open(FaultyStorage::table(), storage.settings(), "/"))),
        store(opened, world.executor, world.scheduler, world.clock, settings,
              [this](std::string reason) { failures.push_back(reason); }),
        lane(world.scheduler.make_lane()) {}
  ~QueueFixture() { world.crash(); }

  // Creates document `id` with a payload of `bytes`.
  void submit(const std::string& tenant, const std::string& id, std::size_t bytes = 10) {
    auto entry = std::make_unique<host::AppendEntry>();
    entry->doc = {tenant, id};
    entry->create = true;
    entry->birth = 7;
    entry->type = "bag";
    auto row = std::make_shared<host::Row>();
    row->version = 1;
    row->delta.assign(bytes, 'x');
    entry->rows.push_back(row);
    submit(std::move(entry));
  }
  void submit(std::unique_ptr<host::AppendEntry> entry) {
    const auto name = entry->doc.tenant + "/" + entry->doc.id;
    store.append(std::move(entry), lane, [this, name](store::CommitOutcome outcome) {
      CHECK(outcomes.emplace(name, outcome).second);
      order.push_back(name);
    });
  }
  bool durable(const std::string& name) const { return outcomes.count(name) > 0 && !outcomes.at(name).failure; }
  bool failed_with(const std::string& name, StorageStatus status) const {
    return outcomes.count(name) > 0 && outcomes.at(name).failure == status;
  }

  VirtualWorld world;
  VirtualDisk disk;
  FaultyStorage storage;
  host::Store opened;
  std::vector<std::string> failures;
  store::DocumentStore store;
  std::shared_ptr<base::Lane> lane;
  std::map<std::string, store::CommitOutcome> outcomes;
  std::vector<std::string> order;
};

}  // namespace

TEST_CASE("commit queue: what waits when an append begins goes with it, what comes during it into the next", "[unit][store]") {
  QueueFixture queue;
  queue.world.executor.hold(StorageWork::kWrite);
  queue.submit("t", "first");
  queue.world.settle();
  for (int i = 0; i < 50; ++i) queue.submit(numbered("t", static_cast<std::uint64_t>(i % 3)), std::to_string(i));
  queue.world.settle();
  CHECK(queue.world.executor.waiting(StorageWork::kWrite) == 1);
  queue.storage.before_append = [&] {
    for (int i = 0; i < 20; ++i) queue.submit("late", std::to_string(i));
  };
  queue.world.executor.step(StorageWork::kWrite);
  CHECK(queue.world.executor.waiting(StorageWork::kWrite) == 1);  // the next one stands ready at once
  queue.world.executor.hold(StorageWork::kWrite, false);
  queue.world.settle();
  REQUIRE(queue.storage.appends.size() == 2);
  CHECK(queue.storage.appends[0].size() == 51);
  CHECK(queue.storage.appends[1].size() == 20);
  CHECK(queue.outcomes.size() == 71);
  CHECK(queue.world.executor.waiting(StorageWork::kWrite) == 0);
}

TEST_CASE("commit queue: after a fatal append nothing follows it, not even before its verdict is read", "[unit][store]") {
  QueueFixture queue;
  queue.world.executor.hold(StorageWork::kWrite);
  queue.submit("t", "first");
  queue.storage.before_append = [&] { queue.submit("t", "late"); };
  queue.storage.fail_batch(CRDTD_FATAL, false);
  queue.world.executor.step(StorageWork::kWrite);
  queue.world.executor.step(StorageWork::kWrite);
  CHECK(queue.storage.appends.size() == 1);
  CHECK(queue.store.failed());
  queue.world.executor.hold(StorageWork::kWrite, false);
  queue.world.settle();
  CHECK(queue.failed_with("t/first", StorageStatus::kFatal));
  CHECK(queue.failed_with("t/late", StorageStatus::kFatal));
  CHECK(queue.failures.size() == 1);
}

TEST_CASE("commit queue: a tenant with 10 000 waiting entries delays another by no more than a batch", "[unit][store]") {
  store::CommitSettings settings;
  settings.batch_entries_max = 64;
  QueueFixture queue(settings);
  queue.world.executor.hold(StorageWork::kWrite);
  for (int i = 0; i < 10'000; ++i) queue.submit("greedy", std::to_string(i));
  queue.world.settle();
  queue.submit("small", "x");
  queue.submit("small", "y");
  queue.world.settle();
  queue.world.executor.step(StorageWork::kWrite);  // the one under way
  queue.world.settle();
  queue.world.executor.step(StorageWork::kWrite);
  queue.world.settle();
  CHECK(queue.durable("small/x"));
  CHECK(queue.durable("small/y"));
  CHECK(queue.storage.appends[1].size() == 64);
  queue.world.executor.hold(StorageWork::kWrite, false);
  queue.world.settle();
  CHECK(queue.outcomes.size() == 10'002);
  // Within a tenant, first come, first served.
  int last = -1;
  for (const auto& name : queue.order) {
    if (!name.starts_with("greedy/")) continue;
    const int number = std::stoi(name.substr(7));
    REQUIRE(number == last + 1);
    last = number;
  }
}

TEST_CASE("commit queue: a batch is bounded in bytes and entries, a single entry beyond the bound still goes", "[unit][store]") {
  store::CommitSettings settings;
  settings.batch_entries_max = 8;
  settings.batch_bytes_max = 10'000;
  QueueFixture queue(settings);
  queue.world.executor.hold(StorageWork::kWrite);
  queue.submit("t", "first");
  queue.world.settle();
  for (int i = 0; i < 20; ++i) queue.submit("t", numbered("small", static_cast<std::uint64_t>(i)), 100);
  for (int i = 0; i < 5; ++i) queue.submit("t", numbered("large", static_cast<std::uint64_t>(i)), 4'000);
  queue.submit("t", "huge", 50'000);
  queue.world.executor.hold(StorageWork::kWrite, false);
  queue.world.settle();
  CHECK(queue.outcomes.size() == 27);
  for (const auto& batch : queue.storage.appends) {
    std::uint64_t bytes = 0;
    for (const auto& entry : batch) bytes += entry.bytes;
    CHECK(batch.size() <= 8);
    CHECK((bytes <= 10'000 || batch.size() == 1));
  }
}

TEST_CASE("commit queue: writers bound the appends under way", "[unit][store]") {
  store::CommitSettings settings;
  settings.writers = 2;
  QueueFixture queue(settings);
  queue.world.executor.hold(StorageWork::kWrite);
  for (const auto* id : {"a", "b", "c"}) {
    queue.submit("t", id);
    queue.world.settle();
  }
  CHECK(queue.world.executor.waiting(StorageWork::kWrite) == 2);
  queue.world.executor.hold(StorageWork::kWrite, false);
  queue.world.settle();
  CHECK(queue.durable("t/c"));
}

TEST_CASE("commit queue: each entry gets its own verdict", "[unit][store]") {
  QueueFixture queue;
  queue.storage.fail_entry({"t", "full"}, {CRDTD_FULL, false});
  queue.storage.fail_entry({"t", "conflict"}, {CRDTD_CONFLICT, false});
  queue.storage.fail_entry({"t", "corrupt"}, {CRDTD_CORRUPT, false});
  queue.world.executor.hold(StorageWork::kWrite);
  for (const auto* id : {"first", "full", "conflict", "corrupt", "fine"}) queue.submit("t", id);
  queue.world.executor.hold(StorageWork::kWrite, false);
  queue.world.settle();
  CHECK(queue.durable("t/fine"));
  CHECK(queue.failed_with("t/full", StorageStatus::kFull));
  CHECK(queue.failed_with("t/conflict", StorageStatus::kConflict));
  CHECK(queue.failed_with("t/corrupt", StorageStatus::kCorrupt));
  CHECK_FALSE(queue.outcomes.at("t/conflict").was_unknown);
  CHECK(queue.failures.empty());
}

TEST_CASE("commit queue: RETRY is tried again with growing pauses, others go on meanwhile", "[unit][store]") {
  QueueFixture queue;
  queue.storage.fail_entry({"t", "busy"}, {CRDTD_RETRY, false}, 4);
  const auto start = queue.world.clock.monotonic();
  queue.submit("t", "busy");
  queue.world.run_until_idle();
  queue.submit("t", "other");
  queue.world.run_until_idle();
  CHECK(queue.durable("t/other"));
  CHECK(queue.outcomes.count("t/busy") == 0);
  queue.world.settle();
  CHECK(queue.durable("t/busy"));
  CHECK(queue.world.clock.monotonic() - start == std::chrono::milliseconds(5 + 10 + 20 + 40));
}

TEST_CASE("commit queue: RETRY for ever is answered so after the timeout, and the store goes on", "[unit][store]") {
  QueueFixture queue;
  queue.storage.fail_entry({"t", "busy"}, {CRDTD_RETRY, false}, 1000);
  queue.submit("t", "busy");
  queue.world.advance(std::chrono::seconds(29));
  CHECK(queue.outcomes.empty());
  queue.world.advance(std::chrono::seconds(3));
  CHECK(queue.failed_with("t/busy", StorageStatus::kRetry));
  CHECK(queue.failures.empty());
  queue.submit("t", "other");
  queue.world.settle();
  CHECK(queue.durable("t/other"));
}

TEST_CASE("commit queue: an unknown outcome is settled by the same append in a new session", "[unit][store]") {
  QueueFixture queue;
  const bool stored = GENERATE(false, true);
  queue.storage.fail_entry({"t", "d"}, {CRDTD_UNKNOWN, stored});
  queue.submit("t", "d");
  queue.world.settle();
  CHECK(queue.storage.calls(StoreCall::kOpenSession) == 2);
  REQUIRE(queue.outcomes.count("t/d") == 1);
  if (stored) {
    CHECK(queue.failed_with("t/d", StorageStatus::kConflict));  // its own rows are in the way: the document looks
  } else {
    CHECK(queue.durable("t/d"));
  }
  CHECK(queue.outcomes.at("t/d").was_unknown);
  CHECK(queue.failures.empty());
}

TEST_CASE("commit queue: after an unknown outcome, FULL settles nothing", "[unit][store]") {
  QueueFixture queue;
  queue.storage.fail_entry({"t", "d"}, {CRDTD_UNKNOWN, true});
  queue.storage.fail_entry({"t", "d"}, {CRDTD_FULL, false}, 3);
  queue.storage.fail_entry({"t", "d"}, {CRDTD_INVALID, false}, 1);
  queue.submit("t", "d");
  queue.world.settle();
  // "Nothing was stored" is said of the repeat; the first one is there.
  CHECK(queue.failed_with("t/d", StorageStatus::kConflict));
  CHECK(queue.outcomes.at("t/d").was_unknown);
}

TEST_CASE("commit queue: an outcome that stays unknown fails the store once, and nothing is acknowledged afterwards",
          "[unit][store]") {
  QueueFixture queue;
  queue.storage.fail_entry({"t", "lost"}, {CRDTD_UNKNOWN, false}, 1000);
  queue.storage.fail_entry({"t", "lost2"}, {CRDTD_UNKNOWN, false}, 1000);
  queue.submit("t", "lost");
  queue.submit("t", "lost2");
  queue.world.advance(std::chrono::seconds(29));
  CHECK(queue.failures.empty());
  CHECK(queue.outcomes.empty());
  queue.world.advance(std::chrono::seconds(3));
  CHECK(queue.failures.size() == 1);
  CHECK(queue.store.failed());
  CHECK(queue.failed_with("t/lost", StorageStatus::kFatal));
  CHECK(queue.failed_with("t/lost2", StorageStatus::kFatal));
  queue.submit("t", "late");
  queue.world.settle();
  CHECK(queue.failed_with("t/late", StorageStatus::kFatal));
  CHECK(queue.failures.size() == 1);
}

TEST_CASE("commit queue: FATAL fails all that waits, and nothing is appended any more", "[unit][store]") {
  QueueFixture queue;
  queue.world.executor.hold(StorageWork::kWrite);
  queue.submit("t", "first");
  queue.world.settle();
  for (int i = 0; i < 10; ++i) queue.submit("t", numbered("waiting", static_cast<std::uint64_t>(i)));
  queue.world.settle();
  queue.storage.fail_batch(CRDTD_FATAL, false);
  queue.world.executor.hold(StorageWork::kWrite, false);
  queue.world.settle();
  CHECK(queue.failures.size() == 1);
  CHECK(queue.outcomes.size() == 11);
  for (const auto& [name, outcome] : queue.outcomes) {
    INFO(name);
    CHECK(outcome.failure == StorageStatus::kFatal);
  }
  CHECK(queue.storage.appends.size() == 1);
}

TEST_CASE("commit queue: an append under way beside one that was fatal is not acknowledged", "[unit][store]") {
  store::CommitSettings settings;
  settings.writers = 2;
  QueueFixture queue(settings);
  queue.world.executor.hold(StorageWork::kWrite);
  queue.submit("t", "a");
  queue.world.settle();
  queue.submit("t", "b");
  queue.world.settle();
  REQUIRE(queue.world.executor.waiting(StorageWork::kWrite) == 2);
  queue.storage.fail_batch(CRDTD_FATAL, false);
  queue.world.executor.hold(StorageWork::kWrite, false);
  queue.world.settle();
  CHECK(queue.failed_with("t/a", StorageStatus::kFatal));
  CHECK(queue.failed_with("t/b", StorageStatus::kFatal));
}

TEST_CASE("commit queue: a session that cannot be opened is tried again", "[unit][store]") {
  QueueFixture queue;
  queue.storage.fail(StoreCall::kOpenSession, CRDTD_RETRY, 2);
  queue.submit("t", "d");
  queue.world.settle();
  CHECK(queue.durable("t/d"));
}

TEST_CASE("document store: sessions are lent again, but not after a broken connection", "[unit][store]") {
  QueueFixture queue;
  for (int i = 0; i < 5; ++i) {
    queue.submit("t", std::to_string(i));
    queue.world.settle();
  }
  CHECK(queue.storage.sessions_open == 1);
  const auto read = [&] {
    queue.store.run(
        host::SessionMode::kRead, queue.lane,
        [](host::StorageSession& session) {
          return session.load({"t", "0"});
        },
        [](const host::StorageResult<host::LoadedDocument>&) {});
    queue.world.settle();
  };
  read();
  CHECK(queue.storage.sessions_open == 2);
  queue.storage.fail(StoreCall::kLoad, CRDTD_UNKNOWN);
  read();
  CHECK(queue.storage.sessions_open == 1);
  CHECK_FALSE(queue.store.failed());
  queue.storage.fail(StoreCall::kLoad, CRDTD_FATAL);
  read();
  CHECK(queue.store.failed());
  CHECK(queue.failures.size() == 1);
}

TEST_CASE("generation: drawn once for a store, and read again", "[unit][store]") {
  QueueFixture queue;
  SeededRandom random(1);
  const auto first = store::open_generation(queue.opened, random);
  const auto again = store::open_generation(queue.opened, random);
  REQUIRE(first.ok());
  CHECK(*first == *again);
  queue.disk.meta["generation"] = "not hex";
  CHECK(store::open_generation(queue.opened, random).error().status == StorageStatus::kCorrupt);
  queue.storage.fail(StoreCall::kMetaGet, CRDTD_RETRY);
  CHECK(store::open_generation(queue.opened, random).error().status == StorageStatus::kRetry);
}
