// A document in memory as of one version: the type's state and what the log says around it.
//
// Built from what the store gives (on a storage thread: decoding a large state takes its time), then moved to the document's
// lane.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "document/cursor.hpp"
#include "host/crdt_type.hpp"
#include "host/storage.hpp"

namespace crdtd::document {

// The enabled types by name. Immutable [any].
class TypeTable {
 public:
  explicit TypeTable(const std::vector<const host::CrdtType*>& types) {
    for (const auto* type : types) by_name_.emplace(type->name(), type);
  }
  const host::CrdtType* find(std::string_view name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second;
  }
  std::string names() const;  // "a, b, c"

 private:
  std::map<std::string, const host::CrdtType*, std::less<>> by_name_;
};

struct Replica {
  Replica(const host::CrdtType& crdt_type, host::State fresh) : type(&crdt_type), state(std::move(fresh)) {}

  const host::CrdtType* type;
  host::State state;
  std::uint64_t birth = 0;
  std::uint64_t version = 0;                   // of `state`
  std::uint32_t check = 0;                     // of the log at `version`
  std::uint64_t first_version = 1;             // first row that the store keeps
  std::uint64_t hlc_unix_ns = 0;               // greatest of any row
  std::map<std::uint64_t, host::Known> known;  // by replica

  // Since the newest checkpoint, which is at `checkpoint_version` (0: none yet).
  std::uint64_t checkpoint_version = 0;
  std::uint64_t checkpoint_bytes = 0;
  std::uint64_t log_bytes = 0;

  Cursor cursor(std::uint64_t generation) const { return {birth, generation, version, check}; }

  // Takes note of a row that has been applied to `state`.
  void advance(const host::Row& row);
};

// A new, empty document.
base::Result<Replica> create_replica(const host::CrdtType& type, std::uint64_t birth);

// Rebuilds a document: checkpoint, then rows; every row's check must continue the one before, up to `version_until` (0: the
// head). Damage, a missing row or bytes that the type refuses are kQuarantined; a type that is not enabled is kTypeNotEnabled.
base::Result<Replica> build_replica(const TypeTable& types, const host::LoadedDocument& loaded, std::uint64_t version_until = 0);

}  // namespace crdtd::document
