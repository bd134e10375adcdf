// The audit of a stored document; audit.hpp says what it proves.
#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "ctl/audit.hpp"
#include "ctl/listing.hpp"
#include "ctl/log_audit.hpp"
#include "ctl/replay.hpp"
#include "document/integrity.hpp"

namespace crdtd::ctl {
namespace {

using host::StorageStatus;

constexpr std::uint32_t kPageRowsMax = 1000;
constexpr std::uint64_t kPageBytesMax = 1u << 20;

std::string version_text(std::uint64_t version) { return "version " + std::to_string(version); }
std::string checkpoint_text(std::uint64_t version) { return "checkpoint " + std::to_string(version); }

// What the store says of a document is damage, which is a finding; all else keeps the audit from its work.
bool is_damage(const host::StorageError& error) {
  return error.status == StorageStatus::kCorrupt || error.status == StorageStatus::kBehind;
}

class StoredAudit {
 public:
  StoredAudit(host::StorageSession& session, const document::TypeTable& types, const base::DocKey& doc, Audited& out)
      : session_(session), types_(types), doc_(doc), out_(out) {}

  Outcome<void> run();

 private:
  Outcome<void> read_head();
  Outcome<void> find_checkpoints(std::uint64_t base);
  Outcome<void> start(LogAudit& log, Replay& replay, std::uint64_t base);
  Outcome<bool> take_page(LogAudit& log, Replay& replay, std::uint64_t until);
  Outcome<void> compare_checkpoint(LogAudit& log, Replay& replay, std::uint64_t version);
  void compare_head(const LogAudit& log);
  Outcome<void> damage_or_failure(const host::StorageError& error, std::string where, std::string expected);

  host::StorageSession& session_;
  const document::TypeTable& types_;
  const base::DocKey& doc_;
  Audited& out_;
  std::optional<host::DocHead> head_;
  std::optional<std::vector<host::Known>> known_;
  std::vector<std::uint64_t> checkpoints_;  // versions, the newest first
};

Outcome<void> StoredAudit::damage_or_failure(const host::StorageError& error, std::string where, std::string expected) {
  if (!is_damage(error)) return failure_of(error, doc_.id);
  out_.findings.add({"storage", std::move(where), std::move(expected), error.message});
  return {};
}

// By load(), as a server opens it; when that finds damage, by reading rows, so that more can be said of the document.
Outcome<void> StoredAudit::read_head() {
  auto loaded = session_.load(doc_);
  if (loaded) {
    head_ = std::move(loaded->head);
    known_ = std::move(loaded->known);
    if (loaded->checkpoint) checkpoints_.push_back(loaded->checkpoint->version);
    return {};
  }
  if (auto noted = damage_or_failure(loaded.error(), "the newest state", "a document that loads"); !noted) return noted;
  auto read = session_.read_rows(doc_, {0, 0, 1, 0});
  if (!read && read.error().status == StorageStatus::kBehind && read.error().detail > 1) {
    read = session_.read_rows(doc_, {static_cast<std::uint64_t>(read.error().detail) - 1, 0, 1, 0});
  }
  if (!read) return damage_or_failure(read.error(), "the oldest row", "a row that can be read");
  head_ = std::move(read->head);
  return {};
}

// All checkpoints behind `base`: asked for one by one, each as the newest before the one found last.
Outcome<void> StoredAudit::find_checkpoints(std::uint64_t base) {
  while (!checkpoints_.empty() && checkpoints_.back() > base + 1) {
    const auto before = checkpoints_.back() - 1;
    const auto loaded = session_.load(doc_, before);
    if (!loaded) return damage_or_failure(loaded.error(), version_text(before), "a version that can be rebuilt");
    if (!loaded->checkpoint || loaded->checkpoint->version <= base) return {};
    checkpoints_.push_back(loaded->checkpoint->version);
  }
  return {};
}

// Behind rows that are no longer kept stands a checkpoint.
Outcome<void> StoredAudit::start(LogAudit& log, Replay& replay, std::uint64_t base) {
  if (base == 0) {
    replay.start_empty();
    return {};
  }
  const auto loaded = session_.load(doc_, base);
  if (!loaded) return damage_or_failure(loaded.error(), checkpoint_text(base), "a checkpoint for the rows before it");
  const auto& checkpoint = loaded->checkpoint;
  if (!checkpoint || checkpoint->version != base) {
    out_.findings.add({"checkpoint", version_text(base), "a checkpoint for the rows before it",
                       checkpoint ? checkpoint_text(checkpoint->version) : "none"});
    return {};
  }
  log.expect_check(base, checkpoint->check, checkpoint_text(base));
  replay.compare(checkpoint->encoded, checkpoint->format, checkpoint_text(base));
  ++out_.checkpoints;
  return {};
}

// False: the rows end here, and why is a finding.
Outcome<bool> StoredAudit::take_page(LogAudit& log, Replay& replay, std::uint64_t until) {
  const auto read = session_.read_rows(doc_, {log.version(), until, kPageRowsMax, kPageBytesMax});
  const auto next = "row " + std::to_string(log.version() + 1);
  if (!read) {
    if (auto noted = damage_or_failure(read.error(), next, "rows that can be read"); !noted) return noted.error();
    return false;
  }
  if (read->rows.empty()) {
    out_.findings.add({"row", next, next, "none, though the head is at " + version_text(head_->version)});
    return false;
  }
  for (const auto& row : read->rows) {
    log.take(*row, row->check);
    replay.take(*row);
  }
  return true;
}

Outcome<void> StoredAudit::compare_checkpoint(LogAudit& log, Replay& replay, std::uint64_t version) {
  const auto where = checkpoint_text(version);
  const auto loaded = session_.load(doc_, version);
  if (!loaded) return damage_or_failure(loaded.error(), where, "a checkpoint that can be read");
  if (!loaded->checkpoint || loaded->checkpoint->version != version) {
    out_.findings.add({"checkpoint", where, "the checkpoint that was there before", "none"});
    return {};
  }
  log.expect_check(version, loaded->checkpoint->check, where);
  replay.compare(loaded->checkpoint->encoded, loaded->checkpoint->format, where);
  ++out_.checkpoints;
  return {};
}

void StoredAudit::compare_head(const LogAudit& log) {
  if (log.check() && *log.check() != head_->check) {
    out_.findings.add({"check", "the head, version " + std::to_string(head_->version), hex8(*log.check()), hex8(head_->check)});
  }
  if (head_->hlc_unix_ns < log.hlc_unix_ns()) {
    out_.findings.add(
        {"head", "its clock", "at least " + utc_text(log.hlc_unix_ns()) + ", as a row has", utc_text(head_->hlc_unix_ns)});
  }
}

Outcome<void> StoredAudit::run() {
  if (auto read = read_head(); !read || !head_) return read;
  const auto* type = types_.find(head_->type);
  if (type == nullptr) {
    out_.findings.add({"type", "the document", "a type that is enabled: " + types_.names(), head_->type});
  }
  out_.type = head_->type;
  out_.version = head_->version;
  out_.first_version = head_->first_version;
  const std::uint64_t base = head_->first_version == 0 ? 0 : head_->first_version - 1;
  if (auto found = find_checkpoints(base); !found) return found;
  LogAudit log(out_.findings, base,
               base == 0 ? std::optional(document::check_start(head_->birth)) : std::optional<std::uint32_t>());
  Replay replay(out_.findings, type);
  if (auto started = start(log, replay, base); !started) return started;
  while (!checkpoints_.empty() && checkpoints_.back() <= base) checkpoints_.pop_back();
  while (log.version() < head_->version) {
    const auto until = checkpoints_.empty() ? head_->version : checkpoints_.back();
    const auto more = take_page(log, replay, until);
    if (!more) return more.error();
    out_.rows = log.rows();
    if (!*more) return {};
    if (checkpoints_.empty() || log.version() != checkpoints_.back()) continue;
    if (auto compared = compare_checkpoint(log, replay, checkpoints_.back()); !compared) return compared;
    checkpoints_.pop_back();
  }
  compare_head(log);
  if (known_) log.compare_known(*known_);
  return {};
}

}  // namespace

Outcome<Audited> audit_stored(host::StorageSession& session, const document::TypeTable& types, const base::DocKey& doc) {
  Audited audited;
  if (auto done = StoredAudit(session, types, doc, audited).run(); !done) return done.error();
  return audited;
}

}  // namespace crdtd::ctl
