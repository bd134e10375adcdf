// A host for plugins under test that counts the memory they take, block by block.
//
// Pass counting_host() to a plugin at init(): what it takes through realloc is then known exactly, and sizes that it tells
// wrongly, blocks freed twice and blocks that were never given out are noted as faults instead of spoiling the process. Fresh
// memory is filled, and blocks move at every realloc, so that what depends on addresses or on memory that was never written
// shows. There is one count for the whole process, as a host's functions have no context. Threads: [any].
#pragma once

#include <cstdint>
#include <string>

#include "crdtd/abi/base.h"

namespace crdtd::conformance {

struct CountedMemory {
  std::uint64_t blocks = 0;  // taken and not yet freed
  std::uint64_t bytes = 0;   // as asked for
  std::uint64_t faults = 0;  // since the process began
  bool operator==(const CountedMemory&) const = default;
};

// Lives until the process ends. Log lines are dropped; there are no extensions.
const crdtd_host& counting_host();

CountedMemory counted_memory();

// The newest fault in one sentence; empty when there was none.
std::string newest_memory_fault();

// How blocks are placed and filled from now on: another `pattern`, other addresses and other contents of fresh memory.
void set_memory_pattern(std::uint32_t pattern);

}  // namespace crdtd::conformance
