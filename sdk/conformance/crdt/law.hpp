// A law, and what laws are written with. Each plays a history and throws LawBroken at the first thing that does not hold.
#pragma once

#include <string>
#include <vector>

#include "crdt/world.hpp"

namespace crdtd::conformance {

struct LawRun {
  const Setup& setup;
  const OpTemplates& templates;
  const History& history;
};

struct Law {
  const char* name;     // kebab-case
  const char* summary;  // one sentence
  void (*judge)(const LawRun& run);
  bool needs_counting = false;  // judged only with counting_host()
};

std::vector<Law> template_laws();
std::vector<Law> author_laws();    // what mutate() promises
std::vector<Law> join_laws();      // what merge() promises
std::vector<Law> encoding_laws();  // bytes and JSON that come out
std::vector<Law> refusal_laws();   // what a refusal leaves behind
std::vector<Law> gate_laws();      // ADMIT and limits
std::vector<Law> memory_laws();    // allocations, buffers, addresses

// Of a law that is all in a watch: plays the history before its eyes.
template <class W>
void judge_by_watching(const LawRun& run) {
  W watch;
  play(run.setup, run.history, watch);
}

// A state of its own, equal to `state`.
inline Instance copy_of(const Instance& state) { return {state.setup(), state.encode()}; }

// "what: expected …, came …" when the two differ.
void expect_same(const std::string& what, const std::string& expected, const std::string& came);
// Encoded bytes and value.
void expect_same_state(const std::string& what, const Instance& expected, const Instance& came);
void expect_json(const std::string& what, const std::string& text);
bool is_json(const std::string& text);
// The elements of a JSON array; breaks the law when `text` is none. No bytes at all stand for an empty array.
std::size_t array_size(const std::string& what, const std::string& text);

// An op that no type has.
inline constexpr const char* kUnknownOp = R"({"crdtd-no-such-op":1})";

}  // namespace crdtd::conformance
