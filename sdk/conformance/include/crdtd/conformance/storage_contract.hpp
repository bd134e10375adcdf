// The contract suite of storage backends: runs the promises of crdtd/abi/storage.h against any backend's table.
//
// Loads nothing itself: whoever has the table (linked, or from a plugin library after its init()) passes it in. Each check opens
// stores of its own in a fresh folder, so any of them runs alone, by its name. Relative paths in the settings start at that
// folder. The suite prints nothing and throws nothing but std::bad_alloc and std::filesystem errors of its own folders.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "crdtd/abi/storage.h"
#include "crdtd/conformance/check_result.hpp"

namespace crdtd::conformance {

struct StorageContractOptions {
  const crdtd_host* host = nullptr;  // the one that the plugin was given at init(): buffers that it filled are freed there
  std::uint64_t seed = 1;
  std::filesystem::path directory;   // exists; each check makes, and leaves empty, a folder of its name in it
  bool durable = true;               // what was stored is there after close and open
  std::uint32_t model_steps = 4000;  // of the randomised check
};

// The names of all checks, in the order in which they run.
std::vector<std::string> storage_check_names();

// Runs one check. An unknown name is a failed result that lists the known ones.
CheckResult run_storage_check(const crdtd_storage_backend& table, std::string_view settings_json,
                              const StorageContractOptions& options, std::string_view name);

// Runs all of them; a failed check does not stop the others.
std::vector<CheckResult> run_storage_contract(const crdtd_storage_backend& table, std::string_view settings_json,
                                              const StorageContractOptions& options);

}  // namespace crdtd::conformance
