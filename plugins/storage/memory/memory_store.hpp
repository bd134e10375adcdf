// A store that lives as long as the process: for tests and throw-away servers. The whole contract but durability.
//
// Everything stands under one mutex, held for look-ups and changes only: readers take shared pointers to rows and checkpoints,
// which never change once made, and hand them out after letting go. `bytes_max` bounds what is kept (0: no bound); past it
// appends and checkpoints answer FULL.
// Threads: as crdtd/abi/storage.h says; sessions may be used in parallel.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crdtd/plugin/storage.hpp"

namespace crdtd_memory {

using crdtd::Outcome;
using crdtd::Output;
namespace storage = crdtd::storage;

struct StoredRow {
  crdtd_row envelope{};  // its slices are empty: the bytes are below
  std::string node, key, delta;

  crdtd_row lend() const;
  std::uint64_t bytes() const { return sizeof *this + node.size() + key.size() + delta.size(); }
};

struct StoredKnown {
  std::uint64_t counter = 0, chain = 0;
  std::string node;
};

struct StoredKey {
  std::uint64_t applied = 0, expires_unix_ms = 0;
  std::array<std::uint8_t, 32> digest{};
};

struct StoredCheckpoint {
  std::uint64_t version = 0;
  std::uint32_t check = 0, format = 0;
  std::string encoded;
};

struct Document {
  std::string type;
  std::uint64_t birth = 0, version = 0, first_version = 1, hlc_unix_ns = 0;
  std::uint32_t check = 0;
  std::deque<std::shared_ptr<const StoredRow>> rows;  // first_version … version
  std::map<std::uint64_t, StoredKnown> known;
  std::map<std::uint64_t, std::shared_ptr<const StoredCheckpoint>> checkpoints;
  std::map<std::pair<std::string, std::string>, StoredKey> keys;  // by (node, key)

  std::uint64_t bytes = 0;  // what all this is counted as

  crdtd_doc_head lend_head() const;  // borrows `type`
};

class MemoryStore {
 public:
  static constexpr const char* kName = "memory";
  class Session;

  static Outcome open(std::string_view settings_json, std::string_view base_directory, std::unique_ptr<MemoryStore>& out);
  storage::Capacity capacity() const { return {1, 16}; }
  Outcome open_session(storage::Mode mode, std::unique_ptr<Session>& out);

 private:
  friend class Session;
  using Name = std::pair<std::string, std::string>;  // tenant, id; std::string compares bytes without sign
  using Documents = std::map<Name, Document>;

  static Name name_of(const crdtd_doc_key& doc) {
    return {std::string(storage::text(doc.tenant)), std::string(storage::text(doc.id))};
  }
  Outcome find(const crdtd_doc_key& doc, Documents::iterator& out);
  Outcome absent(const Name& name) const;
  crdtd_status append_one(const crdtd_append_entry& entry, std::uint64_t& version);
  void apply(const crdtd_append_entry& entry, Document& document);
  bool fits(std::uint64_t more) const { return bytes_max_ == 0 || bytes_used_ + more <= bytes_max_; }
  void take(Document& document, std::uint64_t bytes) { document.bytes += bytes, bytes_used_ += bytes; }
  void give_back(Document& document, std::uint64_t bytes) { document.bytes -= bytes, bytes_used_ -= bytes; }

  std::uint64_t bytes_max_ = 0;
  std::mutex mutex_;  // guards all below
  std::uint64_t bytes_used_ = 0;
  Documents documents_;
  std::map<Name, std::vector<std::uint64_t>> graves_;  // births, the latest last
  std::map<std::string, std::string, std::less<>> meta_;
};

class MemoryStore::Session {
 public:
  Session(MemoryStore& store, storage::Mode mode) : store_(store), mode_(mode) {}

  Outcome append(const crdtd_append_batch& batch, const storage::Verdicts& verdicts);
  Outcome load(const crdtd_doc_key& doc, std::uint64_t version_until, const storage::LoadSink& sink);
  Outcome read_rows(const crdtd_doc_key& doc, const crdtd_read_range& range, const storage::LoadSink& sink);
  Outcome find_key(const crdtd_doc_key& doc, crdtd_key& inout);
  Outcome put_checkpoint(const crdtd_doc_key& doc, const crdtd_checkpoint& checkpoint);
  Outcome trim(const crdtd_doc_key& doc, const crdtd_trim_to& to);
  Outcome erase(const crdtd_doc_key& doc, const crdtd_doc_head& expected);
  Outcome list(const crdtd_doc_key& after, std::uint32_t count_max, const storage::ListSink& sink);
  Outcome meta_get(std::string_view name, Output& out);
  Outcome meta_put(std::string_view name, std::string_view value);

 private:
  Outcome may_write() const;
  MemoryStore& store_;
  storage::Mode mode_;
};

}  // namespace crdtd_memory
