// The running hashes of a document's log: `check` over rows, `chain` over one replica's deltas.
//
// check(0) = CRC-32 of the birth (8 bytes, little-endian); check(v) continues it over row v:
//   version u64 · replica u64 · first_counter u64 · hlc u64 · count u32 · format u32 · node size u32, node · delta size u32,
//   delta
// chain: FNV-1a 64 from its usual start, continued over each delta of the replica in counter order. All integers little-endian.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/checksum.hpp"
#include "host/row.hpp"

namespace crdtd::document {

std::uint32_t check_start(std::uint64_t birth) noexcept;
std::uint32_t check_next(std::uint32_t before, const host::Row& row) noexcept;

inline constexpr std::uint64_t kChainStart = base::kFnvStart;
inline std::uint64_t chain_next(std::uint64_t before, std::string_view delta) noexcept { return base::fnv1a64(before, delta); }

}  // namespace crdtd::document
