// The I/O threads: each runs a loop of its own, with sockets, timers and lanes that stay with it for good.
//
// A loop has one io_context and one queue of what is posted to it. So what happens on one loop needs no lock and wakes nobody; a
// hop to another loop is a push under that loop's mutex, and one wake-up for all that is pushed while it has not looked yet. In
// production a loop's tasks run in the order in which they were posted, whatever their lanes.
// IoLoops is the base::Scheduler of production: lanes are dealt out to the loops in turn. Tasks must not throw.
// Threads: all functions [any], but run(), constructors and destructors [main].
// Lifetime: outlives its lanes, sockets and timers; what still waits is freed, unrun, when the loops go.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "base/lane.hpp"

namespace crdtd::net {

class IoLoop {
 public:
  IoLoop() : work_(io_.get_executor()) {}
  ~IoLoop() { close(); }
  IoLoop(const IoLoop&) = delete;
  IoLoop& operator=(const IoLoop&) = delete;

  // For sockets and timers; their handlers run on this loop.
  boost::asio::io_context& io() noexcept { return io_; }
  // Runs `task` on this loop, later. `lane`: for whom, 0 for nobody.
  void post(base::Task task, std::uint64_t lane = 0);
  bool runs_here() const noexcept;
  bool runs_here(std::uint64_t lane) const noexcept { return runs_here() && lane_now_ == lane; }

 private:
  friend class IoLoops;
  friend class LoopLane;
  struct Posted {
    base::Task task;
    std::uint64_t lane = 0;
  };
  struct Context : boost::asio::io_context {
    Context() : io_context(1) {}  // one thread runs it
    using execution_context::shutdown;
  };

  void run();
  void drain();
  void run_task(base::Task& task, std::uint64_t lane);
  void close();     // frees what waits; what is posted from now on is dropped
  void shutdown();  // after close(): frees what waits for sockets and timers

  std::mutex mutex_;
  std::vector<Posted> waiting_;  // guarded by mutex_
  bool scheduled_ = false;       // guarded by mutex_; drain() is on its way, or under way
  bool closed_ = false;          // guarded by mutex_
  std::vector<Posted> running_;
  std::uint64_t lane_now_ = 0;
  Context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
};

class IoLoops final : public base::Scheduler {
 public:
  explicit IoLoops(std::size_t count);
  ~IoLoops() override;

  // What is posted to a lane runs even if the lane's last owner lets go of it first.
  std::shared_ptr<base::Lane> make_lane() override;
  IoLoop& first() noexcept { return *loops_.front(); }
  IoLoop& next() noexcept;  // in turn, for whatever should be spread over the threads

  // Serves until stop(), the first loop on the caller's thread, each other one on a thread of its own.
  void run();
  void stop();

 private:
  std::vector<std::unique_ptr<IoLoop>> loops_;  // never empty
  std::atomic<std::size_t> turn_{0};
  std::atomic<std::uint64_t> lane_last_{0};
};

}  // namespace crdtd::net
