#include "memory_store.hpp"

#include <algorithm>
#include <cstring>

#include "crdtd/plugin/storage_settings.hpp"

namespace crdtd_memory {

using storage::bytes;
using storage::failure;
using storage::stopped;
using storage::text;

namespace {

// What a document, key or known entry is counted as, beside its strings.
constexpr std::uint64_t kEntryBytes = 64;

std::shared_ptr<const StoredRow> copy(const crdtd_row& row) {
  auto stored = std::make_shared<StoredRow>();
  stored->envelope = row;
  stored->envelope.struct_size = sizeof(crdtd_row);
  stored->envelope.node = stored->envelope.key = stored->envelope.delta = {};
  stored->node = text(row.node);
  stored->key = text(row.key);
  stored->delta = text(row.delta);
  return stored;
}

std::uint64_t bytes_of(const crdtd_key& key) { return kEntryBytes + key.node.size + key.key.size; }

std::uint64_t bytes_of(const crdtd_append_entry& entry) {
  std::uint64_t sum = kEntryBytes + entry.doc.id.size + entry.doc.tenant.size;
  for (const crdtd_row& row : storage::rows(entry)) sum += sizeof(StoredRow) + row.node.size + row.key.size + row.delta.size;
  for (const crdtd_key& key : storage::keys(entry)) sum += bytes_of(key);
  for (const crdtd_known& known : storage::known(entry)) sum += kEntryBytes + known.node.size;
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

crdtd_row StoredRow::lend() const {
  crdtd_row row = envelope;
  row.node = storage::bytes(node);
  row.key = storage::bytes(key);
  row.delta = storage::bytes(delta);
  return row;
}

crdtd_doc_head Document::lend_head() const {
  return {sizeof(crdtd_doc_head), check, birth, version, first_version, hlc_unix_ns, storage::bytes(type)};
}

Outcome MemoryStore::open(std::string_view settings_json, std::string_view, std::unique_ptr<MemoryStore>& out) {
  auto store = std::make_unique<MemoryStore>();
  storage::Settings settings;
  if (Outcome bad = storage::Settings::parse(settings_json, settings); !bad) return bad;
  if (Outcome bad = settings.number("bytes_max", 0, UINT64_MAX, store->bytes_max_); !bad) return bad;
  if (Outcome bad = settings.refuse_others(); !bad) return bad;
  out = std::move(store);
  return {};
}

Outcome MemoryStore::open_session(storage::Mode mode, std::unique_ptr<Session>& out) {
  out = std::make_unique<Session>(*this, mode);
  return {};
}

Outcome MemoryStore::absent(const Name& name) const {
  const auto grave = graves_.find(name);
  if (grave == graves_.end()) return failure(CRDTD_NOT_FOUND, "no such document");
  return failure(CRDTD_GONE, "the document was erased", grave->second.back());
}

Outcome MemoryStore::find(const crdtd_doc_key& doc, Documents::iterator& out) {
  const Name name = name_of(doc);
  out = documents_.find(name);
  return out == documents_.end() ? absent(name) : Outcome();
}

// Checks the entry, then stores all of it: nothing after the checks can fail but for memory.
crdtd_status MemoryStore::append_one(const crdtd_append_entry& entry, std::uint64_t& version) {
  const Name name = name_of(entry.doc);
  auto found = documents_.find(name);
  version = found == documents_.end() ? 0 : found->second.version;
  if (const auto grave = graves_.find(name);
      grave != graves_.end() && std::count(grave->second.begin(), grave->second.end(), entry.birth) > 0) {
    return CRDTD_GONE;
  }
  if ((entry.create != 0) != (found == documents_.end())) return CRDTD_CONFLICT;
  if (entry.create == 0 && found->second.birth != entry.birth) return CRDTD_CONFLICT;
  if (entry.version_expected != version) return CRDTD_CONFLICT;
  if (!rows_continue(entry)) return CRDTD_INVALID;
  if (!fits(bytes_of(entry))) return CRDTD_FULL;

  Document& document = found != documents_.end() ? found->second : documents_[name];
  if (entry.create != 0) {
    document.type = text(entry.type);
    document.birth = entry.birth;
    document.check = entry.check_create;
  }
  apply(entry, document);
  version = document.version;
  return CRDTD_OK;
}

void MemoryStore::apply(const crdtd_append_entry& entry, Document& document) {
  if (entry.create != 0) take(document, kEntryBytes + entry.doc.tenant.size + entry.doc.id.size);
  for (const crdtd_row& row : storage::rows(entry)) {
    document.rows.push_back(copy(row));
    document.version = row.version;
    document.check = row.check;
    document.hlc_unix_ns = std::max(document.hlc_unix_ns, row.hlc_unix_ns);
    take(document, document.rows.back()->bytes());
  }
  for (const crdtd_key& key : storage::keys(entry)) {
    const auto [place, is_new] = document.keys.try_emplace({std::string(text(key.node)), std::string(text(key.key))});
    StoredKey& stored = place->second;
    stored.applied = key.applied;
    stored.expires_unix_ms = key.expires_unix_ms;
    std::memcpy(stored.digest.data(), key.digest, stored.digest.size());
    if (is_new) take(document, bytes_of(key));
  }
  for (const crdtd_known& known : storage::known(entry)) {
    const auto [place, is_new] = document.known.try_emplace(known.replica);
    if (!is_new) give_back(document, kEntryBytes + place->second.node.size());
    place->second = {known.counter, known.chain, std::string(text(known.node))};
    take(document, kEntryBytes + known.node.size);
  }
}

Outcome MemoryStore::Session::may_write() const {
  return mode_ == storage::Mode::kWrite ? Outcome() : failure(CRDTD_INVALID, "this is a read session; use a write session");
}

Outcome MemoryStore::Session::append(const crdtd_append_batch& batch, const storage::Verdicts& verdicts) {
  if (Outcome refused = may_write(); !refused) return refused;
  const std::lock_guard lock(store_.mutex_);
  std::uint32_t index = 0;
  for (const crdtd_append_entry& entry : storage::entries(batch)) {
    std::uint64_t version = 0;
    const crdtd_status status = store_.append_one(entry, version);
    verdicts.set(index++, status, version);
  }
  return {};
}

Outcome MemoryStore::Session::load(const crdtd_doc_key& doc, std::uint64_t version_until, const storage::LoadSink& sink) {
  Document copied;  // head, known table, and the rows from the checkpoint on
  std::shared_ptr<const StoredCheckpoint> checkpoint;
  {
    const std::lock_guard lock(store_.mutex_);
    Documents::iterator found;
    if (Outcome missing = store_.find(doc, found); !missing) return missing;
    const Document& document = found->second;
    const std::uint64_t until = version_until == 0 ? document.version : std::min(version_until, document.version);
    auto after = document.checkpoints.upper_bound(until);
    if (after != document.checkpoints.begin()) checkpoint = std::prev(after)->second;
    const std::uint64_t start = checkpoint ? checkpoint->version : 0;
    if (start < until && start + 1 < document.first_version) {
      const auto readable = document.checkpoints.lower_bound(document.first_version - 1);
      return failure(CRDTD_BEHIND, "that version cannot be rebuilt any more",
                     readable == document.checkpoints.end() ? document.version : readable->first);
    }
    copied.type = document.type;
    copied.birth = document.birth;
    copied.version = document.version;
    copied.first_version = document.first_version;
    copied.hlc_unix_ns = document.hlc_unix_ns;
    copied.check = document.check;
    copied.known = document.known;
    for (std::uint64_t version = start + 1; version <= until; ++version) {
      copied.rows.push_back(document.rows[version - document.first_version]);
    }
  }
  if (const crdtd_status status = sink.head(copied.lend_head()); status != CRDTD_OK) return stopped(status);
  for (const auto& [replica, known] : copied.known) {
    const crdtd_known lent = {sizeof(crdtd_known), 0, replica, known.counter, known.chain, bytes(known.node)};
    if (const crdtd_status status = sink.known(lent); status != CRDTD_OK) return stopped(status);
  }
  if (checkpoint) {
    const crdtd_checkpoint lent = {sizeof(crdtd_checkpoint),  checkpoint->format, copied.birth,
                                   checkpoint->version,       checkpoint->check,  0,
                                   bytes(checkpoint->encoded)};
    if (const crdtd_status status = sink.checkpoint(lent); status != CRDTD_OK) return stopped(status);
  }
  for (const auto& row : copied.rows) {
    if (const crdtd_status status = sink.row(row->lend()); status != CRDTD_OK) return stopped(status);
  }
  return {};
}

Outcome MemoryStore::Session::read_rows(const crdtd_doc_key& doc, const crdtd_read_range& range, const storage::LoadSink& sink) {
  std::vector<std::shared_ptr<const StoredRow>> rows;
  crdtd_doc_head head{};
  std::string type;
  {
    const std::lock_guard lock(store_.mutex_);
    Documents::iterator found;
    if (Outcome missing = store_.find(doc, found); !missing) return missing;
    const Document& document = found->second;
    type = document.type;
    head = document.lend_head();
    const std::uint64_t until = range.version_until == 0 ? document.version : std::min(range.version_until, document.version);
    if (range.version_after < document.version && range.version_after + 1 < document.first_version) {
      return failure(CRDTD_BEHIND, "those rows are no longer kept", document.first_version);
    }
    std::uint64_t sum = 0;
    for (std::uint64_t version = range.version_after; version++ < until;) {
      if (range.row_count_max != 0 && rows.size() >= range.row_count_max) break;
      if (range.bytes_max != 0 && sum >= range.bytes_max && !rows.empty()) break;
      rows.push_back(document.rows[version - document.first_version]);
      sum += rows.back()->delta.size();
    }
  }
  head.type = bytes(type);
  if (const crdtd_status status = sink.head(head); status != CRDTD_OK) return stopped(status);
  for (const auto& row : rows) {
    if (const crdtd_status status = sink.row(row->lend()); status != CRDTD_OK) return stopped(status);
  }
  return {};
}

Outcome MemoryStore::Session::find_key(const crdtd_doc_key& doc, crdtd_key& inout) {
  const std::lock_guard lock(store_.mutex_);
  const auto document = store_.documents_.find(name_of(doc));
  if (document == store_.documents_.end()) return failure(CRDTD_NOT_FOUND, "no such document");
  const auto found = document->second.keys.find({std::string(text(inout.node)), std::string(text(inout.key))});
  if (found == document->second.keys.end()) return failure(CRDTD_NOT_FOUND, "no such key");
  inout.applied = found->second.applied;
  inout.expires_unix_ms = found->second.expires_unix_ms;
  std::memcpy(inout.digest, found->second.digest.data(), sizeof inout.digest);
  return {};
}

Outcome MemoryStore::Session::put_checkpoint(const crdtd_doc_key& doc, const crdtd_checkpoint& checkpoint) {
  if (Outcome refused = may_write(); !refused) return refused;
  const std::lock_guard lock(store_.mutex_);
  Documents::iterator found;
  if (Outcome missing = store_.find(doc, found); !missing) return missing;
  Document& document = found->second;
  if (checkpoint.birth != document.birth) return failure(CRDTD_CONFLICT, "the document has another birth");
  if (checkpoint.version > document.version) return failure(CRDTD_CONFLICT, "the document is not that far");
  auto& place = document.checkpoints[checkpoint.version];
  const std::uint64_t before = place ? place->encoded.size() : 0;
  if (!store_.fits(checkpoint.encoded.size)) {
    if (!place) document.checkpoints.erase(checkpoint.version);
    return failure(CRDTD_FULL, "no room: `bytes_max` is reached");
  }
  auto stored = std::make_shared<StoredCheckpoint>();
  *stored = {checkpoint.version, checkpoint.check, checkpoint.format, std::string(text(checkpoint.encoded))};
  place = std::move(stored);
  store_.take(document, checkpoint.encoded.size);
  store_.give_back(document, before);
  return {};
}

Outcome MemoryStore::Session::trim(const crdtd_doc_key& doc, const crdtd_trim_to& to) {
  if (Outcome refused = may_write(); !refused) return refused;
  const std::lock_guard lock(store_.mutex_);
  Documents::iterator found;
  if (Outcome missing = store_.find(doc, found); !missing) return missing;
  Document& document = found->second;
  std::erase_if(document.keys, [&](const auto& entry) {
    const bool expired = entry.second.expires_unix_ms < to.now_unix_ms;
    if (expired) store_.give_back(document, kEntryBytes + entry.first.first.size() + entry.first.second.size());
    return expired;
  });
  // A row may go only when a checkpoint stands for it, one from which all later versions can be rebuilt.
  const auto after = document.checkpoints.lower_bound(to.first_version);
  if (after == document.checkpoints.begin()) return {};
  const auto newest = std::prev(after);
  while (!document.rows.empty() && document.first_version <= newest->first) {
    store_.give_back(document, document.rows.front()->bytes());
    document.rows.pop_front();
    ++document.first_version;
  }
  for (auto old = document.checkpoints.begin(); old != newest;) {
    store_.give_back(document, old->second->encoded.size());
    old = document.checkpoints.erase(old);
  }
  return {};
}

Outcome MemoryStore::Session::erase(const crdtd_doc_key& doc, const crdtd_doc_head& expected) {
  if (Outcome refused = may_write(); !refused) return refused;
  const std::lock_guard lock(store_.mutex_);
  Documents::iterator found;
  if (Outcome missing = store_.find(doc, found); !missing) return missing;
  if (found->second.birth != expected.birth || found->second.version != expected.version) {
    return failure(CRDTD_CONFLICT, "the document is not at that birth and version");
  }
  store_.graves_[found->first].push_back(expected.birth);
  store_.bytes_used_ -= found->second.bytes;
  store_.documents_.erase(found);
  return {};
}

Outcome MemoryStore::Session::list(const crdtd_doc_key& after, std::uint32_t count_max, const storage::ListSink& sink) {
  struct Item {
    std::string id, type;
    std::uint64_t version, birth;
  };
  std::vector<Item> items;
  {
    const std::lock_guard lock(store_.mutex_);
    const Name from = name_of(after);
    for (auto at = store_.documents_.upper_bound(from); at != store_.documents_.end() && at->first.first == from.first; ++at) {
      if (items.size() >= count_max) break;
      items.push_back({at->first.second, at->second.type, at->second.version, at->second.birth});
    }
  }
  for (const Item& item : items) {
    const crdtd_list_item lent = {sizeof(crdtd_list_item), 0, item.version, item.birth, bytes(item.id), bytes(item.type)};
    if (const crdtd_status status = sink.item(lent); status != CRDTD_OK) return stopped(status);
  }
  return {};
}

Outcome MemoryStore::Session::meta_get(std::string_view name, Output& out) {
  const std::lock_guard lock(store_.mutex_);
  const auto found = store_.meta_.find(name);
  if (found == store_.meta_.end()) return failure(CRDTD_NOT_FOUND, "no such value");
  out.append(found->second);
  return {};
}

Outcome MemoryStore::Session::meta_put(std::string_view name, std::string_view value) {
  if (Outcome refused = may_write(); !refused) return refused;
  const std::lock_guard lock(store_.mutex_);
  store_.meta_[std::string(name)] = value;
  return {};
}

}  // namespace crdtd_memory
