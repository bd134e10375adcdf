// A disk that is full, or that fails: what is answered, and what is stored.
#include <filesystem>

#include "storage_failing_vfs.hpp"
#include "storage_fixture.hpp"

using namespace crdtd::test;

namespace {

const Doc kDoc{"tenant", "doc"};

crdtd_status append_status(Session& session, const Entry& entry) {
  crdtd_status status = CRDTD_OK;
  const std::vector<Verdict> verdicts = session.append({entry}, &status);
  return status != CRDTD_OK ? status : verdicts[0].status;
}

Entry large_append(const Doc& doc, std::uint64_t birth, std::uint64_t version, std::size_t size) {
  Entry entry = make_append(doc, birth, version);
  entry.rows[0].delta = std::string(size, 'x');
  return entry;
}

}  // namespace

TEST_CASE("sqlite storage: a full store answers FULL, keeps what it has, and goes on when there is room",
          "[unit][storage][sqlite]") {
  StoreFile file;
  const Doc other{"tenant", "other"};
  std::uint64_t version = 0;
  {
    const auto bench = file.open(R"(, "pages_max": 120, "settle_bytes": 65536)");
    Session session = bench->writer();
    REQUIRE(session.append(make_creation(kDoc, 1)).status == CRDTD_OK);
    REQUIRE(session.append(make_creation(other, 2, 1)).status == CRDTD_OK);
    crdtd_status status = CRDTD_OK;
    while (status == CRDTD_OK && version < 1'000) {
      const Verdict verdict = session.append(large_append(kDoc, 1, version, 5'000));
      status = verdict.status;
      CHECK(verdict.version == (status == CRDTD_OK ? version + 1 : version));
      if (status == CRDTD_OK) ++version;
    }
    CHECK(status == CRDTD_FULL);
    CHECK(version > 10);
    CHECK(session.load(kDoc).rows.size() == version);
    CHECK(session.put_checkpoint(kDoc, {1, version, 1, 1, std::string(100'000, 's')}) == CRDTD_FULL);

    SECTION("an entry that does not fit leaves the others of its batch alone") {
      const std::vector<Verdict> verdicts = session.append({large_append(kDoc, 1, version, 300'000), make_append(other, 2, 1)});
      CHECK(verdicts[0].status == CRDTD_FULL);
      CHECK(verdicts[1].status == CRDTD_OK);
      CHECK(session.load(other).rows.size() == 2);
    }
    SECTION("an erasure makes room") {
      CHECK(session.erase(kDoc, 1, version) == CRDTD_OK);
      CHECK(session.append(large_append(other, 2, 1, 100'000)).status == CRDTD_OK);
      return;
    }
  }
  const auto bench = file.open();
  Session session = bench->writer();
  CHECK(session.load(kDoc).rows.size() == version);
  CHECK(session.append(large_append(kDoc, 1, version, 5'000)).status == CRDTD_OK);
}

TEST_CASE("sqlite storage: a failed sync is FATAL for good, and nothing is written any more", "[unit][storage][sqlite]") {
  FailingVfs vfs;
  StoreFile file;
  {
    const auto bench = file.open();
    Session session = bench->writer();
    REQUIRE(append_status(session, make_creation(kDoc, 1, 2)) == CRDTD_OK);
    const int syncs = vfs.syncs;
    REQUIRE(append_status(session, make_append(kDoc, 1, 2)) == CRDTD_OK);
    CHECK(vfs.syncs == syncs + 1);  // one sync an append

    vfs.sync_fails = SQLITE_IOERR_FSYNC;
    CHECK(append_status(session, make_append(kDoc, 1, 3)) == CRDTD_FATAL);
    vfs.sync_fails = 0;  // the disk seems well again: that proves nothing
    CHECK(append_status(session, make_append(kDoc, 1, 3)) == CRDTD_FATAL);
    CHECK(session.put_checkpoint(kDoc, {1, 3, 1, 1, "state"}) == CRDTD_FATAL);
    CHECK(session.trim(kDoc, 1) == CRDTD_FATAL);
    CHECK(session.erase(kDoc, 1, 3) == CRDTD_FATAL);
    CHECK(session.meta_put("a", "b") == CRDTD_FATAL);
    CHECK(session.load(kDoc).head.version == 3);  // what was acknowledged is still read, and no more
    Session second = bench->writer();
    CHECK(append_status(second, make_append(kDoc, 1, 3)) == CRDTD_FATAL);
  }
  const auto bench = file.open();
  Session session = bench->writer();
  const std::uint64_t version = session.load(kDoc).head.version;
  CHECK((version == 3 || version == 4));  // the failed one may have reached the disk
  CHECK(append_status(session, make_append(kDoc, 1, version)) == CRDTD_OK);
}

TEST_CASE("sqlite storage: a write that fails is FATAL, one without room is FULL", "[unit][storage][sqlite]") {
  FailingVfs vfs;
  StoreFile file;
  const auto bench = file.open();
  Session session = bench->writer();
  REQUIRE(append_status(session, make_creation(kDoc, 1, 2)) == CRDTD_OK);
  vfs.write_fails = SQLITE_FULL;
  CHECK(append_status(session, make_append(kDoc, 1, 2)) == CRDTD_FULL);
  CHECK(session.meta_put("a", "b") == CRDTD_FULL);
  vfs.write_fails = 0;
  CHECK(append_status(session, make_append(kDoc, 1, 2)) == CRDTD_OK);
  vfs.write_fails = SQLITE_IOERR_WRITE;
  CHECK(append_status(session, make_append(kDoc, 1, 3)) == CRDTD_FATAL);
  vfs.write_fails = 0;
  CHECK(append_status(session, make_append(kDoc, 1, 3)) == CRDTD_FATAL);
  CHECK(session.load(kDoc).rows.size() == 3);
}

TEST_CASE("sqlite storage: a failed sync while the WAL is checkpointed ends writing too", "[unit][storage][sqlite]") {
  FailingVfs vfs;
  StoreFile file;
  std::uint64_t version = 0;
  {
    const auto bench = file.open(R"(, "wal_bytes": 65536)");
    Session session = bench->writer();
    REQUIRE(append_status(session, make_creation(kDoc, 1)) == CRDTD_OK);
    // An append syncs once; whatever syncs beside it is the checkpoint. The append is durable by then, so that it is no failure.
    for (; !vfs.has_failed; ++version) {
      REQUIRE(version < 200);
      vfs.sync_fails_at = vfs.syncs + 2;
      REQUIRE(append_status(session, make_append(kDoc, 1, version)) == CRDTD_OK);
    }
    CHECK(version > 3);
    CHECK(append_status(session, make_append(kDoc, 1, version)) == CRDTD_FATAL);
  }
  const auto bench = file.open();
  CHECK(bench->reader().load(kDoc).rows.size() == version);
}

TEST_CASE("sqlite storage: the log is settled by document, and read the same from there", "[unit][storage][sqlite]") {
  StoreFile file;
  constexpr std::uint64_t kDocuments = 50, kRounds = 40;
  {
    const auto bench = file.open(R"(, "settle_bytes": 20000)");
    Session session = bench->writer();
    for (std::uint64_t round = 0; round < kRounds; ++round) {
      std::vector<Entry> entries;
      for (std::uint64_t i = 0; i < kDocuments; ++i) {
        const Doc doc{"tenant", numbered("doc", i)};
        entries.push_back(round == 0 ? full_creation(doc, i + 1, 1) : make_append(doc, i + 1, round));
      }
      for (const Verdict& verdict : session.append(entries)) REQUIRE(verdict.status == CRDTD_OK);
    }
  }
  const std::uint64_t in_log = std::stoul(file.sql("SELECT count(*) FROM log"));
  CHECK(in_log < kDocuments * kRounds / 4);
  CHECK(std::stoul(file.sql("SELECT count(*) FROM documents")) == kDocuments);
  CHECK(file.sql("PRAGMA integrity_check") == "ok");
  const auto bench = file.open();
  Session session = bench->reader();
  for (std::uint64_t i = 0; i < kDocuments; ++i) {
    const Loaded loaded = session.load({"tenant", numbered("doc", i)});
    REQUIRE(loaded.rows.size() == kRounds);
    for (std::uint64_t version = 1; version <= kRounds; ++version) CHECK(loaded.rows[version - 1] == make_row(version));
    CHECK(loaded.known.size() == 1);
  }
}
