// An append as the plugins see it: C arrays that borrow every byte from the entries; private to core/host.
//
// Threads: [any]. Lifetime: the entries must outlive the arrays.
#pragma once

#include <cstdint>
#include <vector>

#include "crdtd/abi/storage.h"
#include "host/storage.hpp"

namespace crdtd::host {

crdtd_doc_key to_doc_key(const base::DocKey& doc);
crdtd_row to_row(const Row& row);

class AppendArrays {
 public:
  explicit AppendArrays(const std::vector<const AppendEntry*>& entries);
  // The entries point into this object.
  AppendArrays(const AppendArrays&) = delete;
  AppendArrays& operator=(const AppendArrays&) = delete;

  const std::vector<crdtd_append_entry>& entries() const noexcept { return entries_; }

 private:
  void add(const AppendEntry& entry);

  std::vector<crdtd_append_entry> entries_;
  std::vector<crdtd_row> rows_;  // of all entries, one after the other; likewise keys and known
  std::vector<crdtd_key> keys_;
  std::vector<crdtd_known> known_;
};

}  // namespace crdtd::host
