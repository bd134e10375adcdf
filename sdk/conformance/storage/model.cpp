#include "storage/model.hpp"

#include <algorithm>

namespace crdtd::conformance {

Verdict StorageModel::append(const Entry& entry) {
  const auto graves = graves_.find(entry.doc);
  const auto found = documents_.find(entry.doc);
  const bool exists = found != documents_.end();
  const std::uint64_t version = exists ? found->second.head.version : 0;
  if (graves != graves_.end() && std::count(graves->second.begin(), graves->second.end(), entry.birth) != 0)
    return {CRDTD_GONE, version};
  if (entry.create == exists || entry.version_expected != version) return {CRDTD_CONFLICT, version};
  if (exists && found->second.head.birth != entry.birth) return {CRDTD_CONFLICT, version};

  ModelDocument& document = documents_[entry.doc];
  if (entry.create) document.head = {entry.type, entry.birth, 0, 1, 0, entry.check_create};
  for (const Row& row : entry.rows) {
    document.rows[row.version] = row;
    document.head.version = row.version;
    document.head.check = row.check;
    document.head.hlc_unix_ns = std::max(document.head.hlc_unix_ns, row.hlc_unix_ns);
  }
  for (const Known& known : entry.known) document.known[known.replica] = known;
  for (const Key& key : entry.keys) document.keys[{key.node, key.key}] = key;
  return {CRDTD_OK, document.head.version};
}

const ModelDocument* StorageModel::find(const Doc& doc) const {
  const auto found = documents_.find(doc);
  return found == documents_.end() ? nullptr : &found->second;
}

Loaded StorageModel::missing(const Doc& doc) const {
  Loaded loaded;
  const auto graves = graves_.find(doc);
  loaded.status = graves == graves_.end() ? CRDTD_NOT_FOUND : CRDTD_GONE;
  if (graves != graves_.end()) loaded.detail = static_cast<std::int64_t>(graves->second.back());
  return loaded;
}

Loaded StorageModel::load(const Doc& doc, std::uint64_t version_until) const {
  const ModelDocument* document = find(doc);
  if (document == nullptr) return missing(doc);
  const std::uint64_t until = version_until == 0 ? document->head.version : std::min(version_until, document->head.version);
  Loaded loaded;
  loaded.head = document->head;
  for (const auto& [replica, known] : document->known) loaded.known.push_back(known);
  for (const auto& [version, checkpoint] : document->checkpoints) {
    if (version <= until) loaded.checkpoint = checkpoint;
  }
  for (std::uint64_t version = loaded.checkpoint ? loaded.checkpoint->version + 1 : 1; version <= until; ++version) {
    const auto row = document->rows.find(version);
    if (row == document->rows.end()) {
      // The oldest checkpoint that no missing row follows.
      Loaded behind;
      behind.status = CRDTD_BEHIND;
      const auto readable = document->checkpoints.lower_bound(document->head.first_version - 1);
      behind.detail =
          static_cast<std::int64_t>(readable == document->checkpoints.end() ? document->head.version : readable->first);
      return behind;
    }
    loaded.rows.push_back(row->second);
  }
  return loaded;
}

Loaded StorageModel::read_rows(const Doc& doc, const Range& range) const {
  const ModelDocument* document = find(doc);
  if (document == nullptr) return missing(doc);
  Loaded loaded;
  if (range.version_after < document->head.version && range.version_after + 1 < document->head.first_version) {
    loaded.status = CRDTD_BEHIND;
    loaded.detail = static_cast<std::int64_t>(document->head.first_version);
    return loaded;
  }
  loaded.head = document->head;
  std::uint64_t bytes = 0;
  for (const auto& [version, row] : document->rows) {
    if (version <= range.version_after) continue;
    if (range.version_until != 0 && version > range.version_until) break;
    if (range.row_count_max != 0 && loaded.rows.size() == range.row_count_max) break;
    if (range.bytes_max != 0 && !loaded.rows.empty() && bytes >= range.bytes_max) break;
    loaded.rows.push_back(row);
    bytes += row.delta.size();
  }
  return loaded;
}

crdtd_status StorageModel::find_key(const Doc& doc, Key& inout) const {
  const ModelDocument* document = find(doc);
  if (document == nullptr) return CRDTD_NOT_FOUND;
  const auto found = document->keys.find({inout.node, inout.key});
  if (found == document->keys.end()) return CRDTD_NOT_FOUND;
  inout = found->second;
  return CRDTD_OK;
}

crdtd_status StorageModel::put_checkpoint(const Doc& doc, const Checkpoint& checkpoint) {
  const auto found = documents_.find(doc);
  if (found == documents_.end()) return missing(doc).status;
  if (checkpoint.birth != found->second.head.birth || checkpoint.version > found->second.head.version) return CRDTD_CONFLICT;
  found->second.checkpoints[checkpoint.version] = checkpoint;
  return CRDTD_OK;
}

crdtd_status StorageModel::trim(const Doc& doc, std::uint64_t first_version, std::uint64_t now_unix_ms) {
  const auto found = documents_.find(doc);
  if (found == documents_.end()) return missing(doc).status;
  ModelDocument& document = found->second;
  std::erase_if(document.keys, [&](const auto& entry) { return entry.second.expires_unix_ms < now_unix_ms; });
  const Checkpoint* newest = nullptr;
  for (const auto& [version, checkpoint] : document.checkpoints) {
    if (version < first_version) newest = &checkpoint;
  }
  if (newest == nullptr) return CRDTD_OK;
  const std::uint64_t covered = newest->version;
  std::erase_if(document.rows, [&](const auto& entry) { return entry.first <= covered; });
  document.head.first_version = std::max(document.head.first_version, covered + 1);
  std::erase_if(document.checkpoints, [&](const auto& entry) { return entry.first < covered; });
  return CRDTD_OK;
}

crdtd_status StorageModel::erase(const Doc& doc, std::uint64_t birth, std::uint64_t version) {
  const auto found = documents_.find(doc);
  if (found == documents_.end()) return missing(doc).status;
  if (found->second.head.birth != birth || found->second.head.version != version) return CRDTD_CONFLICT;
  graves_[doc].push_back(birth);
  documents_.erase(found);
  return CRDTD_OK;
}

std::vector<Item> StorageModel::list(const std::string& tenant, const std::string& after, std::uint32_t count_max) const {
  std::vector<Item> items;
  for (const auto& [doc, document] : documents_) {
    if (doc.tenant != tenant || doc.id <= after || items.size() == count_max) continue;
    items.push_back({doc.id, document.head.type, document.head.version, document.head.birth});
  }
  return items;
}

}  // namespace crdtd::conformance
