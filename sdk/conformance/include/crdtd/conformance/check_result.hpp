// What one check of the kit has found: a law of CRDT types or a promise of storages.
#pragma once

#include <cstdint>
#include <string>

namespace crdtd::conformance {

struct CheckResult {
  std::string name;  // kebab-case
  bool passed = false;
  std::string message;     // when it failed: what was expected, what came, where; the seed where chance was involved
  std::uint64_t seed = 0;  // when it failed: run it alone with this seed and it fails at once; 0 where no chance was involved
};

}  // namespace crdtd::conformance
