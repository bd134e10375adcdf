// The audit of a document that a server holds, from outside; audit.hpp says what it proves.
#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "ctl/audit.hpp"
#include "ctl/listing.hpp"
#include "ctl/log_audit.hpp"
#include "ctl/replay.hpp"
#include "document/cursor.hpp"
#include "document/integrity.hpp"

namespace crdtd::ctl {
namespace {

constexpr std::uint32_t kPageRowsMax = 1000;

// The version after which rows can still be read. A server names it only by refusing what is older, so it is searched for.
Outcome<std::uint64_t> oldest_place(DocumentSource& server, const std::string& id, std::uint64_t head) {
  std::uint64_t low = 0;
  std::uint64_t high = head;  // the answer is at or before it
  std::uint64_t next = 0;     // first the beginning: most often it is there
  while (low < high) {
    const auto page = server.rows(id, std::to_string(next), 1);
    if (page) {
      high = next;
    } else if (page.error().code == kExitFailed) {
      low = next + 1;
    } else {
      return page.error();
    }
    next = low + (high - low) / 2;
  }
  return high;
}

class ServedAudit {
 public:
  ServedAudit(DocumentSource& server, const std::string& id, const wire::SnapshotReply& state, Audited& out)
      : server_(server), id_(id), state_(state), out_(out) {}

  Outcome<void> run(const host::CrdtType* type);

 private:
  Outcome<void> take_rows(LogAudit& log, Replay& replay, bool from_start);

  DocumentSource& server_;
  const std::string& id_;
  const wire::SnapshotReply& state_;
  Audited& out_;
};

Outcome<void> ServedAudit::take_rows(LogAudit& log, Replay& replay, bool from_start) {
  const auto where = "version " + std::to_string(state_.version);
  std::string since = std::to_string(log.version());
  while (log.version() < state_.version) {
    const auto page = server_.rows(id_, since, kPageRowsMax);
    if (!page) return page.error();
    if (page->rows.empty() || page->version <= log.version()) {
      const auto next = "row " + std::to_string(log.version() + 1);
      out_.findings.add({"row", next, next, "none, though the encoded state is of " + where});
      return {};
    }
    for (const auto& [row, has_check, ops_json] : page->rows) {
      if (row.version > state_.version) break;  // made since
      log.take(row, has_check ? std::optional(row.check) : std::nullopt);
      if (from_start) {
        replay.take(row);
      } else {
        replay.expect_contained(row, where);
      }
    }
    since = page->cursor;
  }
  return {};
}

Outcome<void> ServedAudit::run(const host::CrdtType* type) {
  const auto cursor = document::parse_cursor(state_.cursor);
  if (!cursor || cursor->version != state_.version) {
    out_.findings.add({"cursor", "the encoded state", "a cursor of version " + std::to_string(state_.version),
                       cursor ? "one of version " + std::to_string(cursor->version) : "'" + state_.cursor + "'"});
    return {};
  }
  const auto oldest = oldest_place(server_, id_, state_.version);
  if (!oldest) return oldest.error();
  const bool from_start = *oldest == 0;
  out_.first_version = *oldest + 1;
  LogAudit log(out_.findings, *oldest,
               from_start ? std::optional(document::check_start(cursor->birth)) : std::optional<std::uint32_t>());
  Replay replay(out_.findings, type);
  const auto where = "version " + std::to_string(state_.version);
  if (from_start) {
    replay.start_empty();
  } else {
    replay.compare(state_.encoded, state_.format, where);
  }
  if (auto taken = take_rows(log, replay, from_start); !taken) return taken;
  out_.rows = log.rows();
  if (log.version() != state_.version) return {};
  if (from_start) replay.compare(state_.encoded, state_.format, where);
  log.expect_check(state_.version, cursor->check, "the cursor of the encoded state");
  std::vector<host::Known> known;
  for (const auto& entry : state_.known) known.push_back({entry.replica, entry.counter, entry.chain, entry.node});
  log.compare_known(known);
  return {};
}

}  // namespace

Outcome<Audited> audit_served(DocumentSource& server, const document::TypeTable& types, const std::string& id) {
  const auto state = server.encoded(id, {});
  if (!state) return state.error();
  Audited audited;
  audited.type = state->type;
  audited.version = state->version;
  audited.checkpoints = 1;
  const auto* type = types.find(state->type);
  if (type == nullptr) {
    audited.findings.add({"type", "the document", "a type whose plugin is at hand: " + types.names(), state->type});
  }
  if (auto done = ServedAudit(server, id, *state, audited).run(type); !done) return done.error();
  return audited;
}

}  // namespace crdtd::ctl
