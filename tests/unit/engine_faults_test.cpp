// What the engine does when the storage says no, or does not say.
#include <catch2/catch.hpp>

#include <set>

#include "engine_fixture.hpp"

using namespace crdtd;
using namespace crdtd::testing;
using base::StorageWork;

namespace {

// Two servers on one store, in one world.
struct TwoServers {
  TwoServers() : a(world, disk), b(world, disk) {}
  VirtualWorld world;
  VirtualDisk disk;
  TestServer a, b;
};

// Rows 1 … n without a hole, and each replica's counters too.
void check_log(const VirtualDisk& disk, const base::DocKey& key) {
  const auto& document = disk.documents.at(key);
  std::uint64_t version = document.head.first_version - 1;
  std::map<std::uint64_t, std::uint64_t> counters;
  for (const auto& [at, row] : document.rows) {
    CHECK(at == ++version);
    const auto known = counters.find(row->replica);
    if (known != counters.end()) CHECK(row->first_counter == known->second + 1);
    counters[row->replica] = row->first_counter + row->count - 1;
  }
  CHECK(version == document.head.version);
  for (const auto& [replica, counter] : counters) CHECK(document.known.at(replica).counter == counter);
}

}  // namespace

TEST_CASE("conflict: what another server stored is loaded, and the requests run again on top of it", "[unit][engine]") {
  TwoServers two;
  (void)two.a.add(doc("d"), "base");
  two.world.settle();
  (void)two.a.add(doc("d"), "a1");  // counters 1, 2 of a's replica
  two.world.settle();
  const auto other = two.b.add(doc("d"), "b1");
  two.world.settle();
  CHECK(other->applied == 3);
  auto keyed = write_request(doc("d"), {"add:a2"});
  keyed.key = request_key("k");
  const auto first = two.a.write(keyed);
  const auto second = two.a.add(doc("d"), "a3");
  two.world.settle();
  const auto read = two.a.read(doc("d"));
  two.world.settle();
  CHECK(first->applied + second->applied == 4 + 5);  // the key is looked up first, so that either may come first
  CHECK(read->value_json == R"(["a1","a2","a3","b1","base"])");
  CHECK(stored_value(two.disk, doc("d")) == R"(["a1","a2","a3","b1","base"])");
  check_log(two.disk, doc("d"));
}

TEST_CASE("conflict: two servers create the same document at once", "[unit][engine]") {
  TwoServers two;
  const auto a = two.a.add(doc("d"), "a");
  const auto b = two.b.add(doc("d"), "b");
  two.world.settle();
  REQUIRE(a.ok());
  REQUIRE(b.ok());
  CHECK(a->created != b->created);
  CHECK(stored_value(two.disk, doc("d")) == R"(["a","b"])");
  check_log(two.disk, doc("d"));
}

TEST_CASE("conflict: a request with If-Match loses the race", "[unit][engine]") {
  TwoServers two;
  const auto base = two.a.add(doc("d"), "base");
  two.world.settle();
  (void)two.b.add(doc("d"), "b");
  two.world.settle();
  auto guarded = write_request(doc("d"), {"add:a"});
  guarded.if_match = base->cursor;
  const auto lost = two.a.write(guarded);
  two.world.settle();
  CHECK(lost.is(Code::kPreconditionFailed));
  CHECK(stored_value(two.disk, doc("d")) == R"(["b","base"])");
}

TEST_CASE("conflict: the same key at two servers takes effect once", "[unit][engine]") {
  TwoServers two;
  (void)two.a.add(doc("d"), "base");
  two.world.settle();
  (void)two.b.read(doc("d"));  // both have it in memory
  two.world.settle();
  auto request = write_request(doc("d"), {"add:x"});
  request.key = request_key("k");
  const auto at_a = two.a.write(request);
  const auto at_b = two.b.write(request);
  two.world.settle();
  REQUIRE(at_a.ok());
  REQUIRE(at_b.ok());
  CHECK(at_a->applied == at_b->applied);
  CHECK(at_a->replayed != at_b->replayed);
  CHECK(stored_value(two.disk, doc("d")) == R"(["base","x"])");
}

TEST_CASE("conflict: a key that another server stores while this one loads again is looked up again", "[unit][engine]") {
  TwoServers two;
  (void)two.a.add(doc("d"), "base");
  two.world.settle();
  auto request = write_request(doc("d"), {"add:x"});
  request.key = request_key("k");
  // At a, the look-up of the key comes back when the document is being loaded again after a conflict.
  (void)two.b.add(doc("d"), "b1");
  two.world.settle();
  const auto loser = two.a.add(doc("d"), "loser");
  const auto keyed = two.a.write(request);
  two.world.executor.hold(StorageWork::kRead);
  two.world.settle();  // the append has met its conflict; the look-up and then the load wait
  REQUIRE(two.world.executor.waiting(StorageWork::kRead) == 2);
  two.world.executor.step(StorageWork::kRead);  // the look-up: there is no such key yet
  two.world.settle();
  // The same request, sent again, reaches the other server, which stores it.
  std::vector<host::KeyRecord> keys;
  const auto& stored = two.disk.documents.at(doc("d"));
  auto entry = std::make_unique<host::AppendEntry>();
  entry->doc = doc("d");
  entry->birth = stored.head.birth;
  entry->version_expected = stored.head.version;
  auto record = host::KeyRecord{"n", "k", request.key->digest, stored.head.version, ~0ULL};
  entry->keys.push_back(record);
  two.disk.documents.at(doc("d")).keys[{"n", "k"}] = record;
  two.world.executor.hold(StorageWork::kRead, false);
  two.world.settle();
  CHECK(loser.ok());
  REQUIRE(keyed.ok());
  CHECK(keyed->replayed);
  CHECK(stored_value(two.disk, doc("d")) == R"(["b1","base","loser"])");
}

TEST_CASE("conflict: many at once all end well", "[unit][engine]") {
  TwoServers two;
  std::vector<WriteAnswer> answers;
  for (std::uint64_t round = 0; round < 30; ++round) {
    answers.push_back(two.a.add(doc("d"), numbered("a", round)));
    answers.push_back(two.b.add(doc("d"), numbered("b", round)));
    if (round % 4 == 0) two.world.settle();
  }
  two.world.settle();
  std::set<std::uint64_t> versions;
  for (const auto& answer : answers) {
    REQUIRE(answer.ok());
    CHECK(versions.insert(answer->applied).second);
  }
  CHECK(versions.size() == 60);
  CHECK(*versions.rbegin() == 60);
  check_log(two.disk, doc("d"));
}

TEST_CASE("unknown: stored or not, the request takes effect once and is answered", "[unit][engine]") {
  OneServer one;
  const bool stored = GENERATE(false, true);
  const bool creates = GENERATE(false, true);
  const bool keyed = GENERATE(false, true);
  const auto key = doc(creates ? "new" : "old");
  (void)one.server.add(doc("old"), "base");
  one.world.settle();
  one.server.storage.fail_entry(key, {CRDTD_UNKNOWN, stored});
  auto request = write_request(key, {"add:a"});
  if (keyed) request.key = request_key("k");
  const auto write = one.server.write(request);
  if (keyed) one.world.run_until_idle();  // its key is looked up first
  const auto behind = one.server.add(key, "b");
  const auto read = one.server.read(key);
  one.world.settle();
  INFO(stored << creates << keyed << write.error());
  REQUIRE(write.ok());
  CHECK(write->applied == (creates ? 1 : 2));
  CHECK(write->created == creates);
  CHECK(behind->applied == write->applied + 1);
  CHECK(read->value_json == (creates ? R"(["a","b"])" : R"(["a","b","base"])"));
  CHECK(stored_value(one.disk, key) == read->value_json);
  check_log(one.disk, key);
  CHECK(one.server.failures.empty());
}

TEST_CASE("unknown: stored, and rows of another server behind it", "[unit][engine]") {
  TwoServers two;
  (void)two.a.add(doc("d"), "base");
  two.world.settle();
  two.a.storage.fail_entry(doc("d"), {CRDTD_UNKNOWN, true});
  const auto write = two.a.add(doc("d"), "a");
  two.world.run_until_idle();
  CHECK(write.waits());
  const auto other = two.b.add(doc("d"), "b");
  two.world.run_until_idle();
  CHECK(other->applied == 3);
  two.world.settle();
  REQUIRE(write.ok());
  CHECK(write->applied == 2);
  CHECK(write->value_json == R"(["a","base"])");
  const auto read = two.a.read(doc("d"));
  two.world.settle();
  CHECK(read->value_json == R"(["a","b","base"])");
  CHECK(stored_value(two.disk, doc("d")) == R"(["a","b","base"])");
}

TEST_CASE("unknown: not stored, and another server was faster", "[unit][engine]") {
  TwoServers two;
  (void)two.a.add(doc("d"), "base");
  two.world.settle();
  two.a.storage.fail_entry(doc("d"), {CRDTD_UNKNOWN, false});
  const auto write = two.a.add(doc("d"), "a");
  two.world.run_until_idle();
  (void)two.b.add(doc("d"), "b");
  two.world.settle();
  REQUIRE(write.ok());
  CHECK(write->applied == 3);
  CHECK(stored_value(two.disk, doc("d")) == R"(["a","b","base"])");
  check_log(two.disk, doc("d"));
}

TEST_CASE("unknown: a failing load in between is not reported as `nothing stored`", "[unit][engine]") {
  OneServer one;
  (void)one.server.add(doc("d"), "base");
  one.world.settle();
  one.server.storage.fail_entry(doc("d"), {CRDTD_UNKNOWN, true});
  one.server.storage.fail(StoreCall::kLoad, CRDTD_RETRY);
  const auto write = one.server.add(doc("d"), "a");
  one.world.settle();
  // Either the engine looks again until it knows, or it says that it does not know.
  INFO(write.error());
  CHECK((write.ok() || write.is(Code::kStorageFailed)));
  CHECK(stored_value(one.disk, doc("d")) == R"(["a","base"])");
}

TEST_CASE("unknown for too long: the store fails once, nothing is acknowledged afterwards", "[unit][engine]") {
  OneServer one;
  (void)one.server.add(doc("d"), "base");
  one.world.settle();
  one.server.storage.fail_entry(doc("d"), {CRDTD_UNKNOWN, true}, 1);
  one.server.storage.fail_entry(doc("d"), {CRDTD_UNKNOWN, false}, 1000);
  const auto write = one.server.add(doc("d"), "a");
  const auto behind = one.server.add(doc("d"), "b");
  const auto read = one.server.read(doc("d"));
  one.world.advance(std::chrono::seconds(29));
  CHECK(write.waits());
  CHECK(one.server.failures.empty());
  one.world.advance(std::chrono::seconds(5));
  CHECK(one.server.failures.size() == 1);
  CHECK(write.is(Code::kStorageFailed));
  CHECK(behind.is(Code::kStorageFailed));
  CHECK(read.is(Code::kStorageFailed));
  CHECK(one.server.add(doc("e"), "x").is(Code::kStorageFailed));
  CHECK(one.server.read(doc("e")).is(Code::kStorageFailed));
}

TEST_CASE("retry: the request is answered when the storage has recovered", "[unit][engine]") {
  OneServer one;
  one.server.storage.fail_entry(doc("d"), {CRDTD_RETRY, false}, 3);
  const auto write = one.server.add(doc("d"), "a");
  one.world.settle();
  CHECK(write->applied == 1);
  one.server.storage.fail(StoreCall::kAppend, CRDTD_RETRY, 2);
  const auto next = one.server.add(doc("d"), "b");
  one.world.settle();
  CHECK(next->applied == 2);
  CHECK(stored_value(one.disk, doc("d")) == R"(["a","b"])");
}

TEST_CASE("full: only the writers of that append fail; readers and later requests run again", "[unit][engine]") {
  OneServer one;
  (void)one.server.add(doc("d"), "base");
  one.world.settle();
  one.world.executor.hold(StorageWork::kWrite);
  const auto failing = one.server.add(doc("d"), "a");
  const auto read_failing = one.server.read(doc("d"));
  one.world.settle();
  const auto later = one.server.add(doc("d"), "b");
  const auto read_later = one.server.read(doc("d"));
  one.world.settle();
  one.server.storage.fail_entry(doc("d"), {CRDTD_FULL, false});
  one.world.executor.hold(StorageWork::kWrite, false);
  one.world.settle();
  CHECK(failing.is(Code::kStorageFull));
  CHECK(read_failing->value_json == R"(["base"])");
  CHECK(later->applied == 2);
  CHECK(later->value_json == R"(["b","base"])");
  CHECK(read_later->value_json == R"(["b","base"])");
  CHECK(stored_value(one.disk, doc("d")) == R"(["b","base"])");
  check_log(one.disk, doc("d"));
}

TEST_CASE("full: a document that could not be created does not exist", "[unit][engine]") {
  OneServer one;
  one.server.storage.fail_entry(doc("d"), {CRDTD_FULL, false});
  const auto create = one.server.add(doc("d"), "a");
  const auto read = one.server.read(doc("d"));
  one.world.settle();
  CHECK(create.is(Code::kStorageFull));
  CHECK(read.is(Code::kDocumentNotFound));
  CHECK(one.server.engine().usage().documents == 0);
}

TEST_CASE("corrupt: that document is quarantined, others go on", "[unit][engine]") {
  OneServer one;
  (void)one.server.add(doc("d"), "base");
  (void)one.server.add(doc("e"), "base");
  one.world.settle();
  SECTION("found by an append") {
    one.server.storage.fail_entry(doc("d"), {CRDTD_CORRUPT, false});
    const auto write = one.server.add(doc("d"), "a");
    const auto read = one.server.read(doc("d"));
    one.world.settle();
    CHECK(write.is(Code::kQuarantined));
    CHECK(read.is(Code::kQuarantined));
  }
  SECTION("found by a load") {
    one.server.restart();
    one.server.storage.fail(StoreCall::kLoad, CRDTD_CORRUPT);
    CHECK(one.server.read(doc("d")).waits());
    one.world.settle();
  }
  SECTION("a row's bytes differ from its check") {
    auto& row = one.disk.documents.at(doc("d")).rows.at(1);
    auto changed = std::make_shared<host::Row>(*row);
    changed->delta.back() = 'X';
    row = changed;
    one.server.restart();
    (void)one.server.read(doc("d"));
    one.world.settle();
  }
  const auto loads = one.server.storage.calls(StoreCall::kLoad);
  const auto read = one.server.read(doc("d"));
  const auto write = one.server.add(doc("d"), "b");
  const auto fine = one.server.add(doc("e"), "b");
  one.world.settle();
  CHECK(read.is(Code::kQuarantined));
  CHECK(write.is(Code::kQuarantined));
  CHECK(fine.ok());
  CHECK(one.server.storage.calls(StoreCall::kLoad) <= loads + 1);  // e's, perhaps
  CHECK(one.server.failures.empty());
}

TEST_CASE("fatal: everything is refused from then on", "[unit][engine]") {
  OneServer one;
  (void)one.server.add(doc("d"), "base");
  (void)one.server.add(doc("e"), "base");
  one.world.settle();
  const auto appends = one.server.storage.appends.size();
  one.world.executor.hold(StorageWork::kWrite);
  const auto write = one.server.add(doc("d"), "a");
  one.world.settle();
  const auto waiting = one.server.add(doc("d"), "b");
  const auto other = one.server.add(doc("e"), "b");
  const auto read = one.server.read(doc("d"));
  one.world.settle();
  one.server.storage.fail_batch(CRDTD_FATAL, false);
  one.world.executor.hold(StorageWork::kWrite, false);
  one.world.settle();
  CHECK(write.is(Code::kStorageFailed));
  CHECK(waiting.is(Code::kStorageFailed));
  CHECK(other.is(Code::kStorageFailed));
  CHECK(read.is(Code::kStorageFailed));
  CHECK(one.server.failures.size() == 1);
  CHECK(one.server.read(doc("e")).is(Code::kStorageFailed));
  CHECK(one.server.add(doc("f"), "x").is(Code::kStorageFailed));
  CHECK(one.server.storage.appends.size() == appends + 1);
  CHECK(one.server.engine().usage().waiting_bytes == 0);
}

TEST_CASE("load: a failure is an error, never an empty document; a later load works", "[unit][engine]") {
  OneServer one;
  (void)one.server.add(doc("d"), "base");
  one.world.settle();
  one.server.restart();
  const auto status = GENERATE(as<crdtd_status>{}, CRDTD_RETRY, CRDTD_INVALID, CRDTD_UNKNOWN, CRDTD_FULL);
  one.server.storage.fail(StoreCall::kLoad, status);
  const auto read = one.server.read(doc("d"));
  const auto write = one.server.add(doc("d"), "a");
  one.world.settle();
  INFO(status);
  CHECK((!read.waits() && !read.ok() && !read.is(Code::kDocumentNotFound)));
  CHECK((!write.waits() && !write.ok()));
  const auto again = one.server.add(doc("d"), "b");
  one.world.settle();
  CHECK(again->value_json == R"(["b","base"])");
  CHECK(one.server.failures.empty());
}

TEST_CASE("load: a type without memory fails the request, not the document", "[unit][engine]") {
  ServerOptions options;
  options.settings.checkpoint_log_bytes_min = 1;
  OneServer one(options);
  (void)one.server.add(doc("d"), "base");
  one.world.settle();
  REQUIRE(one.server.storage.checkpoints.size() == 1);
  one.server.restart();
  bag_control().load_without_memory = true;
  const auto read = one.server.read(doc("d"));
  one.world.settle();
  CHECK(read.is(Code::kInternal));
  const auto again = one.server.read(doc("d"));
  one.world.settle();
  CHECK(again->value_json == R"(["base"])");
}

TEST_CASE("load: a type that is not enabled any more is named, and the document comes back with it", "[unit][engine]") {
  OneServer one;
  (void)one.server.add(doc("d"), "base");
  one.world.settle();
  {
    ServerOptions options;
    options.with_bag = false;
    TestServer without(one.world, one.disk, options);
    const auto read = without.read(doc("d"));
    auto request = write_request(doc("d"), {"add:a"});
    const auto write = without.write(request);
    request.type = "other";
    const auto mismatch = without.write(request);
    one.world.settle();
    CHECK(read.is(Code::kTypeNotEnabled));
    CHECK(read.error().find("other") != std::string::npos);  // those that are
    CHECK(write.is(Code::kTypeNotEnabled));
    CHECK(mismatch.is(Code::kTypeNotEnabled));
  }
  const auto read = one.server.read(doc("d"));
  one.world.settle();
  CHECK(read->value_json == R"(["base"])");
}

TEST_CASE("spoilt state: the request fails, what was applied before is kept, the state is loaded again", "[unit][engine]") {
  OneServer one;
  (void)one.server.add(doc("d"), "base");
  one.world.settle();
  one.world.executor.hold(StorageWork::kWrite);
  const auto before = one.server.add(doc("d"), "a");
  const auto spoils = one.server.write(write_request(doc("d"), {"spoil"}));
  const auto after = one.server.add(doc("d"), "b");
  const auto read = one.server.read(doc("d"));
  one.world.settle();
  one.world.executor.hold(StorageWork::kWrite, false);
  one.world.settle();
  CHECK(before->applied == 2);
  CHECK(spoils.is(Code::kInternal));
  CHECK(after->applied == 3);
  CHECK(read->value_json == R"(["a","b","base"])");
}

TEST_CASE("spoilt state: by a query or an encoding", "[unit][engine]") {
  OneServer one;
  (void)one.server.add(doc("d"), "base");
  one.world.settle();
  SECTION("a read") {
    bag_control().spoil_query = true;
    const auto read = one.server.read(doc("d"));
    one.world.settle();
    CHECK(read.is(Code::kInternal));
  }
  SECTION("the value of a write that is stored all the same") {
    bag_control().spoil_query = true;
    const auto write = one.server.add(doc("d"), "x");
    one.world.settle();
    CHECK(write.is(Code::kInternal));
    CHECK(write.error().find("stored as version 2") != std::string::npos);
  }
  SECTION("the value of a repeat, just before the document is erased") {
    auto keyed = write_request(doc("d"), {"add:x"});
    keyed.key = request_key("k");
    (void)one.server.write(keyed);
    one.world.settle();
    bag_control().spoil_query = true;
    const auto repeat = one.server.write(keyed);
    one.world.settle();
    CHECK(repeat.is(Code::kInternal));
    const auto erase = one.server.erase(doc("d"));
    one.world.settle();
    CHECK(erase.ok());
    return;
  }
  const auto next = one.server.read(doc("d"));
  one.world.settle();
  REQUIRE(next.ok());
  CHECK(next->value_json.find("base") != std::string::npos);
}
