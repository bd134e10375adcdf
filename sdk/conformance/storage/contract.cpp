#include "crdtd/conformance/storage_contract.hpp"

#include <algorithm>

#include "storage/checks.hpp"

namespace crdtd::conformance {

namespace {

std::vector<StorageCheck> all_checks() {
  std::vector<StorageCheck> all;
  for (const auto& part : {append_checks(), read_checks(), lifecycle_checks(), load_checks(), model_checks()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

CheckResult run(const StorageCheck& check, const crdtd_storage_backend& table, std::string_view settings_json,
                const StorageContractOptions& options) {
  CheckResult result{check.name, true, {}, 0};
  const std::filesystem::path folder = options.directory / check.name;
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  try {
    Bench bench(table, settings_json, options, folder);
    check.run(bench);
  } catch (const Failed& failed) {
    result.passed = false;
    result.message = failed.message + " (seed " + std::to_string(options.seed) + ")";
    result.seed = options.seed;
  }
  std::filesystem::remove_all(folder);
  return result;
}

bool applies(const StorageCheck& check, const StorageContractOptions& options) { return options.durable || !check.needs_durable; }

}  // namespace

std::vector<std::string> storage_check_names() {
  std::vector<std::string> names;
  for (const StorageCheck& check : all_checks()) names.emplace_back(check.name);
  return names;
}

CheckResult run_storage_check(const crdtd_storage_backend& table, std::string_view settings_json,
                              const StorageContractOptions& options, std::string_view name) {
  std::string known;
  for (const StorageCheck& check : all_checks()) {
    if (name == check.name && applies(check, options)) return run(check, table, settings_json, options);
    if (name == check.name) return {check.name, true, "left out: it is about durable storages", 0};
    known += (known.empty() ? "" : ", ") + std::string(check.name);
  }
  return {std::string(name), false, "there is no such check; there are: " + known, 0};
}

std::vector<CheckResult> run_storage_contract(const crdtd_storage_backend& table, std::string_view settings_json,
                                              const StorageContractOptions& options) {
  std::vector<CheckResult> results;
  for (const StorageCheck& check : all_checks()) {
    if (applies(check, options)) results.push_back(run(check, table, settings_json, options));
  }
  return results;
}

}  // namespace crdtd::conformance
