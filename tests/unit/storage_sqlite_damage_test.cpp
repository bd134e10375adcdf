// Bit rot: whatever byte of a stored record is changed, its document answers CORRUPT or what was stored, and others go on.
#include <filesystem>

#include "storage_fixture.hpp"

using namespace crdtd::test;

namespace {

const Doc kDoc{"tenant", "doc"}, kOther{"tenant", "other"};

// The size of a record, and one byte of it changed.
std::size_t record_size(const StoreFile& file, const std::string& table, const std::string& where) {
  return std::stoul(file.sql("SELECT length(record) FROM " + table + " WHERE " + where));
}
void change_byte(const StoreFile& file, const std::string& table, const std::string& where, std::size_t at) {
  const std::string byte = "substr(hex(substr(record, " + std::to_string(at + 1) + ", 1)), 1, 2)";
  const std::string other = "CASE " + byte + " WHEN '5A' THEN x'A5' ELSE x'5A' END";
  file.sql("UPDATE " + table + " SET record = CAST(substr(record, 1, " + std::to_string(at) + ") || " + other +
           " || substr(record, " + std::to_string(at + 2) + ") AS BLOB) WHERE " + where);
}

// Changes every `step`-th byte in turn, each time on a fresh copy of the file, and looks what the store says.
template <class Look>
void with_each_byte(StoreFile& file, const std::string& table, const std::string& where, std::size_t step, Look look) {
  const std::string sound = file.path() + ".sound";
  std::filesystem::copy_file(file.path(), sound);
  const std::size_t size = record_size(file, table, where);
  REQUIRE(size > 0);
  for (std::size_t at = 0; at < size; at += step) {
    INFO(table << " where " << where << ", byte " << at << " of " << size);
    std::filesystem::copy_file(sound, file.path(), std::filesystem::copy_options::overwrite_existing);
    change_byte(file, table, where, at);
    REQUIRE(record_size(file, table, where) == size);
    const auto bench = file.open();
    Session session = bench->writer();
    look(session);
    CHECK(session.load(kOther).rows.size() == 2);
    CHECK(session.append(make_append(kOther, 2, 2)).status == CRDTD_OK);
  }
}

void fill(StoreFile& file, bool settled) {
  const auto bench = file.open(settled ? R"(, "settle_bytes": 1024)" : "");
  Session session = bench->writer();
  REQUIRE(session.append(full_creation(kDoc, 1, 2)).status == CRDTD_OK);
  Entry more = make_append(kDoc, 1, 2, 2);
  more.known = {{8, 4, 88, "node"}};
  REQUIRE(session.append(more).status == CRDTD_OK);
  REQUIRE(session.append(make_creation(kOther, 2, 2)).status == CRDTD_OK);
  REQUIRE(session.put_checkpoint(kDoc, {1, 2, 1, 5, std::string(500, 's')}) == CRDTD_OK);
  if (settled) REQUIRE(session.trim(kDoc, 0) == CRDTD_OK);
  if (settled) REQUIRE(session.trim(kOther, 0) == CRDTD_OK);
}

}  // namespace

TEST_CASE("sqlite storage: a damaged log record quarantines its document alone", "[unit][storage][sqlite]") {
  StoreFile file;
  fill(file, false);
  REQUIRE(file.sql("SELECT count(*) FROM log") == "3");
  const auto refused = [](Session& session) {
    CHECK(session.load(kDoc).status == CRDTD_CORRUPT);
    CHECK(session.read_rows(kDoc).status == CRDTD_CORRUPT);
    Key key{"node", "key", 0, 0, {}};
    CHECK(session.find_key(kDoc, key) == CRDTD_CORRUPT);
    CHECK(session.append(make_append(kDoc, 1, 4)).status == CRDTD_CORRUPT);
    CHECK(session.append(make_creation(kDoc, 9)).status == CRDTD_CORRUPT);
    CHECK(session.put_checkpoint(kDoc, {1, 4, 1, 5, "state"}) == CRDTD_CORRUPT);
    CHECK(session.trim(kDoc, 3) == CRDTD_CORRUPT);
  };
  SECTION("of its creation") { with_each_byte(file, "log", "seq = 1", 5, refused); }
  SECTION("of a later append") { with_each_byte(file, "log", "seq = 2", 5, refused); }
}

TEST_CASE("sqlite storage: a record of the log that is missing is noticed", "[unit][storage][sqlite]") {
  StoreFile file;
  {
    const auto bench = file.open();
    Session session = bench->writer();
    for (std::uint64_t version = 0; version < 3; ++version) {
      const Entry entry = version == 0 ? make_creation(kDoc, 1, 1) : make_append(kDoc, 1, version);
      REQUIRE(session.append(entry).status == CRDTD_OK);
    }
  }
  file.sql("DELETE FROM log WHERE seq = 2");
  const auto bench = file.open();
  CHECK(bench->reader().load(kDoc).status == CRDTD_CORRUPT);
}

TEST_CASE("sqlite storage: damage in settled records is found", "[unit][storage][sqlite]") {
  StoreFile file;
  fill(file, true);
  SECTION("rows") {
    with_each_byte(file, "row_chunks", "doc = 1", 5, [](Session& session) {
      CHECK(session.load(kDoc).status == CRDTD_CORRUPT);
      CHECK(session.read_rows(kDoc).status == CRDTD_CORRUPT);
    });
  }
  SECTION("checkpoint") {
    with_each_byte(file, "checkpoints", "doc = 1", 23, [](Session& session) {
      CHECK(session.load(kDoc).status == CRDTD_CORRUPT);
      CHECK(session.read_rows(kDoc).rows.size() == 4);  // does not need it
    });
  }
  SECTION("head") {
    with_each_byte(file, "documents", "doc = 1", 1, [](Session& session) {
      CHECK(session.list("tenant", "", 10).size() == 2);
      CHECK(session.load(kDoc).status == CRDTD_CORRUPT);
      CHECK(session.append(make_append(kDoc, 1, 4)).status == CRDTD_CORRUPT);
    });
  }
  SECTION("known table") {
    with_each_byte(file, "known", "doc = 1 AND replica = 7", 1,
                   [](Session& session) { CHECK(session.load(kDoc).status == CRDTD_CORRUPT); });
  }
  SECTION("idempotency key") {
    with_each_byte(file, "request_keys", "doc = 1", 3, [](Session& session) {
      Key key{"node", "key", 0, 0, {}};
      CHECK(session.find_key(kDoc, key) == CRDTD_CORRUPT);
    });
  }
}

TEST_CASE("sqlite storage: a missing chunk of rows is CORRUPT, not a shorter document", "[unit][storage][sqlite]") {
  StoreFile file;
  fill(file, true);
  file.sql("DELETE FROM row_chunks WHERE doc = 1");
  file.sql("DELETE FROM checkpoints");
  const auto bench = file.open();
  CHECK(bench->reader().load(kDoc).status == CRDTD_CORRUPT);
  CHECK(bench->reader().read_rows(kDoc).status == CRDTD_CORRUPT);
}

TEST_CASE("sqlite storage: a corrupt document stays one while others are settled, and can be erased", "[unit][storage][sqlite]") {
  StoreFile file;
  fill(file, false);
  change_byte(file, "log", "seq = 2", record_size(file, "log", "seq = 2") - 5);
  for (int round = 0; round < 2; ++round) {
    const auto bench = file.open(R"(, "settle_bytes": 1024)");
    Session session = bench->writer();
    for (int i = 0; i < 40; ++i) {
      const std::uint64_t version = session.load(kOther).head.version;
      REQUIRE(session.append(make_append(kOther, 2, version, 5)).status == CRDTD_OK);
    }
    CHECK(session.load(kDoc).status == CRDTD_CORRUPT);
    CHECK(session.load(kOther).rows.size() == 202 + 200 * static_cast<std::size_t>(round));
  }
  const auto bench = file.open();
  Session session = bench->writer();
  CHECK(session.erase(kDoc, 1, 4) == CRDTD_OK);
  CHECK(session.load(kDoc).status == CRDTD_GONE);
  CHECK(session.append(make_creation(kDoc, 11, 1)).status == CRDTD_OK);
}
