// An enabled CRDT type and the states of its documents: the C++ face of a crdtd_crdt_type table.
//
// The only code that calls a type's functions. It fills the ABI structs, checks what comes back (a plugin that breaks its
// contract is answered kInternal with a sentence that names it) and turns statuses into errors: pointers get the "/ops/<index>"
// prefix. Threads: CrdtType is immutable [any]; a State is used on its document's lane [doc]. Lifetime: types live until the
// process ends, so that states may refer to them.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "crdtd/abi/crdt.h"
#include "host/row.hpp"

namespace crdtd::host {

class CrdtType;

// Who makes a change, and with what counters and clock.
struct Author {
  std::uint64_t replica = 0;
  std::uint64_t first_counter = 0;
  std::uint64_t hlc_unix_ns = 0;
  std::string_view node;
};

struct MutateInput {
  std::string_view ops_json;  // a JSON array of ops
  Author author;
  std::uint64_t wall_unix_ns = 0;  // the gate's clock, for drift
  bool utf16 = false;              // text indexes count UTF-16 units
  bool want_effect = false;
  std::span<const RowPtr> recent;  // what the author had not seen, its own left out
};

struct Mutation {
  std::uint32_t counters_used = 0;  // 0: nothing changed, no delta
  std::string delta;
  std::string effect_json;  // empty unless wanted
  std::string result_json;  // empty when the type had nothing to say
};

struct MergeInput {
  std::string_view delta;
  std::uint32_t format = 0;
  Author author;
  std::uint32_t count = 0;
  bool admit = false;  // enforce limits, drift and envelope
  bool heal = false;
  std::uint64_t wall_unix_ns = 0;  // with admit
  bool want_effect = false;
};

struct Merged {
  bool changed = false;
  std::string effect_json;
};

struct Footprint {
  std::uint64_t memory_bytes = 0;
  std::uint64_t encoded_bytes = 0;
  std::uint64_t element_count = 0;
};

// The state of one document. Movable, not copyable; frees itself through its plugin.
class State {
 public:
  State(const CrdtType& type, crdtd_crdt_state* raw) noexcept : type_(&type), raw_(raw) {}
  State(State&& other) noexcept;
  State& operator=(State&& other) noexcept;
  ~State();

  // On an error the state is as it was, unless spoilt() then says that it must be dropped and loaded again.
  base::Result<Mutation> mutate(const MutateInput& input);
  base::Result<Merged> merge(const MergeInput& input);
  base::Result<std::string> encode() const;
  // The value as JSON; `query_json` empty = the whole.
  base::Result<std::string> query(std::string_view query_json, bool utf16) const;
  void compact();
  Footprint footprint() const;
  bool spoilt() const noexcept { return spoilt_; }

 private:
  friend class CrdtType;
  const CrdtType* type_;
  crdtd_crdt_state* raw_;
  mutable bool spoilt_ = false;
};

// One key under `types` in the configuration: a plugin's type, perhaps under an alias, with its limits.
class CrdtType {
 public:
  // `limits`: in the order of the manifest.
  CrdtType(std::string name, const crdtd_crdt_type& table, std::vector<std::uint32_t> formats_read,
           std::vector<std::uint64_t> limits);

  const std::string& name() const noexcept { return name_; }          // as documents call it: the key in the configuration
  std::string_view type_id() const noexcept { return table_->name; }  // as the plugin calls it
  std::uint32_t semantics() const noexcept { return table_->semantics; }
  std::uint32_t format_written() const noexcept { return table_->format_written; }
  bool reads_format(std::uint32_t format) const noexcept;
  const std::vector<std::uint32_t>& formats_read() const noexcept { return formats_read_; }
  const std::vector<std::uint64_t>& limits() const noexcept { return limits_; }

  base::Result<State> create() const;
  // Loads encoded bytes of `format`; damaged bytes are kQuarantined, an unknown format too, never an empty state.
  base::Result<State> load(std::string_view encoded, std::uint32_t format) const;
  // A delta as JSON, for people.
  base::Result<std::string> inspect(std::string_view delta, std::uint32_t format) const;

 private:
  friend class State;
  std::string name_;
  const crdtd_crdt_type* table_;
  std::vector<std::uint32_t> formats_read_;
  std::vector<std::uint64_t> limits_;
};

}  // namespace crdtd::host
