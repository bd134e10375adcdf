// A request on its way through a document's lane.
//
// Lifecycle: 1. start: the document is loaded if need be. 2. run(): reads or changes the state in memory and prepares the answer.
// 3. The job waits for the commit that makes what it shows durable. 4. release() hands the answer out; or, when that commit
// failed, the job is run again from step 1, or fail() says why not. All [doc].
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "store/waiting_budget.hpp"

namespace crdtd::document {

class Document;
class Job;
using JobPtr = std::unique_ptr<Job>;

class Job {
 public:
  explicit Job(store::Reservation&& reservation) : reservation_(std::move(reservation)) {}
  virtual ~Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  // Either answers through `document` or keeps `self` somewhere that will.
  virtual void run(Document& document, JobPtr self) = 0;
  virtual void release() = 0;
  virtual void fail(base::Error error) = 0;
  // Forgets what run() prepared: the state it was taken from is gone.
  virtual void forget() {}

  // The answer that is kept takes `bytes` of the budget, too.
  void count_answer(std::uint64_t bytes) { reservation_.grow(bytes); }

  bool changed_log = false;  // a row or key of this job is in the batch that it waits for
  unsigned runs = 0;         // how often run() started
  std::string busy_key;      // held while a request with an idempotency key is under way; see Document::lock_key

 private:
  store::Reservation reservation_;
};

}  // namespace crdtd::document
