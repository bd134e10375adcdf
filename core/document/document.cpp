#include "document/document.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "document/integrity.hpp"
#include "document/storage_errors.hpp"
#include "document/window.hpp"

namespace crdtd::document {
namespace {

constexpr std::uint64_t kDocumentOverheadBytes = 1024;  // what a loaded document takes beside state and rows
constexpr unsigned kRunsMax = 64;                       // a job that loses this many races is answered `conflict`

}  // namespace

Document::Document(base::DocKey key, const EngineContext& context, Observer& observer)
    : key_(std::move(key)), context_(context), observer_(observer), lane_(context.scheduler.make_lane()) {}

void Document::start(JobPtr job) {
  CRDTD_ASSERT_ON_LANE(lane_);
  if (context_.store.failed()) {
    return answer(std::move(job), storage_error({host::StorageStatus::kFatal, "nothing is read or stored any more", {}, 0}));
  }
  // An answer, a checkpoint or a repeat may have spoilt the state outside of run().
  if (phase_ == Phase::kReady && replica_ && replica_->state.spoilt()) drop_spoilt_state();
  switch (phase_) {
    case Phase::kReady:
      if (++job->runs > kRunsMax) {
        return answer(std::move(job),
                      base::make_error(base::Code::kConflict, "the document changed with every try; nothing was stored"));
      }
      {
        auto& what = *job;
        what.run(*this, std::move(job));
      }
      if (phase_ == Phase::kReady && replica_ && replica_->state.spoilt()) drop_spoilt_state();
      return;
    case Phase::kQuarantined:
      return answer(std::move(job), *quarantine_);
    case Phase::kCold:
    case Phase::kLoading:
    case Phase::kDraining:
    case Phase::kErasing:
      job->forget();  // the document may be another when this one's turn comes
      waiting_.push_back(std::move(job));
      if (phase_ == Phase::kCold) begin_load();
  }
}

// --- loading ---

void Document::begin_load() {
  phase_ = Phase::kLoading;
  auto work = [key = key_, &types = context_.types](host::StorageSession& session) -> LoadResult {
    auto stored = session.load(key);
    if (!stored) return std::move(stored).error();
    auto replica = build_replica(types, *stored);
    if (!replica) return base::Result<Loaded>(std::move(replica).error());
    return base::Result<Loaded>(Loaded{std::move(*replica), std::move(stored->rows)});
  };
  context_.store.run(host::SessionMode::kRead, lane_, std::move(work),
                     [self = shared_from_this()](LoadResult result) { self->finish_load(std::move(result)); });
}

void Document::finish_load(LoadResult result) {
  CRDTD_ASSERT(phase_ == Phase::kLoading);
  if (result && *result) {
    install(std::move(**result));
  } else if (result) {
    const auto& error = result->error();
    if (error.code == base::Code::kQuarantined) return quarantine(error);
    phase_ = Phase::kCold;
    return fail_waiting(error);
  } else if (result.error().status == host::StorageStatus::kNotFound || result.error().status == host::StorageStatus::kGone) {
    const bool erased = result.error().status == host::StorageStatus::kGone;
    grave_birth_ = erased ? static_cast<std::uint64_t>(result.error().detail) : 0;
    durable_version_ = 0;
  } else if (result.error().status == host::StorageStatus::kCorrupt) {
    return quarantine(storage_error(result.error()));
  } else {
    phase_ = Phase::kCold;
    return fail_waiting(storage_error(result.error()));
  }
  phase_ = Phase::kReady;
  settle_unknown();
  run_waiting();
  observer_.settled(*this);
}

void Document::install(Loaded loaded) {
  replica_.emplace(std::move(loaded.replica));
  durable_version_ = replica_->version;
  tail_.clear();
  for (auto& row : loaded.rows) tail_.push(std::move(row));
  tail_.trim(durable_version_);
}

void Document::fail_waiting(const base::Error& error) {
  auto jobs = std::exchange(waiting_, {});
  auto in_doubt = std::exchange(unsettled_, {});
  unsettled_dot_.reset();
  for (auto& job : in_doubt) {
    answer(std::move(job),
           base::make_error(base::Code::kStorageFailed, "it is not known whether this request was stored: " + error.detail));
  }
  for (auto& job : jobs) answer(std::move(job), error);
  observer_.settled(*this);
}

void Document::run_waiting() {
  while (phase_ == Phase::kReady && !waiting_.empty()) {
    auto job = std::move(waiting_.front());
    waiting_.pop_front();
    start(std::move(job));
  }
}

void Document::quarantine(base::Error why) {
  base::log(base::LogLevel::kError, "document quarantined",
            {{"tenant", key_.tenant}, {"document", key_.id}, {"reason", why.detail}});
  drop_state();
  quarantine_ = std::move(why);
  phase_ = Phase::kQuarantined;
  fail_waiting(*quarantine_);
}

// Everything that was derived from the store goes; who waits stays.
void Document::drop_state() {
  replica_.reset();
  tail_.clear();
  checkpoint_.reset();
  reload_when_drained_ = false;
  phase_ = Phase::kCold;
}

// --- answering ---

void Document::answer_when_durable(JobPtr job) {
  if (open_.entry) return open_.waiting.push_back(std::move(job));
  if (flying_) return flying_->waiting.push_back(std::move(job));
  answer(std::move(job));
}

void Document::answer(JobPtr job) {
  const std::string busy_key = std::exchange(job->busy_key, {});
  job->release();
  job.reset();
  if (!busy_key.empty()) unlock_key(busy_key);
  observer_.job_finished(*this);
}

void Document::answer(JobPtr job, base::Error error) {
  const std::string busy_key = std::exchange(job->busy_key, {});
  job->fail(std::move(error));
  job.reset();
  if (!busy_key.empty()) unlock_key(busy_key);
  observer_.job_finished(*this);
}

bool Document::lock_key(const std::string& node, const std::string& key, JobPtr& job) {
  std::string name = node + '\n' + key;
  if (job->busy_key == name) return true;
  const auto [found, fresh] = busy_keys_.try_emplace(name);
  if (!fresh) {
    found->second.push_back(std::move(job));
    return false;
  }
  job->busy_key = std::move(name);
  return true;
}

void Document::unlock_key(const std::string& busy_key) {
  const auto held = busy_keys_.find(busy_key);
  CRDTD_ASSERT(held != busy_keys_.end());
  auto& parked = held->second;
  if (parked.empty()) {
    busy_keys_.erase(held);
    return;
  }
  // The next one holds it now. It starts later, not within this answer: a long chain of repeats must not become a deep stack.
  JobPtr next = std::move(parked.front());
  parked.pop_front();
  next->busy_key = busy_key;
  lane_->post([self = shared_from_this(), next = std::move(next)]() mutable { self->start(std::move(next)); });
}

// --- changing and committing ---

host::AppendEntry& Document::open_entry() {
  if (!open_.entry) {
    open_.entry = std::make_unique<host::AppendEntry>();
    open_.entry->doc = key_;
    open_.entry->birth = replica_->birth;
    open_.entry->version_expected = replica_->version;
  }
  return *open_.entry;
}

void Document::create(Replica replica) {
  CRDTD_ASSERT(!replica_ && nothing_pending());
  replica_.emplace(std::move(replica));
  durable_version_ = 0;
  auto& entry = open_entry();
  entry.create = true;
  entry.type = replica_->type->name();
  entry.check_create = replica_->check;
}

void Document::stage(host::RowPtr row, std::optional<host::KeyRecord> key) {
  auto& entry = open_entry();
  if (row) {
    CRDTD_ASSERT(row->version == replica_->version + 1);
    replica_->advance(*row);
    auto& known = replica_->known[row->replica];
    known.replica = row->replica;
    known.counter = row->first_counter + row->count - 1;
    known.chain = chain_next(known.chain == 0 ? kChainStart : known.chain, row->delta);
    const auto same = std::find_if(entry.known.begin(), entry.known.end(),
                                   [&](const host::Known& other) { return other.replica == known.replica; });
    if (same == entry.known.end()) {
      entry.known.push_back(known);
    } else {
      *same = known;
    }
    entry.rows.push_back(row);
    tail_.push(std::move(row));
  }
  if (key) entry.keys.push_back(std::move(*key));
  open_.version_after = replica_->version;
}

void Document::commit_with(JobPtr job) {
  job->changed_log = true;
  open_.waiting.push_back(std::move(job));
  commit();
}

void Document::commit() {
  if (flying_ || !open_.entry) return;
  flying_ = std::exchange(open_, Batch{});
  auto entry = std::move(flying_->entry);
  flying_dot_.reset();
  for (const auto& known : entry->known) flying_dot_ = known;
  context_.store.append(std::move(entry), lane_,
                        [self = shared_from_this()](store::CommitOutcome outcome) { self->committed(outcome); });
}

void Document::committed(store::CommitOutcome outcome) {
  if (outcome.failure) return commit_failed(outcome);
  observer_.work_started();  // the last answer must not end a drain before the checkpoint that may follow
  auto done = std::move(*flying_);
  flying_.reset();
  durable_version_ = std::max(durable_version_, done.version_after);
  tail_.trim(durable_version_);
  commit();
  for (auto& job : done.waiting) answer(std::move(job));
  after_commit();
  observer_.work_finished();
}

void Document::after_commit() {
  if (checkpoint_ && checkpoint_->version <= durable_version_) write_checkpoint();
  maybe_checkpoint();
  if (phase_ != Phase::kDraining || !nothing_pending()) return;
  if (reload_when_drained_) {
    drop_state();
    return begin_load();
  }
  phase_ = Phase::kReady;
  run_waiting();
}

// The state holds what was not stored: it goes, and what waited is decided anew on the state that the store has.
void Document::commit_failed(store::CommitOutcome outcome) {
  using Status = host::StorageStatus;
  auto flight = std::move(*flying_);
  flying_.reset();
  auto open = std::exchange(open_, Batch{});
  const auto why = *outcome.failure;
  if (why == Status::kCorrupt || why == Status::kFatal) {
    const auto error = storage_error({why, "the append was refused", {}, 0});
    for (auto* batch : {&flight, &open}) {
      for (auto& job : batch->waiting) answer(std::move(job), error);
    }
    if (why == Status::kCorrupt) return quarantine(error);
    drop_state();
    return fail_waiting(error);
  }
  std::vector<JobPtr> again;
  for (auto& job : flight.waiting) {
    const bool lost_a_race = why == Status::kConflict || why == Status::kGone || !job->changed_log;
    if (lost_a_race) {
      again.push_back(std::move(job));
    } else {
      answer(std::move(job), storage_error({why, "nothing of this request was stored", {}, 0}));
    }
  }
  if (outcome.was_unknown && flying_dot_) {
    unsettled_ = std::exchange(again, {});
    unsettled_dot_ = flying_dot_;
  }
  for (auto& job : open.waiting) again.push_back(std::move(job));
  drop_state();
  rerun(std::move(again));
}

// Puts `jobs` before all that waits, in their order, and loads.
void Document::rerun(std::vector<JobPtr> jobs) {
  for (auto job = jobs.rbegin(); job != jobs.rend(); ++job) {
    (*job)->forget();
    (*job)->changed_log = false;
    waiting_.push_front(std::move(*job));
  }
  begin_load();
}

// After an unknown outcome and a conflict: if the store has the dot, the append had succeeded, and its answers are right as they
// are.
void Document::settle_unknown() {
  if (!unsettled_dot_) return;
  const auto dot = *std::exchange(unsettled_dot_, std::nullopt);
  auto jobs = std::exchange(unsettled_, {});
  bool stored = false;
  if (replica_) {
    const auto known = replica_->known.find(dot.replica);
    stored = known != replica_->known.end() && known->second.counter >= dot.counter;
  }
  if (stored) {
    for (auto& job : jobs) answer(std::move(job));
    return;
  }
  for (auto job = jobs.rbegin(); job != jobs.rend(); ++job) {
    (*job)->forget();
    (*job)->changed_log = false;
    waiting_.push_front(std::move(*job));
  }
}

// The type broke its contract and the state cannot be used: it is loaded again when all that was applied is durable.
void Document::drop_spoilt_state() {
  reload_when_drained_ = true;
  phase_ = Phase::kDraining;
  if (nothing_pending()) {
    drop_state();
    begin_load();
  }
}

// --- erasing ---

void Document::erase(JobPtr job) {
  if (!nothing_pending() || checkpoint_busy_) {
    phase_ = Phase::kDraining;
    waiting_.push_front(std::move(job));
    return;
  }
  phase_ = Phase::kErasing;
  auto work = [key = key_, birth = replica_->birth, version = replica_->version](host::StorageSession& session) {
    auto result = session.erase(key, birth, version);
    return result ? host::StorageResult<bool>(true) : host::StorageResult<bool>(std::move(result).error());
  };
  context_.store.run(host::SessionMode::kWrite, lane_, std::move(work),
                     [self = shared_from_this(), job = std::move(job)](const host::StorageResult<bool>& result) mutable {
                       self->erased(std::move(job), result);
                     });
}

void Document::erased(JobPtr job, const host::StorageResult<bool>& result) {
  if (result) {
    const auto birth = replica_->birth;
    drop_state();
    grave_birth_ = birth;
    durable_version_ = 0;
    phase_ = Phase::kReady;
    answer(std::move(job));
    run_waiting();
    return observer_.settled(*this);
  }
  drop_state();
  if (result.error().status == host::StorageStatus::kConflict) {
    std::vector<JobPtr> again;
    again.push_back(std::move(job));
    return rerun(std::move(again));
  }
  answer(std::move(job), storage_error(result.error()));
  if (!waiting_.empty()) begin_load();
}

// --- checkpoints and memory ---

// Taken at once from the state in memory, written when its version is durable. It is due when the log is half as long again as
// the state: as the newest checkpoint has it, which a growing document leaves behind, or as it is now, if it has shrunk. So what
// is written stays within a constant factor of what changed, and is nearly the same for each op, however large the document.
void Document::maybe_checkpoint() {
  if (!replica_ || reload_when_drained_ || checkpoint_ || checkpoint_busy_ || phase_ == Phase::kErasing) return;
  const auto& settings = context_.settings;
  if (replica_->log_bytes <= settings.checkpoint_log_bytes_min) return;
  const auto state_bytes = std::min(replica_->checkpoint_bytes, replica_->state.footprint().encoded_bytes);
  if (replica_->log_bytes <= state_bytes + state_bytes / 2) return;
  auto encoded = replica_->state.encode();
  if (!encoded) {
    base::log(base::LogLevel::kError, "a state could not be encoded",
              {{"tenant", key_.tenant}, {"document", key_.id}, {"reason", encoded.error().detail}});
    return;
  }
  checkpoint_ = host::Checkpoint{replica_->birth, replica_->version, replica_->check, replica_->type->format_written(),
                                 std::move(*encoded)};
  replica_->checkpoint_bytes = checkpoint_->encoded.size();
  replica_->log_bytes = 0;
  if (checkpoint_->version <= durable_version_) write_checkpoint();
}

void Document::write_checkpoint() {
  checkpoint_busy_ = true;
  observer_.work_started();
  auto checkpoint = std::make_shared<host::Checkpoint>(std::move(*checkpoint_));
  checkpoint_.reset();
  const auto version = checkpoint->version;
  const auto& settings = context_.settings;
  const Window window{replica_->first_version, durable_version_, context_.clock.wall_unix_ns(), settings.window_age,
                      settings.window_rows};
  auto work = [key = key_, checkpoint, window](host::StorageSession& session) -> host::StorageResult<std::uint64_t> {
    if (auto put = session.put_checkpoint(key, *checkpoint); !put) return std::move(put).error();
    auto first = first_to_keep(session, key, window);
    if (!first || *first == 0) return first;
    if (auto trimmed = session.trim(key, *first, window.now_unix_ns / 1'000'000); !trimmed) return std::move(trimmed).error();
    return first;
  };
  context_.store.run(host::SessionMode::kWrite, lane_, std::move(work),
                     [self = shared_from_this(), version](const host::StorageResult<std::uint64_t>& first_kept) {
                       self->checkpoint_written(version, first_kept);
                     });
}

void Document::checkpoint_written(std::uint64_t version, const host::StorageResult<std::uint64_t>& first_kept) {
  checkpoint_busy_ = false;
  if (!first_kept) {
    // The log is still whole: nothing is lost, the next checkpoint tries again.
    base::log(base::LogLevel::kWarning, "a checkpoint was not written, or the log behind it not trimmed",
              {{"tenant", key_.tenant}, {"document", key_.id}, {"reason", first_kept.error().message}});
  } else if (replica_ && replica_->version >= version) {
    replica_->checkpoint_version = version;
    replica_->first_version = std::max(replica_->first_version, *first_kept);
  }
  if (phase_ == Phase::kDraining && nothing_pending()) after_commit();
  observer_.settled(*this);
  observer_.work_finished();
}

void Document::unload_if_idle() {
  const bool idle = phase_ == Phase::kReady && nothing_pending() && waiting_.empty() && busy_keys_.empty() && fetches_ == 0 &&
                    !checkpoint_busy_ && !checkpoint_;
  // A busy one says nothing: it would be asked again at once, and again, for as long as it is busy.
  if (!idle) return;
  drop_state();
  observer_.settled(*this);
}

std::uint64_t Document::memory_bytes() const {
  if (!replica_) return 0;
  return kDocumentOverheadBytes + replica_->state.footprint().memory_bytes + tail_.bytes();
}

bool Document::is_disposable() const {
  const bool nothing_loaded = phase_ == Phase::kCold || (phase_ == Phase::kReady && !replica_);
  return nothing_loaded && nothing_pending() && waiting_.empty() && unsettled_.empty() && busy_keys_.empty() && fetches_ == 0 &&
         !checkpoint_busy_;
}

}  // namespace crdtd::document
