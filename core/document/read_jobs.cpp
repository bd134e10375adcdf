#include "document/read_jobs.hpp"

#include <algorithm>
#include <utility>

#include "document/integrity.hpp"
#include "document/storage_errors.hpp"

namespace crdtd::document {
namespace {

constexpr std::uint64_t kRowsBytesMax = 4u << 20;  // of deltas in one reply

base::Error not_there() { return base::make_error(base::Code::kDocumentNotFound, "the document does not exist"); }

base::Result<ReadReply> show(const Replica& replica, const ReadRequest& request, std::uint64_t generation) {
  ReadReply reply;
  reply.type = replica.type->name();
  reply.version = replica.version;
  reply.cursor = cursor_text(replica.cursor(generation));
  if (!request.if_none_match.empty() && request.if_none_match == reply.cursor) {
    reply.not_modified = true;
    return reply;
  }
  auto content = request.encoded ? replica.state.encode() : replica.state.query(request.query_json, request.utf16);
  if (!content) return std::move(content).error();
  if (!request.encoded) {
    reply.value_json = std::move(*content);
    return reply;
  }
  reply.encoded = std::move(*content);
  reply.format = replica.type->format_written();
  for (const auto& [id, known] : replica.known) reply.known.push_back(known);
  return reply;
}

}  // namespace

void ReadJob::run(Document& document, JobPtr self) {
  if (!document.exists()) return answer_with(document, std::move(self), not_there());
  const auto& replica = document.replica();
  if (request_.version && *request_.version != replica.version) return read_past(document, std::move(self));
  auto shown = show(replica, request_, document.context().generation);
  if (shown) count_answer(shown->value_json.size() + shown->encoded.size());
  answer_with(document, std::move(self), std::move(shown));
}

void ReadJob::read_past(Document& document, JobPtr self) {
  const auto version = *request_.version;
  if (version > document.replica().version || version == 0) {
    auto error = base::make_error(base::Code::kStale, "there is no version " + std::to_string(version) + "; the document is at " +
                                                          std::to_string(document.replica().version));
    return answer_with(document, std::move(self), std::move(error));
  }
  if (request_.encoded) {
    return answer_with(document, std::move(self),
                       base::make_error(base::Code::kInvalidRequest, "the encoded state can be had of the newest version only"));
  }
  if (version > document.durable_version()) {
    // Applied but not yet stored: there is no older state in memory to take it from.
    return answer_with(
        document, std::move(self),
        base::make_error(base::Code::kStale, "that version is no longer the newest and not yet stored; ask again"));
  }
  auto work = [doc = document.key(), version, request = request_, &types = document.context().types,
               generation =
                   document.context().generation](host::StorageSession& session) -> host::StorageResult<base::Result<ReadReply>> {
    auto loaded = session.load(doc, version);
    if (!loaded) return std::move(loaded).error();
    auto replica = build_replica(types, *loaded, version);
    if (!replica) return base::Result<ReadReply>(std::move(replica).error());
    return show(*replica, request, generation);
  };
  document.fetch(std::move(self), std::move(work),
                 [held = document.shared_from_this()](JobPtr job, host::StorageResult<base::Result<ReadReply>> past) {
                   auto& read = static_cast<ReadJob&>(*job);
                   auto answer = past ? std::move(*past) : base::Result<ReadReply>(storage_error(past.error()));
                   read.answer_with(*held, std::move(job), std::move(answer));
                 });
}

void RowsJob::run(Document& document, JobPtr self) {
  if (!document.exists()) {
    return answer_with(document, std::move(self),
                       names_a_place(request_.since) ? no_such_place(request_.since, document.grave_birth()) : not_there());
  }
  const auto& replica = document.replica();
  auto place = find_place(request_.since, replica, document.context().generation);
  if (!place) return answer_with(document, std::move(self), std::move(place).error());
  // The row at the place itself is read too, where it is kept: its check tells whether the cursor is of this history, and is
  // wanted for the cursor that is given back.
  const bool with_itself = place->version >= replica.first_version;
  const std::uint64_t first = with_itself ? place->version : place->version + 1;
  const std::uint64_t until = document.durable_version();
  if (first > until) {
    // The place itself may be too new to be in the store; then it is in memory.
    std::vector<host::RowPtr> itself;
    for (const auto& row : document.tail().rows()) {
      if (row->version == place->version) itself.push_back(row);
    }
    return give(document, std::move(self), *place, std::move(itself));
  }
  const host::RowRange range{first - 1, until, request_.limit + (with_itself ? 1 : 0), kRowsBytesMax};
  document.fetch(
      std::move(self), [doc = document.key(), range](host::StorageSession& session) { return session.read_rows(doc, range); },
      [held = document.shared_from_this(), place = *place](JobPtr job, host::StorageResult<host::RowsRead> read) {
        auto& rows_job = static_cast<RowsJob&>(*job);
        if (!read) return rows_job.answer_with(*held, std::move(job), storage_error(read.error()));
        // Dropped meanwhile, or another by now: look again.
        if (!held->exists() || held->replica().birth != read->head.birth) return held->start(std::move(job));
        rows_job.give(*held, std::move(job), place, std::move(read->rows));
      });
}

void RowsJob::give(Document& document, JobPtr self, const Place& place, std::vector<host::RowPtr> rows) {
  const auto& replica = document.replica();
  std::uint32_t check = place.has_check ? place.check : check_start(replica.birth);
  const bool starts_at_place = !rows.empty() && rows.front()->version == place.version;
  const bool other_history = (starts_at_place && place.has_check && rows.front()->check != place.check) ||
                             (place.has_check && place.version == 0 && place.check != check_start(replica.birth));
  if (other_history) {
    return answer_with(document, std::move(self),
                       base::make_error(base::Code::kStale, "the cursor belongs to another history of this document"));
  }
  if (starts_at_place) {
    check = rows.front()->check;
    rows.erase(rows.begin());
  }
  RowsReply reply;
  reply.type = replica.type->name();
  reply.version = place.version;
  reply.head = document.durable_version();
  for (const auto& row : rows) {
    auto inspected = replica.type->inspect(row->delta, row->format);
    if (!inspected) return answer_with(document, std::move(self), std::move(inspected).error());
    reply.inspected.push_back(std::move(*inspected));
    reply.version = row->version;
    check = row->check;
  }
  reply.rows = std::move(rows);
  // A place without its row, named by number alone, with no row after it: the head, all rows before which are gone.
  if (reply.rows.empty() && !place.has_check && place.version == replica.version) check = replica.check;
  reply.cursor = cursor_text({replica.birth, document.context().generation, reply.version, check});
  answer_with(document, std::move(self), std::move(reply));
}

void EraseJob::run(Document& document, JobPtr self) {
  if (!document.exists()) return answer_with(document, std::move(self), not_there());
  if (request_.if_match && *request_.if_match != "*" && *request_.if_match != document.cursor()) {
    return answer_with(document, std::move(self),
                       base::make_error(base::Code::kPreconditionFailed,
                                        "the document is at version " + std::to_string(document.replica().version)));
  }
  set_answer(Nothing{});
  document.erase(std::move(self));
}

}  // namespace crdtd::document
