// The part of a document's log that is kept behind its checkpoints, for readers that come late.
//
// Found in the log itself, not remembered: a server that restarts, or a document that leaves memory, forgets nothing.
#pragma once

#include <cstdint>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "host/storage.hpp"

namespace crdtd::document {

struct Window {
  std::uint64_t first_version = 1;  // the first row that is kept now
  std::uint64_t version = 0;        // the newest durable row
  std::uint64_t now_unix_ns = 0;
  base::Duration age{0};   // rows younger than this stay …
  std::uint64_t rows = 0;  // … or so many of the newest, whichever is less; but none younger than kWindowAgeMin goes
};

inline constexpr base::Duration kWindowAgeMin = std::chrono::minutes(15);

// The first row to keep from now on: right behind the newest checkpoint that lies before the window's start. 0: nothing may go.
// Costs one row read while all is young, else a few more and a load. [storage]
host::StorageResult<std::uint64_t> first_to_keep(host::StorageSession& session, const base::DocKey& doc, const Window& window);

}  // namespace crdtd::document
