// The checks of the suite: each opens nothing itself, works on a fresh bench, and throws Failed at the first broken promise.
#pragma once

#include <vector>

#include "storage/harness.hpp"

namespace crdtd::conformance {

struct StorageCheck {
  const char* name;
  void (*run)(Bench& bench);
  bool needs_durable = false;
};

std::vector<StorageCheck> append_checks();
std::vector<StorageCheck> read_checks();
std::vector<StorageCheck> lifecycle_checks();
std::vector<StorageCheck> load_checks();   // large, many, at once
std::vector<StorageCheck> model_checks();  // randomised, against StorageModel

}  // namespace crdtd::conformance
