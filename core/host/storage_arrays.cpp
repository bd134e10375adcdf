#include "host/storage_arrays.hpp"

#include <algorithm>

#include "host/abi_bridge.hpp"

namespace crdtd::host {

crdtd_doc_key to_doc_key(const base::DocKey& doc) { return {sizeof(crdtd_doc_key), 0, to_bytes(doc.tenant), to_bytes(doc.id)}; }

crdtd_row to_row(const Row& row) {
  return {sizeof(crdtd_row), row.count, row.version,        row.replica,       row.first_counter,  row.hlc_unix_ns,
          row.format,        row.check, to_bytes(row.node), to_bytes(row.key), to_bytes(row.delta)};
}

AppendArrays::AppendArrays(const std::vector<const AppendEntry*>& entries) {
  std::size_t rows = 0, keys = 0, known = 0;
  for (const auto* entry : entries) {
    rows += entry->rows.size();
    keys += entry->keys.size();
    known += entry->known.size();
  }
  // All room at once: the entries keep pointers into these arrays, which must therefore not move.
  entries_.reserve(entries.size());
  rows_.reserve(rows);
  keys_.reserve(keys);
  known_.reserve(known);
  for (const auto* entry : entries) add(*entry);
}

void AppendArrays::add(const AppendEntry& entry) {
  const std::size_t row_at = rows_.size(), key_at = keys_.size(), known_at = known_.size();
  for (const auto& row : entry.rows) rows_.push_back(to_row(*row));
  for (const auto& key : entry.keys) {
    crdtd_key raw{sizeof(crdtd_key), 0, key.applied, key.expires_unix_ms, {}, to_bytes(key.node), to_bytes(key.key)};
    std::copy(key.digest.begin(), key.digest.end(), raw.digest);
    keys_.push_back(raw);
  }
  for (const auto& known : entry.known) {
    known_.push_back({sizeof(crdtd_known), 0, known.replica, known.counter, known.chain, to_bytes(known.node)});
  }
  crdtd_append_entry raw{};
  raw.struct_size = sizeof raw;
  raw.create = entry.create ? 1 : 0;
  raw.doc = to_doc_key(entry.doc);
  raw.birth = entry.birth;
  raw.version_expected = entry.version_expected;
  raw.type = to_bytes(entry.type);
  raw.check_create = entry.check_create;
  raw.row_count = static_cast<std::uint32_t>(entry.rows.size());
  raw.row_stride = sizeof(crdtd_row);
  raw.rows = rows_.data() + row_at;
  raw.key_count = static_cast<std::uint32_t>(entry.keys.size());
  raw.key_stride = sizeof(crdtd_key);
  raw.keys = keys_.data() + key_at;
  raw.known_count = static_cast<std::uint32_t>(entry.known.size());
  raw.known_stride = sizeof(crdtd_known);
  raw.known = known_.data() + known_at;
  entries_.push_back(raw);
}

}  // namespace crdtd::host
