#include "ctl/log_audit.hpp"

#include <algorithm>

#include "ctl/listing.hpp"
#include "document/integrity.hpp"

namespace crdtd::ctl {
namespace {

std::string row_text(std::uint64_t version) { return "row " + std::to_string(version); }
std::string replica_text(std::uint64_t replica) { return "replica " + hex16(replica); }
std::string counter_text(std::uint64_t counter) { return "counter " + std::to_string(counter); }

}  // namespace

std::string Finding::text() const { return what + " at " + where + ": expected " + expected + ", found " + found; }

void LogAudit::take(const host::Row& row, std::optional<std::uint32_t> stated) {
  ++rows_;
  if (row.version != version_ + 1) {
    findings_.add({"row", row_text(version_ + 1), row_text(version_ + 1), row_text(row.version)});
    check_.reset();  // what lies between is not known
    computed_.reset();
    whole_ = false;
  }
  version_ = row.version;
  hlc_unix_ns_ = std::max(hlc_unix_ns_, row.hlc_unix_ns);
  take_check(row, stated);
  take_dots(row);
}

// One wrong row is one finding: the next one may continue what the wrong one states (its content was changed) or what was
// computed for it (only its check was).
void LogAudit::take_check(const host::Row& row, std::optional<std::uint32_t> stated) {
  const bool continues_computed = computed_ && stated && document::check_next(*computed_, row) == *stated;
  computed_.reset();
  if (check_) check_ = document::check_next(*check_, row);
  if (!stated) return;
  if (check_ && *check_ != *stated && !continues_computed) {
    findings_.add({"check", row_text(row.version), hex8(*check_), hex8(*stated)});
    computed_ = check_;
  }
  check_ = stated;
}

void LogAudit::take_dots(const host::Row& row) {
  if (row.count == 0) {
    whole_ = false;
    replicas_.clear();
    return;
  }
  const auto where = row_text(row.version) + ", " + replica_text(row.replica);
  const std::uint64_t last = row.first_counter + (row.count - 1);
  if (row.first_counter == 0 || last < row.first_counter) {
    findings_.add({"dots", where, "counters from 1 on, without overflow",
                   std::to_string(row.count) + " from " + counter_text(row.first_counter)});
    return;
  }
  const auto [at, is_new] = replicas_.try_emplace(row.replica);
  auto& track = at->second;
  const bool is_first = is_new && (whole_ || row.first_counter == 1);
  if (!is_new || whole_) {
    const std::uint64_t due = is_new ? 1 : track.counter + 1;
    if (row.first_counter != due) {
      findings_.add({"dots", where, counter_text(due), counter_text(row.first_counter)});
      track.chain.reset();
    }
  }
  if (is_first && row.first_counter == 1) track.chain = document::kChainStart;
  if (track.chain) track.chain = document::chain_next(*track.chain, row.delta);
  track.counter = std::max(track.counter, last);
  track.node = row.node;
  if (is_new) track.first_version = row.version;
}

void LogAudit::expect_check(std::uint64_t version, std::uint32_t stated, const std::string& where) {
  if (version != version_) return;
  if (check_ && *check_ != stated) findings_.add({"check", where, hex8(*check_), hex8(stated)});
  if (!check_) check_ = stated;
}

void LogAudit::compare_known(const std::vector<host::Known>& known) {
  std::map<std::uint64_t, const host::Known*> table;
  for (const auto& entry : known) {
    const auto where = replica_text(entry.replica);
    if (!table.emplace(entry.replica, &entry).second) findings_.add({"known", where, "one entry", "two"});
    const auto at = replicas_.find(entry.replica);
    if (at == replicas_.end()) {
      if (whole_) findings_.add({"known", where, "a row of this replica in the log", "none"});
      continue;
    }
    const auto& track = at->second;
    if (entry.counter != track.counter) {
      findings_.add({"known", where, counter_text(track.counter), counter_text(entry.counter)});
    } else if (track.chain && *track.chain != entry.chain) {
      findings_.add({"chain", where, hex16(*track.chain), hex16(entry.chain)});
    }
    if (!entry.node.empty() && entry.node != track.node) {
      findings_.add({"known", where, "node " + entry.node, "node " + track.node + " in its newest row"});
    }
  }
  for (const auto& [replica, track] : replicas_) {
    if (!table.contains(replica)) {
      findings_.add({"known", replica_text(replica), "an entry, as it made row " + std::to_string(track.first_version), "none"});
    }
  }
}

}  // namespace crdtd::ctl
