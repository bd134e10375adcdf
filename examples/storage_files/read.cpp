// All that only looks. The index says where records stand; each is checked against its checksums when it is read.
#include <algorithm>
#include <cerrno>
#include <cstring>

#include "files_store.hpp"

namespace storage_files {

using storage::bytes;
using storage::failure;
using storage::stopped;
using storage::text;

namespace {

// What a plan found in the file; the entries and the checkpoint borrow from `bytes`.
struct Found {
  std::vector<std::string> bytes;
  crdtd_checkpoint checkpoint{};
  bool has_checkpoint = false;
  std::vector<Entry> entries;
};

bool read_place(const File& file, const Place& place, std::string& bytes, Record& out) {
  return read_at(file, place.offset, place.bytes, bytes) && read_record(bytes, place.offset, place.chain_before, out) &&
         out.place.bytes == place.bytes;
}

bool read_found(const std::string& path, const std::vector<Place>& checkpoint, const std::vector<RowsPlace>& rows, Found& out) {
  if (checkpoint.empty() && rows.empty()) return true;
  const File file = open_to_read(path);
  if (!file.is_open()) return false;
  out.bytes.resize(checkpoint.size() + rows.size());  // all at once: what is borrowed must not move
  std::size_t used = 0;
  for (const Place& place : checkpoint) {
    Record record;
    if (!read_place(file, place, out.bytes[used++], record) || !read_checkpoint(record.payload, out.checkpoint)) return false;
    out.has_checkpoint = true;
  }
  for (const RowsPlace& place : rows) {
    Record record;
    out.entries.emplace_back();
    if (!read_place(file, place.place, out.bytes[used++], record) || !read_entry(record.payload, out.entries.back()))
      return false;
    const Entry& entry = out.entries.back();
    if (entry.version_before + 1 != place.version_first || entry.version_before + entry.rows.size() != place.version_last)
      return false;
  }
  return true;
}

// Gives rows after `after` up to `until`, until a bound of `range` (if there is one) is met.
Outcome give_rows(const Found& found, std::uint64_t after, std::uint64_t until, const crdtd_read_range* range,
                  const storage::LoadSink& sink) {
  std::uint64_t count = 0, sum = 0;
  for (const Entry& entry : found.entries) {
    for (const crdtd_row& row : entry.rows) {
      if (row.version <= after || row.version > until) continue;
      if (range != nullptr && range->row_count_max != 0 && count >= range->row_count_max) return {};
      if (range != nullptr && range->bytes_max != 0 && sum >= range->bytes_max && count > 0) return {};
      if (const crdtd_status status = sink.row(row); status != CRDTD_OK) return stopped(status);
      ++count;
      sum += row.delta.size;
    }
  }
  return {};
}

// The records that hold rows after `after` up to `until`, as many as the bounds can want.
std::vector<RowsPlace> places_of(const std::deque<RowsPlace>& rows, std::uint64_t after, std::uint64_t until,
                                 std::uint64_t rows_max, std::uint64_t bytes_max) {
  std::vector<RowsPlace> out;
  auto at = std::partition_point(rows.begin(), rows.end(), [&](const RowsPlace& each) { return each.version_last <= after; });
  std::uint64_t count = 0, sum = 0;
  for (; at != rows.end() && at->version_first <= until; ++at) {
    if ((rows_max != 0 && count >= rows_max) || (bytes_max != 0 && sum >= bytes_max && count > 0)) break;
    out.push_back(*at);
    if (at->version_first <= after) continue;  // in part only
    count += at->version_last - at->version_first + 1;
    sum += at->delta_bytes;
  }
  return out;
}

}  // namespace

Outcome FilesStore::find(const Name& name, const Document*& out) const {
  const auto found = documents_.find(name);
  if (found == documents_.end()) return failure(CRDTD_NOT_FOUND, "no such document");
  out = &found->second;
  if (out->damaged) return failure(CRDTD_CORRUPT, path_of(name) + " is damaged");
  if (!out->exists) return failure(CRDTD_GONE, "the document was erased", out->graves.back());
  return {};
}

// Plans under mutex_, reads without a lock, gives to the sink when all of it is sound.
template <class MakePlan, class Give>
Outcome FilesStore::read(const Name& name, MakePlan make_plan, Give give) {
  const auto try_once = [&](Plan& plan, Found& found, bool& sound) -> Outcome {
    plan = {};
    found = {};
    {
      const std::lock_guard lock(mutex_);
      const Document* document = nullptr;
      if (Outcome missing = find(name, document); !missing) return missing;
      plan.type = document->type;
      plan.head = document->lend_head();
      if (Outcome refused = make_plan(*document, plan); !refused) return refused;
    }
    plan.head.type = bytes(plan.type);
    sound = read_found(path_of(name), plan.checkpoint, plan.rows, found);
    return {};
  };
  Plan plan;
  Found found;
  bool sound = false;
  if (Outcome tried = try_once(plan, found, sound); !tried) return tried;
  if (!sound) {
    const std::lock_guard lock(write_mutex_);
    if (Outcome tried = try_once(plan, found, sound); !tried) return tried;
  }
  if (!sound) return failure(CRDTD_CORRUPT, path_of(name) + " does not match its checksums");
  if (found.has_checkpoint) found.checkpoint.birth = plan.head.birth;
  return give(plan, found);
}

Outcome FilesStore::Session::load(const crdtd_doc_key& doc, std::uint64_t version_until, const storage::LoadSink& sink) {
  const auto make_plan = [&](const Document& document, Plan& plan) -> Outcome {
    plan.version_until = version_until == 0 ? document.version : std::min(version_until, document.version);
    const auto after = document.checkpoints.upper_bound(plan.version_until);
    if (after != document.checkpoints.begin()) {
      plan.version_after = std::prev(after)->first;
      plan.checkpoint.push_back(std::prev(after)->second);
    }
    if (plan.version_after < plan.version_until && plan.version_after + 1 < document.first_version) {
      const auto readable = document.checkpoints.lower_bound(document.first_version - 1);
      return failure(CRDTD_BEHIND, "that version cannot be rebuilt any more",
                     readable == document.checkpoints.end() ? document.version : readable->first);
    }
    plan.known = document.known;
    plan.rows = places_of(document.rows, plan.version_after, plan.version_until, 0, 0);
    return {};
  };
  return store_.read(name_of(doc), make_plan, [&](const Plan& plan, const Found& found) -> Outcome {
    if (const crdtd_status status = sink.head(plan.head); status != CRDTD_OK) return stopped(status);
    for (const auto& [replica, known] : plan.known) {
      const crdtd_known lent = {sizeof(crdtd_known), 0, replica, known.counter, known.chain, bytes(known.node)};
      if (const crdtd_status status = sink.known(lent); status != CRDTD_OK) return stopped(status);
    }
    if (found.has_checkpoint) {
      if (const crdtd_status status = sink.checkpoint(found.checkpoint); status != CRDTD_OK) return stopped(status);
    }
    return give_rows(found, plan.version_after, plan.version_until, nullptr, sink);
  });
}

Outcome FilesStore::Session::read_rows(const crdtd_doc_key& doc, const crdtd_read_range& range, const storage::LoadSink& sink) {
  const auto make_plan = [&](const Document& document, Plan& plan) -> Outcome {
    plan.version_after = range.version_after;
    plan.version_until = range.version_until == 0 ? document.version : std::min(range.version_until, document.version);
    if (range.version_after < document.version && range.version_after + 1 < document.first_version) {
      return failure(CRDTD_BEHIND, "those rows are no longer kept", document.first_version);
    }
    plan.rows = places_of(document.rows, plan.version_after, plan.version_until, range.row_count_max, range.bytes_max);
    return {};
  };
  return store_.read(name_of(doc), make_plan, [&](const Plan& plan, const Found& found) -> Outcome {
    if (const crdtd_status status = sink.head(plan.head); status != CRDTD_OK) return stopped(status);
    return give_rows(found, plan.version_after, plan.version_until, &range, sink);
  });
}

Outcome FilesStore::Session::find_key(const crdtd_doc_key& doc, crdtd_key& inout) {
  const std::lock_guard lock(store_.mutex_);
  const Document* document = nullptr;
  if (Outcome missing = store_.find(name_of(doc), document); !missing) {
    return missing.status() == CRDTD_CORRUPT ? missing : failure(CRDTD_NOT_FOUND, "no such document");
  }
  const auto found = document->keys.find({std::string(text(inout.node)), std::string(text(inout.key))});
  if (found == document->keys.end()) return failure(CRDTD_NOT_FOUND, "no such key");
  inout.applied = found->second.applied;
  inout.expires_unix_ms = found->second.expires_unix_ms;
  std::memcpy(inout.digest, found->second.digest.data(), sizeof inout.digest);
  return {};
}

Outcome FilesStore::Session::list(const crdtd_doc_key& after, std::uint32_t count_max, const storage::ListSink& sink) {
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
      const Document& document = at->second;
      if (document.exists || document.damaged)
        items.push_back({at->first.second, document.type, document.version, document.birth});
    }
  }
  for (const Item& item : items) {
    const crdtd_list_item lent = {sizeof(crdtd_list_item), 0, item.version, item.birth, bytes(item.id), bytes(item.type)};
    if (const crdtd_status status = sink.item(lent); status != CRDTD_OK) return stopped(status);
  }
  return {};
}

Outcome FilesStore::Session::meta_get(std::string_view name, Output& out) {
  const std::lock_guard lock(store_.write_mutex_);  // values are small, and seldom asked for
  const std::string path = store_.meta_path(name);
  std::string content;
  if (!read_all(path, content)) {
    if (errno == ENOENT) return failure(CRDTD_NOT_FOUND, "no such value");
    return failure(CRDTD_CORRUPT, "cannot read " + path + ": " + std::strerror(errno));
  }
  Record record;
  if (!read_record(content, 0, crc32(0, name), record) || record.kind != Kind::kMeta || record.place.bytes != content.size()) {
    return failure(CRDTD_CORRUPT, path + " is damaged");
  }
  out.append(record.payload);
  return {};
}

Outcome FilesStore::open_session(storage::Mode mode, std::unique_ptr<Session>& out) {
  out = std::make_unique<Session>(*this, mode);
  return {};
}

}  // namespace storage_files
