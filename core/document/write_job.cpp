#include "document/write_job.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "document/integrity.hpp"
#include "document/since.hpp"
#include "document/storage_errors.hpp"

namespace crdtd::document {
namespace {

bool is_empty_array(std::string_view json) {
  const auto open = json.find('[');
  return open != std::string_view::npos && json.find_first_not_of(" \t\r\n", open + 1) == json.rfind(']');
}

}  // namespace

void WriteJob::run(Document& document, JobPtr self) {
  if (!deduplicate(document, self)) return;
  if (!meets_preconditions(document, self)) return;
  if (!find_recent(document, self)) return;
  apply(document, std::move(self));
}

// --- 1. has this request taken effect before? ---

bool WriteJob::deduplicate(Document& document, JobPtr& self) {
  if (!request_.key || key_is_new_) return true;
  if (!document.lock_key(request_.node, request_.key->key, self)) return false;
  if (!document.exists()) {
    key_is_new_ = true;  // keys live with their document
    return true;
  }
  auto work = [doc = document.key(), node = request_.node, key = request_.key->key](host::StorageSession& session) {
    return session.find_key(doc, node, key);
  };
  document.fetch(std::move(self), std::move(work),
                 [this, held = document.shared_from_this()](JobPtr job, const host::StorageResult<host::KeyRecord>& found) {
                   key_found(*held, std::move(job), found);
                 });
  return false;
}

void WriteJob::key_found(Document& document, JobPtr self, const host::StorageResult<host::KeyRecord>& found) {
  if (!found) {
    const auto status = found.error().status;
    if (status != host::StorageStatus::kNotFound && status != host::StorageStatus::kGone) {
      return document.answer(std::move(self), storage_error(found.error()));
    }
    key_is_new_ = true;
    return document.start(std::move(self));
  }
  if (found->digest != request_.key->digest) {
    return document.answer(std::move(self), base::make_error(base::Code::kKeyReused,
                                                             "the key '" + request_.key->key + "' was used for another request"));
  }
  if (!document.exists()) return document.start(std::move(self));  // it was dropped meanwhile: look again
  reply_.replayed = true;
  reply_.applied = found->applied;
  reply_.version = document.replica().version;
  if (auto shown = show_value(document); !shown) return refuse(document, std::move(self), shown.error());
  answer_.emplace(std::move(reply_));
  document.answer_when_durable(std::move(self));
}

// --- 2. may it? ---

bool WriteJob::meets_preconditions(Document& document, JobPtr& self) {
  const auto no = [&](base::Code code, std::string detail) {
    refuse(document, std::move(self), base::make_error(code, std::move(detail)));
    return false;
  };
  if (!document.exists()) {
    if (names_a_place(request_.since)) {
      refuse(document, std::move(self), no_such_place(request_.since, document.grave_birth()));
      return false;
    }
    if (request_.if_match) return no(base::Code::kPreconditionFailed, "the document does not exist");
    if (is_empty_array(request_.ops_json))
      return no(base::Code::kDocumentNotFound, "the document does not exist, and no op creates it");
    return true;
  }
  const auto& type = document.replica().type->name();
  if (type != request_.type)
    return no(base::Code::kTypeMismatch, "the document is of type '" + type + "', not '" + request_.type + "'");
  if (request_.if_none_match_any) return no(base::Code::kPreconditionFailed, "the document exists already");
  if (request_.if_match && *request_.if_match != "*" && *request_.if_match != document.cursor()) {
    return no(base::Code::kPreconditionFailed, "the document is at version " + std::to_string(document.replica().version));
  }
  return true;
}

// --- 3. what had its author not seen? ---

bool WriteJob::find_recent(Document& document, JobPtr& self) {
  recent_.clear();
  if (!document.exists() || !names_a_place(request_.since)) return true;
  const auto& replica = document.replica();
  const auto place = find_place(request_.since, replica, document.context().generation);
  if (!place) {
    refuse(document, std::move(self), place.error());
    return false;
  }
  auto found = rows_after(*place, replica, document.tail(), fetched_);
  if (const auto* error = std::get_if<base::Error>(&found)) {
    refuse(document, std::move(self), *error);
    return false;
  }
  if (const auto* need = std::get_if<NeedRows>(&found)) {
    auto work = [doc = document.key(), range = need->range](host::StorageSession& session) {
      return session.read_rows(doc, range);
    };
    document.fetch(std::move(self), std::move(work),
                   [this, held = document.shared_from_this()](JobPtr job, host::StorageResult<host::RowsRead> read) {
                     if (!read) return held->answer(std::move(job), storage_error(read.error()));
                     // Of this document, or else it was erased and made anew meanwhile.
                     const bool same = held->exists() && held->replica().birth == read->head.birth;
                     if (same) std::move(read->rows.begin(), read->rows.end(), std::back_inserter(fetched_));
                     held->start(std::move(job));
                   });
    return false;
  }
  fetched_.clear();
  for (auto& row : std::get<std::vector<host::RowPtr>>(found)) {
    if (row->count == 0) {
      refuse(document, std::move(self),
             base::make_error(base::Code::kStale, "the document was healed after what `since` refers to"));
      return false;
    }
    const bool own = row->node == request_.node && (row->replica & kServerReplicaBit) != 0;
    if (!own) recent_.push_back(std::move(row));
  }
  return true;
}

// --- 4. the change ---

void WriteJob::apply(Document& document, JobPtr self) {
  std::optional<Replica> fresh;
  if (!document.exists()) {
    const auto* type = document.context().types.find(request_.type);
    CRDTD_ASSERT(type != nullptr);  // the engine has looked before
    auto made = create_replica(*type, document.context().random.next_u64());
    if (!made) return refuse(document, std::move(self), made.error());
    fresh.emplace(std::move(*made));
  }
  auto& target = fresh ? *fresh : document.replica();
  auto* mutation = mutate(document, target, self);
  if (mutation == nullptr) return;
  reply_.created = fresh.has_value();
  if (fresh) document.create(std::move(*fresh));

  auto& replica = document.replica();
  host::RowPtr row;
  if (mutation->counters_used > 0) row = make_row(replica, *mutation);
  reply_.applied = row ? row->version : replica.version;
  reply_.version = reply_.applied;
  reply_.result_json = std::move(mutation->result_json);
  std::optional<host::KeyRecord> key;
  if (request_.key) {
    const auto now_ms = document.context().clock.wall_unix_ns() / 1'000'000;
    const auto age_ms = static_cast<std::uint64_t>(document.context().settings.key_age / std::chrono::milliseconds(1));
    key = host::KeyRecord{request_.node, request_.key->key, request_.key->digest, reply_.applied, now_ms + age_ms};
  }
  if (!row && !key && !reply_.created) {
    if (auto shown = show_value(document); !shown) return refuse(document, std::move(self), shown.error());
    answer_.emplace(std::move(reply_));
    return document.answer_when_durable(std::move(self));
  }
  document.stage(std::move(row), std::move(key));
  if (auto shown = show_value(document); shown) {
    answer_.emplace(std::move(reply_));
  } else {
    auto error = shown.error();
    error.detail += "; the batch was stored as version " + std::to_string(reply_.applied);
    answer_.emplace(std::move(error));
  }
  document.commit_with(std::move(self));
}

host::Mutation* WriteJob::mutate(Document& document, Replica& replica, JobPtr& self) {
  const auto& context = document.context();
  const auto wall = context.clock.wall_unix_ns();
  const auto known = replica.known.find(context.server_replica);
  host::MutateInput input;
  input.ops_json = request_.ops_json;
  author_.replica = context.server_replica;
  author_.first_counter = known == replica.known.end() ? 1 : known->second.counter + 1;
  author_.hlc_unix_ns = std::max(wall, replica.hlc_unix_ns + 1);
  author_.node = request_.node;
  input.author = author_;
  input.wall_unix_ns = wall;
  input.utf16 = request_.utf16;
  input.recent = recent_;
  auto mutated = replica.state.mutate(input);
  if (!mutated) {
    refuse(document, std::move(self), std::move(mutated).error());
    return nullptr;
  }
  mutation_ = std::move(*mutated);
  return &mutation_;
}

host::RowPtr WriteJob::make_row(const Replica& replica, host::Mutation& mutation) const {
  auto row = std::make_shared<host::Row>();
  row->version = replica.version + 1;
  row->replica = author_.replica;
  row->first_counter = author_.first_counter;
  row->hlc_unix_ns = author_.hlc_unix_ns;
  row->count = mutation.counters_used;
  row->format = replica.type->format_written();
  row->node = request_.node;
  if (request_.key) row->key = request_.key->key;
  row->delta = std::move(mutation.delta);
  row->check = check_next(replica.check, *row);
  return row;
}

base::Result<void> WriteJob::show_value(Document& document) {
  if (!request_.want_value) return {};
  auto value = document.replica().state.query({}, request_.utf16);
  if (!value) return std::move(value).error();
  reply_.value_json = std::move(*value);
  count_answer(reply_.value_json.size());
  reply_.version = document.replica().version;
  reply_.cursor = document.cursor();
  return {};
}

// --- answers ---

// What is refused may depend on what is not durable yet, so the refusal waits for it.
void WriteJob::refuse(Document& document, JobPtr self, base::Error error) {
  answer_.emplace(std::move(error));
  document.answer_when_durable(std::move(self));
}

void WriteJob::release() {
  CRDTD_ASSERT(answer_.has_value());
  done_(std::move(*answer_));
}

void WriteJob::fail(base::Error error) { done_(std::move(error)); }

void WriteJob::forget() {
  answer_.reset();
  reply_ = {};
  key_is_new_ = false;
  fetched_.clear();
  recent_.clear();
}

}  // namespace crdtd::document
