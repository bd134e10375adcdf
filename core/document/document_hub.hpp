// The engine's door: finds or opens a document, and runs requests on its lane. What the network layer (and a simulator) talks to.
//
// A reply is released only when everything that it shows is durable (ARCHITECTURE.md, "the walk of one request").
// Threads: every call is [any]; `done` is called once, on the document's lane or, for a refusal at the door, within the call.
// Bounds: waiting requests are bounded in bytes for all and for each tenant; what exceeds that is refused with kOverloaded or
// kQuotaExceeded.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "host/row.hpp"
#include "host/storage.hpp"

namespace crdtd::document {

template <class T>
using Done = base::UniqueFunction<void(base::Result<T>)>;

// What an author had seen: nothing said, a cursor, or a number in the present epoch.
struct Since {
  enum class Kind { kAbsent, kNumber, kCursor };
  Kind kind = Kind::kAbsent;
  std::uint64_t number = 0;
  std::string cursor;
};

struct IdempotencyKey {
  std::string key;
  host::Digest digest{};  // of the request, so that another body under the same key is noticed
};

struct WriteRequest {
  base::DocKey doc;
  std::string node;
  std::string type;      // as enabled; must be the document's
  std::string ops_json;  // a JSON array of ops
  Since since;           // absent or 0: the head
  std::optional<IdempotencyKey> key;
  std::optional<std::string> if_match;  // a cursor, or "*": the document must exist
  bool if_none_match_any = false;       // the document must not exist
  bool want_value = true;
  bool utf16 = false;
};

struct WriteReply {
  std::uint64_t version = 0;  // of `value`, else the head when the batch took effect
  std::uint64_t applied = 0;  // the version at which the batch took effect
  std::string cursor;         // of `value`; empty without one
  std::string value_json;     // empty unless wanted
  std::string result_json;    // what the type told the author; empty if nothing
  bool created = false;
  bool replayed = false;  // a repeat of a request that took effect earlier
};

struct ReadRequest {
  base::DocKey doc;
  std::string query_json;                // empty: the whole value
  std::optional<std::uint64_t> version;  // a past version within the window
  std::string if_none_match;             // a cursor: if it is the head's, no value is made
  bool encoded = false;                  // the encoded state instead of the value
  bool utf16 = false;
};

struct ReadReply {
  std::string type;
  std::uint64_t version = 0;
  std::string cursor;
  bool not_modified = false;
  std::string value_json;
  // With `encoded`:
  std::string encoded;
  std::uint32_t format = 0;
  std::vector<host::Known> known;
};

struct RowsRequest {
  base::DocKey doc;
  Since since;                 // absent or 0: the beginning
  std::uint32_t limit = 1000;  // rows
};

struct RowsReply {
  std::string type;
  std::vector<host::RowPtr> rows;
  std::vector<std::string> inspected;  // each delta as JSON, for people
  std::uint64_t version = 0;           // of the last row given, or of `since`
  std::string cursor;                  // likewise
  std::uint64_t head = 0;
};

struct EraseRequest {
  base::DocKey doc;
  std::optional<std::string> if_match;
};

struct ListRequest {
  std::string tenant;
  std::string after;  // id; empty: from the start
  std::uint32_t limit = 100;
};

struct ListReply {
  std::vector<host::ListItem> items;
  bool more = false;
};

struct Nothing {};

class DocumentHub {
 public:
  virtual ~DocumentHub() = default;
  virtual void write(WriteRequest request, Done<WriteReply> done) = 0;
  virtual void read(ReadRequest request, Done<ReadReply> done) = 0;
  virtual void rows(RowsRequest request, Done<RowsReply> done) = 0;
  virtual void erase(EraseRequest request, Done<Nothing> done) = 0;
  virtual void list(ListRequest request, Done<ListReply> done) = 0;
};

}  // namespace crdtd::document
