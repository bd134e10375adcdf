// Random histories of several replicas that edit, sync in causal order, miss and repeat things: a type beside its slow model.
//
// After every step the two must tell the same value; what a type promises (the laws in crdtd/abi/crdt.h) is checked on the way.
// Each replica stands for a server with its log: an author may have seen an earlier version (`recent`), and then the dots are the
// server's. Seeds come from CRDTD_TEST_SEED or a fixed start, are printed on failure, and replay the history.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "seeds.hpp"
#include "type_instance.hpp"

namespace crdtd_test {

template <class Model>
class History {
 public:
  using Op = typename Model::Op;
  using Dice = std::mt19937_64;

  History(const crdtd_crdt_type& type, std::uint64_t seed, Op (*draw_op)(Dice&)) : type_(type), dice_(seed), draw_op_(draw_op) {
    const std::size_t count = 3 + dice_() % 3;
    for (std::size_t i = 0; i < count; ++i) replicas_.emplace_back(type, dice_());
  }

  void run(int steps) {
    for (int step = 0; step < steps; ++step) {
      switch (roll(12)) {
        case 0:
        case 1:
        case 2:
        case 3:
          edit();
          break;
        case 4:
        case 5:
        case 6:
        case 7:
          deliver();
          break;
        case 8:
          repeat();
          break;
        case 9:
          deliver_too_early();
          break;
        case 10:
          join_states();
          break;
        default:
          reload();
          break;
      }
    }
    converge();
  }

 private:
  struct Row : LogRow {
    std::map<std::uint64_t, std::uint64_t> causes;  // what its author had received
    typename Model::Row meaning;
  };
  struct Replica {
    Replica(const crdtd_crdt_type& type, std::uint64_t id_) : id(id_), state(type) {}
    std::uint64_t id;
    TypeInstance state;
    Model model;
    std::map<std::uint64_t, std::uint64_t> received;  // replica → counter
    std::vector<std::size_t> log;                     // rows in the order they came
    std::uint64_t hlc = 1000;
  };

  std::size_t roll(std::size_t sides) { return static_cast<std::size_t>(dice_() % sides); }
  std::uint32_t gate_or_not() { return roll(2) == 0 ? std::uint32_t{CRDTD_FLAG_ADMIT} : 0; }
  Replica& any() { return replicas_[roll(replicas_.size())]; }

  void edit() {
    Replica& me = any();
    std::vector<Op> ops;
    std::string json;
    for (std::size_t i = roll(4) + 1; i > 0; --i) {
      ops.push_back(draw_op_(dice_));
      json += (json.empty() ? "[" : ",") + ops.back().json();
    }
    json += "]";
    Row row;
    row.replica = me.id;
    row.first = me.received[me.id] + 1;
    row.hlc = me.hlc += roll(50);
    row.node = std::string(1, static_cast<char>('a' + roll(3)));
    row.causes = me.received;
    Call call;
    call.replica = row.replica;
    call.first = row.first;
    call.hlc = row.hlc;
    call.node = row.node;
    if (roll(3) == 0) {
      const std::size_t unseen = roll(me.log.size() + 1);
      for (std::size_t i = me.log.size() - unseen; i < me.log.size(); ++i) call.recent.push_back(rows_[me.log[i]]);
    }
    INFO("replica " << me.id << " edits " << json << " without having seen " << call.recent.size() << " rows");
    row.meaning = me.model.mutate(ops, call);
    const Model before = me.model;
    const std::string encoded = me.state.encode();
    const Result made = me.state.mutate(json, call);
    REQUIRE(made.status == CRDTD_OK);
    REQUIRE(made.counters == row.meaning.counters);
    row.count = made.counters;
    row.delta = made.delta;
    if (made.counters == 0) {
      REQUIRE(made.delta.empty());
      REQUIRE(me.state.encode() == encoded);
      return;
    }
    me.model.receive(row.meaning);
    REQUIRE(made.effect == Model::effect(before, me.model));
    check_merged_elsewhere(encoded, row, made, me);
    me.received[me.id] += made.counters;
    me.log.push_back(rows_.size());
    rows_.push_back(std::move(row));
    check(me);
  }

  // The delta, merged into what the author had, gives what the author has.
  void check_merged_elsewhere(const std::string& before, const Row& row, const Result& made, const Replica& author) {
    TypeInstance other = TypeInstance::loaded(type_, before);
    const Result merged = other.merge(row, CRDTD_FLAG_WANT_EFFECT | CRDTD_FLAG_ADMIT);
    REQUIRE(merged.message == "");
    REQUIRE(merged.changed);
    REQUIRE(merged.effect == made.effect);
    REQUIRE(other.encode() == author.state.encode());
  }

  bool follows(const Replica& me, const Row& row) const {
    for (const auto& [replica, counter] : row.causes) {
      const auto have = me.received.find(replica);
      if (counter > (have == me.received.end() ? 0 : have->second)) return false;
    }
    return true;
  }

  void deliver() {
    Replica& me = any();
    std::vector<std::size_t> ready;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (rows_[i].first > me.received[rows_[i].replica] && follows(me, rows_[i])) ready.push_back(i);
    }
    if (!ready.empty()) receive(me, ready[roll(ready.size())]);
  }

  void receive(Replica& me, std::size_t index) {
    const Row& row = rows_[index];
    INFO("replica " << me.id << " receives " << row.replica << ":" << row.first);
    const Model before = me.model;
    const std::string encoded = me.state.encode();
    const Result merged = me.state.merge(row, CRDTD_FLAG_WANT_EFFECT | gate_or_not());
    REQUIRE(merged.message == "");
    me.model.receive(row.meaning);
    me.received[row.replica] = row.first + row.count - 1;
    me.hlc = std::max(me.hlc, row.hlc);
    me.log.push_back(index);
    REQUIRE(merged.effect == Model::effect(before, me.model));
    REQUIRE(merged.changed == (me.state.encode() != encoded));
    check(me);
  }

  void repeat() {
    Replica& me = any();
    if (me.log.empty()) return;
    const std::string before = me.state.encode();
    const Result merged = me.state.merge(rows_[me.log[roll(me.log.size())]], CRDTD_FLAG_WANT_EFFECT | CRDTD_FLAG_ADMIT);
    REQUIRE(merged.message == "");
    REQUIRE_FALSE(merged.changed);
    REQUIRE(merged.effect == "[]");
    REQUIRE(me.state.encode() == before);
  }

  // A row before its author's last one. A type without context takes it; one with a context says GAP and stays as it was.
  void deliver_too_early() {
    Replica& me = any();
    for (std::size_t i = rows_.size(); i-- > 0;) {
      const Row& row = rows_[i];
      const std::uint64_t have = me.received[row.replica];
      if (row.first <= have + 1) continue;
      const std::string before = me.state.encode();
      TypeInstance probe = TypeInstance::loaded(type_, before);
      const Result merged = probe.merge(row, gate_or_not());
      if (merged.status == CRDTD_OK) return;
      REQUIRE(merged.status == CRDTD_GAP);
      REQUIRE(merged.detail == static_cast<std::int64_t>(have + 1));
      REQUIRE(probe.encode() == before);
      ++gaps_;
      return;
    }
  }

  void join_states() {
    Replica& me = any();
    Replica& other = any();
    if (me.id == other.id) return;
    INFO("replica " << me.id << " joins the state of " << other.id);
    const std::string mine = me.state.encode(), theirs = other.state.encode();
    const Model before = me.model;
    const Result merged = me.state.merge(theirs);
    REQUIRE(merged.message == "");
    TypeInstance mirrored = TypeInstance::loaded(type_, theirs);
    REQUIRE(mirrored.merge(mine).status == CRDTD_OK);
    REQUIRE(mirrored.encode() == me.state.encode());
    REQUIRE(merged.changed == (me.state.encode() != mine));
    me.model.receive_all(other.model);
    for (const auto& [replica, counter] : other.received) me.received[replica] = std::max(me.received[replica], counter);
    for (const std::size_t row : other.log) {
      if (std::find(me.log.begin(), me.log.end(), row) == me.log.end()) me.log.push_back(row);
    }
    me.hlc = std::max(me.hlc, other.hlc);
    REQUIRE(merged.effect == Model::effect(before, me.model));
    check(me);
  }

  void reload() {
    Replica& me = any();
    const std::string encoded = me.state.encode();
    if (roll(2) == 0) me.state.compact();
    REQUIRE(me.state.encode() == encoded);
    TypeInstance fresh = TypeInstance::loaded(type_, encoded);
    REQUIRE(fresh.encode() == encoded);
    TypeInstance merged(type_);
    REQUIRE(merged.merge(encoded).status == CRDTD_OK);
    REQUIRE(merged.encode() == encoded);
    if (roll(2) == 0) me.state = std::move(fresh);
    check(me);
  }

  void check(const Replica& me) const { REQUIRE(me.state.value() == me.model.value()); }

  void converge() {
    for (Replica& me : replicas_) {
      for (bool more = true; more;) {
        more = false;
        for (std::size_t i = 0; i < rows_.size(); ++i) {
          if (rows_[i].first <= me.received[rows_[i].replica] || !follows(me, rows_[i])) continue;
          receive(me, i);
          more = true;
        }
      }
      REQUIRE(me.state.encode() == replicas_[0].state.encode());
      REQUIRE(me.state.value() == replicas_[0].state.value());
    }
  }

  const crdtd_crdt_type& type_;
  Dice dice_;
  Op (*draw_op_)(Dice&);
  std::vector<Replica> replicas_;
  std::vector<Row> rows_;
  int gaps_ = 0;
};

// Runs `count` histories of growing length; a failure names its seed.
template <class Model>
void run_histories(const crdtd_crdt_type& type, int count, typename Model::Op (*draw_op)(std::mt19937_64&)) {
  for (int i = 0; i < count * test_scale(); ++i) {
    const std::uint64_t seed = first_seed() + static_cast<std::uint64_t>(i);
    INFO("CRDTD_TEST_SEED=" << seed);
    History<Model>(type, seed, draw_op).run(20 + i % 60);
  }
}

}  // namespace crdtd_test
