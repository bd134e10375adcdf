// The gate: what ADMIT may refuse and what it must let in; and that limits hold nowhere else.
#include "crdt/law.hpp"

namespace crdtd::conformance {
namespace {

class AdmitsOwnDelta : public Watch {
 public:
  void edited(const Event& event) override {
    if (event.row == nullptr) return;
    Instance gate(event.world.setup(), event.before);
    event.world.take(gate, *event.row, event.world.gate());
    expect_same_state("the delta " + shown(event.row->delta) + " merged with ADMIT and its envelope", event.me.state, gate);
    Row elsewhere = *event.row;
    elsewhere.first += elsewhere.count;
    wrong(event, elsewhere, "an envelope of later counters");
    elsewhere = *event.row;
    elsewhere.replica ^= 1U;
    wrong(event, elsewhere, "the envelope of another replica");
  }
  void delivered(const Event& event) override {
    Instance gate(event.world.setup(), event.before);
    event.world.take(gate, *event.row, event.world.gate());
    expect_same_state("a delta merged with ADMIT instead of without", event.me.state, gate);
  }

 private:
  // The type may refuse it, as a type whose deltas carry dots must; what it lets in has its usual effect.
  static void wrong(const Event& event, const Row& row, const std::string& how) {
    Instance gate(event.world.setup(), event.before);
    const Answer answer = gate.merge(row, event.world.gate());
    if (answer.ok()) return expect_same("a delta admitted with " + how + ", encoded", event.me.state.encode(), gate.encode());
    expect_same("a delta refused with " + how + " (" + failure_text(answer) + "), encoded", event.before, gate.encode());
  }
};

// What was admitted once is merged by everyone, whatever their limits. At the gate a refusal changes nothing.
class LimitsOnlyAtGate : public Watch {
 public:
  void edited(const Event& event) override {
    if (event.row == nullptr) return;
    static const std::vector<std::uint64_t> kLeast(64, 1);
    const Setup& setup = event.world.setup();
    CallStyle style;
    style.limits = &kLeast;
    Instance follower(setup, event.before);
    const Answer merged = follower.merge(*event.row, style);
    if (!merged.ok()) {
      throw LawBroken{"merge() without ADMIT, all limits 1: expected OK, as limits hold at the gate only; came " +
                      failure_text(merged)};
    }
    expect_same_state("merged without ADMIT, all limits 1", event.me.state, follower);
    style = event.world.gate();
    style.limits = &kLeast;
    Instance gate(setup, event.before);
    const Answer admitted = gate.merge(*event.row, style);
    expect_same("merged with ADMIT, all limits 1 (" + (admitted.ok() ? "OK" : failure_text(admitted)) + "), encoded",
                admitted.ok() ? event.me.state.encode() : event.before, gate.encode());
    Instance author(setup, event.before);
    const Answer made = author.mutate(json_array(event.step.ops), event.author, event.recent, style);
    expect_same("edited, all limits 1 (" + (made.ok() ? "OK" : failure_text(made)) + "), encoded",
                made.ok() ? event.me.state.encode() : event.before, author.encode());
  }
};

}  // namespace

std::vector<Law> gate_laws() {
  return {
      {"admit-own-delta", "What mutate() made is admitted with its envelope; what the gate refuses changes nothing.",
       judge_by_watching<AdmitsOwnDelta>},
      {"limits-only-at-gate", "Without ADMIT a delta is merged whatever the limits are.", judge_by_watching<LimitsOnlyAtGate>},
  };
}

}  // namespace crdtd::conformance
