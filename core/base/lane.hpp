// The seam for threads: a Lane runs what is posted to it one after another, in order, never two at a time.
//
// In production a lane is a place in the queue of one I/O thread; in a simulation it is a queue that the simulator steps. Code on
// a lane needs no lock for what that lane owns. `[doc]`, `[store]` in comments name the lane.
#pragma once

#include <memory>

#include "base/clock.hpp"
#include "base/task.hpp"

namespace crdtd::base {

class Lane {
 public:
  virtual ~Lane() = default;
  virtual void post(Task task) = 0;                        // runs later, never within the call [any]
  virtual void post_after(Duration delay, Task task) = 0;  // not before `delay` of monotonic time has passed [any]
  virtual bool runs_here() const noexcept = 0;             // is the caller on this lane? [any]
};

class Scheduler {
 public:
  virtual ~Scheduler() = default;
  virtual std::shared_ptr<Lane> make_lane() = 0;  // [any]
};

// The seam for blocking work: runs jobs on threads that may block, and reports back to a lane.
// Writes are few and wait for the disk, reads are many and short, so that each kind has threads of its own.
enum class StorageWork { kRead, kWrite };

class StorageExecutor {
 public:
  virtual ~StorageExecutor() = default;
  // Runs `job` on a storage thread [storage], then posts `done` to `lane`. Never refuses; callers bound what they have under way.
  // A crash of the simulated machine may drop either.
  virtual void run(StorageWork kind, Task job, std::shared_ptr<Lane> lane, Task done) = 0;  // [any]
};

}  // namespace crdtd::base

#define CRDTD_ASSERT_ON_LANE(lane) CRDTD_ASSERT((lane)->runs_here())
