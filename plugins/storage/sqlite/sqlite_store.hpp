// The storage of the server by default: one SQLite file, one connection that writes, a few that read. FORMAT.md tells how it
// works.
//
// Locks, in the order in which they may be taken: write_mutex_, then index_mutex_. Neither is held while a sink is called.
// Threads: as crdtd/abi/storage.h says.
#pragma once

#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string_view>

#include "folder_lock.hpp"
#include "reader.hpp"
#include "schema.hpp"
#include "tail.hpp"
#include "writer.hpp"

namespace crdtd_sqlite {

class SqliteStore {
 public:
  static constexpr const char* kName = "sqlite";
  class Session;

  static Outcome open(std::string_view settings_json, std::string_view base_directory, std::unique_ptr<SqliteStore>& out);
  storage::Capacity capacity() const { return {1, static_cast<std::uint32_t>(settings_.readers)}; }
  Outcome open_session(storage::Mode mode, std::unique_ptr<Session>& out);

 private:
  StoreSettings settings_;
  FolderLock lock_;
  std::mutex write_mutex_;         // one writes at a time; a reader takes it when it could not get a view otherwise
  std::shared_mutex index_mutex_;  // guards tail_
  Tail tail_;
  std::unique_ptr<Writer> writer_;
};

class SqliteStore::Session {
 public:
  Session(SqliteStore& store, storage::Mode mode)
      : store_(store), mode_(mode), reader_(store.settings_, store.tail_, store.index_mutex_, store.write_mutex_) {}

  Outcome append(const crdtd_append_batch& batch, const storage::Verdicts& verdicts) {
    return write([&](Writer& writer) { return writer.append(batch, verdicts); });
  }
  Outcome load(const crdtd_doc_key& doc, std::uint64_t version_until, const storage::LoadSink& sink) {
    return reader_.load(doc, version_until, sink);
  }
  Outcome read_rows(const crdtd_doc_key& doc, const crdtd_read_range& range, const storage::LoadSink& sink) {
    return reader_.read_rows(doc, range, sink);
  }
  Outcome find_key(const crdtd_doc_key& doc, crdtd_key& inout) { return reader_.find_key(doc, inout); }
  Outcome put_checkpoint(const crdtd_doc_key& doc, const crdtd_checkpoint& checkpoint) {
    return write([&](Writer& writer) { return writer.put_checkpoint(doc, checkpoint); });
  }
  Outcome trim(const crdtd_doc_key& doc, const crdtd_trim_to& to) {
    return write([&](Writer& writer) { return writer.trim(doc, to); });
  }
  Outcome erase(const crdtd_doc_key& doc, const crdtd_doc_head& expected) {
    return write([&](Writer& writer) { return writer.erase(doc, expected); });
  }
  Outcome list(const crdtd_doc_key& after, std::uint32_t count_max, const storage::ListSink& sink) {
    return reader_.list(after, count_max, sink);
  }
  Outcome meta_get(std::string_view name, Output& out) { return reader_.meta_get(name, out); }
  Outcome meta_put(std::string_view name, std::string_view value) {
    return write([&](Writer& writer) { return writer.meta_put(name, value); });
  }

 private:
  template <class Body>
  Outcome write(Body&& body) {
    if (mode_ != storage::Mode::kWrite) return storage::failure(CRDTD_INVALID, "this is a read session; use a write session");
    const std::lock_guard lock(store_.write_mutex_);
    return body(*store_.writer_);
  }

  SqliteStore& store_;
  storage::Mode mode_;
  Reader reader_;
};

}  // namespace crdtd_sqlite
