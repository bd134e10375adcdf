// Checkpoints, trimming, older versions, and the rows themselves.
#include <catch2/catch.hpp>

#include "document/cursor.hpp"
#include "engine_fixture.hpp"

using namespace crdtd;
using namespace crdtd::testing;
using base::StorageWork;
using document::parse_cursor;

TEST_CASE("checkpoint: written when the log exceeds 64 KiB and one and a half of the last one, of a durable version",
          "[unit][engine]") {
  OneServer one;
  std::uint64_t log = 0, last = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    (void)one.server.add_minimal(doc("d"), numbered(std::string(1000, 'x'), i));
    const auto before = one.server.storage.checkpoints.size();
    one.world.settle();
    log += 1000;
    if (one.server.storage.checkpoints.size() == before) {
      // Not due yet, give or take what envelopes and headers add.
      CHECK(log < std::max<std::uint64_t>(64 << 10, last * 3 / 2) + 8000);
      continue;
    }
    CHECK(log > std::max<std::uint64_t>(64 << 10, last * 3 / 2) * 9 / 10);
    log = 0;
    last = (i + 1) * 1000;
    const auto& checkpoint = one.server.storage.checkpoints.back();
    CHECK(checkpoint.version == i + 1);
    CHECK(checkpoint.check == one.disk.documents.at(doc("d")).rows.at(i + 1)->check);
  }
  CHECK(one.server.storage.checkpoints.size() >= 3);
  // Cold = hot.
  const auto hot = one.server.read(doc("d"));
  one.world.settle();
  CHECK(stored_value(one.disk, doc("d")) == hot->value_json);
}

TEST_CASE("checkpoint: never handed over before its version is durable", "[unit][engine]") {
  ServerOptions options;
  options.settings.checkpoint_log_bytes_min = 500;
  OneServer one(options);
  SeededRandom random(test_seed("checkpoint durability", 11));
  one.world.interleave_at_random(true);
  one.world.executor.set_delay(std::chrono::milliseconds(5));
  std::size_t seen = 0;
  for (std::uint64_t i = 0; i < 5000; ++i) {
    if (random.chance(30)) (void)one.server.add_minimal(doc("d"), numbered(std::string(random.below(300), 'x'), i));
    one.world.step();
    if (random.chance(10)) one.world.advance(std::chrono::milliseconds(1));
    for (; seen < one.server.storage.checkpoints.size(); ++seen) {
      const auto& checkpoint = one.server.storage.checkpoints[seen];
      CHECK(checkpoint.status == CRDTD_OK);  // the disk refuses one beyond its head
      CHECK(checkpoint.version <= one.disk.documents.at(doc("d")).head.version);
    }
  }
  one.world.settle();
  CHECK(seen >= 5);
}

TEST_CASE("checkpoint: write amplification stays within 3.5", "[unit][engine]") {
  OneServer one;
  one.server.storage.keep_rows = false;
  const auto size = GENERATE(20u, 200u, 3000u);
  std::uint64_t rows_bytes = 0;
  const std::uint64_t count = size == 3000 ? 600 : 6000;
  for (std::uint64_t i = 0; i < count; ++i) {
    (void)one.server.add_minimal(doc("d"), numbered(std::string(size, 'x'), i));
    if (i % 4 == 0) one.world.settle();
  }
  one.world.settle();
  for (const auto& [version, row] : one.disk.documents.at(doc("d")).rows) {
    rows_bytes += 44 + row->delta.size() + row->node.size() + row->key.size();
  }
  const double amplification = static_cast<double>(one.server.storage.bytes_handed()) / static_cast<double>(rows_bytes);
  INFO("delta text of " << size << " bytes: " << amplification);
  CHECK(one.server.storage.checkpoints.size() >= 2);
  CHECK(amplification <= 3.5);
}

TEST_CASE("checkpoint: a state much larger than its log is written rarely", "[unit][engine]") {
  OneServer one;
  bag_control().padding = 1'000'000;  // what encode() adds
  const auto add = [&](std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t i = from; i < to; ++i) {
      (void)one.server.add_minimal(doc("d"), numbered(std::string(1000, 'x'), i));
      one.world.settle();
    }
  };
  add(0, 200);
  CHECK(one.server.storage.checkpoints.size() == 1);  // the first one: who knows what its log makes
  add(200, 1500);
  CHECK(one.server.storage.checkpoints.size() == 1);
  add(1500, 1800);
  CHECK(one.server.storage.checkpoints.size() == 2);
}

TEST_CASE("checkpoint: when the next one is due survives a cold start", "[unit][engine]") {
  OneServer one;
  bag_control().padding = 1'000'000;
  const auto add = [&](std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t i = from; i < to; ++i) {
      (void)one.server.add_minimal(doc("d"), numbered(std::string(1000, 'x'), i));
      one.world.settle();
    }
  };
  add(0, 200);
  REQUIRE(one.server.storage.checkpoints.size() == 1);
  one.server.restart();
  add(200, 500);
  CHECK(one.server.storage.checkpoints.size() == 1);
}

TEST_CASE("checkpoint: a failing one loses nothing, and a later one is written", "[unit][engine]") {
  ServerOptions options;
  options.settings.checkpoint_log_bytes_min = 2000;
  OneServer one(options);
  const auto status = GENERATE(as<crdtd_status>{}, CRDTD_FULL, CRDTD_RETRY, CRDTD_CONFLICT, CRDTD_UNKNOWN);
  one.server.storage.fail(StoreCall::kPutCheckpoint, status);
  for (std::uint64_t i = 0; i < 50; ++i) {
    const auto write = one.server.add(doc("d"), numbered(std::string(300, 'x'), i));
    one.world.settle();
    CHECK(write.ok());
  }
  CHECK(one.server.storage.checkpoints.size() > 1);
  CHECK_FALSE(one.disk.documents.at(doc("d")).checkpoints.empty());
  const auto hot = one.server.read(doc("d"));
  one.world.settle();
  CHECK(stored_value(one.disk, doc("d")) == hot->value_json);
}

TEST_CASE("checkpoint: one that the type cannot make leaves the log alone", "[unit][engine]") {
  ServerOptions options;
  options.settings.checkpoint_log_bytes_min = 100;
  OneServer one(options);
  bag_control().spoil_encode = true;
  const auto write = one.server.add(doc("d"), std::string(300, 'x'));
  one.world.settle();
  CHECK(write.ok());
  CHECK_FALSE(bag_control().spoil_encode);
  const auto next = one.server.add(doc("d"), std::string(300, 'y'));
  const auto read = one.server.read(doc("d"));
  one.world.settle();
  CHECK(next->applied == 2);
  CHECK(read->value_json.size() > 600);
}

namespace {

// Ten rows a day.
void days(OneServer& one, int count, std::uint64_t& number) {
  for (int day = 0; day < count; ++day) {
    for (int i = 0; i < 10; ++i) {
      (void)one.server.add_minimal(doc("d"), numbered(std::string(100, 'x'), number++));
      one.world.settle();
    }
    one.world.advance(std::chrono::hours(24));
  }
}

}  // namespace

TEST_CASE("trim: rows older than the window go, those within it stay", "[unit][engine]") {
  ServerOptions options;
  options.settings.checkpoint_log_bytes_min = 500;
  options.settings.memory_bytes_max = 256 << 20;
  OneServer one(options);
  bag_control().delta_padding = 1000;  // a log that grows faster than its state
  std::uint64_t number = 0;
  bool restarts = false;
  SECTION("by one server that never stops") {}
  SECTION("by a server that is restarted every day") { restarts = true; }
  for (int day = 0; day < 60; ++day) {
    if (restarts) one.server.restart();
    days(one, 1, number);
  }
  const auto& stored = one.disk.documents.at(doc("d"));
  CHECK(stored.head.version == 600);
  CHECK(stored.head.first_version <= 600 - 70);  // seven days of rows are there
  CHECK(stored.head.first_version > 600 - 150);  // and not many more: a trim comes with a checkpoint
  CHECK(stored.checkpoints.size() >= 1);
  const auto read = one.server.read(doc("d"));
  one.world.settle();
  CHECK(read->version == 600);
  CHECK(stored_value(one.disk, doc("d")) == read->value_json);
  // The engine knows it too.
  document::RowsRequest rows;
  rows.doc = doc("d");
  rows.since = since_number(3);
  const auto behind = one.server.rows(rows);
  rows.since = since_number(stored.head.first_version - 1);
  const auto edge = one.server.rows(rows);  // exactly what is kept
  one.world.settle();
  CHECK(behind.is(Code::kStale));
  INFO(edge.error());
  REQUIRE(edge.ok());
  CHECK(edge->rows.front()->version == stored.head.first_version);
}

TEST_CASE("trim: more rows than the window holds go, but none younger than 15 minutes", "[unit][engine]") {
  ServerOptions options;
  options.settings.checkpoint_log_bytes_min = 500;
  options.settings.window_rows = 50;
  OneServer one(options);
  for (std::uint64_t i = 0; i < 400; ++i) {
    (void)one.server.add(doc("d"), numbered("x", i));
    one.world.settle();
  }
  CHECK(one.disk.documents.at(doc("d")).head.first_version == 1);
  one.world.advance(std::chrono::minutes(16));
  for (std::uint64_t i = 400; i < 1200; ++i) {
    (void)one.server.add(doc("d"), numbered("x", i));
    one.world.settle();
  }
  const auto& stored = one.disk.documents.at(doc("d"));
  CHECK(stored.head.first_version > 1);
  CHECK(stored.head.first_version <= 401);  // the rest is young
  const auto hot = one.server.read(doc("d"));
  one.world.settle();
  CHECK(stored_value(one.disk, doc("d")) == hot->value_json);
}

TEST_CASE("versions: a past one can be read within the window", "[unit][engine]") {
  ServerOptions options;
  options.settings.checkpoint_log_bytes_min = 300;
  OneServer one(options);
  std::vector<WriteAnswer> written;
  for (std::uint64_t i = 0; i < 40; ++i) {
    written.push_back(one.server.add(doc("d"), numbered("x", 100 + i)));
    one.world.settle();
  }
  for (const std::uint64_t version : {1, 2, 17, 39, 40}) {
    document::ReadRequest request;
    request.doc = doc("d");
    request.version = version;
    const auto read = one.server.read(request);
    one.world.settle();
    CHECK(read->version == version);
    CHECK(read->value_json == written[version - 1]->value_json);
    CHECK(read->cursor == written[version - 1]->cursor);
  }
  const auto at = [&](std::uint64_t version, bool encoded = false) {
    document::ReadRequest request;
    request.doc = doc("d");
    request.version = version;
    request.encoded = encoded;
    const auto read = one.server.read(request);
    one.world.settle();
    return read;
  };
  CHECK(at(41).is(Code::kStale));
  CHECK(at(0).is(Code::kStale));
  CHECK(at(3, true).is(Code::kInvalidRequest));
  CHECK(at(40, true).ok());
}

TEST_CASE("versions: one that is no longer kept is stale", "[unit][engine]") {
  ServerOptions options;
  options.settings.checkpoint_log_bytes_min = 500;
  OneServer one(options);
  std::uint64_t number = 0;
  days(one, 30, number);
  document::ReadRequest request;
  request.doc = doc("d");
  request.version = 2;
  const auto read = one.server.read(request);
  one.world.settle();
  CHECK(read.is(Code::kStale));
}

TEST_CASE("encoded: equal rows give equal bytes, and the known table comes along", "[unit][engine]") {
  OneServer one;
  for (std::uint64_t i = 0; i < 20; ++i) (void)one.server.add(doc("d"), numbered("x", i));
  one.world.settle();
  document::ReadRequest request;
  request.doc = doc("d");
  request.encoded = true;
  const auto hot = one.server.read(request);
  one.world.settle();
  const auto replica = one.server.replica();
  one.server.restart();
  const auto cold = one.server.read(request);
  one.world.settle();
  CHECK(hot->encoded == cold->encoded);
  CHECK(hot->format == 1);
  REQUIRE(cold->known.size() == 1);
  CHECK(cold->known[0].replica == replica);
  CHECK(cold->known[0].counter == 20);
  CHECK(cold->known[0].chain == hot->known.at(0).chain);
}

TEST_CASE("query: a type's own query is passed on, and its errors come back", "[unit][engine]") {
  OneServer one;
  (void)one.server.add(doc("d"), "a");
  one.world.settle();
  document::ReadRequest request;
  request.doc = doc("d");
  request.query_json = "\"count\"";
  const auto count = one.server.read(request);
  request.query_json = "\"nonsense\"";
  const auto nonsense = one.server.read(request);
  one.world.settle();
  CHECK(count->value_json == "1");
  CHECK(nonsense.is(Code::kInvalidRequest));
}

TEST_CASE("rows: page by page with cursors, without a hole", "[unit][engine]") {
  OneServer one;
  for (std::uint64_t i = 0; i < 95; ++i) (void)one.server.add(doc("d"), numbered("x", i), i % 2 == 0 ? "even" : "odd");
  one.world.settle();
  document::RowsRequest request;
  request.doc = doc("d");
  request.limit = 10;
  std::uint64_t next = 1;
  for (int page = 0; page < 20; ++page) {
    const auto reply = one.server.rows(request);
    one.world.settle();
    REQUIRE(reply.ok());
    CHECK(reply->head == 95);
    CHECK(reply->inspected.size() == reply->rows.size());
    for (const auto& row : reply->rows) CHECK(row->version == next++);
    CHECK(reply->version == next - 1);
    if (reply->rows.empty()) break;
    request.since = since_cursor(reply->cursor);
  }
  CHECK(next == 96);
  // New rows are seen from the last cursor on.
  (void)one.server.add(doc("d"), "more");
  one.world.settle();
  const auto more = one.server.rows(request);
  one.world.settle();
  REQUIRE(more->rows.size() == 1);
  CHECK(more->inspected[0] == R"(["more"])");
}

TEST_CASE("rows: by number, and every cursor given is good for later", "[unit][engine]") {
  OneServer one;
  for (std::uint64_t i = 0; i < 10; ++i) (void)one.server.add(doc("d"), numbered("x", i));
  one.world.settle();
  const auto cursor_at = [&](std::uint64_t number) {
    document::RowsRequest request;
    request.doc = doc("d");
    request.since = since_number(number);
    return one.server.rows(request);
  };
  one.world.executor.hold(StorageWork::kWrite);
  (void)one.server.add(doc("d"), "pending");
  (void)one.server.add(doc("d"), "pending2");
  one.world.run_until_idle();
  std::vector<RowsAnswer> answers;
  for (const std::uint64_t number : {0, 1, 9, 10, 11}) answers.push_back(cursor_at(number));
  one.world.run_until_idle();
  one.world.executor.hold(StorageWork::kWrite, false);
  one.world.settle();
  for (const auto& answer : answers) {
    REQUIRE(answer.ok());
    auto request = write_request(doc("d"), {"noop"}, "late");
    request.since = since_cursor(answer->cursor);
    const auto write = one.server.write(request);
    one.world.settle();
    INFO("rows up to " << answer->version << ": " << write.error());
    CHECK(write.ok());
    CHECK(parse_cursor(answer->cursor)->version == answer->version);
  }
}

TEST_CASE("rows: refuses what a write would refuse", "[unit][engine]") {
  OneServer one;
  const auto written = one.server.add(doc("d"), "a");
  one.world.settle();
  const auto ask = [&](const std::string& id, const Since& since) {
    document::RowsRequest request;
    request.doc = doc(id);
    request.since = since;
    const auto answer = one.server.rows(request);
    one.world.settle();
    return answer;
  };
  CHECK(ask("d", since_number(2)).is(Code::kStale));
  CHECK(ask("d", since_cursor("junk")).is(Code::kInvalidField));
  CHECK(ask("none", {}).is(Code::kDocumentNotFound));
  CHECK(ask("none", since_number(1)).is(Code::kStale));
  auto other = *parse_cursor(written->cursor);
  other.check ^= 1;
  CHECK(ask("d", since_cursor(cursor_text(other))).is(Code::kStale));
  other = *parse_cursor(written->cursor);
  other.version = 0;
  CHECK(ask("d", since_cursor(cursor_text(other))).is(Code::kStale));
  one.server.storage.fail(StoreCall::kReadRows, CRDTD_RETRY);
  CHECK(ask("d", {}).is(Code::kOverloaded));
  CHECK(ask("d", {}).ok());
}
