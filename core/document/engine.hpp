// The DocumentHub over real documents: finds or opens them, counts what is under way, keeps memory within its budget.
//
// The least recently used document that nobody uses leaves memory first; one that does not exist leaves at once.
// Threads: [any]; a mutex guards the table of documents and is not held while a document works (core/THREADING.md).
// Shutdown: drain() refuses new requests and calls back when every request that was taken is answered.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "document/document.hpp"
#include "document/document_hub.hpp"
#include "document/engine_context.hpp"
#include "store/waiting_budget.hpp"

namespace crdtd::document {

class Engine final : public DocumentHub, private Document::Observer {
 public:
  explicit Engine(EngineContext context);
  ~Engine() override;

  void write(WriteRequest request, Done<WriteReply> done) override;
  void read(ReadRequest request, Done<ReadReply> done) override;
  void rows(RowsRequest request, Done<RowsReply> done) override;
  void erase(EraseRequest request, Done<Nothing> done) override;
  void list(ListRequest request, Done<ListReply> done) override;

  // Refuses what comes from now on; `done` is called, on any thread, when nothing is under way. Call once.
  void drain(base::Task done);

  struct Usage {
    std::size_t documents = 0;
    std::uint64_t document_bytes = 0;
    std::uint64_t waiting_bytes = 0;
  };
  Usage usage() const;

 private:
  struct Slot {
    std::shared_ptr<Document> document;
    std::uint64_t bytes = 0;
    std::uint64_t jobs = 0;  // started, not yet answered
    std::list<const base::DocKey*>::iterator use;
  };

  void job_finished(Document& document) override;
  void settled(Document& document) override;
  void work_started() override;
  void work_finished() override { leave(); }

  template <class JobType, class Request, class Reply>
  void submit(std::uint64_t bytes, Request&& request, Done<Reply>&& done);
  template <class Reply>
  bool enter(Done<Reply>& done);
  void leave();
  std::shared_ptr<Document> open(const base::DocKey& key);
  void update(Document& document, std::uint64_t jobs_finished);
  std::vector<std::shared_ptr<Document>> choose_victims();

  const EngineContext context_;
  store::WaitingBudget budget_;
  const std::shared_ptr<base::Lane> list_lane_;

  mutable std::mutex mutex_;
  std::unordered_map<base::DocKey, Slot, base::DocKeyHash> slots_;  // guarded by mutex_
  std::list<const base::DocKey*> use_;                              // guarded by mutex_; least recently used first
  std::uint64_t bytes_ = 0;                                         // guarded by mutex_
  std::uint64_t under_way_ = 0;                                     // guarded by mutex_
  bool closed_ = false;                                             // guarded by mutex_
  base::Task drained_;                                              // guarded by mutex_
};

}  // namespace crdtd::document
