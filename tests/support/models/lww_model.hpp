// The last-writer-wins register as its definition says it: every write received is kept, and the greatest is looked for each
// time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "type_instance.hpp"

namespace crdtd_test {

struct RegisterOp {
  std::string value;        // canonical JSON
  std::uint64_t stamp = 0;  // 0: the author's clock decides
  bool assign = false;

  std::string json() const {
    if (assign) return R"({"assign":)" + value + "}";
    return R"({"set":)" + value + (stamp == 0 ? "}" : R"(,"ts_unix_ns":")" + std::to_string(stamp) + "\"}");
  }
};

class RegisterModel {
 public:
  using Op = RegisterOp;
  // Stamp, node, replica, counter, value: their order is the order of the writes.
  using Write = std::tuple<std::uint64_t, std::string, std::uint64_t, std::uint64_t, std::string>;
  struct Row {
    std::vector<Write> writes;
    std::uint32_t counters = 0;  // 0 when none of them wins
    std::vector<std::uint32_t> lost;
  };

  Row mutate(const std::vector<Op>& ops, const Call& call) const {
    Row row;
    for (std::uint32_t i = 0; i < ops.size(); ++i) {
      const Write* winner = greatest(row);
      const bool seen = winner == nullptr || !in_recent(*winner, call);
      std::uint64_t stamp = ops[i].assign ? 0 : ops[i].stamp;
      if (stamp == 0) stamp = winner != nullptr && seen ? std::max(call.hlc, std::get<0>(*winner) + 1) : call.hlc;
      const Write write{stamp, call.node, call.replica, call.first + i, ops[i].value};
      if (winner != nullptr && write < *winner) row.lost.push_back(i);
      row.writes.push_back(write);
    }
    if (row.lost.size() < ops.size()) row.counters = static_cast<std::uint32_t>(ops.size());
    return row;
  }

  void receive(const Row& row) { writes_.insert(writes_.end(), row.writes.begin(), row.writes.end()); }
  void receive_all(const RegisterModel& other) { writes_.insert(writes_.end(), other.writes_.begin(), other.writes_.end()); }

  std::string value() const { return writes_.empty() ? "null" : std::get<4>(*std::max_element(writes_.begin(), writes_.end())); }
  static std::string effect(const RegisterModel& before, const RegisterModel& after) {
    return before.value() == after.value() ? "[]" : R"([{"set":)" + after.value() + "}]";
  }

 private:
  const Write* greatest(const Row& row) const {
    const Write* best = nullptr;
    for (const auto* writes : {&writes_, &row.writes}) {
      for (const Write& write : *writes) {
        if (best == nullptr || write > *best) best = &write;
      }
    }
    return best;
  }
  static bool in_recent(const Write& write, const Call& call) {
    for (const LogRow& row : call.recent) {
      const std::uint64_t counter = std::get<3>(write);
      if (row.replica == std::get<2>(write) && row.first <= counter && counter < row.first + row.count) return true;
    }
    return false;
  }

  std::vector<Write> writes_;
};

}  // namespace crdtd_test
