// Documents read from a store that this process has opened for itself.
#include <charconv>
#include <utility>

#include "base/ids.hpp"
#include "ctl/document_source.hpp"
#include "document/cursor.hpp"
#include "document/integrity.hpp"

namespace crdtd::ctl {
namespace {

using host::StorageStatus;

constexpr std::uint64_t kPageBytesMax = 4u << 20;

// A place in a log, as `--since` names it.
struct Since {
  std::uint64_t version = 0;
  std::optional<document::Cursor> cursor;
};

Outcome<Since> parse_since(const std::string& text) {
  Since since;
  if (text.empty()) return since;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, since.version);
  if (parsed.ec == std::errc{} && parsed.ptr == end) return since;
  since.cursor = document::parse_cursor(text);
  if (!since.cursor) return Failure{kExitUsage, "--since: wanted a version or a cursor as a reply gave it, found '" + text + "'"};
  since.version = since.cursor->version;
  return since;
}

// The store's generation; none in a store that no server has ever opened.
Outcome<std::uint64_t> read_generation(host::StorageSession& session) {
  const auto text = session.meta_get("generation");
  if (!text && text.error().status == StorageStatus::kNotFound) return std::uint64_t{0};
  if (!text) return failure_of(text.error(), {});
  std::uint64_t generation = 0;
  const char* end = text->data() + text->size();
  const auto parsed = std::from_chars(text->data(), end, generation, 16);
  if (parsed.ec != std::errc{} || parsed.ptr != end) {
    return Failure{kExitStorage, "the store's generation is unreadable: '" + *text + "'"};
  }
  return generation;
}

class StoreSource final : public DocumentSource {
 public:
  StoreSource(std::unique_ptr<Configured> opened, host::StorageSession session, std::string tenant, std::uint64_t generation)
      : opened_(std::move(opened)), session_(std::move(session)), tenant_(std::move(tenant)), generation_(generation) {}

  Outcome<wire::ListReply> list(const std::string& after, std::uint32_t limit) override {
    const auto items = session_.list(tenant_, after, limit);
    if (!items) return failure_of(items.error(), {});
    wire::ListReply reply;
    for (const auto& item : *items) reply.docs.push_back({item.id, item.type, item.version});
    if (reply.docs.size() == limit) {
      const auto more = session_.list(tenant_, reply.docs.back().id, 1);
      if (!more) return failure_of(more.error(), {});
      if (!more->empty()) reply.next = reply.docs.back().id;
    }
    return reply;
  }

  Outcome<wire::ReadReply> read(const std::string& id, std::optional<std::uint64_t> version,
                                const std::string& query_json) override {
    auto replica = load(id, version);
    if (!replica) return replica.error();
    auto value = replica->state.query(query_json, false);
    if (!value) return failure_of(value.error());
    return wire::ReadReply{replica->type->name(), replica->version, cursor_of(*replica), std::move(*value)};
  }

  Outcome<wire::SnapshotReply> encoded(const std::string& id, std::optional<std::uint64_t> version) override {
    auto replica = load(id, version);
    if (!replica) return replica.error();
    auto bytes = replica->state.encode();
    if (!bytes) return failure_of(bytes.error());
    wire::SnapshotReply reply;
    reply.type = replica->type->name();
    reply.format = replica->type->format_written();
    reply.version = replica->version;
    reply.cursor = cursor_of(*replica);
    for (const auto& [number, known] : replica->known) reply.known.push_back({number, known.counter, known.chain, known.node});
    reply.encoded = std::move(*bytes);
    return reply;
  }

  Outcome<LogPage> rows(const std::string& id, const std::string& since, std::uint32_t limit) override;

 private:
  Outcome<document::Replica> load(const std::string& id, std::optional<std::uint64_t> version) {
    const auto loaded = session_.load({tenant_, id}, version.value_or(0));
    if (!loaded) return failure_of(loaded.error(), id);
    const bool absent = version && (*version == 0 || *version > loaded->head.version);
    if (absent) {
      return Failure{kExitFailed, "there is no version " + std::to_string(*version) + " of " + id + "; it is at " +
                                      std::to_string(loaded->head.version)};
    }
    auto replica = document::build_replica(opened_->types(), *loaded, version.value_or(0));
    if (!replica) return failure_of(replica.error());
    return std::move(*replica);
  }
  std::string cursor_of(const document::Replica& replica) const { return document::cursor_text(replica.cursor(generation_)); }

  std::unique_ptr<Configured> opened_;
  host::StorageSession session_;  // closes before the store that opened_ holds
  std::string tenant_;
  std::uint64_t generation_;
};

Outcome<LogPage> StoreSource::rows(const std::string& id, const std::string& since_text, std::uint32_t limit) {
  const auto since = parse_since(since_text);
  if (!since) return since.error();
  const base::DocKey doc{tenant_, id};
  // The row at the place itself comes along where it is kept: it proves a cursor, and gives the check for the one that is
  // answered.
  const bool with_itself = since->version > 0;
  auto read = session_.read_rows(doc, {since->version - (with_itself ? 1 : 0), 0, limit + (with_itself ? 1 : 0), kPageBytesMax});
  if (!read && with_itself && read.error().status == StorageStatus::kBehind) {
    read = session_.read_rows(doc, {since->version, 0, limit, kPageBytesMax});
  }
  if (!read) return failure_of(read.error(), id);
  const auto& head = read->head;
  if (since->version > head.version) {
    return Failure{kExitFailed,
                   "version " + std::to_string(since->version) + " lies beyond the head, " + std::to_string(head.version)};
  }
  LogPage page;
  page.type = head.type;
  page.version = since->version;
  page.head = head.version;
  std::uint32_t check = since->cursor ? since->cursor->check : document::check_start(head.birth);
  bool other_history = since->cursor && (since->cursor->birth != head.birth || since->cursor->generation != generation_);
  const auto* type = opened_->find_type(head.type);
  for (const auto& row : read->rows) {
    const bool is_place = row->version == since->version;
    if (is_place && since->cursor && row->check != since->cursor->check) other_history = true;
    check = row->check;
    if (is_place) continue;
    LogRow shown{*row, true, {}};
    if (type != nullptr) {
      auto inspected = type->inspect(row->delta, row->format);
      if (inspected) shown.ops_json = std::move(*inspected);
    }
    page.version = row->version;
    page.rows.push_back(std::move(shown));
  }
  if (other_history) return Failure{kExitFailed, "the cursor belongs to another history of " + id};
  page.cursor = document::cursor_text({head.birth, generation_, page.version, check});
  return page;
}

}  // namespace

Outcome<std::unique_ptr<DocumentSource>> open_store_source(std::unique_ptr<Configured> opened, const std::string& tenant) {
  auto session = opened->store().open_session(host::SessionMode::kRead);
  if (!session) return failure_of(session.error(), {});
  const auto generation = read_generation(*session);
  if (!generation) return generation.error();
  return std::unique_ptr<DocumentSource>(
      std::make_unique<StoreSource>(std::move(opened), std::move(*session), tenant, *generation));
}

Failure failure_of(const host::StorageError& error, const std::string& id) {
  const std::string about = id.empty() ? "" : id + ": ";
  switch (error.status) {
    case StorageStatus::kNotFound:
      return {kExitFailed, about + "the document does not exist"};
    case StorageStatus::kGone:
      return {kExitFailed, about + "the document was erased"};
    case StorageStatus::kBehind:
      return {kExitFailed, about + "what lies before version " + std::to_string(error.detail) + " is no longer kept"};
    default:
      return {kExitStorage, about + error.message};
  }
}

Failure failure_of(const base::Error& error) {
  const bool damaged = error.code == base::Code::kQuarantined;
  const bool config = error.code == base::Code::kTypeNotEnabled;
  return {damaged ? kExitStorage : config ? kExitConfig : kExitFailed, error.detail};
}

}  // namespace crdtd::ctl
