// What merge() promises: deltas and encoded states join, in whatever causal order and however often they come.
#include <algorithm>
#include <utility>

#include "crdt/law.hpp"

namespace crdtd::conformance {
namespace {

// Two concurrent deltas, merged in either order into what has the causes of both.
class Commutes : public Watch {
 public:
  void edited(const Event& event) override {
    if (event.row == nullptr) return;
    const Row& mine = *event.row;
    World& world = event.world;
    std::vector<const Row*> others;
    for (const Row& row : world.rows()) {
      if (row.author != mine.author && !World::covers(mine.causes, row)) others.push_back(&row);
    }
    if (others.empty()) return;
    const Row& other = *others[roll(world.dice(), others.size())];
    Instance left = world.rebuilt(World::join(mine.causes, other.causes));
    Instance right = copy_of(left);
    world.take(left, mine);
    world.take(left, other);
    world.take(right, other);
    world.take(right, mine);
    expect_same_state(world.row_name(mine) + " and " + world.row_name(other) + " are concurrent; merged the other way round",
                      left, right);
  }
};

class Associates : public Watch {
 public:
  void stepped(World& world, Replica& me) override {
    const auto count = static_cast<std::uint32_t>(world.replicas().size());
    const std::string a = me.state.encode(), b = world.replicas()[(me.index + 1) % count].state.encode(),
                      c = world.replicas()[(me.index + 2) % count].state.encode();
    Instance first_left(world.setup(), a), right(world.setup(), b), first_right(world.setup(), a);
    join(first_left, b);
    join(first_left, c);
    join(right, c);
    join(first_right, right.encode());
    expect_same_state("the states of three replicas, a + (b + c) instead of (a + b) + c", first_left, first_right);
  }

 private:
  static void join(Instance& into, const std::string& encoded) {
    const Answer answer = into.merge(encoded);
    if (!answer.ok()) throw LawBroken{"merge() of an encoded state: expected OK, came " + failure_text(answer)};
  }
};

class Repeats : public Watch {
 public:
  void stepped(World& world, Replica& me) override {
    if (me.log.empty()) return;
    repeat(world, me, world.rows()[me.log.back()]);
    repeat(world, me, world.rows()[me.log[roll(world.dice(), me.log.size())]]);
  }

 private:
  static void repeat(World& world, Replica& me, const Row& row) {
    const std::string before = me.state.encode();
    const bool gate = roll(world.dice(), 2) == 0;
    world.take(me.state, row, gate ? world.gate() : CallStyle{});
    expect_same(world.row_name(row) + " merged again by " + replica_name(me.index) + (gate ? " with ADMIT" : ""), before,
                me.state.encode());
  }
};

// All replicas receive all that is missing, each in an order of its own, and much of it again.
class Converges : public Watch {
 public:
  void finished(World& world) override {
    for (Replica& me : world.replicas()) {
      std::vector<const Row*> had;
      for (const std::size_t row : me.log) had.push_back(&world.rows()[row]);
      while (const Row* next = draw(world, me.seen)) {
        world.take(me.state, *next);
        me.seen[next->author] = next->last();
        had.push_back(next);
        if (roll(world.dice(), 2) == 0) world.take(me.state, *had[roll(world.dice(), had.size())]);
      }
      expect_same_state("when all have received everything, " + replica_name(me.index) + " beside A",
                        world.replicas().front().state, me.state);
    }
  }

 private:
  static const Row* draw(World& world, const Version& seen) {
    std::vector<const Row*> ready;
    for (const Row& row : world.rows()) {
      if (World::follows(row, seen)) ready.push_back(&row);
    }
    return ready.empty() ? nullptr : ready[roll(world.dice(), ready.size())];
  }
};

// A delta whose causes are not all there: GAP and no change; or taken, where order does not matter to the type, and then it must
// not have mattered.
class MissingCause : public Watch {
 public:
  void stepped(World& world, Replica& me) override {
    std::vector<const Row*> early;
    for (const Row& row : world.rows()) {
      if (!World::covers(me.seen, row) && !World::follows(row, me.seen)) early.push_back(&row);
    }
    if (early.empty()) return;
    const Row& row = *early[roll(world.dice(), early.size())];
    const bool taken = tried(world, me, row, {});
    if (tried(world, me, row, world.gate()) != taken) {
      throw LawBroken{name(world, me, row) + ": " +
                      (taken ? "taken without ADMIT, refused with it" : "refused without ADMIT, taken with it") +
                      "; a missing cause is GAP with and without ADMIT"};
    }
  }

 private:
  static std::string name(const World& world, const Replica& me, const Row& row) {
    return world.row_name(row) + " (" + shown(row.delta) + ") at " + replica_name(me.index) + ", which lacks a cause of it";
  }

  static bool tried(World& world, const Replica& me, const Row& row, const CallStyle& style) {
    const std::string before = me.state.encode();
    Instance copy(world.setup(), before);
    const Answer answer = copy.merge(row, style);
    if (!answer.ok()) {
      if (answer.status != CRDTD_GAP) throw LawBroken{name(world, me, row) + ": expected GAP, came " + failure_text(answer)};
      expect_same(name(world, me, row) + ": refused, so the state stays", before, copy.encode());
      const auto expected = static_cast<std::int64_t>(me.seen[row.author] + 1);
      if (row.first > me.seen[row.author] + 1 && answer.detail != 0 && answer.detail != expected) {
        throw LawBroken{name(world, me, row) + ": GAP must tell the counter that was expected, " + std::to_string(expected) +
                        " (or 0), came " + std::to_string(answer.detail)};
      }
      return false;
    }
    const Version causes = World::join(me.seen, row.causes);
    for (const Row& cause : world.rows()) {
      if (World::covers(row.causes, cause) && !World::covers(me.seen, cause)) world.take(copy, cause);
    }
    Instance in_order = world.rebuilt(causes);
    world.take(in_order, row);
    expect_same_state(name(world, me, row) + ": taken, so its causes that come later must lead to the same state", in_order,
                      copy);
    return true;
  }
};

// merge(a, encode(b)) is the join: of both sides, of a and what it lacks row by row, of nothing and b, of b and b; healed or not.
class EncodedStateJoins : public Watch {
 public:
  void stepped(World& world, Replica& me) override {
    const auto count = static_cast<std::uint32_t>(world.replicas().size());
    const Replica& other = world.replicas()[(me.index + 1 + roll(world.dice(), count - 1)) % count];
    const std::string mine = me.state.encode(), theirs = other.state.encode();
    Instance joined(world.setup(), mine);
    merge(joined, theirs, {});
    Instance mirrored(world.setup(), theirs);
    merge(mirrored, mine, {});
    expect_same_state("the encoded states of two replicas, merged in the other direction", joined, mirrored);
    Instance row_by_row(world.setup(), mine);
    for (const std::size_t index : other.log) {
      const Row& row = world.rows()[index];
      if (!World::covers(me.seen, row)) world.take(row_by_row, row);
    }
    expect_same_state("an encoded state instead of its deltas, row by row", row_by_row, joined);
    Instance healed(world.setup(), mine);
    CallStyle heal = world.gate();
    heal.flags |= CRDTD_FLAG_HEAL;
    merge(healed, theirs, heal);
    expect_same_state("an encoded state merged with ADMIT and HEAL", joined, healed);
    Instance again = copy_of(joined);
    merge(again, mine, {});
    merge(again, theirs, {});
    expect_same_state("both encoded states merged again", joined, again);
    Instance fresh(world.setup());
    merge(fresh, mine, {});
    expect_same_state("an encoded state merged into an empty one", me.state, fresh);
  }

 private:
  static void merge(Instance& into, const std::string& encoded, const CallStyle& style) {
    const Answer answer = into.merge(encoded, {}, style);
    if (!answer.ok()) {
      throw LawBroken{"merge() of the encoded state " + shown(encoded) + ": expected OK, came " + failure_text(answer)};
    }
  }
};

}  // namespace

std::vector<Law> join_laws() {
  return {
      {"merge-commutative", "Two concurrent deltas give the same state in either order.", judge_by_watching<Commutes>},
      {"merge-associative", "Encoded states give the same state however they are grouped.", judge_by_watching<Associates>},
      {"merge-idempotent", "A delta that comes again changes nothing.", judge_by_watching<Repeats>},
      {"causal-delivery-converges", "Replicas that received the same deltas, in any causal order, with repeats, are equal.",
       judge_by_watching<Converges>},
      {"missing-cause-refused",
       "A delta that comes before its causes is answered GAP and changes nothing, or its order does not matter.",
       judge_by_watching<MissingCause>},
      {"encoded-state-joins", "An encoded state is a delta: merging it is the join, in both directions.",
       judge_by_watching<EncodedStateJoins>},
  };
}

}  // namespace crdtd::conformance
