// A document's state rebuilt row by row, to be compared with what is stored of it.
//
// After a row that does not merge there is no state to compare until one is taken over from a checkpoint. Threads: one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ctl/exit_code.hpp"
#include "ctl/findings.hpp"
#include "host/crdt_type.hpp"

namespace crdtd::ctl {

class Replay {
 public:
  // `type` may be null: then nothing is rebuilt or compared.
  Replay(Findings& findings, const host::CrdtType* type) : findings_(findings), type_(type) {}

  // Starts with the empty state.
  void start_empty();
  void take(const host::Row& row);
  // An encoded state of this version, by the name of `where` ("checkpoint 12"): it loads, encodes to its very bytes, and equals
  // what was rebuilt. If nothing could be rebuilt, the replay goes on from it.
  void compare(const std::string& encoded, std::uint32_t format, const std::string& where);
  // The state holds `row` already: merging it changes nothing.
  void expect_contained(const host::Row& row, const std::string& where);

  bool has_state() const noexcept { return state_.has_value(); }

 private:
  host::MergeInput input_of(const host::Row& row) const;

  Findings& findings_;
  const host::CrdtType* type_;
  std::optional<host::State> state_;
};

}  // namespace crdtd::ctl
