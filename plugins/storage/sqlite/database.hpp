// The few words of SQLite that this backend speaks: a connection, its prepared statements, and what their failures mean.
//
// A failed call throws StoreError with the status that the contract asks for; the session layer turns it into an answer.
// Statements belong to their connection; one thread at a time uses both.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "crdtd/abi/storage.h"

namespace crdtd_sqlite {

struct StoreError {
  crdtd_status status;
  std::string message;
  std::uint64_t detail = 0;
};

// For what a checksum or a bounds check refuses.
[[noreturn]] void throw_corrupt(const std::string& what);

class Statement;

class Database {
 public:
  // `path` as SQLite wants it; `flags` as for sqlite3_open_v2.
  Database(const std::string& path, int flags);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  void run(const char* sql);          // for statements without a result
  std::int64_t ask(const char* sql);  // the first column of the first row, 0 if there is none
  void close_without_checkpoint();    // closing then leaves the WAL to others
  bool in_transaction() const noexcept { return sqlite3_get_autocommit(raw_.get()) == 0; }
  sqlite3* raw() const noexcept { return raw_.get(); }
  [[noreturn]] void fail(int code, const char* doing) const;

 private:
  friend class Transaction;
  struct Transactions;  // their statements
  Transactions& transactions();
  struct Closer {
    void operator()(sqlite3* raw) const noexcept { sqlite3_close(raw); }
  };
  std::unique_ptr<sqlite3, Closer> raw_;
  std::unique_ptr<Transactions> transactions_;  // made when first used; goes before the connection
};

class Statement {
 public:
  Statement(Database& database, const char* sql);

  // One run: bound when made, reset when it ends. Column texts live until the next next().
  class Run {
   public:
    explicit Run(Statement& statement) noexcept : statement_(statement) {}
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;
    ~Run() { statement_.reset(); }
    bool next();
    std::int64_t integer(int column) const noexcept { return sqlite3_column_int64(statement_.raw_.get(), column); }
    std::uint64_t number(int column) const noexcept { return static_cast<std::uint64_t>(integer(column)); }
    std::string_view blob(int column) const noexcept;

   private:
    Statement& statement_;
  };

  // Binds by position: integers and bytes. Bytes are borrowed until the run ends.
  template <class... Values>
  Run start(const Values&... values) {
    int position = 0;
    (bind(++position, values), ...);
    return Run(*this);
  }
  template <class... Values>
  void run(const Values&... values) {
    Run run = start(values...);
    while (run.next()) {
    }
  }

 private:
  void bind(int position, std::uint64_t value);
  void bind(int position, std::string_view value);
  void bind(int position, const std::string& value) { bind(position, std::string_view(value)); }
  void reset() noexcept;

  struct Finalizer {
    void operator()(sqlite3_stmt* raw) const noexcept { sqlite3_finalize(raw); }
  };
  Database& database_;
  std::unique_ptr<sqlite3_stmt, Finalizer> raw_;
};

// Begins at once, rolls back unless committed.
class Transaction {
 public:
  enum class Kind { kRead, kWrite };
  Transaction(Database& database, Kind kind);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();
  void commit();

 private:
  Database& database_;
};

}  // namespace crdtd_sqlite
