#include "virtual_world.hpp"

#include <cstdio>
#include <cstdlib>

#include "base/assert.hpp"

namespace crdtd::testing {

using base::StorageWork;

void VirtualClock::pass(base::Duration by) {
  CRDTD_ASSERT(by.count() >= 0);
  monotonic_ += by;
  wall_unix_ns_ += static_cast<std::uint64_t>(by.count());
}

std::uint64_t SeededRandom::next_u64() {
  state_ += 0x9E3779B97F4A7C15ULL;
  std::uint64_t mixed = state_;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ULL;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBULL;
  return mixed ^ (mixed >> 31);
}

std::uint64_t SeededRandom::below(std::uint64_t bound) {
  CRDTD_ASSERT(bound > 0);
  return next_u64() % bound;
}

std::uint64_t test_seed(const char* name, std::uint64_t fallback) {
  const char* text = std::getenv("CRDTD_TEST_SEED");
  const std::uint64_t seed = text != nullptr && *text != '\0' ? std::strtoull(text, nullptr, 0) : fallback;
  std::fprintf(stderr, "%s: CRDTD_TEST_SEED=%llu\n", name, static_cast<unsigned long long>(seed));
  return seed;
}

unsigned test_scale() {
  const char* text = std::getenv("CRDTD_TEST_SCALE");
  const unsigned long scale = text != nullptr ? std::strtoul(text, nullptr, 10) : 1;
  return scale == 0 ? 1 : static_cast<unsigned>(scale);
}

std::string numbered(std::string prefix, std::uint64_t number) {
  prefix += std::to_string(number);
  return prefix;
}

// --- lanes ---

void VirtualLane::post(base::Task task) {
  tasks_.push_back(std::move(task));
  scheduler_.tokens_.push_back(shared_from_this());
}

void VirtualLane::post_after(base::Duration delay, base::Task task) {
  scheduler_.timers_.emplace(scheduler_.clock_.monotonic() + delay, VirtualScheduler::Timer(shared_from_this(), std::move(task)));
}

bool VirtualLane::runs_here() const noexcept { return scheduler_.running_ == this; }

std::shared_ptr<base::Lane> VirtualScheduler::make_lane() { return std::make_shared<VirtualLane>(*this); }

void VirtualScheduler::step(SeededRandom* random) {
  CRDTD_ASSERT(ready() && running_ == nullptr);
  std::shared_ptr<VirtualLane> lane;
  if (random != nullptr) {
    std::swap(tokens_[random->below(tokens_.size())], tokens_.back());
    lane = std::move(tokens_.back());
    tokens_.pop_back();
  } else {
    lane = std::move(tokens_.front());
    tokens_.pop_front();
  }
  base::Task task = std::move(lane->tasks_.front());
  lane->tasks_.pop_front();
  running_ = lane.get();
  task();
  task = {};  // what it holds goes while its lane still runs
  running_ = nullptr;
}

void VirtualScheduler::fire_due() {
  while (has_timer() && next_timer() <= clock_.monotonic()) {
    auto timer = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    timer.first->post(std::move(timer.second));
  }
}

// What goes may post more as it goes; that is dropped as well.
void VirtualScheduler::drop_all() {
  while (ready() || has_timer()) {
    const auto tokens = std::exchange(tokens_, {});
    const auto timers = std::exchange(timers_, {});
    for (const auto& lane : tokens) lane->tasks_.clear();
  }
}

// --- storage ---

void VirtualStorageExecutor::run(StorageWork kind, base::Task job, std::shared_ptr<base::Lane> lane, base::Task done) {
  queue(kind).push_back({std::move(job), std::move(lane), std::move(done)});
}

void VirtualStorageExecutor::step(StorageWork kind) {
  CRDTD_ASSERT(waiting(kind) > 0);
  Job job = std::move(queue(kind).front());
  queue(kind).pop_front();
  job.job();
  const auto most = static_cast<std::uint64_t>(delay_max_.count());
  if (most == 0) {
    job.lane->post(std::move(job.done));
  } else {
    job.lane->post_after(base::Duration(random_.below(most)), std::move(job.done));
  }
}

void VirtualStorageExecutor::drop_all() {
  for (auto& jobs : queues_) {
    const auto dropped = std::exchange(jobs, {});
  }
}

// --- the world ---

bool VirtualWorld::step() {
  scheduler.fire_due();
  const bool reads = executor.runnable(StorageWork::kRead);
  const bool writes = executor.runnable(StorageWork::kWrite);
  const unsigned choices = (scheduler.ready() ? 1u : 0u) + (reads ? 1u : 0u) + (writes ? 1u : 0u);
  if (choices == 0) return false;
  std::uint64_t choice = at_random_ ? chance_.below(choices) : 0;
  if (scheduler.ready() && choice-- == 0) {
    scheduler.step(at_random_ ? &chance_ : nullptr);
  } else if (writes && choice-- == 0) {
    executor.step(StorageWork::kWrite);
  } else {
    executor.step(StorageWork::kRead);
  }
  return true;
}

void VirtualWorld::run_until_idle() {
  while (step()) {
  }
}

void VirtualWorld::advance(base::Duration by) {
  const auto until = clock.monotonic() + by;
  run_until_idle();
  while (scheduler.has_timer() && scheduler.next_timer() <= until) {
    clock.pass(scheduler.next_timer() - clock.monotonic());
    run_until_idle();
  }
  clock.pass(until - clock.monotonic());
}

bool VirtualWorld::settle(base::Duration limit) {
  const auto until = clock.monotonic() + limit;
  run_until_idle();
  while (scheduler.has_timer()) {
    if (scheduler.next_timer() > until) return false;
    clock.pass(scheduler.next_timer() - clock.monotonic());
    run_until_idle();
  }
  return true;
}

void VirtualWorld::crash() {
  while (scheduler.ready() || scheduler.has_timer() ||
         executor.waiting(StorageWork::kRead) + executor.waiting(StorageWork::kWrite) > 0) {
    executor.drop_all();
    scheduler.drop_all();
  }
}

}  // namespace crdtd::testing
