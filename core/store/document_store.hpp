// The store as the engine sees it: every call returns at once, the work runs on a storage thread, the answer comes to a lane.
//
// Appends go through the CommitQueue; everything else takes a session for itself. A fatal answer, wherever it turns up, marks the
// store as failed. Threads: [any]. Lifetime: outlives the engine.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "base/lane.hpp"
#include "store/commit_queue.hpp"
#include "store/session_pool.hpp"

namespace crdtd::store {

class DocumentStore {
 public:
  DocumentStore(host::Store& store, base::StorageExecutor& executor, base::Scheduler& scheduler, const base::Clock& clock,
                CommitSettings settings, std::function<void(std::string)> on_failure)
      : sessions_(store), executor_(executor), commits_(sessions_, executor, scheduler, clock, settings, std::move(on_failure)) {}

  void append(std::unique_ptr<host::AppendEntry> entry, std::shared_ptr<base::Lane> lane, CommitDone done) {
    commits_.submit(std::move(entry), std::move(lane), std::move(done));
  }

  // Runs `work(session) -> host::StorageResult<T>` on a storage thread and hands its result to `done(result)` on `lane`.
  // `work` may do more than read: decoding a large state there keeps it off the lanes.
  template <class Work, class Done>
  void run(host::SessionMode mode, std::shared_ptr<base::Lane> lane, Work work, Done done);

  bool failed() const noexcept { return commits_.failed(); }
  // See CommitQueue. [main]
  void abandon() { commits_.abandon(); }

 private:
  SessionPool sessions_;
  base::StorageExecutor& executor_;
  CommitQueue commits_;
};

template <class Work, class Done>
void DocumentStore::run(host::SessionMode mode, std::shared_ptr<base::Lane> lane, Work work, Done done) {
  using R = decltype(work(std::declval<host::StorageSession&>()));
  auto slot = std::make_shared<std::optional<R>>();
  auto job = [this, mode, slot, work = std::move(work)]() mutable {
    auto session = sessions_.take(mode);
    if (!session) {
      slot->emplace(std::move(session).error());
      return;
    }
    slot->emplace(work(*session));
    const auto& result = **slot;
    const bool broken = !result && (result.error().status == host::StorageStatus::kFatal ||
                                    result.error().status == host::StorageStatus::kUnknown);
    if (!broken) sessions_.give_back(mode, std::move(*session));
    if (!result && result.error().status == host::StorageStatus::kFatal) commits_.fail(result.error().message);
  };
  const auto kind = mode == host::SessionMode::kRead ? base::StorageWork::kRead : base::StorageWork::kWrite;
  executor_.run(kind, std::move(job), std::move(lane), [slot, done = std::move(done)]() mutable { done(std::move(**slot)); });
}

}  // namespace crdtd::store
