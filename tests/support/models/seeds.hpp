// How long random tests run, and from which seed. A test prints the seed of what failed; CRDTD_TEST_SEED replays it.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace crdtd_test {

// How many times the usual count of iterations; CRDTD_TEST_SCALE.
inline int test_scale() {
  const char* text = std::getenv("CRDTD_TEST_SCALE");
  const int scale = text == nullptr ? 1 : std::atoi(text);
  return scale < 1 ? 1 : scale;
}
inline std::uint64_t first_seed() {
  const char* text = std::getenv("CRDTD_TEST_SEED");
  return text == nullptr ? 1 : std::strtoull(text, nullptr, 10);
}

}  // namespace crdtd_test
