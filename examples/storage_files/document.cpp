#include "document.hpp"

#include <algorithm>
#include <cstring>

#include "crdtd/plugin/storage_views.hpp"

namespace storage_files {

using crdtd::storage::bytes;
using crdtd::storage::text;

namespace {

// Rows of a compacted file stand in records of about this size: a reader of a few rows reads one of them.
constexpr std::uint64_t kRecordBytes = 64 << 10;

// Writes a file from its beginning.
class FileWriter {
 public:
  FileWriter(std::string_view tenant, std::string_view id, std::string& out) : out_(out), chain_(first_chain(tenant, id)) {
    out_ = kLine;
  }
  void add(Kind kind, std::string_view payload) { out_ += pack_record(kind, payload, out_.size(), chain_); }

 private:
  std::string& out_;
  std::uint32_t chain_;
};

// The newest checkpoint before `first_version`: rows up to it may go, and the checkpoints before it.
std::map<std::uint64_t, Place>::const_iterator trim_point(const Document& document, std::uint64_t first_version) {
  const auto after = document.checkpoints.lower_bound(first_version);
  return after == document.checkpoints.begin() ? document.checkpoints.end() : std::prev(after);
}

void apply_entry(const Entry& entry, const Place& place, Document& document) {
  if (entry.creates) {
    document.exists = true;
    document.type = entry.creation.type;
    document.birth = entry.creation.birth;
    document.version = entry.creation.version;
    document.first_version = entry.creation.version + 1;
    document.check = entry.creation.check;
    document.hlc_unix_ns = entry.creation.hlc_unix_ns;
  }
  for (const crdtd_key& key : entry.keys) {
    StoredKey& stored = document.keys[{std::string(text(key.node)), std::string(text(key.key))}];
    stored.applied = key.applied;
    stored.expires_unix_ms = key.expires_unix_ms;
    std::memcpy(stored.digest.data(), key.digest, stored.digest.size());
  }
  for (const crdtd_known& known : entry.known) {
    document.known[known.replica] = {known.counter, known.chain, std::string(text(known.node))};
  }
  if (entry.rows.empty()) return;
  RowsPlace rows{place, document.version + 1, document.version, 0};
  for (const crdtd_row& row : entry.rows) {
    ++rows.version_last;
    rows.delta_bytes += row.delta.size;
    document.check = row.check;
    document.hlc_unix_ns = std::max(document.hlc_unix_ns, row.hlc_unix_ns);
  }
  document.version = rows.version_last;
  document.rows.push_back(rows);
}

void apply_trim(const crdtd_trim_to& to, Document& document) {
  std::erase_if(document.keys, [&](const auto& key) { return key.second.expires_unix_ms < to.now_unix_ms; });
  const auto point = trim_point(document, to.first_version);
  if (point == document.checkpoints.end()) return;
  document.first_version = std::max(document.first_version, point->first + 1);
  while (!document.rows.empty() && document.rows.front().version_last < document.first_version) document.rows.pop_front();
  document.checkpoints.erase(document.checkpoints.begin(), point);
}

// Keys and known entries of a compacted file, with the head before its first row.
Entry base_of(const Document& document) {
  Entry entry;
  entry.creates = true;
  entry.creation = {document.birth, document.first_version - 1, document.hlc_unix_ns, document.check, document.type};
  for (const auto& [name, stored] : document.keys) {
    crdtd_key key{sizeof(crdtd_key), 0, stored.applied, stored.expires_unix_ms, {}, bytes(name.first), bytes(name.second)};
    std::memcpy(key.digest, stored.digest.data(), stored.digest.size());
    entry.keys.push_back(key);
  }
  for (const auto& [replica, known] : document.known) {
    entry.known.push_back({sizeof(crdtd_known), 0, replica, known.counter, known.chain, bytes(known.node)});
  }
  entry.version_before = document.first_version - 1;
  return entry;
}

bool record_at(std::string_view file, const Place& place, Record& out) {
  return place.offset <= file.size() && read_record(file.substr(place.offset), place.offset, place.chain_before, out);
}

bool write_rows(const Document& document, std::string_view file, FileWriter& writer) {
  Entry pending;
  std::uint64_t pending_bytes = 0;
  const auto flush = [&] {
    if (!pending.rows.empty()) writer.add(Kind::kAppend, pack_entry(pending));
    pending = {};
    pending_bytes = 0;
  };
  for (const RowsPlace& rows : document.rows) {
    Record record;
    Entry entry;
    if (!record_at(file, rows.place, record) || !read_entry(record.payload, entry)) return false;
    for (const crdtd_row& row : entry.rows) {
      if (row.version < document.first_version) continue;
      if (pending.rows.empty()) pending.version_before = row.version - 1;
      pending.rows.push_back(row);
      pending_bytes += row.delta.size;
      if (pending_bytes >= kRecordBytes) flush();
    }
  }
  flush();
  return true;
}

}  // namespace

crdtd_doc_head Document::lend_head() const {
  return {sizeof(crdtd_doc_head), check, birth, version, first_version, hlc_unix_ns, bytes(type)};
}

bool Document::apply(const Record& record) {
  switch (record.kind) {
    case Kind::kAppend: {
      Entry entry;
      if (!read_entry(record.payload, entry) || entry.creates == exists) return false;
      if (entry.version_before != (entry.creates ? entry.creation.version : version)) return false;
      apply_entry(entry, record.place, *this);
      break;
    }
    case Kind::kCheckpoint: {
      crdtd_checkpoint checkpoint;
      if (!exists || !read_checkpoint(record.payload, checkpoint)) return false;
      checkpoints[checkpoint.version] = record.place;
      break;
    }
    case Kind::kTrim: {
      crdtd_trim_to to;
      if (!exists || !read_trim(record.payload, to)) return false;
      apply_trim(to, *this);
      break;
    }
    case Kind::kGrave: {
      std::uint64_t grave = 0;
      if (exists || !read_grave(record.payload, grave)) return false;
      graves.push_back(grave);
      break;
    }
    default:
      return false;
  }
  length = record.place.offset + record.place.bytes;
  chain = record.chain;
  return true;
}

bool Document::trims(const crdtd_trim_to& to) const {
  if (std::any_of(keys.begin(), keys.end(), [&](const auto& key) { return key.second.expires_unix_ms < to.now_unix_ms; })) {
    return true;
  }
  const auto point = trim_point(*this, to.first_version);
  return point != checkpoints.end() && (point->first >= first_version || point != checkpoints.begin());
}

std::uint64_t Document::live_bytes() const {
  std::uint64_t sum = (keys.size() + known.size()) * 100;
  for (const RowsPlace& each : rows) sum += each.place.bytes;
  for (const auto& [version_of, place] : checkpoints) sum += place.bytes;
  return sum;
}

Document read_document(std::string_view file, std::string_view tenant, std::string_view id, bool closed_clean) {
  Document document;
  document.chain = first_chain(tenant, id);
  if (!file.starts_with(kLine)) {
    document.damaged = closed_clean || has_head(file, 0);
    return document;
  }
  document.length = kLine.size();
  while (document.length < file.size()) {
    const std::uint64_t offset = document.length;
    Record record;
    if (read_record(file.substr(offset), offset, document.chain, record)) {
      if (document.apply(record)) continue;
      document.damaged = true;
      return document;
    }
    // Cut short, or its bytes came to the disk in another order: then nothing was written behind it.
    const bool headless = record.place.bytes == 0;
    const bool last = headless ? !has_head(file, offset + 1) : record.place.bytes >= file.size() - offset;
    document.damaged = closed_clean || !last;
    return document;
  }
  return document;
}

bool compacted(const Document& document, std::string_view file, std::string_view tenant, std::string_view id, std::string& out) {
  FileWriter writer(tenant, id, out);
  for (const std::uint64_t grave : document.graves) writer.add(Kind::kGrave, pack_grave(grave));
  writer.add(Kind::kAppend, pack_entry(base_of(document)));
  for (const auto& [version, place] : document.checkpoints) {
    Record record;
    if (!record_at(file, place, record)) return false;
    writer.add(Kind::kCheckpoint, record.payload);
  }
  return write_rows(document, file, writer);
}

std::string graves_only(const std::vector<std::uint64_t>& graves, std::string_view tenant, std::string_view id) {
  std::string out;
  FileWriter writer(tenant, id, out);
  for (const std::uint64_t grave : graves) writer.add(Kind::kGrave, pack_grave(grave));
  return out;
}

}  // namespace storage_files
