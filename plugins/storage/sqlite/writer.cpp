#include "writer.hpp"

#include <algorithm>
#include <unordered_set>

#include "crdtd/plugin/storage.hpp"
#include "statements.hpp"

namespace crdtd_sqlite {

using storage::text;

namespace {

// SQLite takes BLOBs up to a gigabyte; what comes near it does not fit a row.
constexpr std::uint64_t kEntryBytesMax = 512ULL << 20;
constexpr std::uint64_t kPageBytes = 4096;
constexpr std::uint32_t kHousePause = 256;  // appends

std::uint64_t bytes_of(const crdtd_append_entry& entry) {
  std::uint64_t sum = 0;
  for (const crdtd_row& row : storage::rows(entry)) sum += row.delta.size + row.node.size + row.key.size + 64;
  for (const crdtd_key& key : storage::keys(entry)) sum += key.node.size + key.key.size + 64;
  for (const crdtd_known& known : storage::known(entry)) sum += known.node.size + 32;
  return sum;
}

bool rows_continue(const crdtd_append_entry& entry) {
  std::uint64_t expected = entry.version_expected;
  for (const crdtd_row& row : storage::rows(entry)) {
    if (row.version != ++expected) return false;
  }
  return true;
}

}  // namespace

Writer::Writer(const StoreSettings& settings, Tail& tail, std::shared_mutex& index_mutex)
    : settings_(settings),
      tail_(tail),
      index_mutex_(index_mutex),
      database_(settings.path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) {
  prepare_writer(database_, settings_);
  database_.run("CREATE TABLE temp.damaged(doc INTEGER PRIMARY KEY)");
  sql_ = std::make_unique<Statements>(database_);
  sqlite3_wal_hook(
      database_.raw(),
      [](void* user, sqlite3*, const char*, int pages) {
        static_cast<Writer*>(user)->wal_pages_ = static_cast<std::uint64_t>(pages);
        return SQLITE_OK;
      },
      this);
  settle_trigger_ = settings_.settle_bytes;
  recover();
}

// The last connection to close checkpoints, which must not happen after a failed sync.
Writer::~Writer() {
  if (!fatal_.empty()) database_.close_without_checkpoint();
}

Writer::Standing Writer::stand(const crdtd_doc_key& key) { return stand(key, Tail::name(text(key.tenant), text(key.id))); }

Writer::Standing Writer::stand(const crdtd_doc_key& key, std::string_view name) {
  Standing standing;
  standing.tail = tail_.find_name(name);
  if (standing.tail != nullptr) {
    standing.exists = true;
    standing.corrupt = standing.tail->corrupt;
    standing.row = {standing.tail->doc, standing.tail->head, standing.tail->settled};
    return standing;
  }
  Statement::Run run = sql_->get_document.start(text(key.tenant), text(key.id));
  if (run.next()) {
    standing.exists = true;
    standing.row = read_document(text(key.tenant), text(key.id), run.number(0), run.blob(1));
  }
  return standing;
}

bool Writer::is_graved(const crdtd_doc_key& key, std::uint64_t birth) {
  Statement::Run run = sql_->get_grave.start(text(key.tenant), text(key.id), birth);
  return run.next();
}

crdtd_status Writer::judge(const crdtd_append_entry& entry, const Standing& standing) {
  if (standing.corrupt) return CRDTD_CORRUPT;
  const bool same = standing.exists && standing.row.head.birth == entry.birth;
  if (!same && is_graved(entry.doc, entry.birth)) return CRDTD_GONE;
  if ((entry.create != 0) == standing.exists || (standing.exists && !same)) return CRDTD_CONFLICT;
  if (entry.version_expected != standing.row.head.version) return CRDTD_CONFLICT;
  if (!rows_continue(entry)) return CRDTD_INVALID;
  return bytes_of(entry) > kEntryBytesMax ? CRDTD_FULL : CRDTD_OK;
}

// Makes the record of an entry that passed; false when there is nothing to store.
bool Writer::plan(const crdtd_append_entry& entry, const Standing& standing, Pending& out) {
  if (entry.create == 0 && entry.row_count == 0 && entry.key_count == 0 && entry.known_count == 0) return false;
  out.entry = &entry;
  out.settled = standing.row.settled;
  out.version_before = entry.version_expected;
  out.seq = next_seq_++;
  LogFront& front = out.front;
  front.tenant = text(entry.doc.tenant);
  front.id = text(entry.doc.id);
  front.version_before = entry.version_expected;
  front.row_count = entry.row_count;
  if (entry.create != 0) {
    front.flags = LogFront::kCreates;
    front.doc = next_doc_++;
    front.head = {std::string(text(entry.type)), entry.birth, 0, 1, 0, entry.check_create};
  } else {
    front.doc = standing.row.doc;
    front.head = standing.row.head;
  }
  for (const crdtd_row& row : storage::rows(entry)) {
    front.head.version = row.version;
    front.head.check = row.check;
    front.head.hlc_unix_ns = std::max(front.head.hlc_unix_ns, row.hlc_unix_ns);
    front.delta_bytes += row.delta.size;
  }
  out.record = pack_log(front, entry);
  return true;
}

Outcome Writer::append(const crdtd_append_batch& batch, const storage::Verdicts& verdicts) {
  return write([&] {
    std::vector<Pending> pending;
    pending.reserve(batch.entry_count);
    std::unordered_set<std::string> seen(batch.entry_count);
    std::uint64_t bytes = 0;
    std::uint32_t index = 0;
    for (const crdtd_append_entry& entry : storage::entries(batch)) {
      const std::uint32_t at = index++;
      try {
        std::string name = Tail::name(text(entry.doc.tenant), text(entry.doc.id));
        const Standing standing = stand(entry.doc, name);
        crdtd_status status = judge(entry, standing);
        if (!seen.insert(std::move(name)).second) status = CRDTD_INVALID;  // the contract wants different documents
        Pending next;
        next.index = at;
        if (status == CRDTD_OK && plan(entry, standing, next)) {
          bytes += next.record.size();
          pending.push_back(std::move(next));
        }
        verdicts.set(at, status, standing.row.head.version);
      } catch (const StoreError& error) {
        if (error.status != CRDTD_CORRUPT) throw;
        verdicts.set(at, CRDTD_CORRUPT, 0);
      }
    }
    commit(pending, verdicts);
    keep_house(bytes);
  });
}

// One transaction, one sync. Where it does not fit as a whole its halves may: an entry too large must not keep the others out.
void Writer::commit(std::span<Pending> pending, const storage::Verdicts& verdicts) {
  if (pending.empty()) return;
  try {
    Transaction transaction(database_, Transaction::Kind::kWrite);
    for (const Pending& each : pending) sql_->put_log.run(each.seq, each.front.doc, each.record);
    transaction.commit();
  } catch (const StoreError& error) {
    if (error.status == CRDTD_CORRUPT) throw StoreError{CRDTD_FATAL, "the log itself is damaged: " + error.message};
    if (error.status == CRDTD_FULL && pending.size() > 1) {
      commit(pending.first(pending.size() / 2), verdicts);
      commit(pending.subspan(pending.size() / 2), verdicts);
      return;
    }
    if (error.status != CRDTD_FULL && error.status != CRDTD_RETRY) throw;
    for (const Pending& each : pending) verdicts.set(each.index, error.status, each.version_before);
    return;
  }
  publish([&] {
    for (const Pending& each : pending) {
      const LogRef ref{each.seq, each.front.head.version, static_cast<std::uint32_t>(each.record.size()),
                       static_cast<std::uint32_t>(each.front.delta_bytes)};
      tail_.add(each.front, each.settled, ref);
      for (const crdtd_key& key : storage::keys(*each.entry)) tail_.add_key(each.front.doc, key, each.seq);
    }
  });
  for (const Pending& each : pending) verdicts.set(each.index, CRDTD_OK, each.front.head.version);
}

// What is due between appends, in slices. The append is durable already: a failure here is no failure of it, but a failed sync is
// the end of writing all the same.
void Writer::keep_house(std::uint64_t bytes_appended) {
  if (house_pause_ > 0) {
    --house_pause_;
    return;
  }
  try {
    settle_some(bytes_appended);
    checkpoint_wal();
  } catch (const StoreError& error) {
    if (error.status == CRDTD_FATAL) fatal_ = error.message;
    house_pause_ = kHousePause;
    crdtd::log(CRDTD_LOG_WARNING, "sqlite storage: settling the log is put off: " + error.message);
  }
}

void Writer::checkpoint_wal() {
  const std::uint64_t pages_wanted = std::max<std::uint64_t>(settings_.wal_bytes / kPageBytes, 4);
  if (wal_pages_ < wal_pages_tried_) wal_pages_tried_ = 0;  // the WAL has started again from its front
  if (wal_pages_ - wal_pages_tried_ < (wal_pages_tried_ == 0 ? pages_wanted : pages_wanted / 4)) return;
  // A passive checkpoint waits for nobody. Where readers follow each other so closely that the WAL never starts again from its
  // front, one that waits for them keeps it bounded.
  const int mode = wal_pages_ > 8 * pages_wanted ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE;
  const int code = sqlite3_wal_checkpoint_v2(database_.raw(), "main", mode, nullptr, nullptr);
  if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY) database_.fail(code, "checkpoint the WAL");
  wal_pages_tried_ = wal_pages_;
}

}  // namespace crdtd_sqlite
