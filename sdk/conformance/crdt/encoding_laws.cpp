// Bytes and JSON that come out: one state has one encoding, whatever led to it, and looking at it changes nothing.
#include <map>

#include "crdt/law.hpp"

namespace crdtd::conformance {
namespace {

class CanonicalBytes : public Watch {
 public:
  void stepped(World& world, Replica& me) override {
    const std::string encoded = me.state.encode(), value = me.state.value();
    expect_same("encode() called twice", encoded, me.state.encode());
    const Instance loaded(world.setup(), encoded);
    expect_same("load(encode(x)), encoded", encoded, loaded.encode());
    expect_same("load(encode(x)), value", value, loaded.value());
    expect_same_state("a state that received the same deltas in another order", me.state, world.rebuilt(me.seen));
    for (const Replica& other : world.replicas()) {
      if (other.seen == me.seen) expect_same_state("two replicas that received the same", me.state, other.state);
    }
    const auto [known, fresh] = values_.emplace(encoded, value);
    if (!fresh) expect_same("equal bytes, " + shown(encoded) + ", value", known->second, value);
  }

 private:
  std::map<std::string, std::string> values_;
};

class CompactKeeps : public Watch {
 public:
  void stepped(World&, Replica& me) override {
    const std::string encoded = me.state.encode(), value = me.state.value();
    me.state.compact();
    expect_same("after compact(), encoded", encoded, me.state.encode());
    expect_same("after compact(), value", value, me.state.value());
  }
};

class ChangedFlag : public Watch {
 public:
  void delivered(const Event& event) override { check("merge() of a delta", event.answer, event.before, event.me.state); }
  void joined(const Event& event) override { check("merge() of an encoded state", event.answer, event.before, event.me.state); }
  void stepped(World& world, Replica& me) override {
    if (me.log.empty()) return;
    const std::string before = me.state.encode();
    check("a repeated merge()", world.take(me.state, world.rows()[me.log[roll(world.dice(), me.log.size())]]), before, me.state);
  }

 private:
  static void check(const std::string& what, const Answer& answer, const std::string& before, const Instance& now) {
    const std::string after = now.encode();
    if (answer.changed == (before != after)) return;
    throw LawBroken{what + " set `changed` to " + (answer.changed ? "1" : "0") + ", but encode() " +
                    (answer.changed ? "stayed " + shown(before) : "went from " + shown(before) + " to " + shown(after))};
  }
};

class ReadsChangeNothing : public Watch {
 public:
  void stepped(World& world, Replica& me) override {
    const std::string encoded = me.state.encode(), value = me.state.value();
    expect_json("the value", value);
    for (const char* query : {"{}", "[", R"({"count":true})", R"({"crdtd-no-such-query":1})", "null"}) {
      const Answer answer = me.state.query(query);
      if (answer.ok()) expect_json("the answer to the query " + std::string(query), answer.result);
    }
    static_cast<void>(me.state.footprint());
    static_cast<void>(inspect(world.setup(), encoded));
    expect_same("after queries, footprint() and inspect(), encoded", encoded, me.state.encode());
    expect_same("after queries, footprint() and inspect(), value", value, me.state.value());
  }
};

class InspectGivesJson : public Watch {
 public:
  void edited(const Event& event) override {
    if (event.row != nullptr) check(event.world.setup(), "inspect() of the delta ", event.row->delta);
  }
  void stepped(World& world, Replica& me) override { check(world.setup(), "inspect() of the encoded state ", me.state.encode()); }

 private:
  static void check(const Setup& setup, const char* what, const std::string& delta) {
    const Answer answer = inspect(setup, delta);
    if (!answer.ok()) throw LawBroken{what + shown(delta) + ": expected OK, came " + failure_text(answer)};
    expect_json(what + shown(delta), answer.result);
  }
};

}  // namespace

std::vector<Law> encoding_laws() {
  return {
      {"canonical-bytes", "Equal states encode to equal bytes, whatever led to them, and equal bytes have one value.",
       judge_by_watching<CanonicalBytes>},
      {"compact-keeps-encode", "compact() changes neither encode() nor the value.", judge_by_watching<CompactKeeps>},
      {"changed-flag", "`changed` is 1 exactly when encode() differs.", judge_by_watching<ChangedFlag>},
      {"reads-change-nothing", "encode(), query(), footprint() and inspect() leave the state as it is, and answer JSON.",
       judge_by_watching<ReadsChangeNothing>},
      {"inspect-gives-json", "Every delta and every encoded state can be shown as JSON.", judge_by_watching<InspectGivesJson>},
  };
}

}  // namespace crdtd::conformance
