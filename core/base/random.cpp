#include "base/random.hpp"

#include <sys/random.h>

#include "base/assert.hpp"

namespace crdtd::base {

std::uint64_t SystemRandom::next_u64() {
  std::uint64_t value = 0;
  const ssize_t got = ::getrandom(&value, sizeof value, 0);
  CRDTD_ASSERT(got == static_cast<ssize_t>(sizeof value));
  return value;
}

}  // namespace crdtd::base
