// What is written beside appends: checkpoints, trims, erasures, meta values. Each is one transaction, durable when it returns.
#include <algorithm>

#include "statements.hpp"

namespace crdtd_sqlite {

using storage::text;

// The document; else NOT_FOUND or GONE is thrown.
Writer::Standing Writer::require(const crdtd_doc_key& key) {
  Standing standing = stand(key);
  if (!standing.exists) {
    const auto [birth, found] = last_grave(key);
    if (found) throw StoreError{CRDTD_GONE, "the document was erased", birth};
    throw StoreError{CRDTD_NOT_FOUND, "no such document"};
  }
  return standing;
}

std::pair<std::uint64_t, bool> Writer::last_grave(const crdtd_doc_key& key) {
  std::pair<std::uint64_t, bool> last{0, false};
  std::uint64_t order_last = 0;
  Statement::Run run = sql_->list_graves.start(text(key.tenant), text(key.id));
  while (run.next()) {
    const std::uint64_t order = read_grave(text(key.tenant), text(key.id), run.number(0), run.blob(1));
    if (last.second && order < order_last) continue;
    last = {run.number(0), true};
    order_last = order;
  }
  return last;
}

Outcome Writer::put_checkpoint(const crdtd_doc_key& key, const crdtd_checkpoint& checkpoint) {
  return write([&] {
    const Standing standing = require(key);
    if (standing.corrupt) throw_corrupt("the document's log is damaged");
    if (checkpoint.birth != standing.row.head.birth) throw StoreError{CRDTD_CONFLICT, "the document has another birth"};
    if (checkpoint.version > standing.row.head.version) throw StoreError{CRDTD_CONFLICT, "the document is not that far"};
    Transaction transaction(database_, Transaction::Kind::kWrite);
    sql_->put_checkpoint.run(standing.row.doc, checkpoint.version, pack_checkpoint(standing.row.doc, checkpoint));
    transaction.commit();
    keep_house(0);
  });
}

// Deletes the rows up to `version`; of a chunk that goes on beyond it the rest stays.
void Writer::cut_rows(std::uint64_t doc, std::uint64_t version) {
  std::string rest;
  std::uint64_t rest_count = 0;
  {
    Statement::Run run = sql_->last_chunk.start(doc, version);
    if (run.next()) {
      std::uint64_t row_count = 0;
      const std::uint64_t version_first = run.number(0);
      RowWalk rows(read_chunk(doc, version_first, run.blob(1), row_count), version_first);
      for (crdtd_row row; rows.next(row);) {
        if (row.version <= version) continue;
        rest += rows.packed();
        ++rest_count;
      }
    }
  }
  sql_->delete_chunks.run(doc, version);
  if (rest_count > 0) sql_->put_chunk.run(doc, version + 1, pack_chunk(doc, version + 1, rest_count, rest));
}

// A row may go only when a checkpoint stands for it from which all later versions can be rebuilt: the newest one before
// `first_version` decides what goes. What the document has in the log is settled first, so that all of it stands in the tables.
Outcome Writer::trim(const crdtd_doc_key& key, const crdtd_trim_to& to) {
  return write([&] {
    Standing standing = require(key);
    if (standing.corrupt) throw_corrupt("the document's log is damaged");
    const std::uint64_t doc = standing.row.doc;
    Settled settled;
    Transaction transaction(database_, Transaction::Kind::kWrite);
    if (standing.tail != nullptr) {
      settled = settle_whole(*standing.tail);
      Statement::Run run = sql_->get_document.start(text(key.tenant), text(key.id));
      if (!run.next()) throw_corrupt("the document's head is missing");
      standing.row = read_document(text(key.tenant), text(key.id), doc, run.blob(1));
    }
    sql_->delete_expired.run(doc, std::min<std::uint64_t>(to.now_unix_ms, INT64_MAX));
    std::uint64_t covered = 0;
    bool is_covered = false;
    if (to.first_version > 0) {
      Statement::Run run = sql_->last_checkpoint.start(doc, std::min<std::uint64_t>(to.first_version - 1, INT64_MAX));
      is_covered = run.next();
      if (is_covered) covered = run.number(0);
    }
    if (is_covered) {
      sql_->delete_checkpoints.run(doc, covered);
      if (covered >= standing.row.head.first_version) {
        cut_rows(doc, covered);
        standing.row.head.first_version = covered + 1;
        sql_->put_document.run(text(key.tenant), text(key.id), doc, pack_document(text(key.tenant), text(key.id), standing.row));
      }
    }
    if (standing.tail != nullptr) save_counters();
    transaction.commit();
    if (standing.tail != nullptr) publish([&] { forget(settled); });
    keep_house(0);
  });
}

// The keys that a document has in the log; of damaged records none can be told.
Writer::Settled Writer::collect_keys(const TailDocument& document) {
  Settled out;
  out.doc = document.doc;
  for (const LogRef& ref : document.refs) {
    Statement::Run run = sql_->get_log.start(ref.seq);
    LogFront front;
    std::string_view body;
    if (!run.next() || read_log(run.blob(1), front, body) != LogState::kSound) continue;
    for (const crdtd_key& key : read_body(body).keys) out.keys.emplace_back(Tail::key_hash(document.doc, key), ref.seq);
  }
  return out;
}

Outcome Writer::erase(const crdtd_doc_key& key, const crdtd_doc_head& expected) {
  return write([&] {
    const Standing standing = require(key);
    const std::uint64_t doc = standing.row.doc;
    if (expected.birth != standing.row.head.birth || expected.version != standing.row.head.version) {
      throw StoreError{CRDTD_CONFLICT, "the document is not at that birth and version"};
    }
    Settled in_log;
    Transaction transaction(database_, Transaction::Kind::kWrite);
    if (standing.tail != nullptr) {
      in_log = collect_keys(*standing.tail);
      for (const LogRef& ref : standing.tail->refs) sql_->delete_log.run(ref.seq);
    }
    sql_->delete_chunks.run(doc, std::uint64_t{INT64_MAX});
    sql_->delete_known.run(doc);
    sql_->delete_keys.run(doc);
    sql_->delete_checkpoints.run(doc, std::uint64_t{INT64_MAX});
    sql_->delete_document.run(text(key.tenant), text(key.id));
    const std::uint64_t order = next_seq_++;
    sql_->put_grave.run(text(key.tenant), text(key.id), expected.birth,
                        pack_grave(text(key.tenant), text(key.id), expected.birth, order));
    save_counters();
    transaction.commit();
    publish([&] {
      for (const auto& [hash, seq] : in_log.keys) tail_.forget_key(hash, seq);
      tail_.erase(doc);
    });
    keep_house(0);
  });
}

Outcome Writer::meta_put(std::string_view name, std::string_view value) {
  return write([&] {
    Transaction transaction(database_, Transaction::Kind::kWrite);
    sql_->put_meta.run(name, pack_meta(name, value));
    transaction.commit();
    keep_house(0);
  });
}

}  // namespace crdtd_sqlite
