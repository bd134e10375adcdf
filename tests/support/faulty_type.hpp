// A CRDT type for tests, cheap and obviously right: a bag of strings. Every add makes an element of its own, so that what was
// applied twice is there twice. And it misbehaves on request.
//
// Ops: a JSON array of strings without escapes: "add:TEXT" (one counter); "noop" (none); "refuse" (INVALID); "unless:TEXT"
// (INVALID when TEXT is in the bag); "spoil" (INTERNAL). The result lists the texts of `recent`. Value: the texts, sorted, as a
// JSON array. State: elements by dot. Bytes: padding u32 and so many bytes; then per element replica u64, counter u64, size u32,
// text, by dot.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "crdtd/abi/crdt.h"
#include "host/row.hpp"

namespace crdtd::testing {

// What the type saw last, and how it shall misbehave. One for the process: tests reset it.
struct BagControl {
  std::vector<host::RowPtr> recent;  // of the newest mutate()
  std::uint64_t mutations = 0;
  std::uint32_t padding = 0;         // bytes that encode() adds
  std::uint32_t delta_padding = 0;   // bytes that each delta carries for nothing
  bool spoil_query = false;          // once: query() answers INTERNAL
  bool spoil_encode = false;         // once
  bool load_without_memory = false;  // once
};
BagControl& bag_control();

const crdtd_crdt_type& bag_type();

}  // namespace crdtd::testing
