#include "schema.hpp"

#include <iterator>

namespace crdtd_sqlite {

namespace {

// Version 1. Names and texts are BLOBs: SQLite then compares them by their bytes, without sign.
constexpr const char* kCreateTables = R"(
CREATE TABLE log(seq INTEGER PRIMARY KEY, doc INTEGER NOT NULL, record BLOB NOT NULL);
CREATE TABLE documents(tenant BLOB NOT NULL, id BLOB NOT NULL, doc INTEGER NOT NULL, record BLOB NOT NULL,
                       PRIMARY KEY(tenant, id)) WITHOUT ROWID;
CREATE TABLE row_chunks(doc INTEGER NOT NULL, version INTEGER NOT NULL, record BLOB NOT NULL,
                        PRIMARY KEY(doc, version)) WITHOUT ROWID;
CREATE TABLE known(doc INTEGER NOT NULL, replica INTEGER NOT NULL, record BLOB NOT NULL,
                   PRIMARY KEY(doc, replica)) WITHOUT ROWID;
CREATE TABLE request_keys(doc INTEGER NOT NULL, node BLOB NOT NULL, key BLOB NOT NULL, expires INTEGER NOT NULL,
                          record BLOB NOT NULL, PRIMARY KEY(doc, node, key)) WITHOUT ROWID;
CREATE TABLE checkpoints(doc INTEGER NOT NULL, version INTEGER NOT NULL, record BLOB NOT NULL,
                         PRIMARY KEY(doc, version)) WITHOUT ROWID;
CREATE TABLE graves(tenant BLOB NOT NULL, id BLOB NOT NULL, birth INTEGER NOT NULL, record BLOB NOT NULL,
                    PRIMARY KEY(tenant, id, birth)) WITHOUT ROWID;
CREATE TABLE meta(name BLOB NOT NULL PRIMARY KEY, record BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE counters(name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO counters VALUES('next_doc', 1), ('next_seq', 1);
)";

// Step i brings a store of version i to version i + 1, within one transaction.
constexpr const char* kMigrations[] = {kCreateTables};
static_assert(std::size(kMigrations) == kSchemaVersion);

void refuse(const StoreSettings& settings, const std::string& why) { throw StoreError{CRDTD_INVALID, settings.path + " " + why}; }

void migrate(Database& database, const StoreSettings& settings) {
  const std::int64_t application = database.ask("PRAGMA application_id");
  const std::int64_t version = database.ask("PRAGMA user_version");
  const bool is_empty = database.ask("SELECT count(*) FROM sqlite_schema") == 0;
  if (application != kApplicationId && !(application == 0 && version == 0 && is_empty)) {
    refuse(settings, "is a SQLite database, but no store of crdtd; set another `path`");
  }
  if (version > kSchemaVersion) {
    refuse(settings, "was written by a newer crdtd: its schema is version " + std::to_string(version) +
                         ", this one reads up to " + std::to_string(kSchemaVersion) + "; run the newer one");
  }
  if (version == kSchemaVersion) return;
  Transaction transaction(database, Transaction::Kind::kWrite);
  for (std::int64_t step = version; step < kSchemaVersion; ++step) database.run(kMigrations[step]);
  database.run(("PRAGMA application_id = " + std::to_string(kApplicationId)).c_str());
  database.run(("PRAGMA user_version = " + std::to_string(kSchemaVersion)).c_str());
  transaction.commit();
}

void set_common(Database& database, const StoreSettings& settings) {
  sqlite3_busy_timeout(database.raw(), static_cast<int>(settings.busy_timeout_ms));
  database.run("PRAGMA trusted_schema = OFF");
  database.run("PRAGMA cell_size_check = ON");  // a damaged page is noticed before it is believed
  database.run("PRAGMA mmap_size = 0");         // an I/O error must come back as one, not as SIGBUS
  database.run("PRAGMA temp_store = MEMORY");
  database.run("PRAGMA wal_autocheckpoint = 0");
}

}  // namespace

void prepare_writer(Database& database, const StoreSettings& settings) {
  set_common(database, settings);
  database.run("PRAGMA journal_mode = WAL");
  database.run("PRAGMA synchronous = FULL");  // the WAL is synced with every commit
  database.run("PRAGMA cache_size = -8192");
  if (settings.pages_max != 0) database.run(("PRAGMA max_page_count = " + std::to_string(settings.pages_max)).c_str());
  if (database.ask("PRAGMA synchronous") != 2) refuse(settings, "cannot be used with synchronous = FULL");
  migrate(database, settings);
}

void set_synced(Database& database, bool synced) {
  const char* sql = synced ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL";
  if (const int code = sqlite3_exec(database.raw(), sql, nullptr, nullptr, nullptr); code != SQLITE_OK) {
    throw StoreError{CRDTD_FATAL, std::string("cannot ") + sql + ": " + sqlite3_errmsg(database.raw())};
  }
}

void prepare_reader(Database& database, const StoreSettings& settings) {
  set_common(database, settings);
  database.close_without_checkpoint();
  database.run("PRAGMA query_only = ON");
  database.run("PRAGMA cache_size = -2048");
}

}  // namespace crdtd_sqlite
