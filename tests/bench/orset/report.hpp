// Figures of several runs, and how they are printed: one JSON object a line.
//
// `value` is the median; `spread` is how far the middle half of the runs lies apart, as a part of the median. Time is the CPU
// time of this thread, so that what else runs on the machine disturbs only through the caches.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace crdtd::bench {

inline double cpu_ns() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

// Nanoseconds that `body` takes, per one of `count`.
template <class Body>
double time_each(std::uint64_t count, Body body) {
  const double start = cpu_ns();
  body();
  return (cpu_ns() - start) / static_cast<double>(count);
}

struct Runs {
  std::vector<double> values;

  double median() const { return at(0.5); }
  double spread() const { return median() == 0 ? 0 : (at(0.75) - at(0.25)) / median(); }

 private:
  double at(double part) const {
    std::vector<double> sorted = values;
    std::sort(sorted.begin(), sorted.end());
    return sorted[static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1) + 0.5)];
  }
};

struct Row {
  std::string unit;
  std::optional<double> goal;
  std::string peer;  // what the peer's figure is of; empty: none
  Runs own, peers;
};

// The rows in the order in which they were first named.
class Report {
 public:
  void add(const std::string& name, const std::string& unit, double value, std::optional<double> goal = {},
           const std::string& peer = {}, double peer_value = 0) {
    if (rows_.count(name) == 0) order_.push_back(name);
    Row& row = rows_[name];
    row.unit = unit;
    row.goal = goal;
    row.peer = peer;
    row.own.values.push_back(value);
    if (!peer.empty()) row.peers.values.push_back(peer_value);
  }
  double median(const std::string& name) const { return rows_.at(name).own.median(); }

  void print() const {
    for (const std::string& name : order_) {
      const Row& row = rows_.at(name);
      std::printf(R"({"name":"orset: %s","unit":"%s","value":%.4g,)", name.c_str(), row.unit.c_str(), row.own.median());
      if (row.peer.empty()) {
        std::printf(R"("peer":null,"peer_value":null,)");
      } else {
        std::printf(R"("peer":"%s","peer_value":%.4g,)", row.peer.c_str(), row.peers.median());
      }
      if (row.goal) {
        std::printf("\"goal\":%g,", *row.goal);
      } else {
        std::printf("\"goal\":null,");
      }
      std::printf("\"runs\":%zu,\"spread\":%.2f}\n", row.own.values.size(), row.own.spread());
    }
  }

 private:
  std::vector<std::string> order_;
  std::map<std::string, Row> rows_;
};

}  // namespace crdtd::bench
