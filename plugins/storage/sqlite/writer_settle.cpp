// Settling: what lies in the log in commit order is brought into the tables by document, a slice after an append.
//
// A round covers the records up to the last seq at its start. It walks the documents in the order of their numbers, so that the
// tables are written in their own order, and packs a document's rows into chunks; then it deletes the records, from the front. A
// document's row says up to which seq it is settled, so a round may end anywhere: at a crash the next one starts over with what
// still counts. The slices are larger than what is appended, so that a round ends before the tail has doubled.
#include <algorithm>
#include <map>
#include <utility>

#include "statements.hpp"

namespace crdtd_sqlite {

using storage::text;

namespace {

constexpr std::uint64_t kChunkBytes = 32U << 10;
constexpr std::uint64_t kSliceBytesMin = 16U << 10;
constexpr std::uint64_t kSliceBytesDue = 64U << 10;  // no slice for less: each one writes pages of its own beside the rows
constexpr std::uint64_t kDocumentCost = 128;         // of a document without anything to settle, in bytes: walking costs too
constexpr std::uint64_t kSettleFactor = 4;           // so many bytes are settled for each that is appended
constexpr std::uint64_t kTruncateBytes = 32;         // of the budget for each record that is deleted

// Gathers a document's rows and writes them as chunks.
class ChunkWriter {
 public:
  ChunkWriter(Statement& put_chunk, std::uint64_t doc) : put_chunk_(put_chunk), doc_(doc) {}

  void add(const crdtd_row& row, std::string_view packed) {
    if (row_count_ == 0) version_first_ = row.version;
    rows_ += packed;
    ++row_count_;
    if (rows_.size() >= kChunkBytes) flush();
  }
  void flush() {
    if (row_count_ == 0) return;
    put_chunk_.run(doc_, version_first_, pack_chunk(doc_, version_first_, row_count_, rows_));
    rows_.clear();
    row_count_ = 0;
  }

 private:
  Statement& put_chunk_;
  std::uint64_t doc_, version_first_ = 0, row_count_ = 0;
  std::string rows_;
};

}  // namespace

// The next row of get_log as a record of `doc`, sound, or CORRUPT.
LogBody Writer::read_own(Statement::Run& run, std::uint64_t doc, LogFront& front) {
  std::string_view body;
  if (!run.next() || read_log(run.blob(1), front, body) != LogState::kSound || front.doc != doc) {
    throw_corrupt("a log record is damaged or missing");
  }
  return read_body(body);
}

// Within a transaction: at least one record, then as many as `bytes_max` allows, none after `until`.
Writer::Settled Writer::settle_document(const TailDocument& document, std::uint64_t until, std::uint64_t bytes_max) {
  Settled settled;
  settled.doc = document.doc;
  DocumentRow row;
  {
    Statement::Run run = sql_->get_document.start(document.tenant, document.id);
    if (run.next()) row = read_document(document.tenant, document.id, run.number(0), run.blob(1));
  }
  const std::uint64_t first_version = row.doc == document.doc ? row.head.first_version : 1;
  ChunkWriter chunks(sql_->put_chunk, document.doc);
  std::map<std::uint64_t, std::string> known;
  for (const LogRef& ref : document.refs) {
    if (ref.seq > until || (settled.bytes >= bytes_max && settled.settled != 0)) break;
    Statement::Run run = sql_->get_log.start(ref.seq);
    LogFront front;
    const LogBody body = read_own(run, document.doc, front);
    RowWalk rows(body.rows, front.version_before + 1);
    for (crdtd_row each; rows.next(each);) chunks.add(each, rows.packed());
    for (const crdtd_known& each : body.known) known[each.replica] = pack_known(document.doc, each);
    for (const crdtd_key& key : body.keys) {
      const std::uint64_t expires = std::min<std::uint64_t>(key.expires_unix_ms, INT64_MAX);
      sql_->put_key.run(document.doc, text(key.node), text(key.key), expires, pack_key(document.doc, key));
      settled.keys.emplace_back(Tail::key_hash(document.doc, key), ref.seq);
    }
    row.head = front.head;
    settled.settled = ref.seq;
    settled.bytes += ref.record_bytes;
  }
  chunks.flush();
  for (const auto& [replica, record] : known) sql_->put_known.run(document.doc, replica, record);
  row.doc = document.doc;
  row.head.first_version = first_version;
  row.settled = settled.settled;
  sql_->put_document.run(document.tenant, document.id, row.doc, pack_document(document.tenant, document.id, row));
  return settled;
}

Writer::Settled Writer::settle_whole(const TailDocument& document) { return settle_document(document, UINT64_MAX, UINT64_MAX); }

// Under the index mutex, after the commit.
void Writer::forget(const Settled& settled) {
  for (const auto& [hash, seq] : settled.keys) tail_.forget_key(hash, seq);
  tail_.settle(settled.doc, settled.settled);
}

void Writer::save_counters() { sql_->put_counters.run(next_doc_, next_seq_); }

void Writer::mark_corrupt(std::uint64_t doc) {
  sql_->put_damaged.run(doc);
  const std::unique_lock lock(index_mutex_);
  if (TailDocument* document = tail_.find(doc); document != nullptr) document->corrupt = true;
}

// A slice only moves what is durable already, so it is not synced: the WAL keeps its order, and the sync of the next append
// covers it. Lost with the power, it is done again.
void Writer::settle_some(std::uint64_t bytes_appended) {
  if (settle_until_ == 0) {
    if (tail_.bytes() < settle_trigger_) return;
    settle_until_ = next_seq_ - 1;
    settle_from_doc_ = 0;
  }
  settle_debt_ += kSettleFactor * bytes_appended;
  if (settle_debt_ < std::min(kSliceBytesDue, settings_.settle_bytes / 16)) return;
  const std::uint64_t budget = std::max(kSliceBytesMin, std::exchange(settle_debt_, 0));
  set_synced(database_, false);
  try {
    settle_slice(budget);
  } catch (...) {
    set_synced(database_, true);
    throw;
  }
  set_synced(database_, true);
}

void Writer::settle_slice(std::uint64_t budget) {
  const TailDocument* document = tail_.find_from(settle_from_doc_);
  if (document == nullptr) return truncate_log(budget / kTruncateBytes);

  std::uint64_t from_doc = settle_from_doc_;
  std::vector<Settled> settled;
  try {
    Transaction transaction(database_, Transaction::Kind::kWrite);
    while (document != nullptr && budget > 0) {
      from_doc = document->doc;
      std::uint64_t cost = kDocumentCost;
      bool done = true;
      if (!document->corrupt && document->refs.front().seq <= settle_until_) {
        settled.push_back(settle_document(*document, settle_until_, budget));
        cost += settled.back().bytes;
        const auto next = std::upper_bound(document->refs.begin(), document->refs.end(), settled.back().settled,
                                           [](std::uint64_t seq, const LogRef& ref) { return seq < ref.seq; });
        done = next == document->refs.end() || next->seq > settle_until_;
      }
      budget -= std::min(budget, cost);
      if (!done) continue;
      document = tail_.find_from(++from_doc);
    }
    if (document == nullptr) from_doc = UINT64_MAX;
    save_counters();
    transaction.commit();
  } catch (const StoreError& error) {
    if (error.status != CRDTD_CORRUPT) throw;
    mark_corrupt(from_doc);  // the next slice leaves it out
    throw;
  }
  publish([&] {
    for (const Settled& each : settled) forget(each);
  });
  settle_from_doc_ = from_doc;
}

// All that a round covers is settled: its records go, some at a time. Those of corrupt documents stay, for whoever repairs them.
void Writer::truncate_log(std::uint64_t records) {
  if (truncated_ == 0)
    truncated_ = static_cast<std::uint64_t>(std::max<std::int64_t>(database_.ask("SELECT min(seq) FROM log"), 1)) - 1;
  const std::uint64_t upto = std::min(settle_until_, truncated_ + records);
  Transaction transaction(database_, Transaction::Kind::kWrite);
  sql_->truncate_log.run(truncated_, upto);
  save_counters();
  transaction.commit();
  truncated_ = upto;
  if (upto < settle_until_) return;
  settle_until_ = 0;
  settle_trigger_ = std::max(settings_.settle_bytes, tail_.bytes() + settings_.settle_bytes / 2);
}

}  // namespace crdtd_sqlite
