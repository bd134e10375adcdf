// `since`: what an author had seen, and the rows it had not.
#include <catch2/catch.hpp>

#include "document/cursor.hpp"
#include "document/integrity.hpp"
#include "engine_fixture.hpp"

using namespace crdtd;
using namespace crdtd::testing;
using base::StorageWork;
using document::cursor_text;
using document::parse_cursor;

namespace {

WriteAnswer write_since(TestServer& server, const base::DocKey& key, const Since& since, const std::string& op = "add:late",
                        const std::string& node = "late") {
  auto request = write_request(key, {op}, node);
  request.since = since;
  request.want_value = false;
  return server.write(std::move(request));
}

std::vector<std::uint64_t> recent_versions() {
  std::vector<std::uint64_t> versions;
  for (const auto& row : bag_control().recent) versions.push_back(row->version);
  return versions;
}

// `count` rows by node "n".
std::vector<WriteAnswer> fill(OneServer& one, std::uint64_t count, std::size_t text_bytes = 4) {
  std::vector<WriteAnswer> answers;
  for (std::uint64_t i = 0; i < count; ++i) {
    answers.push_back(one.server.add(doc("d"), numbered(std::string(text_bytes, '-'), i)));
    if (text_bytes > 1000 || i % 50 == 0) one.world.settle();
  }
  one.world.settle();
  return answers;
}

}  // namespace

TEST_CASE("since: absent, 0 and the head see nothing behind them", "[unit][engine]") {
  OneServer one;
  const auto written = fill(one, 3);
  for (const auto& since : {Since{}, since_number(0), since_number(3), since_cursor(written.back()->cursor)}) {
    bag_control().recent.push_back(nullptr);
    const auto reply = one.server.read(doc("d"));
    auto request = write_request(doc("d"), {"noop"}, "late");
    request.since = since;
    const auto write = one.server.write(request);
    one.world.settle();
    CHECK(write->applied == 3);
    CHECK(bag_control().recent.empty());
  }
}

TEST_CASE("since: a number or a cursor brings the rows after it, in order", "[unit][engine]") {
  OneServer one;
  const auto written = fill(one, 5);
  REQUIRE(write_since(one.server, doc("d"), since_number(2)).waits());
  one.world.settle();
  CHECK(recent_versions() == std::vector<std::uint64_t>{3, 4, 5});
  const auto by_cursor = write_since(one.server, doc("d"), since_cursor(written[3]->cursor), "noop");
  one.world.settle();
  REQUIRE(by_cursor.ok());
  CHECK(recent_versions() == std::vector<std::uint64_t>{5});  // 6 is its own
  CHECK(by_cursor->result_json == R"(["----4"])");
}

TEST_CASE("since: one's own rows are left out, whoever else made some in between", "[unit][engine]") {
  OneServer one;
  for (const auto* node : {"n", "late", "n", "late", "other"}) {
    (void)one.server.add(doc("d"), std::string("by-") + node, node);
    one.world.settle();
  }
  const auto write = write_since(one.server, doc("d"), since_number(1));
  one.world.settle();
  CHECK(write.ok());
  CHECK(recent_versions() == std::vector<std::uint64_t>{3, 5});
}

TEST_CASE("since: rows that are not durable yet are among them", "[unit][engine]") {
  OneServer one;
  (void)fill(one, 2);
  one.world.executor.hold(StorageWork::kWrite);
  (void)one.server.add(doc("d"), "a");
  (void)one.server.add(doc("d"), "b");
  const auto write = write_since(one.server, doc("d"), since_number(1));
  one.world.settle();
  CHECK(recent_versions() == std::vector<std::uint64_t>{2, 3, 4});
  CHECK(write.waits());
  one.world.executor.hold(StorageWork::kWrite, false);
  one.world.settle();
  CHECK(write->applied == 5);
}

TEST_CASE("since: far behind, the rows come from the store and the memory together", "[unit][engine]") {
  OneServer one;
  const auto written = fill(one, 500);
  const auto reads = one.server.storage.calls(StoreCall::kReadRows);
  one.world.executor.hold(StorageWork::kRead);
  const auto by_number = write_since(one.server, doc("d"), since_number(10), "noop");
  const auto by_cursor = write_since(one.server, doc("d"), since_cursor(written[9]->cursor), "noop");
  one.world.settle();
  CHECK(by_number.waits());
  // While the store is read, others go on: their rows belong to it too.
  for (std::uint64_t i = 0; i < 300; ++i) {
    (void)one.server.add(doc("d"), numbered("meanwhile", i));
    one.world.settle();
  }
  for (int i = 0; i < 2; ++i) {
    one.world.executor.step(StorageWork::kRead);
    one.world.settle();
    const auto versions = recent_versions();
    REQUIRE(versions.size() == 790);
    CHECK(versions.front() == 11);
    CHECK(versions.back() == 800);
  }
  CHECK(by_number.ok());
  CHECK(by_cursor.ok());
  CHECK(one.server.storage.calls(StoreCall::kReadRows) == reads + 2);
}

TEST_CASE("since: the document is loaded anew while the store is read", "[unit][engine]") {
  OneServer one;
  (void)fill(one, 500);
  one.world.executor.hold(StorageWork::kRead);
  const auto write = write_since(one.server, doc("d"), since_number(10));
  one.world.settle();
  one.server.storage.fail_entry(doc("d"), {CRDTD_CONFLICT, false});  // drops the state
  const auto other = one.server.add(doc("d"), "other");
  one.world.executor.hold(StorageWork::kRead, false);
  one.world.settle();
  CHECK(other.ok());
  INFO(write.error());
  REQUIRE(write.ok());
  CHECK((recent_versions().size() == 490 || recent_versions().size() == 491));
}

TEST_CASE("since: what was read of an erased document is not taken for the present one's", "[unit][engine]") {
  OneServer one;
  (void)fill(one, 300);
  one.world.executor.hold(StorageWork::kRead);
  const auto write = write_since(one.server, doc("d"), since_number(10), "noop");
  one.world.settle();
  one.world.executor.step(StorageWork::kRead);  // read, and on its way back
  // Another server erases the document and makes a longer one.
  const auto old = one.disk.documents.at(doc("d"));
  one.disk.documents.erase(doc("d"));
  one.disk.graves[doc("d")].insert(old.head.birth);
  one.disk.last_grave[doc("d")] = old.head.birth;
  {
    VirtualWorld elsewhere(5);
    TestServer other(elsewhere, one.disk);
    for (std::uint64_t i = 0; i < 400; ++i) {
      (void)other.add(doc("d"), numbered("new", i));
      elsewhere.settle();
    }
  }
  one.server.storage.fail_entry(doc("d"), {CRDTD_CONFLICT, false});
  (void)one.server.add(doc("d"), "drops the state");
  one.world.executor.hold(StorageWork::kRead, false);
  one.world.settle();
  for (const auto& row : bag_control().recent) CHECK(row->delta.find("----") == std::string::npos);
  CHECK_FALSE(write.waits());
}

TEST_CASE("since: beyond the head, another birth, generation or check, or no cursor at all", "[unit][engine]") {
  OneServer one;
  const auto written = fill(one, 5);
  const auto good = *parse_cursor(written[2]->cursor);
  const auto stale = [&](const Since& since) {
    const auto answer = write_since(one.server, doc("d"), since);
    one.world.settle();
    return answer.is(Code::kStale);
  };
  CHECK(stale(since_number(6)));
  CHECK(stale(since_number(~0ULL)));
  auto other = good;
  other.version = 6;
  CHECK(stale(since_cursor(cursor_text(other))));
  other.version = ~0ULL;
  CHECK(stale(since_cursor(cursor_text(other))));
  other = good;
  ++other.birth;
  CHECK(stale(since_cursor(cursor_text(other))));
  other = good;
  ++other.generation;
  CHECK(stale(since_cursor(cursor_text(other))));
  for (const std::uint64_t version : {0, 1, 3, 5}) {
    other = good;
    other.version = version;
    other.check ^= 0x10000;
    INFO(version);
    CHECK(stale(since_cursor(cursor_text(other))));
  }
  const auto junk = write_since(one.server, doc("d"), since_cursor("no cursor"));
  one.world.settle();
  CHECK(junk.is(Code::kInvalidField));
  CHECK(stored_value(one.disk, doc("d")).find("late") == std::string::npos);
  CHECK(one.server.write(write_request(doc("d"), {"noop"})).waits());
}

TEST_CASE("since: another check is noticed also where its row is only in the store", "[unit][engine]") {
  OneServer one;
  const auto written = fill(one, 400);
  auto other = *parse_cursor(written[19]->cursor);
  other.check ^= 1;
  const auto wrong = write_since(one.server, doc("d"), since_cursor(cursor_text(other)));
  const auto right = write_since(one.server, doc("d"), since_cursor(written[19]->cursor), "noop");
  one.world.settle();
  CHECK(wrong.is(Code::kStale));
  CHECK(right.ok());
}

TEST_CASE("since: more than 10 000 rows is stale, 10 000 are not", "[unit][engine]") {
  OneServer one;
  one.server.storage.keep_rows = false;
  for (std::uint64_t i = 0; i < 10'010; ++i) (void)one.server.add_minimal(doc("d"), numbered("x", i));
  one.world.settle();
  const auto too_many = write_since(one.server, doc("d"), since_number(9));
  one.world.settle();
  CHECK(too_many.is(Code::kStale));
  const auto most = write_since(one.server, doc("d"), since_number(10), "noop");
  one.world.settle();
  REQUIRE(most.ok());
  CHECK(recent_versions().size() == 10'000);
}

TEST_CASE("since: more than 1 MiB is stale, durable or not", "[unit][engine]") {
  ServerOptions options;
  options.settings.tenant_share_percent = 100;
  OneServer one(options);
  (void)one.server.add(doc("d"), "first");
  const auto written = fill(one, 9, 100'000);
  const auto fits = write_since(one.server, doc("d"), since_number(1), "noop");
  one.world.settle();
  REQUIRE(fits.ok());
  CHECK(recent_versions().size() == 9);
  one.world.executor.hold(StorageWork::kWrite);
  (void)one.server.add(doc("d"), std::string(200'000, '+'));
  const auto too_much = write_since(one.server, doc("d"), since_number(1), "noop");
  one.world.settle();
  one.world.executor.hold(StorageWork::kWrite, false);
  one.world.settle();
  CHECK(too_much.is(Code::kStale));
  // The row that the author did see does not count.
  const auto behind_large = write_since(one.server, doc("d"), since_cursor(written.front()->cursor), "noop");
  one.world.settle();
  INFO(behind_large.error());
  CHECK(behind_large.ok());
}

TEST_CASE("since: a large row that the author did see does not count", "[unit][engine]") {
  OneServer one;
  const auto large = one.server.add(doc("d"), std::string(900'000, 'x'));
  one.world.settle();
  for (int i = 0; i < 4; ++i) {
    (void)one.server.add(doc("d"), std::string(60'000, 'y'));
    one.world.settle();
  }
  const auto write = write_since(one.server, doc("d"), since_cursor(large->cursor), "noop");
  one.world.settle();
  INFO(write.error());
  REQUIRE(write.ok());
  CHECK(recent_versions() == std::vector<std::uint64_t>{2, 3, 4, 5});
}

TEST_CASE("since: behind the window is stale", "[unit][engine]") {
  OneServer one;
  const auto written = fill(one, 10);
  one.world.advance(std::chrono::hours(8 * 24));
  auto& stored = one.disk.documents.at(doc("d"));
  // Trimmed by another server: everything up to version 4 is gone.
  stored.rows.erase(stored.rows.begin(), stored.rows.find(5));
  stored.head.first_version = 5;
  std::string encoded(4, '\0');
  stored.checkpoints[4] = {stored.head.birth, 4, parse_cursor(written[3]->cursor)->check, 1, encoded};
  one.server.restart();
  const auto number = write_since(one.server, doc("d"), since_number(3));
  const auto cursor = write_since(one.server, doc("d"), since_cursor(written[2]->cursor));
  one.world.settle();
  CHECK(number.is(Code::kStale));
  CHECK(cursor.is(Code::kStale));
  // At the window's edge all rows that matter are there.
  const auto edge = write_since(one.server, doc("d"), since_number(4), "noop");
  one.world.settle();
  REQUIRE(edge.ok());
  CHECK(recent_versions() == std::vector<std::uint64_t>{5, 6, 7, 8, 9, 10});
}

TEST_CASE("since: for a document that does not exist, or was erased", "[unit][engine]") {
  OneServer one;
  const auto old = one.server.add(doc("d"), "a");
  one.world.settle();
  CHECK(one.server.erase(doc("d")).waits());
  one.world.settle();
  const auto gone = write_since(one.server, doc("d"), since_cursor(old->cursor));
  const auto number = write_since(one.server, doc("d"), since_number(1));
  const auto never = write_since(one.server, doc("never"), since_number(1));
  const auto elsewhere = write_since(one.server, doc("never"), since_cursor(old->cursor));
  one.world.settle();
  CHECK(gone.is(Code::kGone));
  CHECK(number.is(Code::kStale));
  CHECK(never.is(Code::kStale));
  CHECK(elsewhere.is(Code::kStale));
  CHECK(one.disk.documents.empty());
}

TEST_CASE("since: a heal among the rows makes it stale", "[unit][engine]") {
  OneServer one;
  (void)fill(one, 3);
  // A row with count 0, as a heal leaves it.
  auto& stored = one.disk.documents.at(doc("d"));
  auto changed = std::make_shared<host::Row>(*stored.rows.at(3));
  changed->count = 0;
  changed->check = document::check_next(stored.rows.at(2)->check, *changed);
  stored.rows[3] = changed;
  stored.head.check = changed->check;
  one.server.restart();
  const auto before = write_since(one.server, doc("d"), since_number(2));
  const auto after = write_since(one.server, doc("d"), since_number(3), "noop");
  one.world.settle();
  CHECK(before.is(Code::kStale));
  CHECK(after.ok());
}
