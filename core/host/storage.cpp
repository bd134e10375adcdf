#include "host/storage.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "host/abi_bridge.hpp"
#include "host/storage_arrays.hpp"
#include "host/storage_sinks.hpp"

namespace crdtd::host {
namespace {

StorageStatus to_storage_status(crdtd_status status) noexcept {
  switch (status) {
    case CRDTD_INVALID:
    case CRDTD_LIMIT:
    case CRDTD_UNSUPPORTED:
      return StorageStatus::kInvalid;
    case CRDTD_NOT_FOUND:
      return StorageStatus::kNotFound;
    case CRDTD_GONE:
      return StorageStatus::kGone;
    case CRDTD_BEHIND:
      return StorageStatus::kBehind;
    case CRDTD_RETRY:
      return StorageStatus::kRetry;
    case CRDTD_FULL:
      return StorageStatus::kFull;
    case CRDTD_CONFLICT:
      return StorageStatus::kConflict;
    case CRDTD_CORRUPT:
      return StorageStatus::kCorrupt;
    case CRDTD_UNKNOWN:
    case CRDTD_NO_MEMORY:
      return StorageStatus::kUnknown;  // it may have run out before the commit or after: repeating tells
    default:
      return StorageStatus::kFatal;
  }
}

std::string describe(const crdtd_storage_backend& table, std::string_view call) {
  std::string text = "storage \"";
  text += table.name;
  text += "\" ";
  text += call;
  return text;
}

StorageError contract_broken(const crdtd_storage_backend& table, std::string_view call, std::string_view what) {
  std::string message = describe(table, call);
  message += " broke the plugin contract: ";
  message += what;
  return {StorageStatus::kFatal, std::move(message), {}, 0};
}

StorageError to_error(const crdtd_storage_backend& table, std::string_view call, crdtd_status status, const crdtd_error& raw) {
  auto texts = read_error(raw);
  if (!texts.terminated) return contract_broken(table, call, "a text of its error does not end");
  if (texts.message.empty()) texts.message = describe(table, call) + " answered status " + std::to_string(status);
  // Only an append leaves a doubt behind; all other calls can simply be made again.
  const bool again = status == CRDTD_NO_MEMORY && call != "append";
  return {again ? StorageStatus::kRetry : to_storage_status(status), std::move(texts.message), std::move(texts.pointer),
          raw.detail};
}

// Outcome of a call that went through a sink: what the sink found wrong goes before what the plugin says.
std::optional<StorageError> sink_error(const crdtd_storage_backend& table, std::string_view call, crdtd_status status,
                                       const crdtd_error& raw, const SinkFault& fault) {
  if (fault.thrown) std::rethrow_exception(fault.thrown);
  if (!fault.what.empty()) {
    auto error = contract_broken(table, call, fault.what);
    error.status = fault.status;
    return error;
  }
  if (status != CRDTD_OK) return to_error(table, call, status, raw);
  return std::nullopt;
}

StorageResult<void> finish(const crdtd_storage_backend& table, std::string_view call, crdtd_status status,
                           const crdtd_error& raw) {
  if (status != CRDTD_OK) return to_error(table, call, status, raw);
  return {};
}

}  // namespace

StorageSession::StorageSession(StorageSession&& other) noexcept
    : table_(other.table_), raw_(std::exchange(other.raw_, nullptr)) {}

StorageSession::~StorageSession() {
  if (raw_ != nullptr) table_->session_close(raw_);
}

StorageResult<std::vector<AppendVerdict>> StorageSession::append(const std::vector<const AppendEntry*>& entries) {
  if (entries.empty()) return std::vector<AppendVerdict>{};
  const AppendArrays arrays(entries);
  const crdtd_append_batch batch{sizeof batch, static_cast<std::uint32_t>(entries.size()), sizeof(crdtd_append_entry),
                                 sizeof(crdtd_verdict), arrays.entries().data()};
  constexpr crdtd_status kUnfilled = 0xffffffff;
  std::vector<crdtd_verdict> verdicts(entries.size(), crdtd_verdict{sizeof(crdtd_verdict), kUnfilled, 0});
  std::vector<AppendVerdict> out(entries.size());  // before the call: afterwards nothing may fail
  auto raw_error = fresh_error();
  const auto status = table_->append(raw_, &batch, verdicts.data(), &raw_error);
  if (status != CRDTD_OK) return to_error(*table_, "append", status, raw_error);
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    if (verdicts[i].status == kUnfilled) return contract_broken(*table_, "append", "an entry got no verdict");
    if (verdicts[i].status != CRDTD_OK) out[i].failure = to_storage_status(verdicts[i].status);
    out[i].version = verdicts[i].version;
  }
  return out;
}

StorageResult<LoadedDocument> StorageSession::load(const base::DocKey& doc, std::uint64_t version_until) {
  const auto key = to_doc_key(doc);
  const crdtd_read_range range{sizeof range, 0, 0, version_until, 0};
  LoadSink sink(version_until);
  const auto table = sink.table();
  auto raw_error = fresh_error();
  const auto status = table_->load(raw_, &key, &range, &table, &raw_error);
  if (status == CRDTD_OK) sink.finish();
  if (auto error = sink_error(*table_, "load", status, raw_error, sink.fault())) return std::move(*error);
  return std::move(sink.document());
}

StorageResult<RowsRead> StorageSession::read_rows(const base::DocKey& doc, const RowRange& range) {
  const auto key = to_doc_key(doc);
  const crdtd_read_range raw_range{sizeof raw_range, range.row_count_max, range.version_after, range.version_until,
                                   range.bytes_max};
  RowsSink sink(range);
  const auto table = sink.table();
  auto raw_error = fresh_error();
  const auto status = table_->read_rows(raw_, &key, &raw_range, &table, &raw_error);
  if (status == CRDTD_OK) sink.finish();
  if (auto error = sink_error(*table_, "read_rows", status, raw_error, sink.fault())) return std::move(*error);
  return std::move(sink.rows());
}

StorageResult<KeyRecord> StorageSession::find_key(const base::DocKey& doc, std::string_view node, std::string_view key) {
  const auto doc_key = to_doc_key(doc);
  crdtd_key inout{};
  inout.struct_size = sizeof inout;
  inout.node = to_bytes(node);
  inout.key = to_bytes(key);
  auto raw_error = fresh_error();
  const auto status = table_->find_key(raw_, &doc_key, &inout, &raw_error);
  if (status != CRDTD_OK) return to_error(*table_, "find_key", status, raw_error);
  KeyRecord record{std::string(node), std::string(key), {}, inout.applied, inout.expires_unix_ms};
  std::copy_n(inout.digest, record.digest.size(), record.digest.begin());
  return record;
}

StorageResult<void> StorageSession::put_checkpoint(const base::DocKey& doc, const Checkpoint& checkpoint) {
  const auto key = to_doc_key(doc);
  const crdtd_checkpoint raw{sizeof raw, checkpoint.format,           checkpoint.birth, checkpoint.version, checkpoint.check,
                             0,          to_bytes(checkpoint.encoded)};
  auto raw_error = fresh_error();
  return finish(*table_, "put_checkpoint", table_->put_checkpoint(raw_, &key, &raw, &raw_error), raw_error);
}

StorageResult<void> StorageSession::trim(const base::DocKey& doc, std::uint64_t first_version, std::uint64_t now_unix_ms) {
  const auto key = to_doc_key(doc);
  const crdtd_trim_to to{sizeof to, 0, first_version, now_unix_ms};
  auto raw_error = fresh_error();
  return finish(*table_, "trim", table_->trim(raw_, &key, &to, &raw_error), raw_error);
}

StorageResult<void> StorageSession::erase(const base::DocKey& doc, std::uint64_t birth, std::uint64_t version) {
  const auto key = to_doc_key(doc);
  crdtd_doc_head expected{};
  expected.struct_size = sizeof expected;
  expected.birth = birth;
  expected.version = version;
  auto raw_error = fresh_error();
  return finish(*table_, "erase", table_->erase(raw_, &key, &expected, &raw_error), raw_error);
}

StorageResult<std::vector<ListItem>> StorageSession::list(const std::string& tenant, std::string_view after,
                                                          std::uint32_t count_max) {
  const crdtd_doc_key key{sizeof key, 0, to_bytes(tenant), to_bytes(after)};
  ListSink sink(after, count_max);
  const auto table = sink.table();
  auto raw_error = fresh_error();
  const auto status = table_->list(raw_, &key, count_max, &table, &raw_error);
  if (auto error = sink_error(*table_, "list", status, raw_error, sink.fault())) return std::move(*error);
  return std::move(sink.items());
}

StorageResult<std::string> StorageSession::meta_get(std::string_view name) {
  Output out(0);
  const auto raw_name = to_bytes(name);
  auto raw_error = fresh_error();
  const auto status = table_->meta_get(raw_, &raw_name, out.raw(), &raw_error);
  if (status != CRDTD_OK) return to_error(*table_, "meta_get", status, raw_error);
  if (!out.intact()) return contract_broken(*table_, "meta_get", "the output buffer holds more than its capacity");
  return std::string(out.view());
}

StorageResult<void> StorageSession::meta_put(std::string_view name, std::string_view value) {
  const auto raw_name = to_bytes(name);
  const auto raw_value = to_bytes(value);
  auto raw_error = fresh_error();
  return finish(*table_, "meta_put", table_->meta_put(raw_, &raw_name, &raw_value, &raw_error), raw_error);
}

StorageResult<Store> Store::open(const crdtd_storage_backend& table, std::string_view settings_json,
                                 std::string_view base_directory) {
  const crdtd_store_options options{sizeof options, 0, to_bytes(settings_json), to_bytes(base_directory)};
  crdtd_store* raw = nullptr;
  crdtd_store_info info{sizeof info, 0, 0, 0};
  auto raw_error = fresh_error();
  const auto status = table.open(&options, &raw, &info, &raw_error);
  if (status != CRDTD_OK) return to_error(table, "open", status, raw_error);
  if (raw == nullptr) return contract_broken(table, "open", "it answered OK without a store");
  Store store(table, raw, info);  // from here on it closes itself
  if (info.writers_max == 0 || info.readers_max == 0) {
    return contract_broken(table, "open", "writers_max and readers_max must be at least 1");
  }
  return store;
}

Store::Store(Store&& other) noexcept : table_(other.table_), raw_(std::exchange(other.raw_, nullptr)), info_(other.info_) {}

Store::~Store() {
  if (raw_ != nullptr) table_->close(raw_);
}

StorageResult<StorageSession> Store::open_session(SessionMode mode) {
  crdtd_storage_session* raw = nullptr;
  auto raw_error = fresh_error();
  const std::uint32_t raw_mode = mode == SessionMode::kWrite ? CRDTD_SESSION_WRITE : CRDTD_SESSION_READ;
  const auto status = table_->session_open(raw_, raw_mode, &raw, &raw_error);
  if (status != CRDTD_OK) return to_error(*table_, "session_open", status, raw_error);
  if (raw == nullptr) return contract_broken(*table_, "session_open", "it answered OK without a session");
  return StorageSession(*table_, raw);
}

}  // namespace crdtd::host
