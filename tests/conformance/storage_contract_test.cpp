// Runs the contract suite over the storages that come with the server, one section a check.
#include <catch2/catch.hpp>

#include <cstdlib>
#include <random>

#include "crdtd/conformance/storage_contract.hpp"
#include "storage_plugin.hpp"
#include "temp_folder.hpp"

using namespace crdtd;

namespace {

std::uint64_t seed() {
  static const std::uint64_t chosen = [] {
    const char* given = std::getenv("CRDTD_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  }();
  return chosen;
}

// CRDTD_MODEL_STEPS asks for longer runs of the randomised check.
std::uint32_t model_steps() {
  const char* given = std::getenv("CRDTD_MODEL_STEPS");
  return given != nullptr ? static_cast<std::uint32_t>(std::strtoul(given, nullptr, 10)) : 2'000;
}

void check_contract(const char* plugin, const char* settings, bool durable) {
  static const std::vector<std::string> names = conformance::storage_check_names();
  const testing::TempFolder folder;
  conformance::StorageContractOptions options;
  options.host = &test::plugin_host();
  options.seed = seed();
  options.directory = folder.path();
  options.durable = durable;
  options.model_steps = model_steps();
  for (const std::string& name : names) {
    DYNAMIC_SECTION(name) {
      INFO("CRDTD_SEED=" << options.seed);
      const conformance::CheckResult result =
          conformance::run_storage_check(test::storage_plugin(plugin), settings, options, name);
      INFO(result.message);
      CHECK(result.passed);
    }
  }
}

}  // namespace

TEST_CASE("memory storage: keeps the storage contract", "[conformance][storage][memory]") {
  check_contract("memory", "{}", false);
}

TEST_CASE("sqlite storage: keeps the storage contract", "[conformance][storage][sqlite]") {
  check_contract("sqlite", R"({"path": "data/store.db"})", true);
}

// So little is left unsettled that nearly every step meets rows in both places.
TEST_CASE("sqlite storage: keeps the storage contract while it settles all the time", "[conformance][storage][sqlite]") {
  check_contract("sqlite", R"({"path": "store.db", "settle_bytes": 4096, "wal_bytes": 65536})", true);
}

TEST_CASE("storage contract: an unknown check is named", "[conformance][storage]") {
  const auto result = conformance::run_storage_check(test::storage_plugin("memory"), "{}", {}, "no-such-check");
  CHECK_FALSE(result.passed);
  CHECK(result.message.find("create-append-load") != std::string::npos);
}
