// A history: what several replicas of one document did, step by step; drawn from a seed, played as often as wanted, shrunk.
//
// Steps carry all that chance has decided, so that a history with some of them taken out can still be played: what is no longer
// possible (a delta that was never made, a cause that is missing) is passed over.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "crdt/instance.hpp"
#include "crdt/op_templates.hpp"

namespace crdtd::conformance {

struct Step {
  enum class Kind : std::uint8_t { kEdit, kDeliver, kJoin, kReload };

  Kind kind = Kind::kEdit;
  std::uint32_t id = 0;          // stays when other steps go
  std::uint32_t replica = 0;     // who
  std::uint32_t other = 0;       // join: whose state; deliver: the id of the step that made the delta
  std::vector<std::string> ops;  // edit
  std::uint32_t unseen = 0;      // edit: how many of the newest rows its author had not seen
  std::uint64_t hlc = 0;         // edit
  std::string node;              // edit
  bool admit = false;            // deliver: as the gate does
};

struct History {
  std::uint64_t seed = 0;
  std::uint32_t replica_count = 3;
  std::vector<Step> steps;
};

// Plays the history while it is drawn; if the type fails on the way, it ends with that step.
History draw_history(const Setup& setup, const OpTemplates& templates, std::uint64_t seed, std::uint32_t step_count);

// Takes out steps and ops as long as `broken` (which answers why, or nothing) still finds the history broken.
// `why` is the reason of the given history, and of the one that is returned afterwards.
History shrink(History history, std::string& why, const std::function<std::optional<std::string>(const History&)>& broken);

// One line a step, numbered, of bounded length.
std::string describe(const History& history);
std::string describe(const Step& step, const History& history);

// "A" for replica 0 and so on.
std::string replica_name(std::uint32_t replica);
// "[op,op]"
std::string json_array(const std::vector<std::string>& items);
// Text as it is, other bytes in hex; at most `bytes_max` of them.
std::string shown(const std::string& bytes, std::size_t bytes_max = 96);

}  // namespace crdtd::conformance
