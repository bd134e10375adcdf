// Group commit: entries of all documents that wait when an append begins become one durable transaction.
//
// A batch is taken by the storage thread at the moment when it is free to append: all that has come until then goes along, and
// the disk never waits for a lane. Tenants are taken in turn, so that a busy one cannot starve the others, up to the batch
// bounds. At most `writers` appends are under way; each follows the other while anything waits. An entry is
// answered with what became of it; entries of one document arrive one at a time (its document has one append in flight).
// - UNKNOWN: the very same entries are appended again in a new session until the outcome is settled; after `unknown_timeout`
//   the store has failed.
// - RETRY: tried again with growing pauses for as long.
// - FATAL: the store has failed: `on_failure` is called once, nothing is acknowledged any more, every entry is answered kFatal.
// Does not know CRDT semantics, nor time but through its lane. Threads: submit() [any]; what waits is under a mutex, never held
// during an append (core/THREADING.md); taking and appending on [storage]; verdicts are settled on its own lane [store]; answers
// are posted to the entry's lane. Bound: what waits is bounded by WaitingBudget.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/lane.hpp"
#include "host/storage.hpp"
#include "store/session_pool.hpp"

namespace crdtd::store {

struct CommitSettings {
  std::uint64_t batch_bytes_max = 4u << 20;
  std::uint32_t batch_entries_max = 1024;
  std::uint32_t writers = 1;
  base::Duration unknown_timeout = std::chrono::seconds(30);
};

struct CommitOutcome {
  std::optional<host::StorageStatus> failure;  // none: durable
  bool was_unknown = false;  // with kConflict: an earlier try may be what is in the way; look for your own rows first
};

using CommitDone = base::UniqueFunction<void(CommitOutcome)>;

class CommitQueue {
 public:
  CommitQueue(SessionPool& sessions, base::StorageExecutor& executor, base::Scheduler& scheduler, const base::Clock& clock,
              CommitSettings settings, std::function<void(std::string)> on_failure);

  // Appends `entry` in a coming batch, then posts `done` to `lane`. [any]
  void submit(std::unique_ptr<host::AppendEntry> entry, std::shared_ptr<base::Lane> lane, CommitDone done);

  // Marks the store as failed, from a fault found elsewhere (a fatal answer to a read or a checkpoint). [any]
  void fail(std::string reason);
  // Forgets what waits, unanswered: for an engine that goes without having been drained. When no lane runs any more. [main]
  void abandon();
  bool failed() const noexcept { return failed_.load(std::memory_order_acquire); }

 private:
  struct Waiting {
    std::unique_ptr<host::AppendEntry> entry;
    std::uint64_t bytes = 0;
    std::shared_ptr<base::Lane> lane;
    CommitDone done;
    bool was_unknown = false;
    std::uint32_t tries = 0;
    base::Duration first_try{0};
  };
  using Batch = std::vector<Waiting>;
  struct Tenant {
    std::string name;
    std::deque<Waiting> queue;  // not a vector with a mark: under overload it never runs empty
  };
  struct Flight;

  void enqueue(Waiting waiting);
  Batch take_batch();
  void start();
  void append_next(Flight& flight);
  void append(Flight& flight);
  void landed(Flight& flight);
  void settle(Waiting waiting, const host::AppendVerdict& verdict);
  void try_again(Waiting waiting, host::StorageStatus why);
  static void answer(Waiting waiting, CommitOutcome outcome);

  SessionPool& sessions_;
  base::StorageExecutor& executor_;
  const base::Clock& clock_;
  const CommitSettings settings_;
  const std::function<void(std::string)> on_failure_;
  std::shared_ptr<base::Lane> lane_;

  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  std::list<Tenant> turn_;                                                     // guarded by mutex_; who waits, next first
  std::unordered_map<std::string_view, std::list<Tenant>::iterator> by_name_;  // guarded by mutex_; the names are in turn_
  std::uint32_t appending_ = 0;                                                // guarded by mutex_; jobs given, not yet ended
};

}  // namespace crdtd::store
