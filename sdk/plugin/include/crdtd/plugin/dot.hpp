// A dot: the identity of one change, as replica and counter.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

#include "crdtd/plugin/decimal.hpp"

namespace crdtd {

// One local store that makes changes: a random u64. As text always 16 hexadecimal digits.
using ReplicaId = std::uint64_t;

// The `counter`th change of `replica`; counters begin at 1 and leave no holes. Ordered by replica, then counter.
struct Dot {
  ReplicaId replica = 0;
  std::uint64_t counter = 0;

  auto operator<=>(const Dot&) const = default;
};

// An unbroken run of one replica's counters: first … first + count - 1. Empty when count is 0.
struct DotRange {
  ReplicaId replica = 0;
  std::uint64_t first = 0;
  std::uint64_t count = 0;

  bool contains(Dot dot) const noexcept { return dot.replica == replica && dot.counter >= first && dot.counter - first < count; }
  std::uint64_t last() const noexcept { return first + count - 1; }
  bool operator==(const DotRange&) const = default;
};

template <class Sink>
void append_replica(Sink& out, ReplicaId replica) {
  char text[16];
  for (int i = 15; i >= 0; --i, replica >>= 4) text[i] = "0123456789abcdef"[replica & 15];
  crdtd::append(out, {text, sizeof text});
}

// The form that people and JSON see: "<16 hex>:<counter>", without quotes.
template <class Sink>
void append_dot(Sink& out, Dot dot) {
  append_replica(out, dot.replica);
  crdtd::append(out, ":");
  append_decimal(out, dot.counter);
}

// Only what append_replica() writes: 16 lower-case digits.
inline std::optional<ReplicaId> parse_replica(std::string_view text) noexcept {
  if (text.size() != 16) return std::nullopt;
  ReplicaId replica = 0;
  for (const char c : text) {
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) return std::nullopt;
    replica = replica << 4 | static_cast<ReplicaId>(digit);
  }
  return replica;
}

// Only what append_dot() writes; a counter of 0 is no dot.
inline std::optional<Dot> parse_dot(std::string_view text) noexcept {
  if (text.size() < 18 || text[16] != ':') return std::nullopt;
  const auto replica = parse_replica(text.substr(0, 16));
  const auto counter = parse_decimal(text.substr(17));
  if (!replica || !counter || *counter == 0) return std::nullopt;
  return Dot{*replica, *counter};
}

}  // namespace crdtd
