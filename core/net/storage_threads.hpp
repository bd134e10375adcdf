// The threads that may block: a base::StorageExecutor with one pool for reads and one for writes, so that a long group commit
// never keeps a cold read waiting.
//
// Jobs of one kind start in the order given. Nothing is refused before stop(); callers bound what they have under way.
// Jobs must not throw.
// Threads: run() [any]; stop() and the destructor [main].
#pragma once

#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

#include "base/lane.hpp"

namespace crdtd::net {

struct StorageThreadCounts {
  std::size_t readers = 2;
  std::size_t writers = 1;
};

class StorageThreads final : public base::StorageExecutor {
 public:
  explicit StorageThreads(StorageThreadCounts counts);
  ~StorageThreads() override;  // stops; waits for the jobs under way without a limit, unless stop() gave up before
  StorageThreads(const StorageThreads&) = delete;
  StorageThreads& operator=(const StorageThreads&) = delete;

  // Once stop() has begun, neither `job` nor `done` runs.
  void run(base::StorageWork kind, base::Task job, std::shared_ptr<base::Lane> lane, base::Task done) override;

  // Finishes what was given, then ends the threads. False if a job still blocks after `wait_max`: its thread is given up, and the
  // process must end without destroying what the job uses (std::_Exit).
  bool stop(base::Duration wait_max);

 private:
  struct Pool;
  void start(const std::shared_ptr<Pool>& pool, std::size_t threads);
  std::shared_ptr<Pool> reads_;
  std::shared_ptr<Pool> writes_;
  std::vector<std::thread> threads_;
};

}  // namespace crdtd::net
