// What is released, and when: nothing before its commit, all of it in version order, many requests in one append.
#include <catch2/catch.hpp>

#include "engine_fixture.hpp"

using namespace crdtd;
using namespace crdtd::testing;
using base::StorageWork;

TEST_CASE("engine: a write is answered with its value, version and cursor", "[unit][engine]") {
  OneServer one;
  const auto first = one.server.add(doc("d"), "a");
  one.world.run_until_idle();
  REQUIRE(first.ok());
  CHECK(first->version == 1);
  CHECK(first->applied == 1);
  CHECK(first->created);
  CHECK_FALSE(first->replayed);
  CHECK(first->value_json == R"(["a"])");
  CHECK_FALSE(first->cursor.empty());

  const auto second = one.server.add(doc("d"), "b");
  const auto read = one.server.read(doc("d"));
  one.world.run_until_idle();
  CHECK(second->version == 2);
  CHECK_FALSE(second->created);
  CHECK(second->value_json == R"(["a","b"])");
  CHECK(read->version == 2);
  CHECK(read->value_json == R"(["a","b"])");
  CHECK(read->cursor == second->cursor);
  CHECK(read->type == "bag");
  CHECK(stored_value(one.disk, doc("d")) == R"(["a","b"])");
}

TEST_CASE("engine: nothing is answered before its append is durable", "[unit][engine]") {
  OneServer one;
  const auto base = one.server.add(doc("d"), "base");
  one.world.run_until_idle();
  REQUIRE(base.ok());

  one.world.executor.hold(StorageWork::kWrite);
  const auto write = one.server.add(doc("d"), "a");
  const auto read = one.server.read(doc("d"));
  auto unless = write_request(doc("d"), {"unless:a"});
  const auto refused = one.server.write(unless);  // an error that depends on what is not durable yet
  auto mismatch = write_request(doc("d"), {"add:x"});
  mismatch.type = "other";
  const auto other_type = one.server.write(mismatch);
  auto guarded = write_request(doc("d"), {"add:y"});
  guarded.if_match = base->cursor;  // no longer the head in memory
  const auto failed_match = one.server.write(guarded);
  document::RowsRequest rows_request;
  rows_request.doc = doc("d");
  const auto rows = one.server.rows(rows_request);
  one.world.settle();
  CHECK(write.waits());
  CHECK(read.waits());
  CHECK(refused.waits());
  CHECK(other_type.waits());
  CHECK(failed_match.waits());
  // The rows are durable ones only, however they are timed.
  if (!rows.waits()) CHECK(rows->rows.size() == 1);

  one.world.executor.step(StorageWork::kWrite);
  one.world.settle();
  CHECK(write->version == 2);
  CHECK(read->value_json == R"(["a","base"])");
  CHECK(refused.is(Code::kInvalidOp));
  CHECK(other_type.is(Code::kTypeMismatch));
  CHECK(failed_match.is(Code::kPreconditionFailed));
  CHECK(rows.ok());
}

TEST_CASE("engine: versions are released in order", "[unit][engine]") {
  OneServer one;
  std::vector<std::uint64_t> order;
  for (int i = 0; i < 20; ++i) {
    one.server.engine().write(write_request(doc("d"), {numbered("add:", static_cast<std::uint64_t>(i))}),
                              [&](base::Result<document::WriteReply> reply) {
                                REQUIRE(reply.ok());
                                order.push_back(reply->applied);
                              });
    if (i % 3 == 0) one.world.step();
  }
  one.world.settle();
  REQUIRE(order.size() == 20);
  for (std::size_t i = 0; i < order.size(); ++i) CHECK(order[i] == i + 1);
}

TEST_CASE("engine: what arrives while an append is under way goes into one next append, across documents", "[unit][engine]") {
  OneServer one;
  one.world.executor.hold(StorageWork::kWrite);
  const auto first = one.server.add(doc("d"), "first");
  one.world.settle();
  std::vector<WriteAnswer> others;
  for (int i = 0; i < 10; ++i) others.push_back(one.server.add(doc("d"), numbered("same", static_cast<std::uint64_t>(i))));
  for (int i = 0; i < 5; ++i) others.push_back(one.server.add(doc(numbered("e", static_cast<std::uint64_t>(i))), "other"));
  one.world.settle();
  REQUIRE(one.world.executor.waiting(StorageWork::kWrite) == 1);
  one.world.executor.step(StorageWork::kWrite);
  one.world.settle();
  CHECK(first.ok());
  // Document d has its ten rows in one entry; the five others wait in the queue beside it.
  while (one.world.executor.waiting(StorageWork::kWrite) > 0) {
    one.world.executor.step(StorageWork::kWrite);
    one.world.settle();
  }
  for (const auto& other : others) CHECK(other.ok());
  REQUIRE(one.server.storage.appends.size() <= 3);
  bool ten_rows_at_once = false;
  std::size_t entries_max = 0;
  for (const auto& batch : one.server.storage.appends) {
    entries_max = std::max(entries_max, batch.size());
    for (const auto& entry : batch) ten_rows_at_once |= entry.rows.size() == 10;
  }
  CHECK(ten_rows_at_once);
  CHECK(entries_max >= 5);
}

TEST_CASE("engine: the log gets deltas, never the state", "[unit][engine]") {
  OneServer one;
  for (int i = 0; i < 100; ++i) {
    (void)one.server.add(doc("d"), numbered("element-", static_cast<std::uint64_t>(1000 + i)));
    one.world.settle();
  }
  const auto& appends = one.server.storage.appends;
  REQUIRE(appends.size() == 100);
  CHECK(appends.back().front().bytes == appends[1].front().bytes);
  CHECK(one.server.storage.checkpoints.empty());
}

TEST_CASE("engine: an answer shows its own version though later ones are applied already", "[unit][engine]") {
  OneServer one;
  one.world.executor.hold(StorageWork::kWrite);
  const auto a = one.server.add(doc("d"), "a");
  const auto b = one.server.add(doc("d"), "b");
  one.world.settle();
  one.world.executor.step(StorageWork::kWrite);
  one.world.settle();
  REQUIRE(a.ok());
  CHECK(a->value_json == R"(["a"])");
  CHECK(b.waits());
  one.world.executor.step(StorageWork::kWrite);
  one.world.settle();
  CHECK(b->value_json == R"(["a","b"])");
}

TEST_CASE("engine: a read of a document that does not exist is an answer, and leaves nothing in memory", "[unit][engine]") {
  OneServer one;
  const auto read = one.server.read(doc("nothing"));
  auto empty = write_request(doc("nothing2"), {});
  const auto none = one.server.write(empty);
  const auto erase = one.server.erase(doc("nothing3"));
  one.world.settle();
  CHECK(read.is(Code::kDocumentNotFound));
  CHECK(none.is(Code::kDocumentNotFound));
  CHECK(erase.is(Code::kDocumentNotFound));
  const auto usage = one.server.engine().usage();
  CHECK(usage.documents == 0);
  CHECK(usage.document_bytes == 0);
  CHECK(usage.waiting_bytes == 0);
  CHECK(one.disk.documents.empty());
}

TEST_CASE("engine: without want_value a reply claims no cursor", "[unit][engine]") {
  OneServer one;
  auto request = write_request(doc("d"), {"add:a"});
  request.want_value = false;
  const auto reply = one.server.write(request);
  one.world.settle();
  CHECK(reply->applied == 1);
  CHECK(reply->cursor.empty());
  CHECK(reply->value_json.empty());
}

TEST_CASE("engine: empty ops read an existing document and store nothing", "[unit][engine]") {
  OneServer one;
  (void)one.server.add(doc("d"), "a");
  one.world.settle();
  const auto before = one.server.storage.appends.size();
  const auto reply = one.server.write(write_request(doc("d"), {}));
  one.world.settle();
  CHECK(reply->version == 1);
  CHECK(reply->applied == 1);
  CHECK(reply->value_json == R"(["a"])");
  CHECK(one.server.storage.appends.size() == before);
}
