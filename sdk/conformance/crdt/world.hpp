// The replicas of one history while it is played: their states, what each has received, the rows that were made.
//
// A Watch looks on and judges. What no type may do whatever the law (refusing a delta whose causes are all there, say) breaks
// every law. Threads: one at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "crdt/history.hpp"

namespace crdtd::conformance {

using Version = std::vector<std::uint64_t>;  // by replica: the highest counter that was received

struct Row : LogRow {
  std::uint32_t step = 0;    // that made it
  std::uint32_t author = 0;  // replica
  Version causes;            // what its author had received
  std::uint64_t last() const { return first + count - 1; }
};

struct Replica {
  std::uint32_t index;
  std::uint64_t id;
  Instance state;
  Version seen;
  std::vector<std::size_t> log;  // rows, in the order in which they came
};

class World;

// What one step has done.
struct Event {
  World& world;
  Replica& me;
  const Step& step;
  std::string before;                 // me, encoded
  Answer answer;                      // of mutate or merge
  const Row* row = nullptr;           // edit: the one made, if any; deliver: the one merged
  const Replica* other = nullptr;     // join
  std::vector<const LogRow*> recent;  // edit: as passed to mutate
  Envelope author;                    // edit
};

class Watch {
 public:
  virtual ~Watch() = default;
  virtual void edited(const Event&) {}  // also when the batch was refused
  virtual void delivered(const Event&) {}
  virtual void joined(const Event&) {}
  virtual void stepped(World&, Replica&) {}  // after any step of that replica
  virtual void finished(World&) {}
};

class World {
 public:
  World(const Setup& setup, const History& history);

  // False when the step was not possible.
  bool play(const Step& step, Watch& watch);

  const Setup& setup() const noexcept { return *setup_; }
  std::vector<Replica>& replicas() noexcept { return replicas_; }
  const std::deque<Row>& rows() const noexcept { return rows_; }
  std::uint64_t clock() const noexcept { return clock_; }  // the latest of all
  CallStyle gate() const { return {CRDTD_FLAG_WANT_EFFECT | CRDTD_FLAG_ADMIT, clock_, nullptr, false}; }
  Dice& dice() noexcept { return dice_; }  // begins anew with each step, so that it draws the same when other steps go

  // Whether `row` is new to whoever has seen `seen`, and all its causes are there.
  static bool follows(const Row& row, const Version& seen);
  static bool covers(const Version& seen, const Row& row) { return seen[row.author] >= row.last(); }
  static Version join(Version left, const Version& right);
  // A state that has received exactly the rows that `seen` covers, each once, in the order in which they were made.
  Instance rebuilt(const Version& seen) const;
  // Merges `row`, whose causes `state` has; a refusal breaks the law.
  Answer take(Instance& state, const Row& row, const CallStyle& style = {}) const;
  std::string row_name(const Row& row) const;  // "A's 2" or "A's 2-4"

 private:
  void edit(const Step& step, Watch& watch);
  bool deliver(const Step& step, Watch& watch);
  bool join_state(const Step& step, Watch& watch);

  const Setup* setup_;
  std::uint64_t seed_;
  std::vector<Replica> replicas_;
  std::deque<Row> rows_;  // events point into it
  std::uint64_t clock_;
  Dice dice_;
};

// Plays all of it. What goes wrong is told with the step in which it did.
void play(const Setup& setup, const History& history, Watch& watch);

}  // namespace crdtd::conformance
