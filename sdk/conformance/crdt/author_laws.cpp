// What mutate() promises, and the op templates from which all histories are drawn.
#include <algorithm>

#include "crdt/law.hpp"

namespace crdtd::conformance {
namespace {

constexpr int kDrawsMax = 8;  // for each template and step

// Each template is taken at least once in a history, and something changes.
class TemplatesTaken : public Watch {
 public:
  explicit TemplatesTaken(const OpTemplates& templates)
      : templates_(templates), taken_(templates.size(), false), refusals_(templates.size()) {}

  void stepped(World& world, Replica& me) override {
    for (std::size_t i = 0; i < taken_.size(); ++i) {
      for (int draw = 0; draw < kDrawsMax && !taken_[i]; ++draw) try_one(world, me, i);
    }
  }
  void finished(World& world) override {
    stepped(world, world.replicas().front());
    for (std::size_t i = 0; i < taken_.size(); ++i) {
      if (!taken_[i]) throw LawBroken{"no op drawn from ops[" + std::to_string(i) + "] was taken; the last one: " + refusals_[i]};
    }
    if (!changed_ && world.rows().empty()) {
      throw LawBroken{"no op drawn from the manifest's `ops` changed anything, so no law can be judged"};
    }
  }

 private:
  void try_one(World& world, const Replica& me, std::size_t index) {
    const DrawnFor author{world.clock(), std::min<std::uint64_t>(me.state.footprint().element_count, 1'000'000)};
    const std::string op = templates_.draw_from(index, world.dice(), author);
    Instance copy = copy_of(me.state);
    const Answer answer = copy.mutate("[" + op + "]", {me.id, me.seen[me.index] + 1, 0, world.clock(), "a"}, {}, world.gate());
    taken_[index] = answer.ok();
    changed_ |= answer.counters != 0;
    if (!answer.ok()) refusals_[index] = shown(op) + ": " + failure_text(answer);
  }

  const OpTemplates& templates_;
  std::vector<bool> taken_;
  std::vector<std::string> refusals_;
  bool changed_ = false;
};

class MergesElsewhere : public Watch {
 public:
  void edited(const Event& event) override {
    if (event.row == nullptr) return;
    Instance other(event.world.setup(), event.before);
    event.world.take(other, *event.row);
    expect_same_state("the delta " + shown(event.row->delta) + " merged into what its author had before", event.me.state, other);
  }
};

// A batch has the value that its ops have one after another, each as a batch of its own.
class BatchInOrder : public Watch {
 public:
  void edited(const Event& event) override {
    if (!event.answer.ok() || !event.recent.empty() || event.step.ops.size() < 2) return;
    Instance single(event.world.setup(), event.before);
    Envelope author = event.author;
    for (const std::string& op : event.step.ops) {
      const Answer answer = single.mutate("[" + op + "]", author, {}, event.world.gate());
      if (!answer.ok()) {
        throw LawBroken{"the batch was taken, but not its op " + shown(op) + " when its turn came: " + failure_text(answer)};
      }
      author.first += answer.counters;
    }
    expect_same("the value after the ops one by one, and after the batch", single.value(), event.me.state.value());
  }
};

class CountersTellChange : public Watch {
 public:
  void edited(const Event& event) override {
    if (!event.answer.ok()) return;
    check(event.answer, event.before, event.me.state, json_array(event.step.ops));
    const std::string before = event.me.state.encode();
    Envelope author = event.author;
    author.first += event.answer.counters;
    const Answer nothing = event.me.state.mutate("[]", author, {}, event.world.gate());
    if (!nothing.ok()) throw LawBroken{"an empty batch: expected OK and no counters, came " + failure_text(nothing)};
    if (nothing.counters != 0) throw LawBroken{"an empty batch used " + std::to_string(nothing.counters) + " counters"};
    check(nothing, before, event.me.state, "an empty batch");
  }

 private:
  static void check(const Answer& answer, const std::string& before, const Instance& now, const std::string& what) {
    if (answer.counters != 0) {
      if (answer.delta.empty())
        throw LawBroken{what + " used " + std::to_string(answer.counters) + " counters and made no delta"};
      return;
    }
    if (!answer.delta.empty()) throw LawBroken{what + " used no counter and made the delta " + shown(answer.delta)};
    expect_same(what + " used no counter, so nothing changes", before, now.encode());
  }
};

// The effect is an array of ops, empty exactly when the value stays; the result is JSON.
class EffectTellsChange : public Watch {
 public:
  void edited(const Event& event) override {
    if (!event.answer.ok()) return;
    check(event, "the effect of mutate()");
    if (!event.answer.result.empty()) expect_json("the result of mutate()", event.answer.result);
    if (event.row == nullptr) return;
    Instance other(event.world.setup(), event.before);
    compare("the effect of merge()", Instance(event.world.setup(), event.before).value(), other,
            event.world.take(other, *event.row).effect);
  }
  void delivered(const Event& event) override { check(event, "the effect of merge()"); }
  void joined(const Event& event) override { check(event, "the effect of merge() of an encoded state"); }
  void stepped(World& world, Replica& me) override {
    if (me.log.empty()) return;
    const std::string before = me.state.value();
    compare("the effect of a repeated merge()", before, me.state, world.take(me.state, world.rows()[me.log.back()]).effect);
  }

 private:
  static void check(const Event& event, const char* what) {
    compare(what, Instance(event.world.setup(), event.before).value(), event.me.state, event.answer.effect);
  }
  static void compare(const std::string& what, const std::string& before, const Instance& now, const std::string& effect) {
    const bool some = array_size(what, effect) != 0;
    const std::string after = now.value();
    if (some == (before != after)) return;
    throw LawBroken{what + " is " + shown(effect) + ", but the value " +
                    (some ? "stayed " + shown(before) : "went from " + shown(before) + " to " + shown(after))};
  }
};

// Nobody has to take effect and result, and then all else is as with them.
class OutputsOptional : public Watch {
 public:
  void edited(const Event& event) override {
    if (!event.answer.ok()) return;
    for (const bool null : {false, true}) {
      CallStyle quiet = event.world.gate();
      quiet.flags &= ~std::uint32_t{CRDTD_FLAG_WANT_EFFECT};
      quiet.outputs_null = null;
      const std::string how = null ? "without buffers for effect and result, " : "without WANT_EFFECT, ";
      Instance other(event.world.setup(), event.before);
      const Answer made = other.mutate(json_array(event.step.ops), event.author, event.recent, quiet);
      if (!made.ok()) throw LawBroken{how + "mutate() refused what it takes with them: " + failure_text(made)};
      if (!made.effect.empty()) throw LawBroken{how + "mutate() gave the effect " + shown(made.effect)};
      expect_same(how + "the delta of mutate()", event.answer.delta, made.delta);
      expect_same(how + "the state after mutate()", event.me.state.encode(), other.encode());
      if (event.row == nullptr) continue;
      Instance merged(event.world.setup(), event.before);
      const Answer taken = event.world.take(merged, *event.row, quiet);
      if (!taken.effect.empty()) throw LawBroken{how + "merge() gave the effect " + shown(taken.effect)};
      expect_same(how + "the state after merge()", event.me.state.encode(), merged.encode());
    }
  }
};

void judge_templates(const LawRun& run) {
  TemplatesTaken watch(run.templates);
  play(run.setup, run.history, watch);
}

}  // namespace

std::vector<Law> template_laws() {
  return {{"ops-taken", "Each op template of the manifest gives ops that the type takes.", judge_templates}};
}

std::vector<Law> author_laws() {
  return {
      {"mutate-merges-elsewhere", "The delta of mutate(), merged elsewhere, leads to the state that its author has.",
       judge_by_watching<MergesElsewhere>},
      {"batch-in-order", "A batch does what its ops do one after another.", judge_by_watching<BatchInOrder>},
      {"counters-tell-change", "A delta uses at least one counter; without one nothing changes.",
       judge_by_watching<CountersTellChange>},
      {"effect-tells-change", "The effect is a JSON array that is empty exactly when the value stays.",
       judge_by_watching<EffectTellsChange>},
      {"outputs-optional", "Effect and result may be left out, and change nothing else.", judge_by_watching<OutputsOptional>},
  };
}

}  // namespace crdtd::conformance
