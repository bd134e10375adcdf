// Documents that live on a server, by plain calls: each asks the server and waits for its answer. Values and ops are JSON text.
//
//   auto docs = crdtd::client::RemoteDocs::open({.url = "http://127.0.0.1:8080", .tenant = "acme", .node = "laptop"});
//   auto put = docs->put("profile", "lww", R"({"name":"Ada"})");
//   if (!put) complain(put.failure().message);
//
// Calls block until there is an answer or Timeouts::call is over. Failed attempts are repeated (Options::retry) where that is
// safe: every write carries an Idempotency-Key, so it takes effect once however often it is sent. Threads: after open() every
// call is [any]; each uses a connection of its own, which is kept for later calls. Ownership: texts are borrowed for the call,
// results own what they hold. Nothing is kept on this side: without a server there is no document. What works offline is another
// class, beside this one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crdtd/client/options.hpp"
#include "crdtd/client/result.hpp"
#include "crdtd/wire/read_reply.hpp"

namespace crdtd::client {

using wire::DocInfo;   // id, type, version
using wire::Row;       // version, replica, first_counter, count, hlc_unix_ns, node, key, format, delta (bytes), ops_json
using wire::RowsPage;  // type, rows, version, cursor, head: the page ends at `version`, the log at `head`
using wire::TypeInfo;  // name, type, semantics, format, formats_read, limits

struct PutOptions {
  bool minimal = false;       // ask for no value in the reply
  bool create_only = false;   // only if the document does not exist
  std::string if_match = {};  // a cursor: only if the document is still there; "*": only if it exists
  std::string key = {};       // the Idempotency-Key, 1 to 128 printable ASCII characters; empty: one is drawn at random
};

struct PushOptions {
  // What the author of the ops had seen: a cursor, or a version in digits; empty or "0": the head. What the server no longer
  // knows is answered ProblemCode::kStale, and nothing is applied.
  std::string since = {};
  bool minimal = false;  // from here on as in PutOptions
  bool create_only = false;
  std::string if_match = {};
  std::string key = {};
};

// version and applied; unless minimal, cursor and value_json; result_json where the type had something to say.
struct Written : wire::WriteReply {
  std::string key;        // under which it was sent
  bool replayed = false;  // an earlier attempt had taken effect already
};

struct GetOptions {
  std::optional<std::uint64_t> version = {};  // an earlier one, within the window that the server keeps
  std::string query_json = {};                // the type's own query, as {"contains":"milk"}; empty: the whole value
  std::string if_none_match = {};             // a cursor: if the document is still there, it is not sent again
};

// type, version, cursor, value_json.
struct Document : wire::ReadReply {
  bool not_modified = false;  // it is at `if_none_match`: only `cursor` is filled
};

// type, format, version, cursor, known, encoded: what replicas merge.
using EncodedDocument = wire::SnapshotReply;

struct ListOptions {
  std::string after = {};   // the `next` of the page before; empty: from the start
  std::uint32_t limit = 0;  // documents a page, at most 1000; 0: the server's choice
};

// docs, and `next`: empty on the last page.
using DocPage = wire::ListReply;

class RemoteDocs {
 public:
  // Checks the options; connects with the first call. Cause::kUsage says which option is unusable.
  static Result<RemoteDocs> open(Options options);
  RemoteDocs(RemoteDocs&&) noexcept;
  RemoteDocs& operator=(RemoteDocs&&) noexcept;
  ~RemoteDocs();

  // Gives a document its value; creates it when it is absent.
  Result<Written> put(std::string_view doc, std::string_view type, std::string_view value_json,
                      const PutOptions& options = {}) const;
  // Applies a JSON array of ops, all or none; creates the document when it is absent and there is an op.
  Result<Written> push_ops(std::string_view doc, std::string_view type, std::string_view ops_json,
                           const PushOptions& options = {}) const;
  Result<Document> get(std::string_view doc, const GetOptions& options = {}) const;
  Result<EncodedDocument> get_encoded(std::string_view doc, std::optional<std::uint64_t> version = {}) const;
  // The rows after `since` (as in PushOptions, but empty is the beginning), oldest first; at most `limit` of them, 10 000 at
  // most, 0: the server's choice.
  Result<RowsPage> ops(std::string_view doc, std::string_view since = {}, std::uint32_t limit = 0) const;
  // All of them, page by page, until `row` returns false. Answers the cursor to go on from: behind the last row of the last page
  // of which every row was taken.
  Result<std::string> each_op(std::string_view doc, std::string_view since, const std::function<bool(const Row&)>& row) const;
  // Erases the document; with `if_match` only what is at this cursor. It carries no key: when an attempt without an answer is
  // repeated and the document is not there (any more), that is success. Give `if_match` where somebody may create it anew
  // meanwhile.
  Result<Done> erase(std::string_view doc, std::string_view if_match = {}) const;
  Result<DocPage> list(const ListOptions& options = {}) const;
  Result<std::vector<TypeInfo>> types() const;

  // For this library and its tests: calls go through what they bring along instead of the network.
  class Caller;
  explicit RemoteDocs(std::unique_ptr<Caller> caller) noexcept;

 private:
  std::unique_ptr<Caller> caller_;
};

}  // namespace crdtd::client
