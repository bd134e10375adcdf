// A row of a document's log as the core holds it: envelope and delta, immutable once made, shared by all who need it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace crdtd::host {

struct Row {
  std::uint64_t version = 0;
  std::uint64_t replica = 0;
  std::uint64_t first_counter = 0;
  std::uint64_t hlc_unix_ns = 0;
  std::uint32_t count = 0;   // counters used; 0 for a heal
  std::uint32_t format = 0;  // of the delta
  std::uint32_t check = 0;   // running checksum of the log up to this row
  std::string node;
  std::string key;  // idempotency key of the request that made it, if any
  std::string delta;
};

using RowPtr = std::shared_ptr<const Row>;

}  // namespace crdtd::host
