// The server's replies, read: what reply.hpp and problem_json.hpp write.
//
// Strict about what is there (a field of another type, a broken number, two values), open about what is added: unknown members
// are passed over, so that an older client understands a newer server. Values and ops of plugins stay the JSON text that came.
// Pure functions over borrowed text, any thread; what they fill owns its bytes. On false, `why` says in one sentence what was
// wrong, and `out` is not to be used. Cost is linear in the text, and so is memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crdtd/wire/problem.hpp"

namespace crdtd::wire {

struct WriteReply {
  std::uint64_t version = 0;
  std::uint64_t applied = 0;  // the version at which the request took effect
  std::string cursor;         // of value_json; both are empty after `return=minimal`
  std::string value_json;
  std::string result_json;  // empty: the type had nothing to say
};

struct ReadReply {
  std::string type;
  std::uint64_t version = 0;
  std::string cursor;
  std::string value_json;
};

struct Row {
  std::uint64_t version = 0;
  std::uint64_t replica = 0;
  std::uint64_t first_counter = 0;
  std::uint64_t hlc_unix_ns = 0;
  std::uint32_t count = 0;
  std::uint32_t format = 0;
  std::string node;
  std::string key;       // empty: none
  std::string delta;     // bytes
  std::string ops_json;  // the delta for people; "null" if the type cannot show it
};

struct RowsPage {
  std::string type;
  std::vector<Row> rows;
  std::uint64_t version = 0;  // of the last row given, or of `since`
  std::string cursor;         // likewise
  std::uint64_t head = 0;
};

struct DocInfo {
  std::string id;
  std::string type;
  std::uint64_t version = 0;
};

struct ListReply {
  std::vector<DocInfo> docs;
  std::string next;  // empty on the last page
};

struct TypeInfo {
  std::string name;  // as documents call it
  std::string type;  // as the plugin calls it
  std::uint32_t semantics = 0;
  std::uint32_t format = 0;
  std::vector<std::uint32_t> formats_read;
  std::vector<std::pair<std::string, std::uint64_t>> limits;
};

// RFC 9457, with this server's members.
struct ProblemReply {
  std::optional<ProblemCode> code;  // none: a slug that this table does not hold
  std::string slug;                 // the end of `type`
  std::uint16_t status = 0;
  Retry retry = Retry::kNever;  // by the table; for a slug that it does not hold by the status: 408, 429 and 5xx are kLater
  std::string title;
  std::string detail;
  std::string instance;
  std::string pointer;               // JSON pointer into the request
  std::int64_t value = 0;            // `limit`, `expected` or `offset_ns`, whichever there is; 0: none
  std::vector<std::string> enabled;  // types
};

struct SnapshotReplyKnown {
  std::uint64_t replica = 0;
  std::uint64_t counter = 0;
  std::uint64_t chain = 0;
  std::string node;
};

struct SnapshotReply {
  std::string type;
  std::uint32_t format = 0;
  std::uint64_t version = 0;
  std::string cursor;
  std::vector<SnapshotReplyKnown> known;
  std::string encoded;
};

bool read_write_reply(std::string_view body, WriteReply& out, std::string& why);
bool read_read_reply(std::string_view body, ReadReply& out, std::string& why);
bool read_rows_reply(std::string_view body, RowsPage& out, std::string& why);
bool read_list_reply(std::string_view body, ListReply& out, std::string& why);
bool read_types_reply(std::string_view body, std::vector<TypeInfo>& out, std::string& why);
bool read_snapshot_reply(std::string_view body, SnapshotReply& out, std::string& why);
bool read_problem_reply(std::string_view body, ProblemReply& out, std::string& why);

}  // namespace crdtd::wire
