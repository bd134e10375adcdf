// The tables, their version, and the settings of the two kinds of connection.
#pragma once

#include <cstdint>
#include <string>

#include "database.hpp"

namespace crdtd_sqlite {

struct StoreSettings {
  std::string path;                          // absolute
  std::uint64_t readers = 4;                 // read sessions that make sense
  std::uint64_t settle_bytes = 32ULL << 20;  // the log's tail is settled into the tables once it is larger
  std::uint64_t wal_bytes = 2ULL << 20;      // the WAL is checkpointed once it is larger
  std::uint64_t busy_timeout_ms = 5'000;     // how long a connection waits for another's lock
  std::uint64_t pages_max = 0;               // bound on the database, in pages of 4 KiB; 0: none
};

inline constexpr std::int64_t kApplicationId = 0x43524454;  // "CRDT"
inline constexpr std::int64_t kSchemaVersion = 1;

// Makes the connection the one that writes and checkpoints; creates the tables, or brings them up to this version.
// INVALID when the file is no store of crdtd, or a newer one's.
void prepare_writer(Database& database, const StoreSettings& settings);

// Whether each commit of the writing connection is synced, as it is from the start. Outside of transactions. A failure is FATAL:
// nothing may be promised by a connection that does not sync.
void set_synced(Database& database, bool synced);

// Makes the connection one that only reads, and never checkpoints, not even when it closes.
void prepare_reader(Database& database, const StoreSettings& settings);

}  // namespace crdtd_sqlite
