// Where the `doc` verbs read documents: a server, or a store that no server holds. Both only ever read.
//
// Threads: [main]. Ownership: what is answered owns its bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crdtd/wire/read_reply.hpp"
#include "ctl/commands.hpp"
#include "ctl/configured.hpp"
#include "ctl/exit_code.hpp"
#include "host/row.hpp"

namespace crdtd::ctl {

struct LogRow {
  host::Row row;
  bool has_check = false;  // a server tells the check only through cursors
  std::string ops_json;    // the delta for people; empty: not at hand
};

struct LogPage {
  std::string type;
  std::vector<LogRow> rows;
  std::uint64_t version = 0;  // where the page ends
  std::string cursor;         // likewise
  std::uint64_t head = 0;
};

class DocumentSource {
 public:
  virtual ~DocumentSource() = default;
  // Documents with an id after `after`, in the order of their ids.
  virtual Outcome<wire::ListReply> list(const std::string& after, std::uint32_t limit) = 0;
  // `query_json` empty: the whole value.
  virtual Outcome<wire::ReadReply> read(const std::string& id, std::optional<std::uint64_t> version,
                                        const std::string& query_json) = 0;
  // The encoded state with the known table.
  virtual Outcome<wire::SnapshotReply> encoded(const std::string& id, std::optional<std::uint64_t> version) = 0;
  // Rows after `since`: a version in digits, a cursor, or empty for the beginning.
  virtual Outcome<LogPage> rows(const std::string& id, const std::string& since, std::uint32_t limit) = 0;
};

// What a verb needs of the types' plugins when it works on a store.
enum class TypesWanted { kNo, kYes };

// By `place.url` if it is set, else by `place.config`. A URL or node that the client library cannot use is kExitUsage.
Outcome<std::unique_ptr<DocumentSource>> open_source(const Place& place, const char* const* environment, TypesWanted types);

// The two kinds by themselves.
Outcome<std::unique_ptr<DocumentSource>> open_server_source(const Place& place, const char* const* environment);
Outcome<std::unique_ptr<DocumentSource>> open_store_source(std::unique_ptr<Configured> opened, const std::string& tenant);

// Why a read of `id` failed, with its exit code.
Failure failure_of(const host::StorageError& error, const std::string& id);
Failure failure_of(const base::Error& error);

}  // namespace crdtd::ctl
