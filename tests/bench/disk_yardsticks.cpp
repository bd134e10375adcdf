#include "disk_yardsticks.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>

#include "statistics.hpp"
#include "temp_folder.hpp"

namespace crdtd::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Close {
  void operator()(sqlite3* database) const { ::sqlite3_close(database); }
  void operator()(sqlite3_stmt* statement) const { ::sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, Close>;
using Statement = std::unique_ptr<sqlite3_stmt, Close>;

Database open(const std::string& path, int flags) {
  sqlite3* raw = nullptr;
  const int status = ::sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  Database database(raw);
  if (status != SQLITE_OK) throw std::runtime_error("cannot open " + path + ": " + ::sqlite3_errmsg(raw));
  return database;
}

void run(const Database& database, const char* sql) {
  if (::sqlite3_exec(database.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
    throw std::runtime_error(std::string(sql) + ": " + ::sqlite3_errmsg(database.get()));
  }
}

Statement prepare(const Database& database, const char* sql) {
  sqlite3_stmt* raw = nullptr;
  if (::sqlite3_prepare_v2(database.get(), sql, -1, &raw, nullptr) != SQLITE_OK) {
    throw std::runtime_error(std::string(sql) + ": " + ::sqlite3_errmsg(database.get()));
  }
  return Statement(raw);
}

// Calls `group` until the time is over; rows a second.
template <typename Group>
double rows_per_second(std::chrono::nanoseconds time, Group group) {
  std::uint64_t groups = 0;
  const auto start = Clock::now();
  do {
    group();
    ++groups;
  } while (Clock::now() - start < time);
  return static_cast<double>(groups * kGroup) / std::chrono::duration<double>(Clock::now() - start).count();
}

class AppendedFile {
 public:
  explicit AppendedFile(const std::string& path) : file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) {
    if (file_ < 0) throw std::runtime_error("cannot create " + path + ": " + std::strerror(errno));
  }
  ~AppendedFile() { ::close(file_); }
  AppendedFile(const AppendedFile&) = delete;
  AppendedFile& operator=(const AppendedFile&) = delete;

  void append_durably(const std::string& bytes) const {
    if (::write(file_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()) || ::fdatasync(file_) != 0) {
      throw std::runtime_error(std::string("cannot append to a file: ") + std::strerror(errno));
    }
  }

 private:
  int file_;
};

}  // namespace

std::vector<std::string> log_records(const std::string& path, std::size_t records_max) {
  const Database database = open(path, SQLITE_OPEN_READWRITE);
  const Statement select = prepare(database, "SELECT record FROM log ORDER BY seq DESC LIMIT ?");
  ::sqlite3_bind_int64(select.get(), 1, static_cast<sqlite3_int64>(records_max));
  std::vector<std::string> records;
  while (::sqlite3_step(select.get()) == SQLITE_ROW) {
    const auto size = static_cast<std::size_t>(::sqlite3_column_bytes(select.get(), 0));
    records.emplace_back(static_cast<const char*>(::sqlite3_column_blob(select.get(), 0)), size);
  }
  if (records.empty()) throw std::runtime_error("the log of " + path + " holds no records");
  return records;
}

double sqlite_rows_per_second(const std::vector<std::string>& records, std::chrono::nanoseconds time) {
  const testing::TempFolder folder;
  const Database database = open(folder.file("bare.db"), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX);
  run(database, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY");
  run(database, "PRAGMA wal_autocheckpoint = 4096");
  run(database, "CREATE TABLE log(seq INTEGER PRIMARY KEY, doc INTEGER NOT NULL, record BLOB NOT NULL)");
  const Statement begin = prepare(database, "BEGIN IMMEDIATE");
  const Statement commit = prepare(database, "COMMIT");
  const Statement insert = prepare(database, "INSERT INTO log(seq, doc, record) VALUES(?, ?, ?)");
  const auto step = [&database](const Statement& statement) {
    if (::sqlite3_step(statement.get()) != SQLITE_DONE) throw std::runtime_error(::sqlite3_errmsg(database.get()));
    ::sqlite3_reset(statement.get());
  };
  std::uint64_t rows = 0;
  return rows_per_second(time, [&] {
    step(begin);
    for (std::size_t i = 0; i < kGroup; ++i, ++rows) {
      const std::string& record = records[rows % records.size()];
      ::sqlite3_bind_int64(insert.get(), 1, static_cast<sqlite3_int64>(rows + 1));
      ::sqlite3_bind_int64(insert.get(), 2, static_cast<sqlite3_int64>(i + 1));
      ::sqlite3_bind_blob(insert.get(), 3, record.data(), static_cast<int>(record.size()), SQLITE_STATIC);
      step(insert);
    }
    step(commit);
  });
}

double file_rows_per_second(const std::vector<std::string>& records, std::chrono::nanoseconds time) {
  const testing::TempFolder folder;
  const AppendedFile file(folder.file("bare.log"));
  std::uint64_t rows = 0;
  std::string group;
  return rows_per_second(time, [&] {
    group.clear();
    for (std::size_t i = 0; i < kGroup; ++i, ++rows) group += records[rows % records.size()];
    file.append_durably(group);
  });
}

double fdatasync_us(std::chrono::nanoseconds time) {
  const testing::TempFolder folder;
  const AppendedFile file(folder.file("synced"));
  const std::string page(4096, 'x');
  std::vector<std::uint32_t> took_us;
  const auto start = Clock::now();
  do {
    const auto before = Clock::now();
    file.append_durably(page);
    took_us.push_back(
        static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - before).count()));
  } while (Clock::now() - start < time);
  return percentile(took_us, 50);
}

}  // namespace crdtd::bench
