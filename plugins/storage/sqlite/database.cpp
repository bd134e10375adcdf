#include "database.hpp"

#include <cerrno>

namespace crdtd_sqlite {

namespace {

// What a result code means for whoever asked. Every I/O error of a writer is FATAL: after a failed fsync the kernel may have
// dropped the pages, so that a second one that succeeds would prove nothing. Readers soften it (read_session.cpp).
crdtd_status status_of(int code, int system_errno) {
  switch (code & 0xff) {
    case SQLITE_FULL:
      return CRDTD_FULL;
    case SQLITE_IOERR:
      return system_errno == EDQUOT || system_errno == ENOSPC ? CRDTD_FULL : CRDTD_FATAL;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return CRDTD_CORRUPT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM:
      return CRDTD_RETRY;
    case SQLITE_TOOBIG:
      return CRDTD_FULL;
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
      return CRDTD_INVALID;
    default:
      return CRDTD_INTERNAL;
  }
}

// A failed fsync must never pass for a full disk, whatever errno says.
bool is_sync_failure(int code) {
  return code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC || code == SQLITE_IOERR_TRUNCATE ||
         code == SQLITE_IOERR_CLOSE;
}

}  // namespace

void throw_corrupt(const std::string& what) { throw StoreError{CRDTD_CORRUPT, what}; }

Database::Database(const std::string& path, int flags) {
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  raw_.reset(raw);
  if (code != SQLITE_OK) fail(code, "open it");
}

struct Database::Transactions {
  explicit Transactions(Database& database)
      : begin_read(database, "BEGIN"), begin_write(database, "BEGIN IMMEDIATE"), commit(database, "COMMIT") {}
  Statement begin_read, begin_write, commit;
};

Database::~Database() = default;

Database::Transactions& Database::transactions() {
  if (!transactions_) transactions_ = std::make_unique<Transactions>(*this);
  return *transactions_;
}

void Database::fail(int code, const char* doing) const {
  const int system_errno = raw_ ? sqlite3_system_errno(raw_.get()) : 0;
  const char* file = raw_ ? sqlite3_db_filename(raw_.get(), "main") : nullptr;
  std::string text = std::string(file != nullptr && *file != '\0' ? file : "the database") + ": cannot " + doing + ": " +
                     (raw_ ? sqlite3_errmsg(raw_.get()) : sqlite3_errstr(code)) + " (SQLite " + std::to_string(code) + ")";
  throw StoreError{is_sync_failure(code) ? crdtd_status{CRDTD_FATAL} : status_of(code, system_errno), std::move(text)};
}

void Database::run(const char* sql) {
  if (const int code = sqlite3_exec(raw_.get(), sql, nullptr, nullptr, nullptr); code != SQLITE_OK) fail(code, sql);
}

std::int64_t Database::ask(const char* sql) {
  Statement statement(*this, sql);
  Statement::Run run = statement.start();
  return run.next() ? run.integer(0) : 0;
}

void Database::close_without_checkpoint() { sqlite3_db_config(raw_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr); }

Statement::Statement(Database& database, const char* sql) : database_(database) {
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v3(database.raw(), sql, -1, SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  raw_.reset(raw);
  if (code != SQLITE_OK) database.fail(code, sql);
}

bool Statement::Run::next() {
  const int code = sqlite3_step(statement_.raw_.get());
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) statement_.database_.fail(code, sqlite3_sql(statement_.raw_.get()));
  return false;
}

std::string_view Statement::Run::blob(int column) const noexcept {
  sqlite3_stmt* raw = statement_.raw_.get();
  const void* data = sqlite3_column_blob(raw, column);
  const int size = sqlite3_column_bytes(raw, column);
  return data == nullptr ? std::string_view() : std::string_view(static_cast<const char*>(data), static_cast<std::size_t>(size));
}

void Statement::bind(int position, std::uint64_t value) {
  const int code = sqlite3_bind_int64(raw_.get(), position, static_cast<sqlite3_int64>(value));
  if (code != SQLITE_OK) database_.fail(code, "bind a number");
}

void Statement::bind(int position, std::string_view value) {
  // A null pointer would bind NULL; an empty name is still a name.
  const char* data = value.data() == nullptr ? "" : value.data();
  const int code = sqlite3_bind_blob64(raw_.get(), position, data, value.size(), SQLITE_STATIC);
  if (code != SQLITE_OK) database_.fail(code, "bind bytes");
}

void Statement::reset() noexcept {
  sqlite3_reset(raw_.get());
  sqlite3_clear_bindings(raw_.get());
}

Transaction::Transaction(Database& database, Kind kind) : database_(database) {
  auto& statements = database.transactions();
  (kind == Kind::kWrite ? statements.begin_write : statements.begin_read).run();
}
Transaction::~Transaction() {
  if (database_.in_transaction()) sqlite3_exec(database_.raw(), "ROLLBACK", nullptr, nullptr, nullptr);
}
void Transaction::commit() { database_.transactions().commit.run(); }

}  // namespace crdtd_sqlite
