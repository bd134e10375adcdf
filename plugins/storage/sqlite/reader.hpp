// A connection that only reads. Every read is of one moment: what the index says and what the database says are made to agree.
//
// The index is copied first, then a read transaction begins. The index tells only of what is committed, so the transaction sees
// at least that much; but meanwhile the writer may have settled, trimmed or erased. Whether it did for this document shows in the
// transaction: the document's row says up to where it is settled, and an unsettled record that the index named must be there. If
// they disagree both are taken again; after a few times with the writer held back.
// Threads: one at a time.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "crdtd/plugin/storage.hpp"
#include "record.hpp"
#include "schema.hpp"
#include "tail.hpp"

namespace crdtd_sqlite {

using crdtd::Outcome;
using crdtd::Output;
namespace storage = crdtd::storage;

class Reader {
 public:
  Reader(const StoreSettings& settings, const Tail& tail, std::shared_mutex& index_mutex, std::mutex& write_mutex);

  Outcome load(const crdtd_doc_key& key, std::uint64_t version_until, const storage::LoadSink& sink);
  Outcome read_rows(const crdtd_doc_key& key, const crdtd_read_range& range, const storage::LoadSink& sink);
  Outcome find_key(const crdtd_doc_key& key, crdtd_key& inout);
  Outcome list(const crdtd_doc_key& after, std::uint32_t count_max, const storage::ListSink& sink);
  Outcome meta_get(std::string_view name, Output& out);

 private:
  // A document as of one moment.
  struct View {
    bool in_tail = false, corrupt = false;
    DocumentRow row;                    // head: the present one
    std::uint64_t version_settled = 0;  // rows up to it stand in the tables
    std::uint64_t probe = 0;            // an unsettled record; 0: none
    std::vector<LogRef> refs;           // unsettled records, those that `pick` wanted
    std::vector<std::uint64_t> key_records;
  };
  // Chooses what of a document's place in the index is copied. Called with the index locked.
  using Pick = std::function<void(const TailDocument&, View&)>;
  struct RowEnd;

  template <class Body>
  Outcome read(Body&& body);
  View open_view(const crdtd_doc_key& key, const Pick& pick, std::optional<Transaction>& transaction);
  bool try_view(const crdtd_doc_key& key, const Pick& pick, View& view, std::optional<Transaction>& transaction);
  bool agrees(const crdtd_doc_key& key, View& view);
  [[noreturn]] void throw_absent(const crdtd_doc_key& key);
  std::string log_body(const LogRef& ref, std::uint64_t doc, LogFront& front);
  static Head listed_head(std::string_view tenant, const Statement::Run& run);
  void give_known(const View& view, const storage::LoadSink& sink);
  // Gives rows after `version_after` until `end` says stop; a hole is CORRUPT.
  void give_rows(const View& view, std::uint64_t version_after, RowEnd& end, const storage::LoadSink& sink);

  const Tail& tail_;
  std::shared_mutex& index_mutex_;
  std::mutex& write_mutex_;
  Database database_;
  Statement get_log_, has_log_, get_document_, chunks_from_, get_known_, get_key_, checkpoint_before_, checkpoint_after_, graves_,
      list_, get_meta_;
};

}  // namespace crdtd_sqlite
