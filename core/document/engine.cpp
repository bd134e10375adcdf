#include "document/engine.hpp"

#include <utility>

#include "document/read_jobs.hpp"
#include "document/storage_errors.hpp"
#include "document/write_job.hpp"

namespace crdtd::document {
namespace {

constexpr std::uint64_t kRequestOverheadBytes = 512;
constexpr std::size_t kVictimsMax = 8;  // asked to leave at a time, so that no request pays for a long clean-up

}  // namespace

Engine::Engine(EngineContext context)
    : context_(context),
      budget_(context.settings.waiting_bytes_max, context.settings.tenant_share_percent),
      list_lane_(context.scheduler.make_lane()) {}

Engine::~Engine() = default;

// Counts a request in, or refuses it at the door.
template <class Reply>
bool Engine::enter(Done<Reply>& done) {
  {
    const std::lock_guard lock(mutex_);
    if (!closed_ && !context_.store.failed()) {
      ++under_way_;
      return true;
    }
  }
  const bool failed = context_.store.failed();
  done(base::make_error(failed ? base::Code::kStorageFailed : base::Code::kShuttingDown,
                        failed ? "the storage failed; the server is about to stop" : "the server is stopping"));
  return false;
}

void Engine::leave() {
  base::Task drained;
  {
    const std::lock_guard lock(mutex_);
    CRDTD_ASSERT(under_way_ > 0);
    if (--under_way_ == 0 && drained_) drained = std::exchange(drained_, {});
  }
  if (drained) drained();
}

void Engine::drain(base::Task done) {
  {
    const std::lock_guard lock(mutex_);
    CRDTD_ASSERT(!closed_);
    closed_ = true;
    if (under_way_ > 0) {
      drained_ = std::move(done);
      return;
    }
  }
  done();
}

std::shared_ptr<Document> Engine::open(const base::DocKey& key) {
  const std::lock_guard lock(mutex_);
  auto [found, fresh] = slots_.try_emplace(key);
  auto& slot = found->second;
  if (fresh) {
    slot.document = std::make_shared<Document>(key, context_, static_cast<Document::Observer&>(*this));
    slot.use = use_.insert(use_.end(), &found->first);
  } else {
    use_.splice(use_.end(), use_, slot.use);
  }
  ++slot.jobs;
  return slot.document;
}

template <class JobType, class Request, class Reply>
void Engine::submit(std::uint64_t bytes, Request&& request, Done<Reply>&& done) {
  if (!enter(done)) return;
  auto reservation = budget_.reserve(request.doc.tenant, kRequestOverheadBytes + bytes);
  if (!reservation) {
    leave();
    return done(std::move(reservation).error());
  }
  auto document = open(request.doc);
  auto job = std::make_unique<JobType>(std::forward<Request>(request), std::move(done), std::move(*reservation));
  const auto lane = document->lane();  // kept: the document may be gone before post() returns
  lane->post([document = std::move(document), job = std::move(job)]() mutable { document->start(std::move(job)); });
}

void Engine::write(WriteRequest request, Done<WriteReply> done) {
  if (context_.types.find(request.type) == nullptr) {
    return done(base::make_error(base::Code::kTypeNotEnabled,
                                 "the type '" + request.type + "' is not enabled; enabled are: " + context_.types.names()));
  }
  const auto bytes = 2 * request.ops_json.size();
  submit<WriteJob>(bytes, std::move(request), std::move(done));
}

void Engine::read(ReadRequest request, Done<ReadReply> done) {
  const auto bytes = request.query_json.size();
  submit<ReadJob>(bytes, std::move(request), std::move(done));
}

void Engine::rows(RowsRequest request, Done<RowsReply> done) { submit<RowsJob>(0, std::move(request), std::move(done)); }

void Engine::erase(EraseRequest request, Done<Nothing> done) { submit<EraseJob>(0, std::move(request), std::move(done)); }

void Engine::list(ListRequest request, Done<ListReply> done) {
  if (!enter(done)) return;
  auto reservation = budget_.reserve(request.tenant, kRequestOverheadBytes + 256ULL * request.limit);
  if (!reservation) {
    leave();
    return done(std::move(reservation).error());
  }
  const auto limit = request.limit;
  auto work = [request = std::move(request)](host::StorageSession& session) {
    return session.list(request.tenant, request.after, request.limit + 1);
  };
  auto finish = [this, limit, done = std::move(done), held = std::move(*reservation)](auto items) mutable {
    if (!items) {
      done(storage_error(items.error()));
    } else {
      ListReply reply;
      reply.items = std::move(*items);
      reply.more = reply.items.size() > limit;
      if (reply.more) reply.items.resize(limit);
      done(std::move(reply));
    }
    held.release();
    leave();
  };
  context_.store.run(host::SessionMode::kRead, list_lane_, std::move(work), std::move(finish));
}

void Engine::job_finished(Document& document) {
  update(document, 1);
  leave();
}

void Engine::settled(Document& document) { update(document, 0); }

void Engine::work_started() {
  const std::lock_guard lock(mutex_);
  ++under_way_;
}

// Takes note of what the document holds now; forgets it when that is nothing, and asks others to leave when memory is short.
void Engine::update(Document& document, std::uint64_t jobs_finished) {
  const bool disposable = document.is_disposable();
  const std::uint64_t bytes = document.memory_bytes();
  std::vector<std::shared_ptr<Document>> victims;
  {
    const std::lock_guard lock(mutex_);
    const auto found = slots_.find(document.key());
    if (found == slots_.end() || found->second.document.get() != &document) return;
    auto& slot = found->second;
    CRDTD_ASSERT(slot.jobs >= jobs_finished);
    slot.jobs -= jobs_finished;
    bytes_ += bytes - slot.bytes;
    slot.bytes = bytes;
    if (disposable && slot.jobs == 0) {
      use_.erase(slot.use);
      slots_.erase(found);  // whoever called holds the document
    }
    victims = choose_victims();
  }
  for (auto& victim : victims) {
    const auto lane = victim->lane();
    lane->post([victim = std::move(victim)] { victim->unload_if_idle(); });
  }
}

std::vector<std::shared_ptr<Document>> Engine::choose_victims() {
  std::vector<std::shared_ptr<Document>> victims;
  if (bytes_ <= context_.settings.memory_bytes_max) return victims;
  std::uint64_t wanted = bytes_ - context_.settings.memory_bytes_max;
  for (auto use = use_.begin(); use != use_.end() && victims.size() < kVictimsMax && wanted > 0;) {
    auto& slot = slots_.find(**use)->second;
    const auto next = std::next(use);
    if (slot.jobs == 0 && slot.bytes > 0) {
      victims.push_back(slot.document);
      wanted -= std::min(wanted, slot.bytes);
      use_.splice(use_.end(), use_, use);  // should it be busy after all, others are asked next time
    }
    use = next;
  }
  return victims;
}

Engine::Usage Engine::usage() const {
  const std::lock_guard lock(mutex_);
  return {slots_.size(), bytes_, budget_.waiting_bytes()};
}

}  // namespace crdtd::document
