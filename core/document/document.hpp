// One document: its state in memory, what of it is not yet durable, and who waits for what. A serial state machine on its lane.
//
// Invariants:
//   1. The state may run ahead of the disk; an answer is released only when the version that it shows is durable.
//   2. One append is in flight; what is applied meanwhile goes into the next batch.
//   3. A failed commit drops the state; it is loaded again and the jobs that waited are run again from deduplication on.
//   4. A failed load is an error, never an empty document.
// The jobs (write_job, read_jobs) do the work; this class loads, commits, releases, checkpoints and unloads.
// Threads: everything [doc], except the constructor and lane(). Lifetime: held by the engine and by its own pending calls.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/ids.hpp"
#include "document/engine_context.hpp"
#include "document/job.hpp"
#include "document/replica.hpp"
#include "document/row_tail.hpp"

namespace crdtd::document {

class Document : public std::enable_shared_from_this<Document> {
 public:
  struct Observer {
    virtual ~Observer() = default;
    virtual void job_finished(Document& document) = 0;  // a job that start() took is answered
    virtual void settled(Document& document) = 0;       // other work has ended: the document may be disposable now
    virtual void work_started() = 0;                    // work that nobody waits for, but that a shutdown must
    virtual void work_finished() = 0;
  };

  Document(base::DocKey key, const EngineContext& context, Observer& observer);

  const base::DocKey& key() const noexcept { return key_; }
  const std::shared_ptr<base::Lane>& lane() const noexcept { return lane_; }

  void start(JobPtr job);
  void unload_if_idle();
  std::uint64_t memory_bytes() const;
  bool is_disposable() const;  // nothing is loaded or under way

  // --- for jobs ---
  const EngineContext& context() const noexcept { return context_; }
  bool exists() const noexcept { return replica_.has_value(); }
  Replica& replica() { return *replica_; }
  std::uint64_t grave_birth() const noexcept { return grave_birth_; }
  std::uint64_t durable_version() const noexcept { return durable_version_; }
  std::string cursor() const { return cursor_text(replica_->cursor(context_.generation)); }
  RowTail& tail() noexcept { return tail_; }

  // Answers `job` once all that is applied so far is durable.
  void answer_when_durable(JobPtr job);
  // Answers `job` now.
  void answer(JobPtr job);
  void answer(JobPtr job, base::Error error);

  // Installs a new document; its creation goes into the open batch.
  void create(Replica replica);
  // Takes a row that was applied to the replica's state, a key, or both, into the open batch, and moves the version on.
  void stage(host::RowPtr row, std::optional<host::KeyRecord> key);
  // Answers `job`, whose row or key was staged, with the open batch.
  void commit_with(JobPtr job);

  // True when no other request with the same (node, key) is under way: the job holds the key until it is answered. False: the job
  // was parked and is started again then.
  bool lock_key(const std::string& node, const std::string& key, JobPtr& job);

  // Runs `work` on a storage thread; `done(job, result)` comes back on the lane, where the document may have changed meanwhile.
  template <class Work, class Done>
  void fetch(JobPtr job, Work work, Done done);

  // Erases the document once nothing is pending; `job` is then answered.
  void erase(JobPtr job);

 private:
  enum class Phase { kCold, kLoading, kReady, kDraining, kErasing, kQuarantined };

  struct Batch {
    std::unique_ptr<host::AppendEntry> entry;  // null: nothing to store
    std::vector<JobPtr> waiting;
    std::uint64_t version_after = 0;
  };

  struct Loaded {
    Replica replica;
    std::vector<host::RowPtr> rows;  // after the checkpoint
  };
  using LoadResult = host::StorageResult<base::Result<Loaded>>;

  void begin_load();
  void finish_load(LoadResult result);
  void install(Loaded loaded);
  void fail_waiting(const base::Error& error);
  void run_waiting();
  host::AppendEntry& open_entry();
  void commit();
  void committed(store::CommitOutcome outcome);
  void commit_failed(store::CommitOutcome outcome);
  void rerun(std::vector<JobPtr> jobs);
  void settle_unknown();
  void erased(JobPtr job, const host::StorageResult<bool>& result);
  void quarantine(base::Error why);
  void drop_state();
  void drop_spoilt_state();
  void after_commit();
  void unlock_key(const std::string& busy_key);

  void maybe_checkpoint();
  void write_checkpoint();
  void checkpoint_written(std::uint64_t version, const host::StorageResult<std::uint64_t>& first_kept);
  bool nothing_pending() const noexcept { return !flying_ && !open_.entry; }

  const base::DocKey key_;
  const EngineContext& context_;
  Observer& observer_;
  const std::shared_ptr<base::Lane> lane_;

  Phase phase_ = Phase::kCold;
  std::deque<JobPtr> waiting_;      // for a load, a drain or an erase; bounded by the waiting budget
  std::optional<Replica> replica_;  // none in kReady: the document does not exist
  std::uint64_t grave_birth_ = 0;   // of an erased document
  std::uint64_t durable_version_ = 0;
  RowTail tail_;                           // newest rows, applied or durable
  Batch open_;                             // applied, not yet handed to the store
  std::optional<Batch> flying_;            // its entry is with the store
  std::optional<host::Known> flying_dot_;  // the newest dot in it that this server made
  // An append whose outcome was unknown and that then met a conflict: who waits, and the dot that tells after loading.
  std::vector<JobPtr> unsettled_;
  std::optional<host::Known> unsettled_dot_;
  bool reload_when_drained_ = false;
  std::unordered_map<std::string, std::deque<JobPtr>> busy_keys_;  // who waits for whom holds the key
  unsigned fetches_ = 0;
  std::optional<base::Error> quarantine_;

  std::optional<host::Checkpoint> checkpoint_;  // encoded, waits for its version to be durable
  bool checkpoint_busy_ = false;
};

template <class Work, class Done>
void Document::fetch(JobPtr job, Work work, Done done) {
  ++fetches_;
  // The tail keeps every row from now on, so that what was read and what is in memory always meet.
  tail_.hold();
  context_.store.run(host::SessionMode::kRead, lane_, std::move(work),
                     [self = shared_from_this(), job = std::move(job), done = std::move(done)](auto result) mutable {
                       done(std::move(job), std::move(result));
                       self->tail_.unhold(self->durable_version_);
                       --self->fetches_;
                       self->observer_.settled(*self);
                     });
}

}  // namespace crdtd::document
