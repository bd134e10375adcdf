// A store of one file a document, in folders of one tenant each. record.hpp has the bytes, README.md what it is good for.
//
// Threads: one writer at a time (write_mutex_), readers beside it. What a document is known by is published under mutex_ after
// its file is durable, so a reader sees nothing that may still be lost. A record once written never changes, and a reader knows
// from the index where it stands; only a compaction or an erasure puts another file in its place. A reader that meets one takes
// write_mutex_, which waits for the publication, and reads again: what does not match then is damage.
// Order: write_mutex_, then mutex_. No lock of these is held while a sink is called.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crdtd/plugin/storage.hpp"
#include "document.hpp"
#include "files.hpp"

namespace storage_files {

using crdtd::Outcome;
using crdtd::Output;
namespace storage = crdtd::storage;

class FilesStore {
 public:
  static constexpr const char* kName = "files";
  class Session;

  static Outcome open(std::string_view settings_json, std::string_view base_directory, std::unique_ptr<FilesStore>& out);
  ~FilesStore();
  storage::Capacity capacity() const { return {1, 8}; }
  Outcome open_session(storage::Mode mode, std::unique_ptr<Session>& out);

 private:
  friend class Session;
  using Name = std::pair<std::string, std::string>;  // tenant, id; std::string compares bytes without sign

  // An entry whose record stands in its file, and is not durable yet.
  struct Pending {
    std::uint32_t index = 0;
    Name name;
    File file;
    std::string record;
    Place place;
    bool new_file = false, new_folder = false;
  };
  // What a read wants, as of one moment.
  struct Plan {
    crdtd_doc_head head{};
    std::string type;
    std::map<std::uint64_t, StoredKnown> known;
    std::vector<Place> checkpoint;  // one or none
    std::vector<RowsPlace> rows;
    std::uint64_t version_after = 0, version_until = 0;
  };

  // --- opening (open.cpp) ---
  Outcome lock();
  Outcome read_everything();
  Outcome read_one(const std::string& tenant, const std::string& file_name);

  // --- names ---
  static Name name_of(const crdtd_doc_key& doc) {
    return {std::string(storage::text(doc.tenant)), std::string(storage::text(doc.id))};
  }
  std::string folder_of(const Name& name) const { return root_ + "/documents/" + escaped(name.first); }
  std::string path_of(const Name& name) const { return folder_of(name) + "/" + escaped(name.second) + kSuffix; }
  std::string meta_path(std::string_view name) const { return root_ + "/meta/" + escaped(name); }

  // --- writing, all under write_mutex_ (write.cpp) ---
  crdtd_status prepare(const crdtd_append_entry& entry, std::uint64_t& version, std::vector<Pending>& pending);
  crdtd_status write_record(const Name& name, const Document* before, Kind kind, const std::string& payload, Pending& out);
  Outcome append_one(const Name& name, const Document& before, Kind kind, const std::string& payload);
  Outcome make_durable(std::vector<Pending>& pending);
  void publish(const Pending& pending);
  // Puts `content` in the place of the document's file, and what it says in the index.
  Outcome replace(const Name& name, const std::string& content);
  void compact_if_worth_it(const Name& name);
  Outcome fail(const std::string& what);
  Outcome has_failed() const;

  // --- reading (read.cpp) ---
  Outcome find(const Name& name, const Document*& out) const;  // under mutex_
  template <class MakePlan, class Give>
  Outcome read(const Name& name, MakePlan make_plan, Give give);

  static constexpr const char* kSuffix = ".doc";
  std::string root_;
  File lock_;
  bool closed_clean_ = false;  // when it was opened

  std::mutex write_mutex_;
  std::string failure_;  // why nothing is written any more; empty while all is well; guarded by write_mutex_
  mutable std::mutex mutex_;
  std::map<Name, Document> documents_;  // changed under both mutexes, so that a holder of either may read
};

class FilesStore::Session {
 public:
  Session(FilesStore& store, storage::Mode mode) : store_(store), mode_(mode) {}

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
  FilesStore& store_;
  storage::Mode mode_;
};

}  // namespace storage_files
