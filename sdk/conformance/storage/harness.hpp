// Opens stores and sessions through the raw table, hands values over as the contract wants them, and catches what comes back.
//
// Arrays are passed with a stride that is larger than their elements, and texts in memory of exactly their size, so that a
// backend that walks them wrongly is found out. Whatever breaks the form of the contract (sinks out of order, an error
// without its text) fails the check at once.
// Threads: a Session by one at a time; the others are the check's own.
#pragma once

#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "crdtd/conformance/storage_contract.hpp"
#include "storage/values.hpp"

namespace crdtd::conformance {

// A check that did not hold.
struct Failed {
  std::string message;
};

[[noreturn]] void fail(const char* file, int line, const std::string& what);
std::string status_name(crdtd_status status);

#define EXPECT(condition)                                                         \
  do {                                                                            \
    if (!(condition)) ::crdtd::conformance::fail(__FILE__, __LINE__, #condition); \
  } while (false)

#define EXPECT_STATUS(expression, wanted)                                                                                     \
  do {                                                                                                                        \
    const crdtd_status expect_got = (expression);                                                                             \
    if (expect_got != (wanted))                                                                                               \
      ::crdtd::conformance::fail(__FILE__, __LINE__,                                                                          \
                                 #expression " gave " + ::crdtd::conformance::status_name(expect_got) + ", wanted " #wanted); \
  } while (false)

class Session {
 public:
  Session(const crdtd_storage_backend& table, const crdtd_host* host, crdtd_store* store, std::uint32_t mode);
  Session(Session&& other) noexcept;
  Session& operator=(Session&&) = delete;
  ~Session();

  // `call_status` (may be null) takes the status of the call as a whole; without it anything but OK fails the check.
  std::vector<Verdict> append(const std::vector<Entry>& entries, crdtd_status* call_status = nullptr);
  Verdict append(const Entry& entry) { return append(std::vector<Entry>{entry}).at(0); }
  Loaded load(const Doc& doc, std::uint64_t version_until = 0);
  Loaded read_rows(const Doc& doc, const Range& range = {});
  // load() whose row sink answers `stop_with` at the first row.
  crdtd_status load_stopped(const Doc& doc, crdtd_status stop_with);
  crdtd_status find_key(const Doc& doc, Key& inout);
  crdtd_status put_checkpoint(const Doc& doc, const Checkpoint& checkpoint);
  crdtd_status trim(const Doc& doc, std::uint64_t first_version, std::uint64_t now_unix_ms = 0);
  crdtd_status erase(const Doc& doc, std::uint64_t birth, std::uint64_t version);
  std::vector<Item> list(const std::string& tenant, const std::string& after, std::uint32_t count_max);
  crdtd_status meta_get(const std::string& name, std::string& out);
  crdtd_status meta_put(const std::string& name, const std::string& value);

 private:
  crdtd_status checked(crdtd_status status, const crdtd_error& err, const char* function) const;
  const crdtd_storage_backend* table_;
  const crdtd_host* host_;
  crdtd_storage_session* raw_ = nullptr;
};

// One open store and what a check needs beside it.
class Bench {
 public:
  Bench(const crdtd_storage_backend& table, std::string_view settings_json, const StorageContractOptions& options,
        std::filesystem::path folder);
  ~Bench();

  const StorageContractOptions& options() const { return options_; }
  const std::string& settings_json() const { return settings_json_; }
  std::uint32_t readers_max() const { return info_.readers_max; }
  Session reader() { return {table_, options_.host, store_, CRDTD_SESSION_READ}; }
  Session writer() { return {table_, options_.host, store_, CRDTD_SESSION_WRITE}; }
  void reopen();                                                               // every session is gone before
  crdtd_status open_with(const std::string& settings_json, crdtd_error& err);  // a second store, closed at once if it opens

  std::uint64_t random() { return random_(); }
  std::uint64_t random_below(std::uint64_t bound) { return random_() % bound; }
  std::string random_bytes(std::size_t size);

 private:
  void open();
  const crdtd_storage_backend& table_;
  std::string settings_json_;
  const StorageContractOptions& options_;
  std::filesystem::path folder_;
  crdtd_store* store_ = nullptr;
  crdtd_store_info info_{};
  std::mt19937_64 random_;
};

// `prefix` and a number.
std::string numbered(std::string_view prefix, std::uint64_t number);
// A row as the checks like them; `delta` defaults to one that tells its version.
Row make_row(std::uint64_t version, std::string delta = {});
// Creation of `doc` with rows 1 … row_count.
Entry make_creation(const Doc& doc, std::uint64_t birth, std::uint64_t row_count = 0);
// Rows version_expected + 1 … + row_count.
Entry make_append(const Doc& doc, std::uint64_t birth, std::uint64_t version_expected, std::uint64_t row_count = 1);

}  // namespace crdtd::conformance
