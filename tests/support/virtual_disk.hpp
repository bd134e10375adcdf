// A storage backend in memory, small enough to be obviously right: the store under the engine's tests, and a second opinion on
// the contract of crdtd/abi/storage.h.
//
// The disk is an object of the test and outlives the servers that open it, several at a time if need be. What an append stored is
// there for good; there is nothing to lose in a crash. Threads: one.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "crdtd/abi/storage.h"
#include "host/storage.hpp"

namespace crdtd::testing {

class VirtualDisk {
 public:
  VirtualDisk();
  ~VirtualDisk();
  VirtualDisk(const VirtualDisk&) = delete;
  VirtualDisk& operator=(const VirtualDisk&) = delete;

  static const crdtd_storage_backend& table();
  std::string settings() const;  // what open() takes to find this disk

  struct Document {
    host::DocHead head;
    std::map<std::uint64_t, host::RowPtr> rows;
    std::map<std::uint64_t, host::Known> known;
    std::map<std::uint64_t, host::Checkpoint> checkpoints;
    std::map<std::pair<std::string, std::string>, host::KeyRecord> keys;
  };
  using Documents = std::map<base::DocKey, Document>;

  // What the table's functions do; also for tests that look or meddle behind the engine's back.
  crdtd_status append(const crdtd_append_entry& entry, std::uint64_t& version);
  crdtd_status load(const crdtd_doc_key& key, std::uint64_t version_until, const crdtd_load_sink& sink, crdtd_error& error);
  crdtd_status read_rows(const crdtd_doc_key& key, const crdtd_read_range& range, const crdtd_load_sink& sink,
                         crdtd_error& error);
  crdtd_status trim(const crdtd_doc_key& key, const crdtd_trim_to& to);
  crdtd_status absent(const base::DocKey& key, crdtd_error& error) const;

  Documents documents;
  std::map<base::DocKey, std::set<std::uint64_t>> graves;  // births
  std::map<base::DocKey, std::uint64_t> last_grave;
  std::map<std::string, std::string> meta;

 private:
  std::uint64_t id_;
};

// The parts of a C key and row as the core holds them.
base::DocKey to_key(const crdtd_doc_key& key);
host::RowPtr to_row(const crdtd_row& row);
std::string to_text(const crdtd_bytes& bytes);
// Appends to an output as the ABI demands: growing it through the host's realloc.
void append_to(crdtd_buffer& out, std::string_view bytes);

}  // namespace crdtd::testing
