// A hybrid logical clock: unix nanoseconds that never go back, and that run ahead of the wall clock only as far as what was seen.
//
// Whoever makes changes owns one, and asks it for the stamp of each; a CRDT type gets stamps from its context and only
// compares them. Theory: Kulkarni, Demirbas, Madappa, Avva, Leone, "Logical Physical Clocks" (2014).
#pragma once

#include <cstdint>

namespace crdtd {

using UnixNs = std::uint64_t;

// The stamp after `stamp`; the greatest stamp stays.
constexpr UnixNs stamp_after(UnixNs stamp) noexcept { return stamp == UINT64_MAX ? stamp : stamp + 1; }

class Hlc {
 public:
  constexpr Hlc() noexcept = default;
  explicit constexpr Hlc(UnixNs last) noexcept : last_(last) {}  // as it was saved

  constexpr UnixNs last() const noexcept { return last_; }

  // A stamp for a new change: greater than all before and all observed, and at least the wall clock.
  constexpr UnixNs tick(UnixNs wall) noexcept {
    last_ = wall > last_ ? wall : stamp_after(last_);
    return last_;
  }
  // Takes in another's stamp. Whether it may be trusted is decided before: a false one far ahead would drag this clock along.
  constexpr void observe(UnixNs stamp) noexcept {
    if (stamp > last_) last_ = stamp;
  }

 private:
  UnixNs last_ = 0;
};

}  // namespace crdtd
