#include "reader.hpp"

#include <algorithm>
#include <map>
#include <thread>

namespace crdtd_sqlite {

using storage::stopped;
using storage::text;

namespace {

constexpr int kTriesFree = 16;  // before the writer is held back

struct Stopped {  // thrown through the walk when a sink ends the read
  crdtd_status status;
};
void go_on(crdtd_status status) {
  if (status != CRDTD_OK) throw Stopped{status};
}

std::uint64_t clamped(std::uint64_t version) { return std::min<std::uint64_t>(version, INT64_MAX); }

}  // namespace

// Where a walk over rows ends: at a version, or at a bound that was reached.
struct Reader::RowEnd {
  std::uint64_t version_until = 0;
  std::uint64_t row_count_max = 0, bytes_max = 0;  // 0: no bound
  std::uint64_t row_count = 0, bytes = 0;

  bool reached(std::uint64_t version_next) const {
    if (version_next > version_until || (row_count_max != 0 && row_count >= row_count_max)) return true;
    return bytes_max != 0 && row_count > 0 && bytes >= bytes_max;
  }
};

Reader::Reader(const StoreSettings& settings, const Tail& tail, std::shared_mutex& index_mutex, std::mutex& write_mutex)
    : tail_(tail),
      index_mutex_(index_mutex),
      write_mutex_(write_mutex),
      database_(settings.path, SQLITE_OPEN_READWRITE),
      get_log_(database_, "SELECT doc, record FROM log WHERE seq = ?"),
      has_log_(database_, "SELECT doc FROM log WHERE seq = ?"),
      get_document_(database_, "SELECT doc, record FROM documents WHERE tenant = ? AND id = ?"),
      chunks_from_(
          database_,
          "SELECT version, record FROM row_chunks WHERE doc = ?1 AND version >= ifnull((SELECT max(version) FROM row_chunks "
          "WHERE doc = ?1 AND version <= ?2), 0) ORDER BY version"),
      get_known_(database_, "SELECT replica, record FROM known WHERE doc = ?"),
      get_key_(database_, "SELECT record FROM request_keys WHERE doc = ? AND node = ? AND key = ?"),
      checkpoint_before_(database_,
                         "SELECT version, record FROM checkpoints WHERE doc = ? AND version <= ? ORDER BY version DESC LIMIT 1"),
      checkpoint_after_(database_, "SELECT version FROM checkpoints WHERE doc = ? AND version >= ? ORDER BY version LIMIT 1"),
      graves_(database_, "SELECT birth, record FROM graves WHERE tenant = ? AND id = ?"),
      list_(database_, "SELECT id, doc, record FROM documents WHERE tenant = ? AND id > ? ORDER BY id LIMIT ?"),
      get_meta_(database_, "SELECT record FROM meta WHERE name = ?") {
  prepare_reader(database_, settings);
}

// A disk that cannot be read has lost what stood there; unlike a failed write that harms nothing else.
template <class Body>
Outcome Reader::read(Body&& body) {
  try {
    body();
    return {};
  } catch (const Stopped& ended) {
    return stopped(ended.status);
  } catch (const StoreError& error) {
    return storage::failure(error.status == CRDTD_FATAL ? crdtd_status{CRDTD_CORRUPT} : error.status, error.message,
                            error.detail);
  }
}

bool Reader::agrees(const crdtd_doc_key& key, View& view) {
  DocumentRow row;
  bool exists = false;
  {
    Statement::Run run = get_document_.start(text(key.tenant), text(key.id));
    exists = run.next();
    if (exists) row = read_document(text(key.tenant), text(key.id), run.number(0), run.blob(1));
  }
  view.version_settled = row.head.version;
  if (!view.in_tail) {
    view.row = std::move(row);
    return true;
  }
  if (exists ? row.doc != view.row.doc || row.settled != view.row.settled : view.row.settled != 0) return false;
  view.row.head.first_version = exists ? row.head.first_version : 1;
  Statement::Run run = has_log_.start(view.probe);
  return view.corrupt || (run.next() && run.number(0) == view.row.doc);
}

bool Reader::try_view(const crdtd_doc_key& key, const Pick& pick, View& view, std::optional<Transaction>& transaction) {
  transaction.reset();
  view = {};
  {
    const std::shared_lock lock(index_mutex_);
    if (const TailDocument* document = tail_.find(text(key.tenant), text(key.id)); document != nullptr) {
      view.in_tail = true;
      view.corrupt = document->corrupt;
      view.row = {document->doc, document->head, document->settled};
      view.probe = document->refs.back().seq;
      pick(*document, view);
    }
  }
  transaction.emplace(database_, Transaction::Kind::kRead);
  return agrees(key, view);
}

// Leaves the transaction open, of which the view is. Throws NOT_FOUND, GONE, CORRUPT.
Reader::View Reader::open_view(const crdtd_doc_key& key, const Pick& pick, std::optional<Transaction>& transaction) {
  View view;
  bool agreed = false;
  for (int i = 0; i < kTriesFree && !agreed; ++i) {
    agreed = try_view(key, pick, view, transaction);
    if (!agreed) std::this_thread::yield();
  }
  if (!agreed) {
    const std::lock_guard lock(write_mutex_);
    if (!try_view(key, pick, view, transaction)) throw_corrupt("the log and the tables of the document do not fit together");
  }
  if (view.corrupt) throw_corrupt("a record of the document's log is damaged or missing");
  if (view.row.doc == 0) throw_absent(key);
  return view;
}

void Reader::throw_absent(const crdtd_doc_key& key) {
  std::uint64_t order_last = 0, birth = 0;
  bool erased = false;
  Statement::Run run = graves_.start(text(key.tenant), text(key.id));
  while (run.next()) {
    const std::uint64_t order = read_grave(text(key.tenant), text(key.id), run.number(0), run.blob(1));
    if (erased && order < order_last) continue;
    erased = true;
    order_last = order;
    birth = run.number(0);
  }
  if (erased) throw StoreError{CRDTD_GONE, "the document was erased", birth};
  throw StoreError{CRDTD_NOT_FOUND, "no such document"};
}

// The record's bytes; its body starts where `front` and read_body() find it.
std::string Reader::log_body(const LogRef& ref, std::uint64_t doc, LogFront& front) {
  Statement::Run run = get_log_.start(ref.seq);
  std::string_view body;
  if (!run.next() || read_log(run.blob(1), front, body) != LogState::kSound || front.doc != doc) {
    throw_corrupt("a record of the document's log is damaged or missing");
  }
  return std::string(body);
}

void Reader::give_known(const View& view, const storage::LoadSink& sink) {
  if (!sink.wants_known()) return;
  struct Entry {
    std::uint64_t counter, chain;
    std::string node;
  };
  std::map<std::uint64_t, Entry> entries;
  const auto put = [&](const crdtd_known& known) {
    entries[known.replica] = {known.counter, known.chain, std::string(text(known.node))};
  };
  {
    Statement::Run run = get_known_.start(view.row.doc);
    while (run.next()) put(read_known(view.row.doc, run.number(0), run.blob(1)));
  }
  for (const LogRef& ref : view.refs) {
    LogFront front;
    const std::string body = log_body(ref, view.row.doc, front);
    for (const crdtd_known& known : read_body(body).known) put(known);
  }
  for (const auto& [replica, entry] : entries) {
    go_on(sink.known({sizeof(crdtd_known), 0, replica, entry.counter, entry.chain, storage::bytes(entry.node)}));
  }
}

void Reader::give_rows(const View& view, std::uint64_t version_after, RowEnd& end, const storage::LoadSink& sink) {
  if (!sink.wants_rows()) return;
  std::uint64_t next = version_after + 1;
  const auto walk = [&](RowWalk rows) {
    for (crdtd_row row; !end.reached(next) && rows.next(row);) {
      if (row.version < next) continue;
      if (row.version != next) throw_corrupt("row " + std::to_string(next) + " of the document is missing");
      end.bytes += row.delta.size;
      ++end.row_count;
      ++next;
      go_on(sink.row(row));
    }
  };
  if (next <= view.version_settled) {
    Statement::Run run = chunks_from_.start(view.row.doc, clamped(next));
    while (!end.reached(next) && run.next()) {
      std::uint64_t row_count = 0;
      walk(RowWalk(read_chunk(view.row.doc, run.number(0), run.blob(1), row_count), run.number(0)));
    }
  }
  for (const LogRef& ref : view.refs) {
    if (end.reached(next)) break;
    if (ref.version_last < next) continue;
    LogFront front;
    const std::string body = log_body(ref, view.row.doc, front);
    walk(RowWalk(read_body(body).rows, front.version_before + 1));
  }
  if (!end.reached(next)) throw_corrupt("row " + std::to_string(next) + " of the document is missing");
}

Outcome Reader::load(const crdtd_doc_key& key, std::uint64_t version_until, const storage::LoadSink& sink) {
  return read([&] {
    std::optional<Transaction> transaction;
    const View view = open_view(
        key, [](const TailDocument& document, View& out) { out.refs = document.refs; }, transaction);
    const Head& head = view.row.head;
    const std::uint64_t until = version_until == 0 ? head.version : std::min(version_until, head.version);
    // Held open while the rest is given: the checkpoint's bytes are borrowed from it.
    Statement::Run run = checkpoint_before_.start(view.row.doc, clamped(until));
    const bool has_checkpoint = run.next();
    crdtd_checkpoint checkpoint{};
    if (has_checkpoint) checkpoint = read_checkpoint(view.row.doc, run.number(0), run.blob(1));
    checkpoint.birth = head.birth;
    if (checkpoint.version < until && checkpoint.version + 1 < head.first_version) {
      Statement::Run after = checkpoint_after_.start(view.row.doc, head.first_version - 1);
      throw StoreError{CRDTD_BEHIND, "that version cannot be rebuilt any more", after.next() ? after.number(0) : head.version};
    }
    go_on(sink.head(head.lend()));
    give_known(view, sink);
    if (has_checkpoint) go_on(sink.checkpoint(checkpoint));
    RowEnd end;
    end.version_until = until;
    give_rows(view, checkpoint.version, end, sink);
  });
}

Outcome Reader::read_rows(const crdtd_doc_key& key, const crdtd_read_range& range, const storage::LoadSink& sink) {
  return read([&] {
    RowEnd end;
    end.row_count_max = range.row_count_max;
    end.bytes_max = range.bytes_max;
    end.version_until = range.version_until == 0 ? UINT64_MAX : range.version_until;
    std::optional<Transaction> transaction;
    // Of a long tail only the records that the range can reach are copied.
    const auto pick = [&](const TailDocument& document, View& out) {
      auto at = std::upper_bound(document.refs.begin(), document.refs.end(), range.version_after,
                                 [](std::uint64_t version, const LogRef& ref) { return version < ref.version_last; });
      std::uint64_t rows = 0, bytes = 0;
      for (; at != document.refs.end(); ++at) {
        if ((end.row_count_max != 0 && rows >= end.row_count_max) || (end.bytes_max != 0 && bytes >= end.bytes_max && rows > 0))
          break;
        if (!out.refs.empty() && out.refs.back().version_last >= end.version_until) break;
        rows += at->version_last > (out.refs.empty() ? range.version_after : out.refs.back().version_last) ? 1 : 0;
        bytes += out.refs.empty() ? 0 : at->delta_bytes;  // of the first one a part may lie before the range
        out.refs.push_back(*at);
      }
    };
    const View view = open_view(key, pick, transaction);
    const Head& head = view.row.head;
    end.version_until = std::min(end.version_until, head.version);
    if (range.version_after < head.version && range.version_after + 1 < head.first_version) {
      throw StoreError{CRDTD_BEHIND, "those rows are no longer kept", head.first_version};
    }
    go_on(sink.head(head.lend()));
    if (range.version_after < end.version_until) give_rows(view, range.version_after, end, sink);
  });
}

Outcome Reader::find_key(const crdtd_doc_key& key, crdtd_key& inout) {
  return read([&] {
    std::optional<Transaction> transaction;
    const auto pick = [&](const TailDocument& document, View& out) { out.key_records = tail_.key_records(document.doc, inout); };
    View view;
    try {
      view = open_view(key, pick, transaction);
    } catch (const StoreError& error) {
      if (error.status != CRDTD_GONE) throw;
      throw StoreError{CRDTD_NOT_FOUND, "no such document"};
    }
    for (const std::uint64_t seq : view.key_records) {
      Statement::Run run = get_log_.start(seq);
      LogFront front;
      std::string_view body;
      if (!run.next() || run.number(0) != view.row.doc) continue;  // another document's, with the same hash
      if (read_log(run.blob(1), front, body) != LogState::kSound) throw_corrupt("a record of the document's log is damaged");
      const std::vector<crdtd_key> keys = read_body(body).keys;
      for (auto at = keys.rbegin(); at != keys.rend(); ++at) {  // should a key stand there twice, the later one counts
        const crdtd_key& found = *at;
        if (text(found.node) != text(inout.node) || text(found.key) != text(inout.key)) continue;
        inout.applied = found.applied;
        inout.expires_unix_ms = found.expires_unix_ms;
        std::copy(std::begin(found.digest), std::end(found.digest), inout.digest);
        return;
      }
    }
    Statement::Run run = get_key_.start(view.row.doc, text(inout.node), text(inout.key));
    if (!run.next()) throw StoreError{CRDTD_NOT_FOUND, "no such key"};
    read_key(view.row.doc, run.blob(0), inout);
  });
}

// A damaged head hides neither its document nor the others: it is listed without a type, and load() tells what is wrong with it.
Head Reader::listed_head(std::string_view tenant, const Statement::Run& run) {
  try {
    return read_document(tenant, run.blob(0), run.number(1), run.blob(2)).head;
  } catch (const StoreError& error) {
    if (error.status != CRDTD_CORRUPT) throw;
    return {};
  }
}

Outcome Reader::list(const crdtd_doc_key& after, std::uint32_t count_max, const storage::ListSink& sink) {
  return read([&] {
    std::map<std::string, Head, std::less<>> found;  // by id, in the order of its bytes
    {
      const std::shared_lock lock(index_mutex_);
      for (const TailDocument* document : tail_.list(text(after.tenant), text(after.id), count_max)) {
        found.emplace(document->id, document->head);
      }
    }
    {
      Statement::Run run = list_.start(text(after.tenant), text(after.id), std::uint64_t{count_max});
      while (run.next()) {
        if (!found.contains(run.blob(0))) found.emplace(run.blob(0), listed_head(text(after.tenant), run));
      }
    }
    std::uint32_t count = 0;
    for (const auto& [id, head] : found) {
      if (count++ >= count_max) break;
      go_on(sink.item({sizeof(crdtd_list_item), 0, head.version, head.birth, storage::bytes(id), storage::bytes(head.type)}));
    }
  });
}

Outcome Reader::meta_get(std::string_view name, Output& out) {
  return read([&] {
    Statement::Run run = get_meta_.start(name);
    if (!run.next()) throw StoreError{CRDTD_NOT_FOUND, "no such value"};
    out.append(read_meta(name, run.blob(0)));
  });
}

}  // namespace crdtd_sqlite
