#include "host/storage_sinks.hpp"

#include <memory>
#include <utility>

#include "host/abi_bridge.hpp"

namespace crdtd::host {
namespace {

void set_fault(SinkFault& fault, StorageStatus status, std::string what) {
  if (!fault.what.empty()) return;  // the first one explains the rest
  fault.status = status;
  fault.what = std::move(what);
}

// The border: calls `take` with the part of `raw` that was filled, and turns a fault or an exception into a status.
template <class Raw, class Take>
crdtd_status guarded(SinkFault& fault, const Raw* raw, Take take) noexcept {
  try {
    if (raw == nullptr) {
      set_fault(fault, StorageStatus::kFatal, "it gave a sink a null pointer");
    } else if (fault.what.empty() && !fault.thrown) {  // a plugin that goes on after a fault is not listened to
      take(received(*raw));
    }
  } catch (...) {
    fault.thrown = std::current_exception();
  }
  return fault.what.empty() && !fault.thrown ? CRDTD_OK : CRDTD_INTERNAL;
}

DocHead to_head(const crdtd_doc_head& raw) {
  return {std::string(to_view(raw.type)), raw.birth, raw.version, raw.first_version, raw.hlc_unix_ns, raw.check};
}

RowPtr to_row_ptr(const crdtd_row& raw) {
  auto row = std::make_shared<Row>();
  row->version = raw.version;
  row->replica = raw.replica;
  row->first_counter = raw.first_counter;
  row->hlc_unix_ns = raw.hlc_unix_ns;
  row->count = raw.count;
  row->format = raw.format;
  row->check = raw.check;
  row->node = to_view(raw.node);
  row->key = to_view(raw.key);
  row->delta = to_view(raw.delta);
  return row;
}

std::string row_order_fault(std::uint64_t wanted, std::uint64_t found) {
  return "row " + std::to_string(found) + " came where row " + std::to_string(wanted) + " was due";
}

}  // namespace

struct LoadSink::Calls {
  static LoadSink& of(void* user) noexcept { return *static_cast<LoadSink*>(user); }
  static crdtd_status head(void* user, const crdtd_doc_head* raw) noexcept {
    return guarded(of(user).fault_, raw, [&](const auto& head) { of(user).take_head(head); });
  }
  static crdtd_status known(void* user, const crdtd_known* raw) noexcept {
    return guarded(of(user).fault_, raw, [&](const auto& known) { of(user).take_known(known); });
  }
  static crdtd_status checkpoint(void* user, const crdtd_checkpoint* raw) noexcept {
    return guarded(of(user).fault_, raw, [&](const auto& checkpoint) { of(user).take_checkpoint(checkpoint); });
  }
  static crdtd_status row(void* user, const crdtd_row* raw) noexcept {
    return guarded(of(user).fault_, raw, [&](const auto& row) { of(user).take_row(row); });
  }
};

crdtd_load_sink LoadSink::table() noexcept {
  return {sizeof(crdtd_load_sink), 0, this, &Calls::head, &Calls::known, &Calls::checkpoint, &Calls::row};
}

std::uint64_t LoadSink::version_last() const noexcept {
  const auto head = document_.head.version;
  return version_until_ == 0 || version_until_ > head ? head : version_until_;
}

void LoadSink::take_head(const crdtd_doc_head& raw) {
  if (has_head_) return set_fault(fault_, StorageStatus::kFatal, "the head came twice");
  has_head_ = true;
  document_.head = to_head(raw);
  if (document_.head.type.empty()) set_fault(fault_, StorageStatus::kCorrupt, "the head names no type");
}

void LoadSink::take_known(const crdtd_known& raw) {
  if (!has_head_) return set_fault(fault_, StorageStatus::kFatal, "a known entry came before the head");
  document_.known.push_back({raw.replica, raw.counter, raw.chain, std::string(to_view(raw.node))});
}

void LoadSink::take_checkpoint(const crdtd_checkpoint& raw) {
  if (!has_head_) return set_fault(fault_, StorageStatus::kFatal, "the checkpoint came before the head");
  if (document_.checkpoint) return set_fault(fault_, StorageStatus::kFatal, "the checkpoint came twice");
  if (!document_.rows.empty()) return set_fault(fault_, StorageStatus::kFatal, "the checkpoint came after rows");
  if (raw.birth != document_.head.birth) return set_fault(fault_, StorageStatus::kCorrupt, "the checkpoint has another birth");
  if (raw.version > version_last())
    return set_fault(fault_, StorageStatus::kCorrupt, "the checkpoint lies beyond the version asked for");
  document_.checkpoint = Checkpoint{raw.birth, raw.version, raw.check, raw.format, std::string(to_view(raw.encoded))};
}

void LoadSink::take_row(const crdtd_row& raw) {
  if (!has_head_) return set_fault(fault_, StorageStatus::kFatal, "a row came before the head");
  const auto before = document_.checkpoint ? document_.checkpoint->version : 0;
  const auto due = before + document_.rows.size() + 1;
  if (raw.version != due) return set_fault(fault_, StorageStatus::kCorrupt, row_order_fault(due, raw.version));
  if (raw.version > version_last()) return set_fault(fault_, StorageStatus::kFatal, "it gave rows beyond the version asked for");
  document_.rows.push_back(to_row_ptr(raw));
}

void LoadSink::finish() {
  if (!fault_.what.empty() || fault_.thrown) return;
  if (!has_head_) return set_fault(fault_, StorageStatus::kFatal, "it answered OK without a head");
  const auto before = document_.checkpoint ? document_.checkpoint->version : 0;
  const auto reached = before + document_.rows.size();
  if (reached != version_last()) {
    set_fault(fault_, StorageStatus::kCorrupt,
              "the rows end at version " + std::to_string(reached) + ", not at " + std::to_string(version_last()));
  }
}

struct RowsSink::Calls {
  static RowsSink& of(void* user) noexcept { return *static_cast<RowsSink*>(user); }
  static crdtd_status head(void* user, const crdtd_doc_head* raw) noexcept {
    return guarded(of(user).fault_, raw, [&](const auto& head) { of(user).take_head(head); });
  }
  static crdtd_status row(void* user, const crdtd_row* raw) noexcept {
    return guarded(of(user).fault_, raw, [&](const auto& row) { of(user).take_row(row); });
  }
};

crdtd_load_sink RowsSink::table() noexcept {
  return {sizeof(crdtd_load_sink), 0, this, &Calls::head, nullptr, nullptr, &Calls::row};
}

void RowsSink::take_head(const crdtd_doc_head& raw) {
  if (has_head_) return set_fault(fault_, StorageStatus::kFatal, "the head came twice");
  has_head_ = true;
  read_.head = to_head(raw);
}

void RowsSink::take_row(const crdtd_row& raw) {
  if (!has_head_) return set_fault(fault_, StorageStatus::kFatal, "a row came before the head");
  const auto due = range_.version_after + read_.rows.size() + 1;
  if (raw.version != due) return set_fault(fault_, StorageStatus::kCorrupt, row_order_fault(due, raw.version));
  // The host's memory is bounded by what it asks for, so a plugin that gives more is stopped here.
  if ((range_.row_count_max != 0 && read_.rows.size() >= range_.row_count_max) ||
      (range_.bytes_max != 0 && bytes_ >= range_.bytes_max) ||
      (range_.version_until != 0 && raw.version > range_.version_until)) {
    return set_fault(fault_, StorageStatus::kFatal, "it gave more rows than were asked for");
  }
  bytes_ += raw.delta.size;
  read_.rows.push_back(to_row_ptr(raw));
}

void RowsSink::finish() {
  if (!fault_.what.empty() || fault_.thrown) return;
  if (!has_head_) set_fault(fault_, StorageStatus::kFatal, "it answered OK without a head");
}

struct ListSink::Calls {
  static crdtd_status item(void* user, const crdtd_list_item* raw) noexcept {
    auto& sink = *static_cast<ListSink*>(user);
    return guarded(sink.fault_, raw, [&](const auto& item) { sink.take_item(item); });
  }
};

crdtd_list_sink ListSink::table() noexcept { return {sizeof(crdtd_list_sink), 0, this, &Calls::item}; }

void ListSink::take_item(const crdtd_list_item& raw) {
  if (items_.size() >= count_max_)
    return set_fault(fault_, StorageStatus::kFatal, "it listed more documents than were asked for");
  std::string id(to_view(raw.id));
  // Paging goes on after the last id, so an id out of order would hide documents or repeat them for ever.
  if (id <= after_) return set_fault(fault_, StorageStatus::kFatal, "it listed documents out of order");
  after_ = id;
  items_.push_back({std::move(id), std::string(to_view(raw.type)), raw.version, raw.birth});
}

}  // namespace crdtd::host
