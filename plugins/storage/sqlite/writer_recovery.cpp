// Open: the index is made again from the unsettled tail of the log.
//
// A record counts unless its document was settled past it, or erased (its birth is graved, and a graved birth never comes back).
// A damaged record does not stop the others: its document is marked, and answers CORRUPT. Which document that is, the record says
// itself, in one of two places where it creates one; else its `doc` column and the table of documents say it.
#include <algorithm>

#include "statements.hpp"

namespace crdtd_sqlite {

// Whether a record that could be read is still to be settled; `row` becomes what the tables say of its document.
bool Writer::counts(const LogFront& front, std::uint64_t seq, DocumentRow& row) {
  const crdtd_doc_key key{sizeof(crdtd_doc_key), 0, storage::bytes(front.tenant), storage::bytes(front.id)};
  {
    Statement::Run run = sql_->get_document.start(front.tenant, front.id);
    if (run.next() && run.number(0) == front.doc) {
      row = read_document(front.tenant, front.id, front.doc, run.blob(1));
      return seq > row.settled;
    }
  }
  return !is_graved(key, front.head.birth);
}

// A record of which not even the front can be read: its document is found by number, or is not there any more.
void Writer::recover_lost(std::uint64_t doc, const LogRef& ref) {
  LogFront front;
  front.doc = doc;
  DocumentRow row;
  if (const TailDocument* known = tail_.find(doc); known != nullptr) {
    front.tenant = known->tenant;
    front.id = known->id;
    front.head = known->head;
    row.settled = known->settled;
  } else {
    front.id = find_name(doc, front.tenant);
    if (front.id.empty()) return;
    Statement::Run run = sql_->get_document.start(front.tenant, front.id);
    if (!run.next()) return;
    try {
      row = read_document(front.tenant, front.id, doc, run.blob(1));
    } catch (const StoreError& error) {
      if (error.status != CRDTD_CORRUPT) throw;  // both are damaged: all the more it is taken in, as a corrupt one
    }
    front.head = row.head;
  }
  if (ref.seq <= row.settled) return;
  tail_.add(front, row.settled, ref).corrupt = true;
  sql_->put_damaged.run(doc);
}

std::string Writer::find_name(std::uint64_t doc, std::string& tenant) {
  Statement statement(database_, "SELECT tenant, id FROM documents WHERE doc = ?");
  Statement::Run run = statement.start(doc);
  if (!run.next()) return {};
  tenant = run.blob(0);
  return std::string(run.blob(1));
}

void Writer::recover() {
  const std::unique_lock lock(index_mutex_);
  next_doc_ = static_cast<std::uint64_t>(database_.ask("SELECT value FROM counters WHERE name = 'next_doc'"));
  next_seq_ = static_cast<std::uint64_t>(database_.ask("SELECT value FROM counters WHERE name = 'next_seq'"));
  Statement scan(database_, "SELECT seq, doc, record FROM log ORDER BY seq");
  Statement::Run run = scan.start();
  while (run.next()) {
    const std::uint64_t seq = run.number(0);
    const std::string_view record = run.blob(2);
    next_seq_ = std::max(next_seq_, seq + 1);
    next_doc_ = std::max(next_doc_, run.number(1) + 1);
    LogRef ref{seq, 0, static_cast<std::uint32_t>(record.size()), 0};
    LogFront front;
    std::string_view body;
    const LogState state = read_log(record, front, body);
    if (state == LogState::kFrontLost) {
      recover_lost(run.number(1), ref);
      continue;
    }
    next_doc_ = std::max(next_doc_, front.doc + 1);
    DocumentRow row;
    bool head_damaged = false;
    try {
      if (!counts(front, seq, row)) continue;
    } catch (const StoreError& error) {
      if (error.status != CRDTD_CORRUPT) throw;
      head_damaged = true;
    }
    const TailDocument* before = tail_.find(front.doc);
    const std::uint64_t version = before != nullptr ? before->head.version : row.head.version;
    const bool continues = version == front.version_before && (before != nullptr || front.creates() || row.doc == front.doc);
    const bool corrupt = head_damaged || state != LogState::kSound || !continues || (before != nullptr && before->corrupt);
    ref.version_last = front.head.version;
    ref.delta_bytes = static_cast<std::uint32_t>(front.delta_bytes);
    tail_.add(front, row.settled, ref).corrupt = corrupt;
    if (corrupt) {
      sql_->put_damaged.run(front.doc);
    } else {
      for (const crdtd_key& key : read_body(body).keys) tail_.add_key(front.doc, key, seq);
    }
  }
}

}  // namespace crdtd_sqlite
