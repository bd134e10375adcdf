// A batch of ops on its way: deduplication, preconditions, what the author saw, mutate, one row.
#pragma once

#include <optional>
#include <vector>

#include "document/document.hpp"
#include "document/document_hub.hpp"
#include "document/job.hpp"

namespace crdtd::document {

class WriteJob final : public Job {
 public:
  WriteJob(WriteRequest&& request, Done<WriteReply>&& done, store::Reservation&& reservation)
      : Job(std::move(reservation)), request_(std::move(request)), done_(std::move(done)) {}

  void run(Document& document, JobPtr self) override;
  void release() override;
  void fail(base::Error error) override;
  void forget() override;

 private:
  // Each step answers `self` (directly or by keeping it) and returns false, or leaves it for the next.
  bool deduplicate(Document& document, JobPtr& self);
  bool meets_preconditions(Document& document, JobPtr& self);
  bool find_recent(Document& document, JobPtr& self);
  void apply(Document& document, JobPtr self);
  void key_found(Document& document, JobPtr self, const host::StorageResult<host::KeyRecord>& found);
  host::Mutation* mutate(Document& document, Replica& replica, JobPtr& self);
  host::RowPtr make_row(const Replica& replica, host::Mutation& mutation) const;
  void refuse(Document& document, JobPtr self, base::Error error);
  base::Result<void> show_value(Document& document);

  WriteRequest request_;
  Done<WriteReply> done_;
  std::optional<base::Result<WriteReply>> answer_;
  WriteReply reply_;
  bool key_is_new_ = false;            // the store does not have it
  std::vector<host::RowPtr> fetched_;  // from the store, for `recent`
  std::vector<host::RowPtr> recent_;
  host::Author author_;
  host::Mutation mutation_;
};

}  // namespace crdtd::document
