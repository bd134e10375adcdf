// The engine's seams on virtual time: one thread, no waiting, every order of events chosen here and repeatable from a seed.
//
// A test posts requests, then lets the world run: run_until_idle() runs what is due now, advance() lets time pass, settle() lets
// it pass until nothing is left to do. Storage jobs run by themselves unless held; a crash drops all that is under way.
// Threads: one. Lifetime: the world outlives whatever was given its seams.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/lane.hpp"
#include "base/random.hpp"

namespace crdtd::testing {

class VirtualClock final : public base::Clock {
 public:
  base::Duration monotonic() const override { return monotonic_; }
  std::uint64_t wall_unix_ns() const override { return wall_unix_ns_; }

  void pass(base::Duration by);                                      // both clocks
  void set_wall(std::uint64_t unix_ns) { wall_unix_ns_ = unix_ns; }  // a jump: the monotonic clock does not notice

 private:
  base::Duration monotonic_{std::chrono::hours(1)};
  std::uint64_t wall_unix_ns_ = 1'700'000'000'000'000'000;
};

// SplitMix64 (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
class SeededRandom final : public base::Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next_u64() override;
  std::uint64_t below(std::uint64_t bound);  // 0 … bound - 1
  bool chance(unsigned percent) { return below(100) < percent; }

 private:
  std::uint64_t state_;
};

// CRDTD_TEST_SEED if it is set, else `fallback`; prints it with `name` on standard error, so that a failure can be repeated.
std::uint64_t test_seed(const char* name, std::uint64_t fallback);
// CRDTD_TEST_SCALE: how many times more than usual a randomised test runs; 1 unless set.
unsigned test_scale();
// "doc7"
std::string numbered(std::string prefix, std::uint64_t number);

class VirtualScheduler;

class VirtualLane final : public base::Lane, public std::enable_shared_from_this<VirtualLane> {
 public:
  explicit VirtualLane(VirtualScheduler& scheduler) : scheduler_(scheduler) {}
  void post(base::Task task) override;
  void post_after(base::Duration delay, base::Task task) override;
  bool runs_here() const noexcept override;

 private:
  friend class VirtualScheduler;
  VirtualScheduler& scheduler_;
  std::deque<base::Task> tasks_;
};

class VirtualScheduler final : public base::Scheduler {
 public:
  explicit VirtualScheduler(VirtualClock& clock) : clock_(clock) {}
  std::shared_ptr<base::Lane> make_lane() override;

  bool ready() const noexcept { return !tokens_.empty(); }
  // Runs one task: the oldest, or, with `random`, the oldest of a lane drawn among those that have one.
  void step(SeededRandom* random);
  bool has_timer() const noexcept { return !timers_.empty(); }
  base::Duration next_timer() const { return timers_.begin()->first; }
  void fire_due();  // moves what is due now to its lane
  void drop_all();

 private:
  friend class VirtualLane;
  using Timer = std::pair<std::shared_ptr<VirtualLane>, base::Task>;

  VirtualClock& clock_;
  std::deque<std::shared_ptr<VirtualLane>> tokens_;  // one a task; whichever is taken runs its lane's oldest
  std::multimap<base::Duration, Timer> timers_;
  const VirtualLane* running_ = nullptr;
};

class VirtualStorageExecutor final : public base::StorageExecutor {
 public:
  explicit VirtualStorageExecutor(SeededRandom& random) : random_(random) {}
  void run(base::StorageWork kind, base::Task job, std::shared_ptr<base::Lane> lane, base::Task done) override;

  std::size_t waiting(base::StorageWork kind) const { return queue(kind).size(); }
  // While held, jobs of this kind run only by step().
  void hold(base::StorageWork kind, bool held = true) { held_[index(kind)] = held; }
  bool runnable(base::StorageWork kind) const { return !queue(kind).empty() && !held_[index(kind)]; }
  void step(base::StorageWork kind);  // runs the oldest job; its `done` is posted after the delay
  // Between a job and its `done`: up to `max`, drawn; 0: at once.
  void set_delay(base::Duration max) { delay_max_ = max; }
  void drop_all();

 private:
  struct Job {
    base::Task job;
    std::shared_ptr<base::Lane> lane;
    base::Task done;
  };
  static std::size_t index(base::StorageWork kind) { return kind == base::StorageWork::kRead ? 0 : 1; }
  std::deque<Job>& queue(base::StorageWork kind) { return queues_[index(kind)]; }
  const std::deque<Job>& queue(base::StorageWork kind) const { return queues_[index(kind)]; }

  SeededRandom& random_;
  std::array<std::deque<Job>, 2> queues_;
  std::array<bool, 2> held_{};
  base::Duration delay_max_{0};
};

class VirtualWorld {
 public:
  explicit VirtualWorld(std::uint64_t seed = 1) : random(seed), chance_(seed ^ 0x5EED), scheduler(clock), executor(chance_) {}

  void interleave_at_random(bool on) { at_random_ = on; }
  bool step();            // one event that is due now, if there is one
  void run_until_idle();  // all that is due now, without letting time pass
  void advance(base::Duration by);
  // Lets time pass until nothing is left to do but what is held, at most `limit`. True if that was reached.
  bool settle(base::Duration limit = std::chrono::hours(1));
  void crash();  // what is under way is never heard of again

  VirtualClock clock;
  SeededRandom random;

 private:
  SeededRandom chance_;  // apart from `random`, so that the order of events does not change the ids that the engine draws
  bool at_random_ = false;

 public:
  VirtualScheduler scheduler;
  VirtualStorageExecutor executor;
};

}  // namespace crdtd::testing
