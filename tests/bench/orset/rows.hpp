// What is measured: rows by size of the set, and rows of whole sets.
#pragma once

#include <cstdint>
#include <vector>

#include "crdtd/abi/crdt.h"
#include "report.hpp"

namespace crdtd::bench {

struct Plan {
  int runs;
  std::vector<std::uint64_t> sizes;  // of sets that are edited
  std::uint64_t whole;               // elements of sets that are merged, loaded and encoded
};

// Single ops and batches on sets of several sizes, the author's side and everyone else's; runs of all sizes take turns.
void measure_sizes(const crdtd_crdt_type& type, const Plan& plan, Report& report);

// Merging, loading, encoding, and what is left in memory.
void measure_whole(const crdtd_crdt_type& type, const Plan& plan, Report& report);

}  // namespace crdtd::bench
