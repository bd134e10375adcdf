// What every document shares: the seams, the types, the store, the bounds. Built once by main (or a simulator); outlives the
// engine.
#pragma once

#include <cstdint>

#include "base/clock.hpp"
#include "base/lane.hpp"
#include "base/random.hpp"
#include "document/replica.hpp"
#include "store/document_store.hpp"

namespace crdtd::document {

struct EngineSettings {
  std::uint64_t memory_bytes_max = 256u << 20;         // documents in memory; the least recently used go first
  std::uint64_t waiting_bytes_max = 64u << 20;         // requests that wait for their commit
  std::uint32_t tenant_share_percent = 25;             // of that, for one tenant
  std::uint64_t checkpoint_log_bytes_min = 64u << 10;  // no checkpoint for less log than this
  base::Duration window_age = std::chrono::hours(7 * 24);
  std::uint64_t window_rows = 100'000;
  base::Duration key_age = std::chrono::hours(7 * 24);
};

struct EngineContext {
  base::Scheduler& scheduler;
  const base::Clock& clock;
  base::Random& random;
  const TypeTable& types;
  store::DocumentStore& store;
  std::uint64_t generation = 0;      // of the store
  std::uint64_t server_replica = 0;  // whose dots thin clients' ops get; drawn for this process, top bit set
  EngineSettings settings;
};

// Replica ids with the top bit are the servers' own.
inline constexpr std::uint64_t kServerReplicaBit = 1ULL << 63;

}  // namespace crdtd::document
