#include "store/commit_queue.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"

namespace crdtd::store {
namespace {

constexpr std::uint64_t kEntryOverheadBytes = 128;  // envelope and bookkeeping, beside names and deltas
constexpr base::Duration kPauseFirst = std::chrono::milliseconds(5);
constexpr base::Duration kPauseMax = std::chrono::seconds(1);

std::uint64_t size_of(const host::AppendEntry& entry) {
  std::uint64_t bytes = kEntryOverheadBytes + entry.doc.tenant.size() + entry.doc.id.size();
  for (const auto& row : entry.rows) bytes += kEntryOverheadBytes + row->node.size() + row->key.size() + row->delta.size();
  for (const auto& key : entry.keys) bytes += kEntryOverheadBytes + key.node.size() + key.key.size();
  return bytes;
}

}  // namespace

// One append under way: what the storage thread fills and the lane reads afterwards.
struct CommitQueue::Flight {
  Batch batch;
  std::vector<host::AppendVerdict> verdicts;
  std::string message;
};

CommitQueue::CommitQueue(SessionPool& sessions, base::StorageExecutor& executor, base::Scheduler& scheduler,
                         const base::Clock& clock, CommitSettings settings, std::function<void(std::string)> on_failure)
    : sessions_(sessions),
      executor_(executor),
      clock_(clock),
      settings_(settings),
      on_failure_(std::move(on_failure)),
      lane_(scheduler.make_lane()) {}

void CommitQueue::submit(std::unique_ptr<host::AppendEntry> entry, std::shared_ptr<base::Lane> lane, CommitDone done) {
  Waiting waiting;
  waiting.bytes = size_of(*entry);
  waiting.entry = std::move(entry);
  waiting.lane = std::move(lane);
  waiting.done = std::move(done);
  if (failed()) return answer(std::move(waiting), {host::StorageStatus::kFatal, false});
  enqueue(std::move(waiting));
}

void CommitQueue::enqueue(Waiting waiting) {
  {
    const std::lock_guard lock(mutex_);
    const std::string& name = waiting.entry->doc.tenant;
    auto found = by_name_.find(name);
    if (found == by_name_.end()) {
      const auto tenant = turn_.insert(turn_.end(), Tenant{name, {}});
      found = by_name_.emplace(tenant->name, tenant).first;
    }
    found->second->queue.push_back(std::move(waiting));
    if (appending_ == settings_.writers) return;  // whoever appends looks again before it ends
    ++appending_;
  }
  start();
}

// One entry of each tenant in turn until nothing waits or a bound is met; a single entry beyond the bound still goes.
CommitQueue::Batch CommitQueue::take_batch() {
  const std::lock_guard lock(mutex_);
  Batch batch;
  std::uint64_t bytes = 0;
  while (!turn_.empty() && batch.size() < settings_.batch_entries_max) {
    auto tenant = turn_.begin();
    auto& next = tenant->queue.front();
    if (!batch.empty() && bytes + next.bytes > settings_.batch_bytes_max) break;
    bytes += next.bytes;
    batch.push_back(std::move(next));
    tenant->queue.pop_front();
    if (tenant->queue.empty()) {
      by_name_.erase(tenant->name);
      turn_.erase(tenant);
    } else {
      turn_.splice(turn_.end(), turn_, tenant);
    }
  }
  return batch;
}

void CommitQueue::start() {
  auto flight = std::make_shared<Flight>();
  executor_.run(
      base::StorageWork::kWrite, [this, flight] { append_next(*flight); }, lane_, [this, flight] { landed(*flight); });
}

void CommitQueue::append_next(Flight& flight) {
  flight.batch = take_batch();
  if (failed()) {
    flight.verdicts.assign(flight.batch.size(), {host::StorageStatus::kFatal, 0});
  } else if (!flight.batch.empty()) {
    append(flight);
  }
  const bool fatal = std::any_of(flight.verdicts.begin(), flight.verdicts.end(), [](const host::AppendVerdict& verdict) {
    return verdict.failure == host::StorageStatus::kFatal;
  });
  if (fatal) fail(flight.message.empty() ? "an append failed for good" : flight.message);  // before the next one begins
  {
    const std::lock_guard lock(mutex_);
    if (turn_.empty()) {
      --appending_;
      return;
    }
  }
  start();
}

void CommitQueue::append(Flight& flight) {
  auto& verdicts = flight.verdicts;
  auto session = sessions_.take(host::SessionMode::kWrite);
  if (!session) {
    flight.message = session.error().message;
    verdicts.assign(flight.batch.size(), {session.error().status, 0});
    return;
  }
  std::vector<const host::AppendEntry*> entries;
  entries.reserve(flight.batch.size());
  for (const auto& waiting : flight.batch) entries.push_back(waiting.entry.get());
  auto result = session->append(entries);
  if (result) {
    verdicts = std::move(*result);
  } else {
    flight.message = result.error().message;
    verdicts.assign(entries.size(), {result.error().status, 0});
  }
  const bool broken = std::any_of(verdicts.begin(), verdicts.end(), [](const host::AppendVerdict& verdict) {
    return verdict.failure == host::StorageStatus::kUnknown || verdict.failure == host::StorageStatus::kFatal;
  });
  if (!broken) sessions_.give_back(host::SessionMode::kWrite, std::move(*session));
}

void CommitQueue::landed(Flight& flight) {
  CRDTD_ASSERT(flight.verdicts.size() == flight.batch.size());
  for (std::size_t i = 0; i < flight.batch.size(); ++i) settle(std::move(flight.batch[i]), flight.verdicts[i]);
}

void CommitQueue::settle(Waiting waiting, const host::AppendVerdict& verdict) {
  using Status = host::StorageStatus;
  if (verdict.failure == Status::kUnknown) waiting.was_unknown = true;
  // Even what this append stored: beside a failed one nobody knows what the disk keeps.
  if (failed()) {
    const bool in_doubt = waiting.was_unknown;
    return answer(std::move(waiting), {Status::kFatal, in_doubt});
  }
  // Only success and a conflict settle what an earlier try left open: anything else says nothing about that one.
  const bool settled = !verdict.failure || verdict.failure == Status::kConflict || verdict.failure == Status::kFatal;
  const bool again = verdict.failure == Status::kRetry || (waiting.was_unknown && !settled);
  if (again) return try_again(std::move(waiting), *verdict.failure);
  const bool was_unknown = waiting.was_unknown;
  answer(std::move(waiting), {verdict.failure, was_unknown});
}

void CommitQueue::try_again(Waiting waiting, host::StorageStatus why) {
  const auto now = clock_.monotonic();
  if (waiting.tries == 0) waiting.first_try = now;
  if (now - waiting.first_try >= settings_.unknown_timeout) {
    // What may or may not be stored can be neither acknowledged nor refused.
    if (waiting.was_unknown) fail("the outcome of an append could not be found out in time");
    const CommitOutcome outcome{waiting.was_unknown ? host::StorageStatus::kFatal : why, waiting.was_unknown};
    return answer(std::move(waiting), outcome);
  }
  const auto pause = std::min(kPauseMax, kPauseFirst * (1 << std::min(waiting.tries, 10u)));
  ++waiting.tries;
  lane_->post_after(pause, [this, waiting = std::move(waiting)]() mutable { enqueue(std::move(waiting)); });
}

void CommitQueue::answer(Waiting waiting, CommitOutcome outcome) {
  auto lane = waiting.lane;
  lane->post([done = std::move(waiting.done), outcome]() mutable { done(outcome); });
}

void CommitQueue::abandon() {
  const std::lock_guard lock(mutex_);
  by_name_.clear();
  turn_.clear();
}

void CommitQueue::fail(std::string reason) {
  if (failed_.exchange(true, std::memory_order_acq_rel)) return;
  base::log(base::LogLevel::kError, "the storage failed; nothing is acknowledged any more", {{"reason", reason}});
  on_failure_(std::move(reason));
}

}  // namespace crdtd::store
