#include "faulty_storage.hpp"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <utility>

#include "base/assert.hpp"
#include "virtual_disk.hpp"

namespace crdtd::testing {
namespace {

constexpr std::uint64_t kEnvelopeBytes = 4 * 8 + 3 * 4;  // of a row, without its strings

std::map<std::uint64_t, FaultyStorage*>& instances() {
  static std::map<std::uint64_t, FaultyStorage*> all;
  return all;
}

std::uint64_t next_id() {
  static std::uint64_t count = 0;
  return ++count;
}

template <class T>
const T& at_stride(const T* first, std::uint32_t stride, std::uint32_t index) {
  return *reinterpret_cast<const T*>(reinterpret_cast<const char*>(first) + static_cast<std::size_t>(stride) * index);
}

crdtd_bytes lend(const std::string& value) {
  return {reinterpret_cast<const std::uint8_t*>(value.data()), static_cast<std::uint32_t>(value.size())};
}

RecordedEntry record_of(const crdtd_append_entry& entry, bool keep_rows) {
  RecordedEntry out;
  out.doc = to_key(entry.doc);
  out.create = entry.create != 0;
  out.birth = entry.birth;
  out.version_expected = entry.version_expected;
  out.keys = entry.key_count;
  for (std::uint32_t i = 0; i < entry.row_count; ++i) {
    const auto& row = at_stride(entry.rows, entry.row_stride, i);
    out.bytes += kEnvelopeBytes + row.node.size + row.key.size + row.delta.size;
    if (keep_rows) out.rows.push_back(to_row(row));
  }
  for (std::uint32_t i = 0; i < entry.key_count; ++i) {
    const auto& key = at_stride(entry.keys, entry.key_stride, i);
    out.bytes += 48 + key.node.size + key.key.size;
  }
  for (std::uint32_t i = 0; i < entry.known_count; ++i) {
    out.bytes += 24 + at_stride(entry.known, entry.known_stride, i).node.size;
  }
  return out;
}

}  // namespace

struct FaultyStore {
  FaultyStorage* owner;
  crdtd_store* inner;
};

struct FaultySession {
  FaultyStorage* owner;
  crdtd_storage_session* inner;
};

// The C functions of the table. Each looks for a fault first, then passes the call on.
struct FaultyCalls {
  static FaultySession& of(crdtd_storage_session* session) { return *reinterpret_cast<FaultySession*>(session); }

  template <class Inner, class... Args>
  static crdtd_status pass(StoreCall call, crdtd_storage_session* raw, Inner inner, crdtd_error* err, Args... args) {
    auto& session = of(raw);
    if (const auto fault = session.owner->next_fault(call); fault != CRDTD_OK) return say(err, fault);
    return inner(session.inner, args..., err);
  }

  static crdtd_status say(crdtd_error* err, crdtd_status status) {
    std::snprintf(err->message, sizeof err->message, "injected fault %u", status);
    return status;
  }

  static crdtd_status open(const crdtd_store_options* options, crdtd_store** out, crdtd_store_info* info, crdtd_error* err) {
    auto* owner = instances().at(std::strtoull(to_text(options->settings_json).c_str(), nullptr, 10));
    crdtd_store_options inner_options = *options;
    inner_options.settings_json = lend(owner->inner_settings_);
    crdtd_store* inner = nullptr;
    const auto status = owner->inner_.open(&inner_options, &inner, info, err);
    if (status == CRDTD_OK) *out = reinterpret_cast<crdtd_store*>(new FaultyStore{owner, inner});
    return status;
  }
  static void close(crdtd_store* raw) {
    auto* store = reinterpret_cast<FaultyStore*>(raw);
    store->owner->inner_.close(store->inner);
    delete store;
  }
  static crdtd_status session_open(crdtd_store* raw, std::uint32_t mode, crdtd_storage_session** out, crdtd_error* err) {
    auto* store = reinterpret_cast<FaultyStore*>(raw);
    if (const auto fault = store->owner->next_fault(StoreCall::kOpenSession); fault != CRDTD_OK) return say(err, fault);
    crdtd_storage_session* inner = nullptr;
    const auto status = store->owner->inner_.session_open(store->inner, mode, &inner, err);
    if (status == CRDTD_OK) {
      ++store->owner->sessions_open;
      *out = reinterpret_cast<crdtd_storage_session*>(new FaultySession{store->owner, inner});
    }
    return status;
  }
  static void session_close(crdtd_storage_session* raw) {
    auto* session = reinterpret_cast<FaultySession*>(raw);
    --session->owner->sessions_open;
    session->owner->inner_.session_close(session->inner);
    delete session;
  }
  static crdtd_status append(crdtd_storage_session* raw, const crdtd_append_batch* batch, crdtd_verdict* verdicts,
                             crdtd_error* err) {
    return of(raw).owner->append(of(raw).inner, *batch, verdicts, err);
  }
  static crdtd_status load(crdtd_storage_session* raw, const crdtd_doc_key* doc, const crdtd_read_range* range,
                           const crdtd_load_sink* sink, crdtd_error* err) {
    return pass(StoreCall::kLoad, raw, of(raw).owner->inner_.load, err, doc, range, sink);
  }
  static crdtd_status read_rows(crdtd_storage_session* raw, const crdtd_doc_key* doc, const crdtd_read_range* range,
                                const crdtd_load_sink* sink, crdtd_error* err) {
    return pass(StoreCall::kReadRows, raw, of(raw).owner->inner_.read_rows, err, doc, range, sink);
  }
  static crdtd_status find_key(crdtd_storage_session* raw, const crdtd_doc_key* doc, crdtd_key* inout, crdtd_error* err) {
    return pass(StoreCall::kFindKey, raw, of(raw).owner->inner_.find_key, err, doc, inout);
  }
  static crdtd_status put_checkpoint(crdtd_storage_session* raw, const crdtd_doc_key* doc, const crdtd_checkpoint* checkpoint,
                                     crdtd_error* err) {
    const auto status = pass(StoreCall::kPutCheckpoint, raw, of(raw).owner->inner_.put_checkpoint, err, doc, checkpoint);
    of(raw).owner->checkpoints.push_back(
        {to_key(*doc), checkpoint->version, checkpoint->check, checkpoint->encoded.size, status});
    return status;
  }
  static crdtd_status trim(crdtd_storage_session* raw, const crdtd_doc_key* doc, const crdtd_trim_to* to, crdtd_error* err) {
    return pass(StoreCall::kTrim, raw, of(raw).owner->inner_.trim, err, doc, to);
  }
  static crdtd_status erase(crdtd_storage_session* raw, const crdtd_doc_key* doc, const crdtd_doc_head* expected,
                            crdtd_error* err) {
    return pass(StoreCall::kErase, raw, of(raw).owner->inner_.erase, err, doc, expected);
  }
  static crdtd_status list(crdtd_storage_session* raw, const crdtd_doc_key* after, std::uint32_t count_max,
                           const crdtd_list_sink* sink, crdtd_error* err) {
    return pass(StoreCall::kList, raw, of(raw).owner->inner_.list, err, after, count_max, sink);
  }
  static crdtd_status meta_get(crdtd_storage_session* raw, const crdtd_bytes* name, crdtd_buffer* out, crdtd_error* err) {
    return pass(StoreCall::kMetaGet, raw, of(raw).owner->inner_.meta_get, err, name, out);
  }
  static crdtd_status meta_put(crdtd_storage_session* raw, const crdtd_bytes* name, const crdtd_bytes* value, crdtd_error* err) {
    return pass(StoreCall::kMetaPut, raw, of(raw).owner->inner_.meta_put, err, name, value);
  }
};

FaultyStorage::FaultyStorage(const crdtd_storage_backend& inner, std::string inner_settings)
    : inner_(inner), inner_settings_(std::move(inner_settings)), id_(next_id()) {
  instances()[id_] = this;
}

FaultyStorage::~FaultyStorage() {
  CRDTD_ASSERT(sessions_open == 0);
  instances().erase(id_);
}

std::string FaultyStorage::settings() const { return std::to_string(id_); }

const crdtd_storage_backend& FaultyStorage::table() {
  using C = FaultyCalls;
  static const crdtd_storage_backend backend{sizeof(crdtd_storage_backend),
                                             0,
                                             "faulty",
                                             &C::open,
                                             &C::close,
                                             &C::session_open,
                                             &C::session_close,
                                             &C::append,
                                             &C::load,
                                             &C::read_rows,
                                             &C::find_key,
                                             &C::put_checkpoint,
                                             &C::trim,
                                             &C::erase,
                                             &C::list,
                                             &C::meta_get,
                                             &C::meta_put};
  return backend;
}

void FaultyStorage::fail(StoreCall call, crdtd_status status, unsigned times) {
  if (call == StoreCall::kAppend) {
    for (; times > 0; --times) fail_batch(status, false);
  } else {
    auto& script = faults_[static_cast<std::size_t>(call)];
    script.insert(script.end(), times, status);
  }
}

void FaultyStorage::fail_entry(const base::DocKey& doc, EntryFault fault, unsigned times) {
  for (; times > 0; --times) entry_faults_.emplace_back(doc, fault);
}

void FaultyStorage::fail_batch(crdtd_status status, bool stored) { batch_faults_.push_back({status, stored}); }

std::uint64_t FaultyStorage::bytes_handed() const {
  std::uint64_t sum = 0;
  for (const auto& batch : appends) {
    for (const auto& entry : batch) sum += entry.bytes;
  }
  for (const auto& checkpoint : checkpoints) sum += checkpoint.bytes;
  return sum;
}

crdtd_status FaultyStorage::next_fault(StoreCall call) {
  ++calls_[static_cast<std::size_t>(call)];
  auto& script = faults_[static_cast<std::size_t>(call)];
  if (!script.empty()) {
    const auto status = script.front();
    script.pop_front();
    return status;
  }
  return on_call ? on_call(call) : static_cast<crdtd_status>(CRDTD_OK);
}

std::optional<EntryFault> FaultyStorage::entry_fault(const crdtd_append_entry& entry) {
  for (auto script = entry_faults_.begin(); script != entry_faults_.end(); ++script) {
    if (script->first != to_key(entry.doc)) continue;
    const auto fault = script->second;
    entry_faults_.erase(script);
    return fault;
  }
  return on_entry ? on_entry(entry) : std::nullopt;
}

crdtd_status FaultyStorage::append(crdtd_storage_session* inner, const crdtd_append_batch& batch, crdtd_verdict* verdicts,
                                   crdtd_error* err) {
  if (before_append) std::exchange(before_append, {})();
  auto& record = appends.emplace_back();
  for (std::uint32_t i = 0; i < batch.entry_count; ++i) {
    record.push_back(record_of(at_stride(batch.entries, batch.entry_stride, i), keep_rows));
  }
  if (const auto fault = next_fault(StoreCall::kAppend); fault != CRDTD_OK) return FaultyCalls::say(err, fault);
  std::optional<EntryFault> whole;
  if (!batch_faults_.empty()) {
    whole = batch_faults_.front();
    batch_faults_.pop_front();
    if (!whole->stored) return FaultyCalls::say(err, whole->status);
  }
  // The entries that take effect go on as one batch; the others are only answered.
  std::vector<crdtd_append_entry> passed;
  std::vector<std::uint32_t> passed_index;
  std::vector<std::optional<EntryFault>> faults(batch.entry_count);
  for (std::uint32_t i = 0; i < batch.entry_count; ++i) {
    const auto& entry = at_stride(batch.entries, batch.entry_stride, i);
    if (!whole) faults[i] = entry_fault(entry);
    if (faults[i] && !faults[i]->stored) continue;
    passed.push_back(entry);
    passed_index.push_back(i);
  }
  std::vector<crdtd_verdict> answers(passed.size(), crdtd_verdict{sizeof(crdtd_verdict), CRDTD_OK, 0});
  if (!passed.empty()) {
    const crdtd_append_batch rest{sizeof rest, static_cast<std::uint32_t>(passed.size()), sizeof(crdtd_append_entry),
                                  sizeof(crdtd_verdict), passed.data()};
    if (const auto status = inner_.append(inner, &rest, answers.data(), err); status != CRDTD_OK) return status;
  }
  if (whole) return FaultyCalls::say(err, whole->status);
  for (std::size_t i = 0; i < passed.size(); ++i) {
    const_cast<crdtd_verdict&>(at_stride(verdicts, batch.verdict_stride, passed_index[i])) = answers[i];
  }
  for (std::uint32_t i = 0; i < batch.entry_count; ++i) {
    if (faults[i]) const_cast<crdtd_verdict&>(at_stride(verdicts, batch.verdict_stride, i)).status = faults[i]->status;
  }
  return CRDTD_OK;
}

}  // namespace crdtd::testing
