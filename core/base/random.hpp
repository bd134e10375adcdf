// The seam for chance: replica ids, births, generations, jitter.
#pragma once

#include <cstdint>

namespace crdtd::base {

class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t next_u64() = 0;  // [any]
};

// Reads the kernel's generator (getrandom); ids must not repeat across processes or restores.
class SystemRandom final : public Random {
 public:
  std::uint64_t next_u64() override;
};

}  // namespace crdtd::base
