#include "virtual_disk.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "host/process_host.hpp"

namespace crdtd::testing {
namespace {

std::map<std::uint64_t, VirtualDisk*>& disks() {
  static std::map<std::uint64_t, VirtualDisk*> all;
  return all;
}

std::string text(const crdtd_bytes& bytes) { return to_text(bytes); }

crdtd_bytes lend(const std::string& value) {
  return {reinterpret_cast<const std::uint8_t*>(value.data()), static_cast<std::uint32_t>(value.size())};
}

template <class T>
const T& at_stride(const T* first, std::uint32_t stride, std::uint32_t index) {
  return *reinterpret_cast<const T*>(reinterpret_cast<const char*>(first) + static_cast<std::size_t>(stride) * index);
}

crdtd_status say(crdtd_error* error, crdtd_status status, const char* what, std::int64_t detail = 0) {
  error->detail = detail;
  std::snprintf(error->message, sizeof error->message, "%s", what);
  return status;
}

crdtd_doc_head lend_head(const host::DocHead& head) {
  return {sizeof(crdtd_doc_head), head.check, head.birth, head.version, head.first_version, head.hlc_unix_ns, lend(head.type)};
}

crdtd_row lend_row(const host::Row& row) {
  return {sizeof(crdtd_row), row.count, row.version,    row.replica,   row.first_counter, row.hlc_unix_ns,
          row.format,        row.check, lend(row.node), lend(row.key), lend(row.delta)};
}

VirtualDisk& disk_of(crdtd_storage_session* session) { return *reinterpret_cast<VirtualDisk*>(session); }

}  // namespace

std::string to_text(const crdtd_bytes& bytes) {
  return bytes.size == 0 ? std::string() : std::string(reinterpret_cast<const char*>(bytes.data), bytes.size);
}

void append_to(crdtd_buffer& out, std::string_view bytes) {
  const auto wanted = out.size + static_cast<std::uint32_t>(bytes.size());
  if (wanted > out.capacity) {
    out.data = static_cast<std::uint8_t*>(host::process_host().realloc(out.data, out.capacity, wanted * 2));
    out.capacity = wanted * 2;
  }
  if (!bytes.empty()) std::memcpy(out.data + out.size, bytes.data(), bytes.size());
  out.size = wanted;
}

base::DocKey to_key(const crdtd_doc_key& key) { return {text(key.tenant), text(key.id)}; }

host::RowPtr to_row(const crdtd_row& row) {
  return std::make_shared<host::Row>(host::Row{row.version, row.replica, row.first_counter, row.hlc_unix_ns, row.count,
                                               row.format, row.check, text(row.node), text(row.key), text(row.delta)});
}

VirtualDisk::VirtualDisk() {
  static std::uint64_t count = 0;
  id_ = ++count;
  disks()[id_] = this;
}

VirtualDisk::~VirtualDisk() { disks().erase(id_); }

std::string VirtualDisk::settings() const { return std::to_string(id_); }

crdtd_status VirtualDisk::absent(const base::DocKey& key, crdtd_error& error) const {
  const auto grave = last_grave.find(key);
  if (grave == last_grave.end()) return say(&error, CRDTD_NOT_FOUND, "no such document");
  return say(&error, CRDTD_GONE, "erased", static_cast<std::int64_t>(grave->second));
}

crdtd_status VirtualDisk::append(const crdtd_append_entry& entry, std::uint64_t& version) {
  const auto key = to_key(entry.doc);
  const auto found = documents.find(key);
  version = found == documents.end() ? 0 : found->second.head.version;
  if (entry.create != 0) {
    if (graves[key].count(entry.birth) > 0) return CRDTD_GONE;
    if (found != documents.end()) return CRDTD_CONFLICT;
  } else if (found == documents.end() || found->second.head.birth != entry.birth) {
    return CRDTD_CONFLICT;
  }
  if (entry.version_expected != version) return CRDTD_CONFLICT;
  auto& document = documents[key];
  if (entry.create != 0) document.head = {text(entry.type), entry.birth, 0, 1, 0, entry.check_create};
  for (std::uint32_t i = 0; i < entry.row_count; ++i) {
    const auto row = to_row(at_stride(entry.rows, entry.row_stride, i));
    if (row->version != document.head.version + 1) return CRDTD_FATAL;  // the host's bug: a hole
    document.head.version = row->version;
    document.head.check = row->check;
    document.head.hlc_unix_ns = std::max(document.head.hlc_unix_ns, row->hlc_unix_ns);
    document.rows[row->version] = row;
  }
  for (std::uint32_t i = 0; i < entry.key_count; ++i) {
    const auto& raw = at_stride(entry.keys, entry.key_stride, i);
    host::KeyRecord record{text(raw.node), text(raw.key), {}, raw.applied, raw.expires_unix_ms};
    std::copy_n(raw.digest, record.digest.size(), record.digest.begin());
    document.keys[{record.node, record.key}] = record;
  }
  for (std::uint32_t i = 0; i < entry.known_count; ++i) {
    const auto& raw = at_stride(entry.known, entry.known_stride, i);
    document.known[raw.replica] = {raw.replica, raw.counter, raw.chain, text(raw.node)};
  }
  version = document.head.version;
  return CRDTD_OK;
}

crdtd_status VirtualDisk::load(const crdtd_doc_key& raw_key, std::uint64_t version_until, const crdtd_load_sink& sink,
                               crdtd_error& error) {
  const auto key = to_key(raw_key);
  const auto found = documents.find(key);
  if (found == documents.end()) return absent(key, error);
  const auto& document = found->second;
  const auto until = version_until == 0 ? document.head.version : std::min(version_until, document.head.version);
  const host::Checkpoint* checkpoint = nullptr;
  for (const auto& [version, candidate] : document.checkpoints) {
    if (version <= until) checkpoint = &candidate;
  }
  const std::uint64_t start = checkpoint == nullptr ? 0 : checkpoint->version;
  if (start < until && start + 1 < document.head.first_version) return say(&error, CRDTD_BEHIND, "no longer kept");
  crdtd_status status = CRDTD_OK;
  if (sink.head != nullptr) {
    const auto head = lend_head(document.head);
    status = sink.head(sink.user, &head);
  }
  for (const auto& [replica, known] : document.known) {
    const crdtd_known lent{sizeof(crdtd_known), 0, replica, known.counter, known.chain, lend(known.node)};
    if (status == CRDTD_OK && sink.known != nullptr) status = sink.known(sink.user, &lent);
  }
  if (checkpoint != nullptr && status == CRDTD_OK && sink.checkpoint != nullptr) {
    const crdtd_checkpoint lent{sizeof(crdtd_checkpoint), checkpoint->format, checkpoint->birth,
                                checkpoint->version,      checkpoint->check,  0,
                                lend(checkpoint->encoded)};
    status = sink.checkpoint(sink.user, &lent);
  }
  for (std::uint64_t version = start + 1; version <= until && status == CRDTD_OK && sink.row != nullptr; ++version) {
    const auto row = lend_row(*document.rows.at(version));
    status = sink.row(sink.user, &row);
  }
  return status;
}

crdtd_status VirtualDisk::read_rows(const crdtd_doc_key& raw_key, const crdtd_read_range& range, const crdtd_load_sink& sink,
                                    crdtd_error& error) {
  const auto key = to_key(raw_key);
  const auto found = documents.find(key);
  if (found == documents.end()) return absent(key, error);
  const auto& document = found->second;
  const auto until = range.version_until == 0 ? document.head.version : std::min(range.version_until, document.head.version);
  if (range.version_after < until && range.version_after + 1 < document.head.first_version) {
    return say(&error, CRDTD_BEHIND, "no longer kept", static_cast<std::int64_t>(document.head.first_version));
  }
  const auto head = lend_head(document.head);
  crdtd_status status = sink.head(sink.user, &head);
  std::uint64_t count = 0, bytes = 0;
  for (std::uint64_t version = range.version_after + 1; version <= until && status == CRDTD_OK; ++version) {
    if (range.row_count_max != 0 && count >= range.row_count_max) break;
    if (range.bytes_max != 0 && bytes >= range.bytes_max) break;
    const auto row = lend_row(*document.rows.at(version));
    ++count;
    bytes += row.delta.size;
    status = sink.row(sink.user, &row);
  }
  return status;
}

crdtd_status VirtualDisk::trim(const crdtd_doc_key& raw_key, const crdtd_trim_to& to) {
  const auto found = documents.find(to_key(raw_key));
  if (found == documents.end()) return CRDTD_NOT_FOUND;
  auto& document = found->second;
  std::erase_if(document.keys, [&](const auto& entry) { return entry.second.expires_unix_ms < to.now_unix_ms; });
  std::uint64_t stand_in = 0;  // newest checkpoint before first_version: stands for all rows up to it
  for (const auto& [version, checkpoint] : document.checkpoints) {
    if (version < to.first_version) stand_in = version;
  }
  std::erase_if(document.rows, [&](const auto& entry) { return entry.first <= stand_in; });
  std::erase_if(document.checkpoints, [&](const auto& entry) { return entry.first < stand_in; });
  document.head.first_version = std::max(document.head.first_version, stand_in + 1);
  return CRDTD_OK;
}

const crdtd_storage_backend& VirtualDisk::table() {
  static const crdtd_storage_backend backend{
      sizeof(crdtd_storage_backend),
      0,
      "virtual",
      [](const crdtd_store_options* options, crdtd_store** out, crdtd_store_info* info, crdtd_error* err) -> crdtd_status {
        const auto found = disks().find(std::strtoull(text(options->settings_json).c_str(), nullptr, 10));
        if (found == disks().end()) return say(err, CRDTD_INVALID, "no such virtual disk");
        *out = reinterpret_cast<crdtd_store*>(found->second);
        info->writers_max = 2;
        info->readers_max = 2;
        return CRDTD_OK;
      },
      [](crdtd_store*) {},
      [](crdtd_store* store, std::uint32_t, crdtd_storage_session** out, crdtd_error*) -> crdtd_status {
        *out = reinterpret_cast<crdtd_storage_session*>(store);
        return CRDTD_OK;
      },
      [](crdtd_storage_session*) {},
      [](crdtd_storage_session* session, const crdtd_append_batch* batch, crdtd_verdict* verdicts, crdtd_error*) -> crdtd_status {
        for (std::uint32_t i = 0; i < batch->entry_count; ++i) {
          auto& verdict = const_cast<crdtd_verdict&>(at_stride(verdicts, batch->verdict_stride, i));
          verdict.status = disk_of(session).append(at_stride(batch->entries, batch->entry_stride, i), verdict.version);
        }
        return CRDTD_OK;
      },
      [](crdtd_storage_session* session, const crdtd_doc_key* doc, const crdtd_read_range* range, const crdtd_load_sink* sink,
         crdtd_error* err) -> crdtd_status { return disk_of(session).load(*doc, range->version_until, *sink, *err); },
      [](crdtd_storage_session* session, const crdtd_doc_key* doc, const crdtd_read_range* range, const crdtd_load_sink* sink,
         crdtd_error* err) -> crdtd_status { return disk_of(session).read_rows(*doc, *range, *sink, *err); },
      [](crdtd_storage_session* session, const crdtd_doc_key* doc, crdtd_key* inout, crdtd_error* err) -> crdtd_status {
        auto& disk = disk_of(session);
        const auto found = disk.documents.find(to_key(*doc));
        if (found == disk.documents.end()) return disk.absent(to_key(*doc), *err);
        const auto key = found->second.keys.find({text(inout->node), text(inout->key)});
        if (key == found->second.keys.end()) return say(err, CRDTD_NOT_FOUND, "no such key");
        inout->applied = key->second.applied;
        inout->expires_unix_ms = key->second.expires_unix_ms;
        std::copy(key->second.digest.begin(), key->second.digest.end(), inout->digest);
        return CRDTD_OK;
      },
      [](crdtd_storage_session* session, const crdtd_doc_key* doc, const crdtd_checkpoint* raw,
         crdtd_error* err) -> crdtd_status {
        auto& disk = disk_of(session);
        const auto found = disk.documents.find(to_key(*doc));
        if (found == disk.documents.end()) return disk.absent(to_key(*doc), *err);
        const auto& head = found->second.head;
        if (raw->birth != head.birth || raw->version > head.version)
          return say(err, CRDTD_CONFLICT, "another birth, or not that far");
        found->second.checkpoints[raw->version] = {raw->birth, raw->version, raw->check, raw->format, text(raw->encoded)};
        return CRDTD_OK;
      },
      [](crdtd_storage_session* session, const crdtd_doc_key* doc, const crdtd_trim_to* to, crdtd_error*) -> crdtd_status {
        return disk_of(session).trim(*doc, *to);
      },
      [](crdtd_storage_session* session, const crdtd_doc_key* doc, const crdtd_doc_head* expected,
         crdtd_error* err) -> crdtd_status {
        auto& disk = disk_of(session);
        const auto key = to_key(*doc);
        const auto found = disk.documents.find(key);
        if (found == disk.documents.end()) return disk.absent(key, *err);
        const auto& head = found->second.head;
        if (head.birth != expected->birth || head.version != expected->version)
          return say(err, CRDTD_CONFLICT, "not at that version");
        disk.graves[key].insert(head.birth);
        disk.last_grave[key] = head.birth;
        disk.documents.erase(found);
        return CRDTD_OK;
      },
      [](crdtd_storage_session* session, const crdtd_doc_key* after, std::uint32_t count_max, const crdtd_list_sink* sink,
         crdtd_error*) -> crdtd_status {
        auto& disk = disk_of(session);
        const auto from = to_key(*after);
        std::uint32_t count = 0;
        for (auto at = disk.documents.upper_bound(from); at != disk.documents.end() && at->first.tenant == from.tenant; ++at) {
          if (count++ >= count_max) break;
          const auto& head = at->second.head;
          const crdtd_list_item item{sizeof(crdtd_list_item), 0, head.version, head.birth, lend(at->first.id), lend(head.type)};
          if (const auto status = sink->item(sink->user, &item); status != CRDTD_OK) return status;
        }
        return CRDTD_OK;
      },
      [](crdtd_storage_session* session, const crdtd_bytes* name, crdtd_buffer* out, crdtd_error* err) -> crdtd_status {
        auto& disk = disk_of(session);
        const auto found = disk.meta.find(text(*name));
        if (found == disk.meta.end()) return say(err, CRDTD_NOT_FOUND, "no such value");
        append_to(*out, found->second);
        return CRDTD_OK;
      },
      [](crdtd_storage_session* session, const crdtd_bytes* name, const crdtd_bytes* value, crdtd_error*) -> crdtd_status {
        disk_of(session).meta[text(*name)] = text(*value);
        return CRDTD_OK;
      }};
  return backend;
}

}  // namespace crdtd::testing
