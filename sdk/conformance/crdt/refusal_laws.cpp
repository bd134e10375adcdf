// What a refusal leaves behind: everything as it was, and a sentence that helps.
#include "crdt/law.hpp"
#include "crdt/mangle.hpp"

namespace crdtd::conformance {
namespace {

constexpr int kManglesPerStep = 6;

Envelope next_envelope(const World& world, const Replica& me) { return {me.id, me.seen[me.index] + 1, 0, world.clock(), "a"}; }

// Some good ops of the history, or none.
std::vector<std::string> good_ops(World& world, const Replica& me, const Step* step) {
  if (step == nullptr || step->ops.empty()) return {};
  const Answer taken = copy_of(me.state).mutate(json_array(step->ops), next_envelope(world, me), {}, world.gate());
  return taken.ok() ? step->ops : std::vector<std::string>{};
}

// Bad ops, bad texts: refused by a copy, they are tried on the replica itself, which then must be as before.
class ErrorLeavesState : public Watch {
 public:
  void edited(const Event& event) override {
    World& world = event.world;
    for (int i = 0; i < kManglesPerStep; ++i) {
      const std::string& op = event.step.ops[roll(world.dice(), event.step.ops.size())];
      attempt(world, event.me, "[" + mangled_op(op, world.dice()) + "]", false);
    }
    attempt(world, event.me, "[" + std::string(kUnknownOp) + "]", true);
    const auto& texts = texts_that_are_no_ops();
    attempt(world, event.me, texts[roll(world.dice(), texts.size())], true);
    attempt(world, event.me, texts[roll(world.dice(), texts.size())], true);
  }

 private:
  static void attempt(World& world, Replica& me, const std::string& ops, bool must_fail) {
    const std::string before = me.state.encode(), value = me.state.value();
    const Envelope author = next_envelope(world, me);
    const Answer first = Instance(world.setup(), before).mutate(ops, author, {}, world.gate());
    if (first.ok() && must_fail) throw LawBroken{"the ops " + shown(ops) + ": expected a refusal, came OK"};
    if (first.ok()) return;
    const Answer answer = me.state.mutate(ops, author, {}, world.gate());
    if (answer.ok())
      throw LawBroken{"the ops " + shown(ops) + ": refused by a loaded copy (" + failure_text(first) + "), taken here"};
    expect_same("after the refused ops " + shown(ops) + " (" + failure_text(answer) + "), encoded", before, me.state.encode());
    expect_same("after the refused ops " + shown(ops) + ", value", value, me.state.value());
  }
};

// Good ops around a bad one: nothing of the batch stays.
class AllOrNothing : public Watch {
 public:
  void edited(const Event& event) override {
    World& world = event.world;
    std::vector<std::string> ops = good_ops(world, event.me, &event.step);
    if (ops.empty()) return;
    const std::size_t at = roll(world.dice(), 2) == 0 ? ops.size() : roll(world.dice(), ops.size() + 1);
    ops.insert(ops.begin() + static_cast<std::ptrdiff_t>(at), kUnknownOp);
    const std::string batch = json_array(ops), before = event.me.state.encode(), value = event.me.state.value();
    const Answer answer = event.me.state.mutate(batch, next_envelope(world, event.me), {}, world.gate());
    if (answer.ok()) throw LawBroken{"the batch " + shown(batch, 240) + ": expected a refusal for its unknown op, came OK"};
    expect_same("after the refused batch " + shown(batch, 240) + ", encoded", before, event.me.state.encode());
    expect_same("after the refused batch " + shown(batch, 240) + ", value", value, event.me.state.value());
  }
};

// Which op, where in it, and why.
class RefusalsExplained : public Watch {
 public:
  void edited(const Event& event) override {
    World& world = event.world;
    if (!event.answer.ok()) check(event.answer, event.step.ops.size(), json_array(event.step.ops));
    std::vector<std::string> ops = good_ops(world, event.me, &event.step);
    const std::size_t at = roll(world.dice(), ops.size() + 1);
    ops.insert(ops.begin() + static_cast<std::ptrdiff_t>(at), kUnknownOp);
    const std::string batch = json_array(ops);
    const Answer answer = copy_of(event.me.state).mutate(batch, next_envelope(world, event.me), {}, world.gate());
    if (answer.ok()) return;  // another law's matter
    check(answer, ops.size(), batch);
    if (answer.op_index != at) {
      throw LawBroken{"the batch " + shown(batch, 240) + ": expected `op_index` " + std::to_string(at) + ", came " +
                      failure_text(answer)};
    }
    const std::string cut = event.before.substr(0, event.before.size() / 2);
    const Answer merged = copy_of(event.me.state).merge(cut);
    if (!merged.ok() && merged.message.empty())
      throw LawBroken{"merge() of " + shown(cut) + " refused it " + failure_text(merged)};
  }

 private:
  static void check(const Answer& answer, std::size_t count, const std::string& batch) {
    std::string fault;
    if (answer.message.empty()) fault = "gives no message";
    if (!answer.pointer.empty() && answer.pointer.front() != '/') fault = "has a pointer that does not begin with '/'";
    if (answer.op_index != CRDTD_NO_INDEX && answer.op_index >= count) fault = "names an op that is not there";
    if (!fault.empty()) throw LawBroken{"the refusal of " + shown(batch, 240) + " " + fault + ": " + failure_text(answer)};
  }
};

// Deltas and encoded states that were cut or changed: MALFORMED, GAP, or something that is good by chance.
class MalformedRefused : public Watch {
 public:
  void edited(const Event& event) override {
    if (event.row == nullptr) return;
    for (int i = 0; i < kManglesPerStep; ++i) {
      const std::string bytes = mangled_bytes(event.row->delta, event.world.dice());
      attempt(event, bytes, {});
      attempt(event, bytes, event.world.gate());
      examine(event.world.setup(), bytes);
    }
  }
  void stepped(World& world, Replica& me) override {
    for (int i = 0; i < kManglesPerStep / 2; ++i) examine(world.setup(), mangled_bytes(me.state.encode(), world.dice()));
  }

 private:
  static void attempt(const Event& event, const std::string& bytes, const CallStyle& style) {
    const Setup& setup = event.world.setup();
    const std::string what = "merge() of " + shown(bytes) + ((style.flags & CRDTD_FLAG_ADMIT) != 0 ? " with ADMIT" : "");
    Instance copy(setup, event.before);
    const Answer answer = copy.merge(bytes, *event.row, style);
    if (answer.ok()) return round_trip(what, copy);
    expect_same("after the refused " + what + " (" + failure_text(answer) + "), encoded", event.before, copy.encode());
    const std::string before = event.me.state.encode();
    const Answer live = event.me.state.merge(bytes, *event.row, style);
    if (live.ok()) return;
    expect_same("after the refused " + what + " (" + failure_text(live) + ") by a state in use, encoded", before,
                event.me.state.encode());
  }
  static void round_trip(const std::string& what, const Instance& state) {
    const std::string encoded = state.encode();
    expect_same("after " + what + " was taken, load(encode(x)), encoded", encoded, Instance(state.setup(), encoded).encode());
  }
  static void examine(const Setup& setup, const std::string& bytes) {
    Instance loaded(setup);
    if (loaded.load(bytes).ok()) round_trip("load() of " + shown(bytes), loaded);
    const Answer shape = inspect(setup, bytes);
    if (shape.ok()) expect_json("inspect() of " + shown(bytes), shape.result);
  }
};

}  // namespace

std::vector<Law> refusal_laws() {
  return {
      {"error-leaves-state", "A refused op changes nothing; what is no op is refused.", judge_by_watching<ErrorLeavesState>},
      {"mutate-all-or-nothing", "A batch with a bad op changes nothing.", judge_by_watching<AllOrNothing>},
      {"refusals-explained", "A refusal names the op and says why.", judge_by_watching<RefusalsExplained>},
      {"malformed-refused", "Deltas that were cut or changed are refused and change nothing, or are good by chance.",
       judge_by_watching<MalformedRefused>},
  };
}

}  // namespace crdtd::conformance
