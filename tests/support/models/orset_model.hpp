// The observed-remove set as its definition says it, with no thought of speed: the whole history is kept, and what lives is
// worked out from it each time.
//
// An add is a new dot. A row removes the dots that it names. A dot lives when its row was received and no received row removes
// it. An element is in the set when one of its dots lives.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "type_instance.hpp"

namespace crdtd_test {

struct SetOp {
  enum Kind { kAdd, kRemove, kAssign } kind = kAdd;
  std::vector<std::string> elems;  // canonical JSON; one but for kAssign

  std::string json() const {
    if (kind != kAssign) return std::string(R"({"type":")") + (kind == kAdd ? "add" : "remove") + R"(","elem":)" + elems[0] + "}";
    std::string list;
    for (const std::string& elem : elems) list += (list.empty() ? "" : ",") + elem;
    return R"({"assign":[)" + list + "]}";
  }
};

class SetModel {
 public:
  using ModelDot = std::pair<std::uint64_t, std::uint64_t>;
  using Op = SetOp;
  struct Row {
    std::map<ModelDot, std::string> added;
    std::set<ModelDot> removed;
    std::uint32_t counters = 0;
  };

  // What a batch means to an author who did not see the rows in `call.recent`; nothing is received by that.
  Row mutate(const std::vector<Op>& ops, const Call& call) const {
    Row row;
    const auto act = [&](bool add, const std::string& elem, bool keep) {
      std::set<ModelDot> seen;
      for (const ModelDot& dot : dots_of(elem, row)) {
        if (!in_recent(dot, call)) seen.insert(dot);
      }
      if (add ? keep && !seen.empty() : seen.empty()) return false;
      row.removed.insert(seen.begin(), seen.end());
      if (add) row.added[{call.replica, call.first + row.counters}] = elem;
      return true;
    };
    for (const Op& op : ops) {
      if (op.kind != Op::kAssign) {
        row.counters += act(op.kind == Op::kAdd, op.elems[0], false) ? 1 : 0;
        continue;
      }
      const std::set<std::string> wanted(op.elems.begin(), op.elems.end());
      bool removed = false;
      for (const auto& [elem, dots] : living(row)) {
        if (wanted.count(elem) == 0 && !dots.empty()) removed |= act(false, elem, false);
      }
      row.counters += removed ? 1 : 0;
      for (const std::string& elem : op.elems) row.counters += act(true, elem, true) ? 1 : 0;
    }
    return row;
  }

  void receive(const Row& row) { rows_.push_back(row); }
  void receive_all(const SetModel& other) { rows_.insert(rows_.end(), other.rows_.begin(), other.rows_.end()); }

  std::set<std::string> elements() const {
    std::set<std::string> elems;
    for (const auto& [elem, dots] : living({})) elems.insert(elem);
    return elems;
  }
  std::string value() const {
    std::string text;
    for (const std::string& elem : elements()) text += (text.empty() ? "" : ",") + elem;
    return "[" + text + "]";
  }
  // The ops that lead from one value to another.
  static std::string effect(const SetModel& before, const SetModel& after) {
    const auto was = before.elements(), is = after.elements();
    std::map<std::string, bool> changes;
    for (const auto& elem : was) {
      if (is.count(elem) == 0) changes[elem] = false;
    }
    for (const auto& elem : is) {
      if (was.count(elem) == 0) changes[elem] = true;
    }
    std::string text;
    for (const auto& [elem, added] : changes) {
      text += (text.empty() ? "" : ",") + SetOp{added ? SetOp::kAdd : SetOp::kRemove, {elem}}.json();
    }
    return "[" + text + "]";
  }

 private:
  // Element → its living dots, after the received rows and `last`.
  std::map<std::string, std::set<ModelDot>> living(const Row& last) const {
    std::map<ModelDot, std::string> added = last.added;
    std::set<ModelDot> removed = last.removed;
    for (const Row& row : rows_) {
      added.insert(row.added.begin(), row.added.end());
      removed.insert(row.removed.begin(), row.removed.end());
    }
    std::map<std::string, std::set<ModelDot>> elems;
    for (const auto& [dot, elem] : added) {
      if (removed.count(dot) == 0) elems[elem].insert(dot);
    }
    return elems;
  }
  std::set<ModelDot> dots_of(const std::string& elem, const Row& last) const {
    const auto elems = living(last);
    const auto it = elems.find(elem);
    return it == elems.end() ? std::set<ModelDot>() : it->second;
  }
  static bool in_recent(const ModelDot& dot, const Call& call) {
    for (const LogRow& row : call.recent) {
      if (row.replica == dot.first && row.first <= dot.second && dot.second < row.first + row.count) return true;
    }
    return false;
  }

  std::vector<Row> rows_;  // received, own ones included; some perhaps twice
};

}  // namespace crdtd_test
