// The one connection that writes: appends, checkpoints, trims, erases, and settles the log's tail between appends.
//
// Invariants:
//   - An append touches the log alone, in one transaction and one sync, whatever the size of its documents or of the store.
//   - The index (Tail) is changed after the commit that it tells of, so that no reader learns of what is not durable.
//   - A record of the log counts while its seq is above its document's `settled`; what is settled may be deleted at leisure.
//   - After a failed write of which the outcome cannot be known (any I/O error) nothing is ever written again.
// Threads: one at a time (SqliteStore::write_mutex); the index is changed under its own mutex.
#pragma once

#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "record.hpp"
#include "schema.hpp"
#include "tail.hpp"

namespace crdtd_sqlite {

using crdtd::Outcome;
namespace storage = crdtd::storage;

class Writer {
 public:
  // Opens or creates the database and rebuilds the index. Throws StoreError.
  Writer(const StoreSettings& settings, Tail& tail, std::shared_mutex& index_mutex);
  ~Writer();

  Outcome append(const crdtd_append_batch& batch, const storage::Verdicts& verdicts);
  Outcome put_checkpoint(const crdtd_doc_key& key, const crdtd_checkpoint& checkpoint);
  Outcome trim(const crdtd_doc_key& key, const crdtd_trim_to& to);
  Outcome erase(const crdtd_doc_key& key, const crdtd_doc_head& expected);
  Outcome meta_put(std::string_view name, std::string_view value);

 private:
  struct Standing {  // a document as the next write finds it
    bool exists = false;
    bool corrupt = false;
    DocumentRow row;
    const TailDocument* tail = nullptr;
  };
  struct Pending {  // an entry that passed, on its way into the log
    std::uint32_t index = 0;
    const crdtd_append_entry* entry = nullptr;
    std::uint64_t version_before = 0, settled = 0, seq = 0;
    LogFront front;
    std::string record;
  };
  struct Settled {  // what the index has to forget once the transaction is committed
    std::uint64_t doc = 0, settled = 0, bytes = 0;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> keys;  // hash, seq
  };

  template <class Body>
  Outcome write(Body&& body);
  template <class Body>
  void publish(Body&& body);

  // writer.cpp
  Standing stand(const crdtd_doc_key& key);
  Standing stand(const crdtd_doc_key& key, std::string_view name);  // as Tail::name() makes it
  bool is_graved(const crdtd_doc_key& key, std::uint64_t birth);
  crdtd_status judge(const crdtd_append_entry& entry, const Standing& standing);
  bool plan(const crdtd_append_entry& entry, const Standing& standing, Pending& out);
  void commit(std::span<Pending> pending, const storage::Verdicts& verdicts);
  void keep_house(std::uint64_t bytes_appended);
  void checkpoint_wal();

  // writer_recovery.cpp
  void recover();
  bool counts(const LogFront& front, std::uint64_t seq, DocumentRow& row);
  void recover_lost(std::uint64_t doc, const LogRef& ref);
  std::string find_name(std::uint64_t doc, std::string& tenant);

  // writer_settle.cpp
  LogBody read_own(Statement::Run& run, std::uint64_t doc, LogFront& front);
  Settled settle_whole(const TailDocument& document);
  Settled settle_document(const TailDocument& document, std::uint64_t until, std::uint64_t bytes_max);
  void settle_some(std::uint64_t bytes_appended);
  void settle_slice(std::uint64_t budget);
  void truncate_log(std::uint64_t records);
  void mark_corrupt(std::uint64_t doc);
  void forget(const Settled& settled);
  void save_counters();

  // writer_changes.cpp
  Standing require(const crdtd_doc_key& key);  // throws NOT_FOUND, GONE
  std::pair<std::uint64_t, bool> last_grave(const crdtd_doc_key& key);
  void cut_rows(std::uint64_t doc, std::uint64_t version);
  Settled collect_keys(const TailDocument& document);

  const StoreSettings& settings_;
  Tail& tail_;
  std::shared_mutex& index_mutex_;
  Database database_;
  struct Statements;
  std::unique_ptr<Statements> sql_;

  std::string fatal_;  // why nothing may be written any more
  std::uint64_t next_doc_ = 1, next_seq_ = 1;
  std::uint64_t settle_until_ = 0;  // the seq up to which the tail is being settled; 0: it is not
  std::uint64_t settle_from_doc_ = 0;
  std::uint64_t settle_debt_ = 0;  // bytes that the next slice owes for what was appended since the last
  std::uint64_t settle_trigger_ = 0;
  std::uint64_t truncated_ = 0;    // no record up to this seq is left, but those of corrupt documents
  std::uint32_t house_pause_ = 0;  // appends until a failed settling is tried again
  std::uint64_t wal_pages_ = 0, wal_pages_tried_ = 0;
};

}  // namespace crdtd_sqlite
