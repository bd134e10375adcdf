// An open store and its sessions: the C++ face of a crdtd_storage_backend table. See crdtd/abi/storage.h for the promises.
//
// Threads: Store is [any]; a StorageSession is used by one storage thread at a time, and may block.
// Lifetime: sessions close before their store.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "crdtd/abi/storage.h"
#include "host/row.hpp"

namespace crdtd::host {

enum class StorageStatus {
  kInvalid,  // a setting or argument is wrong
  kNotFound,
  kGone,    // erased
  kBehind,  // no longer kept
  kRetry,   // nothing happened, may succeed later
  kFull,
  kConflict,
  kCorrupt,
  kUnknown,  // the outcome cannot be told
  kFatal,    // durability can no longer be promised; an INTERNAL or unknown answer of a plugin counts as this too
};

struct StorageError {
  StorageStatus status = StorageStatus::kFatal;
  std::string message;
  std::string pointer;  // for kInvalid: the setting
  std::int64_t detail = 0;
};

template <class T>
using StorageResult = base::Result<T, StorageError>;

struct DocHead {
  std::string type;
  std::uint64_t birth = 0;
  std::uint64_t version = 0;
  std::uint64_t first_version = 1;
  std::uint64_t hlc_unix_ns = 0;
  std::uint32_t check = 0;
};

struct Known {
  std::uint64_t replica = 0;
  std::uint64_t counter = 0;
  std::uint64_t chain = 0;
  std::string node;
};

struct Checkpoint {
  std::uint64_t birth = 0;
  std::uint64_t version = 0;
  std::uint32_t check = 0;
  std::uint32_t format = 0;
  std::string encoded;
};

struct LoadedDocument {
  DocHead head;
  std::vector<Known> known;
  std::optional<Checkpoint> checkpoint;
  std::vector<RowPtr> rows;  // after the checkpoint, in order
};

struct RowsRead {
  DocHead head;
  std::vector<RowPtr> rows;
};

struct RowRange {
  std::uint64_t version_after = 0;
  std::uint64_t version_until = 0;  // 0: the head
  std::uint32_t row_count_max = 0;  // 0: no bound
  std::uint64_t bytes_max = 0;      // 0: no bound
};

using Digest = std::array<std::uint8_t, 32>;  // SHA-256

struct KeyRecord {
  std::string node;
  std::string key;
  Digest digest{};
  std::uint64_t applied = 0;
  std::uint64_t expires_unix_ms = 0;
};

struct AppendEntry {
  base::DocKey doc;
  bool create = false;
  std::uint64_t birth = 0;
  std::uint64_t version_expected = 0;
  std::string type;                // at creation
  std::uint32_t check_create = 0;  // at creation
  std::vector<RowPtr> rows;
  std::vector<KeyRecord> keys;
  std::vector<Known> known;
};

struct AppendVerdict {
  std::optional<StorageStatus> failure;  // none: stored
  std::uint64_t version = 0;             // the head afterwards, where known
};

struct ListItem {
  std::string id;
  std::string type;
  std::uint64_t version = 0;
  std::uint64_t birth = 0;
};

class StorageSession {
 public:
  StorageSession(const crdtd_storage_backend& table, crdtd_storage_session* raw) noexcept : table_(&table), raw_(raw) {}
  StorageSession(StorageSession&& other) noexcept;
  StorageSession& operator=(StorageSession&&) = delete;
  ~StorageSession();

  // One verdict per entry; an error holds for all of them.
  StorageResult<std::vector<AppendVerdict>> append(const std::vector<const AppendEntry*>& entries);
  StorageResult<LoadedDocument> load(const base::DocKey& doc, std::uint64_t version_until = 0);
  StorageResult<RowsRead> read_rows(const base::DocKey& doc, const RowRange& range);
  StorageResult<KeyRecord> find_key(const base::DocKey& doc, std::string_view node, std::string_view key);
  StorageResult<void> put_checkpoint(const base::DocKey& doc, const Checkpoint& checkpoint);
  StorageResult<void> trim(const base::DocKey& doc, std::uint64_t first_version, std::uint64_t now_unix_ms);
  StorageResult<void> erase(const base::DocKey& doc, std::uint64_t birth, std::uint64_t version);
  StorageResult<std::vector<ListItem>> list(const std::string& tenant, std::string_view after, std::uint32_t count_max);
  StorageResult<std::string> meta_get(std::string_view name);
  StorageResult<void> meta_put(std::string_view name, std::string_view value);

 private:
  const crdtd_storage_backend* table_;
  crdtd_storage_session* raw_;
};

enum class SessionMode { kRead, kWrite };

class Store {
 public:
  // Opens and recovers. `settings_json`: the `storage` mapping without `plugin`; relative paths start at `base_directory`. [main]
  static StorageResult<Store> open(const crdtd_storage_backend& table, std::string_view settings_json,
                                   std::string_view base_directory);
  Store(Store&& other) noexcept;
  Store& operator=(Store&&) = delete;
  ~Store();

  StorageResult<StorageSession> open_session(SessionMode mode);  // [any]
  std::uint32_t writers_max() const noexcept { return info_.writers_max; }
  std::uint32_t readers_max() const noexcept { return info_.readers_max; }

 private:
  Store(const crdtd_storage_backend& table, crdtd_store* raw, const crdtd_store_info& info) noexcept
      : table_(&table), raw_(raw), info_(info) {}
  const crdtd_storage_backend* table_;
  crdtd_store* raw_;
  crdtd_store_info info_;
};

}  // namespace crdtd::host
