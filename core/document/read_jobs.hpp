// Requests that change nothing (a value, rows of the log) and the one that ends a document.
#pragma once

#include <optional>
#include <vector>

#include "document/document.hpp"
#include "document/document_hub.hpp"
#include "document/job.hpp"
#include "document/since.hpp"

namespace crdtd::document {

// What every one of them is: a request, someone to tell, and an answer that may have to wait for its version to be durable.
template <class Request, class Reply>
class AnswerJob : public Job {
 public:
  AnswerJob(Request request, Done<Reply> done, store::Reservation reservation)
      : Job(std::move(reservation)), request_(std::move(request)), done_(std::move(done)) {}

  void release() final { done_(std::move(*answer_)); }
  void fail(base::Error error) final { done_(std::move(error)); }
  void forget() final { answer_.reset(); }

 protected:
  void answer_with(Document& document, JobPtr self, base::Result<Reply> answer) {
    set_answer(std::move(answer));
    document.answer_when_durable(std::move(self));
  }
  void set_answer(base::Result<Reply> answer) { answer_.emplace(std::move(answer)); }

  Request request_;

 private:
  Done<Reply> done_;
  std::optional<base::Result<Reply>> answer_;
};

// The value or the encoded state, of the newest or an older version.
class ReadJob final : public AnswerJob<ReadRequest, ReadReply> {
 public:
  using AnswerJob::AnswerJob;
  void run(Document& document, JobPtr self) override;

 private:
  void read_past(Document& document, JobPtr self);
};

// Rows of the log after a cursor: durable ones only.
class RowsJob final : public AnswerJob<RowsRequest, RowsReply> {
 public:
  using AnswerJob::AnswerJob;
  void run(Document& document, JobPtr self) override;

 private:
  void give(Document& document, JobPtr self, const Place& place, std::vector<host::RowPtr> rows);
};

class EraseJob final : public AnswerJob<EraseRequest, Nothing> {
 public:
  using AnswerJob::AnswerJob;
  void run(Document& document, JobPtr self) override;
};

}  // namespace crdtd::document
