#include "net/io_loops.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <thread>
#include <utility>

namespace crdtd::net {

namespace asio = boost::asio;

namespace {

constexpr int kRoundsMax = 8;  // of the queue, before sockets and timers have their turn again

thread_local const IoLoop* loop_here = nullptr;

}  // namespace

class LoopLane final : public base::Lane {
 public:
  LoopLane(IoLoop& loop, std::uint64_t id) : loop_(loop), id_(id) {}

  void post(base::Task task) override { loop_.post(std::move(task), id_); }

  void post_after(base::Duration delay, base::Task task) override {
    // The timer lives in its own handler: one allocation, nothing to look after, gone with the loop.
    const auto wait = std::chrono::duration_cast<std::chrono::steady_clock::duration>(delay);
    auto timer = std::make_unique<asio::steady_timer>(loop_.io(), wait);
    auto& waiting = *timer;
    waiting.async_wait([&loop = loop_, id = id_, timer = std::move(timer),
                        task = std::move(task)](const boost::system::error_code& error) mutable {
      if (!error) loop.run_task(task, id);
    });
  }

  bool runs_here() const noexcept override { return loop_.runs_here(id_); }

 private:
  IoLoop& loop_;
  const std::uint64_t id_;
};

bool IoLoop::runs_here() const noexcept { return loop_here == this; }

void IoLoop::post(base::Task task, std::uint64_t lane) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    waiting_.push_back({std::move(task), lane});
    if (std::exchange(scheduled_, true)) return;
  }
  asio::post(io_, [this] { drain(); });
}

// What a task posts runs in the next round, so that a stage of all requests at hand is done before the stage behind it.
void IoLoop::drain() {
  for (int round = 0; round < kRoundsMax; ++round) {
    {
      const std::lock_guard lock(mutex_);
      scheduled_ = !waiting_.empty();
      if (!scheduled_) return;
      running_.swap(waiting_);
    }
    for (auto& [task, lane] : running_) {
      run_task(task, lane);
      task = {};
    }
    running_.clear();
  }
  asio::post(io_, [this] { drain(); });
}

void IoLoop::run_task(base::Task& task, std::uint64_t lane) {
  lane_now_ = lane;
  task();
  lane_now_ = 0;
}

void IoLoop::run() {
  loop_here = this;
  io_.run();
  loop_here = nullptr;
}

void IoLoop::close() {
  std::vector<Posted> dropped;  // freed without the lock: what goes may post
  const std::lock_guard lock(mutex_);
  closed_ = true;
  dropped.swap(waiting_);
}

void IoLoop::shutdown() { io_.shutdown(); }

IoLoops::IoLoops(std::size_t count) {
  for (std::size_t i = 0; i < std::max<std::size_t>(count, 1); ++i) loops_.push_back(std::make_unique<IoLoop>());
}

// What waits on one loop may hold what belongs to another: all of it is freed while every loop is still there.
IoLoops::~IoLoops() {
  for (auto& loop : loops_) loop->close();
  for (auto& loop : loops_) loop->shutdown();
}

std::shared_ptr<base::Lane> IoLoops::make_lane() {
  const auto id = lane_last_.fetch_add(1, std::memory_order_relaxed) + 1;
  return std::make_shared<LoopLane>(*loops_[id % loops_.size()], id);
}

IoLoop& IoLoops::next() noexcept { return *loops_[turn_.fetch_add(1, std::memory_order_relaxed) % loops_.size()]; }

void IoLoops::run() {
  std::vector<std::thread> others;
  for (std::size_t i = 1; i < loops_.size(); ++i) others.emplace_back([loop = loops_[i].get()] { loop->run(); });
  first().run();
  for (auto& other : others) other.join();
}

void IoLoops::stop() {
  for (auto& loop : loops_) loop->io_.stop();
}

}  // namespace crdtd::net
