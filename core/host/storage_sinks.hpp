// Where a storage plugin's reads arrive: copies into the host's own structs, checking order and bounds; private to core/host.
//
// A sink never lets an exception into the plugin: it keeps it, ends the read, and the wrapper throws it again outside. What is
// given out of order, twice, or beyond what was asked for is a fault of the plugin, or damage in the store. Threads: the thread
// of the call. Lifetime: the sink must outlive the call that uses its table; it must not move.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "crdtd/abi/storage.h"
#include "host/storage.hpp"

namespace crdtd::host {

// Why a sink ended the read; neither `thrown` nor `what` set: it did not.
struct SinkFault {
  std::exception_ptr thrown;
  std::string what;
  StorageStatus status = StorageStatus::kFatal;
};

class LoadSink {
 public:
  explicit LoadSink(std::uint64_t version_until) noexcept : version_until_(version_until) {}
  LoadSink(const LoadSink&) = delete;
  LoadSink& operator=(const LoadSink&) = delete;

  crdtd_load_sink table() noexcept;
  // After a read that answered OK: is the document whole?
  void finish();
  const SinkFault& fault() const noexcept { return fault_; }
  LoadedDocument& document() noexcept { return document_; }

 private:
  struct Calls;
  void take_head(const crdtd_doc_head& raw);
  void take_known(const crdtd_known& raw);
  void take_checkpoint(const crdtd_checkpoint& raw);
  void take_row(const crdtd_row& raw);
  std::uint64_t version_last() const noexcept;

  std::uint64_t version_until_;
  bool has_head_ = false;
  LoadedDocument document_;
  SinkFault fault_;
};

class RowsSink {
 public:
  explicit RowsSink(const RowRange& range) noexcept : range_(range) {}
  RowsSink(const RowsSink&) = delete;
  RowsSink& operator=(const RowsSink&) = delete;

  crdtd_load_sink table() noexcept;
  void finish();
  const SinkFault& fault() const noexcept { return fault_; }
  RowsRead& rows() noexcept { return read_; }

 private:
  struct Calls;
  void take_head(const crdtd_doc_head& raw);
  void take_row(const crdtd_row& raw);

  RowRange range_;
  bool has_head_ = false;
  std::uint64_t bytes_ = 0;
  RowsRead read_;
  SinkFault fault_;
};

class ListSink {
 public:
  ListSink(std::string_view after, std::uint32_t count_max) : after_(after), count_max_(count_max) {}
  ListSink(const ListSink&) = delete;
  ListSink& operator=(const ListSink&) = delete;

  crdtd_list_sink table() noexcept;
  const SinkFault& fault() const noexcept { return fault_; }
  std::vector<ListItem>& items() noexcept { return items_; }

 private:
  struct Calls;
  void take_item(const crdtd_list_item& raw);

  std::string after_;  // the greatest id so far
  std::uint32_t count_max_;
  std::vector<ListItem> items_;
  SinkFault fault_;
};

}  // namespace crdtd::host
