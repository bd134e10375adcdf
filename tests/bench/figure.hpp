// One figure of a benchmark, and how it is printed: one JSON object a line, the interface of all bench programs.
//
// {"name":…,"unit":…,"value":…,"peer":…,"peer_value":…,"goal":…,"better":"higher"|"lower","runs":…,"spread":…}
// peer, peer_value and goal are null where there is none. `bench_table.sh` reads these lines.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace crdtd::bench {

enum class Better { kHigher, kLower };

// What the figure stands beside: another program's figure for the same work, measured in the same run.
struct Peer {
  std::string name;
  std::vector<double> values;
};

struct Figure {
  std::string name;
  std::string unit;
  std::vector<double> values;  // one a run; not empty. Printed are the median and the spread
  Better better = Better::kLower;
  std::optional<double> goal = {};
  std::optional<Peer> peer = {};
};

// The line, without its end.
std::string line_of(const Figure& figure);
// Prints the line to standard output at once.
void print(const Figure& figure);

}  // namespace crdtd::bench
