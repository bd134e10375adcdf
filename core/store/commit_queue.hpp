// Group commit: waiting entries of all documents become one durable append, while the one before is under way.
//
// What waits is taken tenant by tenant in turn, so that a busy one cannot starve the others, up to the batch bounds. An entry is
// answered with what became of it; entries of one document arrive one at a time (its document has one append in flight).
// - UNKNOWN: the very same entries are appended again in a new session until the outcome is settled; after `unknown_timeout`
//   the store has failed.
// - RETRY: tried again with growing pauses for as long.
// - FATAL: the store has failed: `on_failure` is called once, nothing is acknowledged any more, every entry is answered kFatal.
// Does not know CRDT semantics, nor time but through its lane. Threads: submit() [any]; the rest on its own lane [store]; the
// append itself on [storage]; answers are posted to the entry's lane. Bound: what waits is bounded by WaitingBudget.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <string>
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
    std::deque<Waiting> queue;
  };
  struct Flight;

  void enqueue(Waiting waiting);
  void pump();
  Batch take_batch();
  void start(Batch batch);
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
  std::list<Tenant> turn_;                                                // [store] tenants that wait, next first
  std::unordered_map<std::string, std::list<Tenant>::iterator> by_name_;  // [store]
  std::uint32_t in_flight_ = 0;                                           // [store]
};

}  // namespace crdtd::store
