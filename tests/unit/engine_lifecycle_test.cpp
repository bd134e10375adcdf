// Preconditions, erasing, bounds, memory, draining.
#include <catch2/catch.hpp>

#include "document/cursor.hpp"
#include "engine_fixture.hpp"

using namespace crdtd;
using namespace crdtd::testing;
using base::StorageWork;

TEST_CASE("preconditions: If-Match and If-None-Match", "[unit][engine]") {
  OneServer one;
  auto create = write_request(doc("d"), {"add:a"});
  create.if_match = std::string("*");
  const auto absent = one.server.write(create);
  create.if_match = std::string("whatever");
  const auto absent2 = one.server.write(create);
  one.world.settle();
  CHECK(absent.is(Code::kPreconditionFailed));
  CHECK(absent2.is(Code::kPreconditionFailed));
  create.if_match.reset();
  create.if_none_match_any = true;
  const auto created = one.server.write(create);
  const auto second = one.server.write(create);
  one.world.settle();
  CHECK(created.ok());
  CHECK(second.is(Code::kPreconditionFailed));
  auto guarded = write_request(doc("d"), {"add:b"});
  guarded.if_match = created->cursor;
  const auto good = one.server.write(guarded);
  const auto late = one.server.write(guarded);
  guarded.if_match = std::string("*");
  const auto any = one.server.write(guarded);
  one.world.settle();
  CHECK(good->applied == 2);
  CHECK(late.is(Code::kPreconditionFailed));
  CHECK(any->applied == 3);
  document::ReadRequest read;
  read.doc = doc("d");
  read.if_none_match = any->cursor;
  const auto same = one.server.read(read);
  read.if_none_match = good->cursor;
  const auto newer = one.server.read(read);
  one.world.settle();
  CHECK(same->not_modified);
  CHECK(same->value_json.empty());
  CHECK_FALSE(newer->not_modified);
  CHECK_FALSE(newer->value_json.empty());
}

TEST_CASE("preconditions: another type than the document's, or one that is not enabled", "[unit][engine]") {
  OneServer one;
  (void)one.server.add(doc("d"), "a");
  one.world.settle();
  auto request = write_request(doc("d"), {"add:b"});
  request.type = "other";
  const auto mismatch = one.server.write(request);
  request.type = "nosuch";
  const auto unknown = one.server.write(request);
  one.world.settle();
  CHECK(mismatch.is(Code::kTypeMismatch));
  CHECK(unknown.is(Code::kTypeNotEnabled));
  CHECK(unknown.error().find("bag, other") != std::string::npos);
}

TEST_CASE("preconditions: a refused batch changes nothing and names its op", "[unit][engine]") {
  OneServer one;
  (void)one.server.add(doc("d"), "a");
  one.world.settle();
  std::optional<base::Error> error;
  one.server.engine().write(write_request(doc("d"), {"add:b", "refuse", "add:c"}),
                            [&](base::Result<document::WriteReply> reply) { error = reply.error(); });
  one.world.settle();
  REQUIRE(error);
  CHECK(error->code == Code::kInvalidOp);
  CHECK(error->pointer == "/ops/1");
  CHECK(stored_value(one.disk, doc("d")) == R"(["a"])");
}

TEST_CASE("erase: the document is gone, and made again under a new birth", "[unit][engine]") {
  OneServer one;
  const auto first = one.server.add(doc("d"), "a");
  one.world.settle();
  const auto erased = one.server.erase(doc("d"));
  one.world.settle();
  CHECK(erased.ok());
  CHECK(one.disk.documents.empty());
  CHECK(one.server.engine().usage().documents == 0);
  const auto read = one.server.read(doc("d"));
  one.world.settle();
  CHECK((read.is(Code::kDocumentNotFound) || read.is(Code::kGone)));
  const auto again = one.server.add(doc("d"), "b");
  one.world.settle();
  CHECK(again->created);
  CHECK(again->version == 1);
  CHECK(again->value_json == R"(["b"])");
  CHECK(document::parse_cursor(again->cursor)->birth != document::parse_cursor(first->cursor)->birth);
  auto late = write_request(doc("d"), {"add:late"});
  late.since = since_cursor(first->cursor);
  const auto refused = one.server.write(late);
  one.world.settle();
  CHECK((refused.is(Code::kGone) || refused.is(Code::kStale)));
}

TEST_CASE("erase: waits for pending writes, and what comes behind it makes another document", "[unit][engine]") {
  OneServer one;
  (void)one.server.add(doc("d"), "a");
  one.world.settle();
  one.world.executor.hold(StorageWork::kWrite);
  const auto before = one.server.add(doc("d"), "b");
  const auto erase = one.server.erase(doc("d"));
  const auto behind = one.server.add(doc("d"), "c");
  const auto read = one.server.read(doc("d"));
  one.world.settle();
  CHECK(erase.waits());
  one.world.executor.hold(StorageWork::kWrite, false);
  one.world.settle();
  CHECK(before->applied == 2);
  CHECK(erase.ok());
  CHECK(behind->created);
  CHECK(behind->applied == 1);
  CHECK(read->value_json == R"(["c"])");
  CHECK(stored_value(one.disk, doc("d")) == R"(["c"])");
}

TEST_CASE("erase: If-Match, a failing storage, and another server's rows", "[unit][engine]") {
  OneServer one;
  const auto first = one.server.add(doc("d"), "a");
  one.world.settle();
  (void)one.server.add(doc("d"), "b");
  one.world.settle();
  const auto late = one.server.erase(doc("d"), first->cursor);
  one.world.settle();
  CHECK(late.is(Code::kPreconditionFailed));
  one.server.storage.fail(StoreCall::kErase, CRDTD_RETRY);
  const auto busy = one.server.erase(doc("d"));
  const auto read = one.server.read(doc("d"));
  one.world.settle();
  CHECK(busy.is(Code::kOverloaded));
  CHECK(read->value_json == R"(["a","b"])");
  {
    VirtualWorld elsewhere(3);
    TestServer other(elsewhere, one.disk);
    (void)other.add(doc("d"), "c");
    elsewhere.settle();
  }
  const auto erased = one.server.erase(doc("d"));  // a conflict first: it loads and tries again
  one.world.settle();
  CHECK(erased.ok());
  CHECK(one.disk.documents.empty());
}

TEST_CASE("erase: while a checkpoint is being written", "[unit][engine]") {
  ServerOptions options;
  options.settings.checkpoint_log_bytes_min = 1;
  OneServer one(options);
  (void)one.server.add(doc("d"), "a");
  one.world.settle();
  one.world.executor.hold(StorageWork::kWrite);
  (void)one.server.add(doc("d"), "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
  one.world.settle();
  one.world.executor.step(StorageWork::kWrite);
  one.world.settle();
  REQUIRE(one.world.executor.waiting(StorageWork::kWrite) == 1);  // the checkpoint
  const auto erase = one.server.erase(doc("d"));
  const auto behind = one.server.add(doc("d"), "c");
  one.world.settle();
  CHECK(erase.waits());
  one.world.executor.hold(StorageWork::kWrite, false);
  one.world.settle();
  CHECK(erase.ok());
  CHECK(behind->created);
  CHECK(stored_value(one.disk, doc("d")) == R"(["c"])");
}

TEST_CASE("budget: what exceeds it is refused and nothing of it stored; it is given back", "[unit][engine]") {
  ServerOptions options;
  options.settings.waiting_bytes_max = 100'000;
  options.settings.tenant_share_percent = 50;
  OneServer one(options);
  one.world.executor.hold(StorageWork::kWrite);
  std::vector<WriteAnswer> answers;
  for (std::uint64_t i = 0; i < 200; ++i) {
    answers.push_back(one.server.add(doc("d"), numbered("x", i)));
    one.world.run_until_idle();
  }
  std::size_t refused = 0;
  for (const auto& answer : answers) refused += answer.is(Code::kQuotaExceeded) ? 1 : 0;
  CHECK(refused > 90);
  CHECK(refused < 200);
  const auto other = one.server.add(doc("d", "another"), "y");
  std::vector<WriteAnswer> third;
  for (std::uint64_t i = 0; i < 200; ++i) third.push_back(one.server.add(doc("d", numbered("tenant", i)), "z"));
  CHECK(third.back().is(Code::kOverloaded));
  one.world.executor.hold(StorageWork::kWrite, false);
  one.world.settle();
  CHECK(other.ok());
  CHECK(one.server.engine().usage().waiting_bytes == 0);
  std::size_t stored = 0;
  for (const auto& answer : answers) stored += answer.ok() ? 1 : 0;
  CHECK(stored + refused == 200);
  CHECK(one.disk.documents.at(doc("d")).head.version == stored);
}

TEST_CASE("budget: the values that wait for their commit count", "[unit][engine]") {
  ServerOptions options;
  options.settings.waiting_bytes_max = 1'000'000;
  options.settings.tenant_share_percent = 100;
  OneServer one(options);
  (void)one.server.add(doc("d"), std::string(100'000, 'x'));
  one.world.settle();
  one.world.executor.hold(StorageWork::kWrite);
  std::vector<WriteAnswer> answers;
  for (std::uint64_t i = 0; i < 100; ++i) {
    answers.push_back(one.server.add(doc("d"), numbered("y", i)));
    one.world.run_until_idle();
  }
  CHECK(one.server.engine().usage().waiting_bytes < 1'200'000);
  CHECK(answers.back().is(Code::kOverloaded));
  one.world.executor.hold(StorageWork::kWrite, false);
  one.world.settle();
  CHECK(one.server.engine().usage().waiting_bytes == 0);
}

TEST_CASE("memory: the least recently used documents leave, and come back with the same value and cursor", "[unit][engine]") {
  ServerOptions options;
  options.settings.memory_bytes_max = 200'000;
  OneServer one(options);
  std::vector<WriteAnswer> written;
  for (std::uint64_t i = 0; i < 100; ++i) {
    written.push_back(one.server.add(doc(numbered("d", i)), std::string(5'000, 'x')));
    one.world.settle();
    CHECK(one.server.engine().usage().document_bytes < 230'000);
  }
  CHECK(one.server.engine().usage().documents < 50);
  CHECK(one.server.engine().usage().documents > 5);
  const auto loads = one.server.storage.calls(StoreCall::kLoad);
  const auto recent = one.server.read(doc("d99"));
  one.world.settle();
  CHECK(one.server.storage.calls(StoreCall::kLoad) == loads);  // still there
  for (std::uint64_t i = 0; i < 100; ++i) {
    const auto read = one.server.read(doc(numbered("d", i)));
    one.world.settle();
    CHECK(read->cursor == written[i]->cursor);
    CHECK(read->value_json == written[i]->value_json);
  }
  CHECK(one.server.engine().usage().document_bytes < 230'000);
}

TEST_CASE("memory: a document that is being written to stays", "[unit][engine]") {
  ServerOptions options;
  options.settings.memory_bytes_max = 1;
  OneServer one(options);
  one.world.executor.hold(StorageWork::kWrite);
  const auto a = one.server.add(doc("a"), "x");
  const auto b = one.server.add(doc("b"), "x");
  one.world.settle();
  CHECK(one.server.engine().usage().documents == 2);
  one.world.executor.hold(StorageWork::kWrite, false);
  one.world.settle();
  CHECK(a.ok());
  CHECK(b.ok());
  const auto again = one.server.add(doc("a"), "y");
  one.world.settle();
  CHECK(again->value_json == R"(["x","y"])");
}

TEST_CASE("drain: answers what was taken, refuses what comes, then calls back once", "[unit][engine]") {
  ServerOptions options;
  options.settings.checkpoint_log_bytes_min = 1;
  OneServer one(options);
  (void)one.server.add(doc("d"), "base");
  one.world.settle();
  one.world.executor.hold(StorageWork::kWrite);
  const auto write = one.server.add(doc("d"), std::string(1000, 'x'));
  const auto read = one.server.read(doc("d"));
  one.world.settle();
  int drained = 0;
  one.server.engine().drain([&] { ++drained; });
  CHECK(one.server.add(doc("d"), "late").is(Code::kShuttingDown));
  CHECK(one.server.read(doc("d")).is(Code::kShuttingDown));
  CHECK(one.server.list({"t", "", 10}).is(Code::kShuttingDown));
  one.world.settle();
  CHECK(drained == 0);
  one.world.executor.step(StorageWork::kWrite);
  one.world.settle();
  CHECK(write.ok());
  CHECK(read.ok());
  // A checkpoint may be under way: whoever was told that all is done may take the engine away.
  if (one.world.executor.waiting(StorageWork::kWrite) > 0) CHECK(drained == 0);
  one.world.executor.hold(StorageWork::kWrite, false);
  one.world.settle();
  CHECK(drained == 1);
}

TEST_CASE("drain: at once when nothing is under way", "[unit][engine]") {
  OneServer one;
  int drained = 0;
  one.server.engine().drain([&] { ++drained; });
  one.world.settle();
  CHECK(drained == 1);
}

TEST_CASE("list: a tenant's documents, page by page", "[unit][engine]") {
  OneServer one;
  for (std::uint64_t i = 0; i < 25; ++i) {
    (void)one.server.add(doc(numbered("d", 10 + i)), "x");
    (void)one.server.add(doc(numbered("d", 10 + i), "other"), "x");
  }
  one.world.settle();
  std::vector<std::string> ids;
  std::string after;
  for (int page = 0; page < 10; ++page) {
    const auto reply = one.server.list({"t", after, 10});
    one.world.settle();
    for (const auto& item : reply->items) ids.push_back(item.id);
    if (!reply->more) break;
    CHECK(reply->items.size() == 10);
    after = ids.back();
  }
  REQUIRE(ids.size() == 25);
  CHECK(ids.front() == "d10");
  CHECK(ids.back() == "d34");
  one.server.storage.fail(StoreCall::kList, CRDTD_RETRY);
  const auto busy = one.server.list({"t", "", 10});
  one.world.settle();
  CHECK(busy.is(Code::kOverloaded));
  CHECK(one.server.engine().usage().waiting_bytes == 0);
}

TEST_CASE("memory: asking a busy document to leave does not go on for ever", "[unit][engine]") {
  ServerOptions options;
  options.settings.memory_bytes_max = 1;
  options.settings.checkpoint_log_bytes_min = 1;
  OneServer one(options);
  (void)one.server.add(doc("d"), "base");
  one.world.settle();
  one.world.executor.hold(StorageWork::kWrite);
  const auto write = one.server.add(doc("d"), std::string(1000, 'x'));
  one.world.settle();
  one.world.executor.step(StorageWork::kWrite);  // the append; its checkpoint keeps the document busy
  unsigned steps = 0;
  while (steps < 1000 && one.world.step()) ++steps;
  CHECK(steps < 100);
  CHECK(write.ok());
}
