// A storage backend around another one: records every call that the host makes, and fails those that a test wants to fail.
//
// An append can be refused as a whole or entry by entry, and can be answered UNKNOWN with or without having been stored. Scripts
// are used up in order; a hook decides call by call for randomised tests. Threads: one. Lifetime: outlives the stores opened.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "crdtd/abi/storage.h"
#include "host/row.hpp"

namespace crdtd::testing {

enum class StoreCall {
  kOpenSession,
  kAppend,
  kLoad,
  kReadRows,
  kFindKey,
  kPutCheckpoint,
  kTrim,
  kErase,
  kList,
  kMetaGet,
  kMetaPut
};
inline constexpr std::size_t kStoreCalls = 11;

// What an entry of an append is answered instead of the truth; `stored`: it takes effect all the same.
struct EntryFault {
  crdtd_status status = CRDTD_OK;
  bool stored = false;
};

struct RecordedEntry {
  base::DocKey doc;
  bool create = false;
  std::uint64_t birth = 0;
  std::uint64_t version_expected = 0;
  std::vector<host::RowPtr> rows;
  std::uint32_t keys = 0;
  std::uint64_t bytes = 0;  // handed over: envelopes, names, deltas, keys, known entries
};

struct RecordedCheckpoint {
  base::DocKey doc;
  std::uint64_t version = 0;
  std::uint32_t check = 0;
  std::uint64_t bytes = 0;
  crdtd_status status = CRDTD_OK;
};

class FaultyStorage {
 public:
  FaultyStorage(const crdtd_storage_backend& inner, std::string inner_settings);
  ~FaultyStorage();
  FaultyStorage(const FaultyStorage&) = delete;
  FaultyStorage& operator=(const FaultyStorage&) = delete;

  static const crdtd_storage_backend& table();
  std::string settings() const;  // what open() takes to find this object

  // --- scripts ---
  // The next `times` calls answer `status` and do nothing. For kAppend: the whole batch.
  void fail(StoreCall call, crdtd_status status, unsigned times = 1);
  // The next `times` entries of `doc` are answered `status`.
  void fail_entry(const base::DocKey& doc, EntryFault fault, unsigned times = 1);
  // The next append as a whole answers `status`, stored or not.
  void fail_batch(crdtd_status status, bool stored);
  std::function<crdtd_status(StoreCall)> on_call;  // CRDTD_OK: as it is
  std::function<std::optional<EntryFault>(const crdtd_append_entry&)> on_entry;
  std::function<void()> before_append;  // once: what another server does in between

  // --- records ---
  std::uint64_t calls(StoreCall call) const { return calls_[static_cast<std::size_t>(call)]; }
  std::vector<std::vector<RecordedEntry>> appends;  // batch by batch, as handed over
  std::vector<RecordedCheckpoint> checkpoints;
  unsigned sessions_open = 0;
  std::uint64_t bytes_handed() const;  // rows, keys, known entries and checkpoints
  bool keep_rows = true;               // in `appends`

 private:
  friend struct FaultyCalls;
  crdtd_status next_fault(StoreCall call);
  crdtd_status append(crdtd_storage_session* inner, const crdtd_append_batch& batch, crdtd_verdict* verdicts, crdtd_error* err);
  std::optional<EntryFault> entry_fault(const crdtd_append_entry& entry);

  const crdtd_storage_backend& inner_;
  const std::string inner_settings_;
  const std::uint64_t id_;
  std::array<std::deque<crdtd_status>, kStoreCalls> faults_;
  std::array<std::uint64_t, kStoreCalls> calls_{};
  std::deque<EntryFault> batch_faults_;
  std::deque<std::pair<base::DocKey, EntryFault>> entry_faults_;
};

}  // namespace crdtd::testing
