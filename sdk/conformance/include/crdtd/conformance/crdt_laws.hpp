// The laws of CRDT types: runs what crdtd/abi/crdt.h demands against any type's table, over random histories of several replicas.
//
// Loads nothing itself: whoever has the table (linked, or from a plugin library after its init()) passes it in, with the op
// templates of the type's manifest (`ops` in MANIFEST.md). Each law runs alone, by its name; CRDT.md tells what each one says.
// A law that fails gives the smallest history that was found to break it, and the seed that shows it again.
// The kit prints nothing and throws nothing but std::bad_alloc. Threads: one run at a time for each plugin.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "crdtd/abi/crdt.h"
#include "crdtd/conformance/check_result.hpp"

namespace crdtd::conformance {

struct CrdtLawOptions {
  // The one that the plugin was given at init(): buffers that it filled are freed there. With counting_host() the laws about
  // memory are judged too; with another one they are left out (passed, and the message says so).
  const crdtd_host* host = nullptr;
  std::string ops_json;               // `ops` of the type's manifest; without it nothing can be judged, and every law fails
  std::vector<std::uint64_t> limits;  // in the manifest's order, its defaults; what is not named is unlimited
  std::uint64_t seed = 1;             // of the first history; the next ones take seed + 1, seed + 2 …
  std::uint32_t rounds = 100;         // histories for each law
  std::uint32_t steps = 40;           // of a history
};

// The names of all laws, in the order in which they run.
std::vector<std::string> crdt_law_names();

// What a law says, in one sentence; empty for an unknown name.
std::string crdt_law_summary(std::string_view name);

// Judges one law. An unknown name is a failed result that lists the known ones.
CheckResult run_crdt_law(const crdtd_crdt_type& table, const CrdtLawOptions& options, std::string_view name);

// Judges all of them; a broken law does not stop the others.
std::vector<CheckResult> run_crdt_laws(const crdtd_crdt_type& table, const CrdtLawOptions& options);

}  // namespace crdtd::conformance
