// Proves one document: everything about it that can be recomputed is, and compared.
//
// Of a store: rows without holes from the oldest kept; every row's check; every replica's counters; the known table, chains
// included where the log reaches back; every checkpoint loads, encodes to its very bytes, and equals the checkpoint before it (or
// the empty state) with the rows in between; the head.
// Of a server, from outside: the encoded state loads and encodes to its bytes, and equals the rows where the log reaches back, or
// else holds what every kept row brings; rows, counters, known table as above; checks where a cursor tells them.
// Memory: the state, a page of rows, the known table; and the rows between two checkpoints, as when a server opens the document.
// Threads: one. A finding is no failure; a failure is what kept the audit from its work.
#pragma once

#include <cstdint>
#include <string>

#include "ctl/document_source.hpp"
#include "ctl/exit_code.hpp"
#include "ctl/findings.hpp"
#include "document/replica.hpp"
#include "host/storage.hpp"

namespace crdtd::ctl {

struct Audited {
  std::string type;
  std::uint64_t version = 0;
  std::uint64_t first_version = 1;  // oldest row kept
  std::uint64_t rows = 0;           // that were read
  std::uint64_t checkpoints = 0;    // that were compared; of a server: its encoded state
  Findings findings;
};

Outcome<Audited> audit_stored(host::StorageSession& session, const document::TypeTable& types, const base::DocKey& doc);
Outcome<Audited> audit_served(DocumentSource& server, const document::TypeTable& types, const std::string& id);

}  // namespace crdtd::ctl
