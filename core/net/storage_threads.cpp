#include "net/storage_threads.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

namespace crdtd::net {

// Shared with its threads, so that one that was given up never touches freed memory.
struct StorageThreads::Pool {
  struct Work {
    base::Task job;
    std::shared_ptr<base::Lane> lane;
    base::Task done;
  };

  std::mutex mutex;  // never held while a job runs
  std::condition_variable changed;
  std::condition_variable ended;
  std::deque<Work> waiting;
  bool stopping = false;
  std::size_t running = 0;  // threads that have not ended

  void work() {
    std::unique_lock lock(mutex);
    while (true) {
      changed.wait(lock, [this] { return stopping || !waiting.empty(); });
      if (waiting.empty()) break;
      Work next = std::move(waiting.front());
      waiting.pop_front();
      lock.unlock();
      next.job();
      next.job = {};  // what the job owned goes before its author hears of the end
      next.lane->post(std::move(next.done));
      next = {};
      lock.lock();
    }
    running -= 1;
    ended.notify_all();
  }

  bool stop(std::chrono::steady_clock::time_point until) {
    std::unique_lock lock(mutex);
    stopping = true;
    changed.notify_all();
    return ended.wait_until(lock, until, [this] { return running == 0; });
  }
};

StorageThreads::StorageThreads(StorageThreadCounts counts) : reads_(std::make_shared<Pool>()), writes_(std::make_shared<Pool>()) {
  start(reads_, std::max<std::size_t>(counts.readers, 1));
  start(writes_, std::max<std::size_t>(counts.writers, 1));
}

StorageThreads::~StorageThreads() { stop(std::chrono::hours(24 * 365)); }

void StorageThreads::start(const std::shared_ptr<Pool>& pool, std::size_t threads) {
  pool->running = threads;
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([pool] { pool->work(); });
}

void StorageThreads::run(base::StorageWork kind, base::Task job, std::shared_ptr<base::Lane> lane, base::Task done) {
  Pool& pool = kind == base::StorageWork::kRead ? *reads_ : *writes_;
  const std::lock_guard lock(pool.mutex);
  if (pool.stopping) return;
  pool.waiting.push_back({std::move(job), std::move(lane), std::move(done)});
  pool.changed.notify_one();
}

bool StorageThreads::stop(base::Duration wait_max) {
  if (threads_.empty()) return true;
  const auto until = std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::steady_clock::duration>(wait_max);
  const bool reads_ended = reads_->stop(until);
  const bool writes_ended = writes_->stop(until);
  const bool ended = reads_ended && writes_ended;
  for (auto& thread : threads_) ended ? thread.join() : thread.detach();
  threads_.clear();
  return ended;
}

}  // namespace crdtd::net
