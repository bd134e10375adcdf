// The bodies of good replies. Values from plugins are JSON already and are put in as they are.
//
// Plain structs of views in, appended text out; any thread. Fields stand in the order in which they are documented.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace crdtd::wire {

// {"version":1,"snapshot":…,"cursor":"…","applied":1,"result":…}; without a value (`return=minimal`) {"version":1,"applied":1}.
struct WriteReplyView {
  std::uint64_t version = 0;
  std::uint64_t applied = 0;
  bool minimal = false;
  std::string_view cursor;
  std::string_view value_json;
  std::string_view result_json;  // empty or "null": left out
};
void append_write_reply(std::string& out, const WriteReplyView& reply);

// {"type":"…","version":1,"cursor":"…","value":…}
struct ReadReplyView {
  std::string_view type;
  std::uint64_t version = 0;
  std::string_view cursor;
  std::string_view value_json;
};
void append_read_reply(std::string& out, const ReadReplyView& reply);

// {"type":"…","rows":[…],"version":3,"cursor":"…","head":7}
struct RowView {
  std::uint64_t version = 0;
  std::uint64_t replica = 0;
  std::uint64_t first_counter = 0;
  std::uint64_t hlc_unix_ns = 0;
  std::uint32_t count = 0;
  std::uint32_t format = 0;
  std::string_view node;
  std::string_view key;  // empty: left out
  std::string_view delta;
  std::string_view ops_json;  // the delta for people; empty: null
};
struct RowsReplyView {
  std::string_view type;
  std::span<const RowView> rows;
  std::uint64_t version = 0;
  std::string_view cursor;
  std::uint64_t head = 0;
};
void append_rows_reply(std::string& out, const RowsReplyView& reply);

// {"docs":[{"id":"…","type":"…","version":1}],"next":"…"}; `next` is null on the last page.
struct DocView {
  std::string_view id;
  std::string_view type;
  std::uint64_t version = 0;
};
void append_list_reply(std::string& out, std::span<const DocView> docs, bool more);

// {"types":[{"name":"…","type":"…","semantics":1,"format":1,"formats_read":[1],"limits":{…}}]}
struct TypeView {
  std::string name;  // as documents call it
  std::string type;  // as the plugin calls it
  std::uint32_t semantics = 0;
  std::uint32_t format_written = 0;
  std::vector<std::uint32_t> formats_read;                    // empty: left out
  std::vector<std::pair<std::string, std::uint64_t>> limits;  // empty: left out
};
void append_types_reply(std::string& out, std::span<const TypeView> types);

}  // namespace crdtd::wire
