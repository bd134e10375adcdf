#include "crdtd/wire/reply.hpp"

#include "crdtd/wire/json_text.hpp"

namespace crdtd::wire {
namespace {

void append_row(std::string& out, const RowView& row) {
  out += R"({"version":)";
  append_number(out, row.version);
  out += R"(,"dot":")";
  append_hex16(out, row.replica);
  out += ':';
  append_number(out, row.first_counter);
  out += R"(","count":)";
  append_number(out, std::uint64_t{row.count});
  out += R"(,"hlc_unix_ns":")";
  append_number(out, row.hlc_unix_ns);
  out += R"(","node":)";
  append_json_string(out, row.node);
  if (!row.key.empty()) {
    out += R"(,"key":)";
    append_json_string(out, row.key);
  }
  out += R"(,"format":)";
  append_number(out, std::uint64_t{row.format});
  out += R"(,"delta":")";
  append_base64(out, row.delta);
  out += R"(","ops":)";
  out += row.ops_json.empty() ? std::string_view("null") : row.ops_json;
  out += '}';
}

void append_type(std::string& out, const TypeView& type) {
  out += R"({"name":)";
  append_json_string(out, type.name);
  out += R"(,"type":)";
  append_json_string(out, type.type);
  out += R"(,"semantics":)";
  append_number(out, std::uint64_t{type.semantics});
  out += R"(,"format":)";
  append_number(out, std::uint64_t{type.format_written});
  if (!type.formats_read.empty()) {
    out += R"(,"formats_read":[)";
    for (const auto format : type.formats_read) {
      if (out.back() != '[') out += ',';
      append_number(out, std::uint64_t{format});
    }
    out += ']';
  }
  if (!type.limits.empty()) {
    out += R"(,"limits":{)";
    for (const auto& [name, limit] : type.limits) {
      if (out.back() != '{') out += ',';
      append_json_string(out, name);
      out += ':';
      append_number(out, limit);
    }
    out += '}';
  }
  out += '}';
}

}  // namespace

void append_write_reply(std::string& out, const WriteReplyView& reply) {
  out += R"({"version":)";
  append_number(out, reply.version);
  if (!reply.minimal) {
    out += R"(,"snapshot":)";
    out += reply.value_json.empty() ? std::string_view("null") : reply.value_json;
    out += R"(,"cursor":)";
    append_json_string(out, reply.cursor);
  }
  out += R"(,"applied":)";
  append_number(out, reply.applied);
  if (!reply.result_json.empty() && reply.result_json != "null") {
    out += R"(,"result":)";
    out += reply.result_json;
  }
  out += '}';
}

void append_read_reply(std::string& out, const ReadReplyView& reply) {
  out += R"({"type":)";
  append_json_string(out, reply.type);
  out += R"(,"version":)";
  append_number(out, reply.version);
  out += R"(,"cursor":)";
  append_json_string(out, reply.cursor);
  out += R"(,"value":)";
  out += reply.value_json.empty() ? std::string_view("null") : reply.value_json;
  out += '}';
}

void append_rows_reply(std::string& out, const RowsReplyView& reply) {
  out += R"({"type":)";
  append_json_string(out, reply.type);
  out += R"(,"rows":[)";
  for (std::size_t i = 0; i < reply.rows.size(); ++i) {
    if (i > 0) out += ',';
    append_row(out, reply.rows[i]);
  }
  out += R"(],"version":)";
  append_number(out, reply.version);
  out += R"(,"cursor":)";
  append_json_string(out, reply.cursor);
  out += R"(,"head":)";
  append_number(out, reply.head);
  out += '}';
}

void append_list_reply(std::string& out, std::span<const DocView> docs, bool more) {
  out += R"({"docs":[)";
  for (std::size_t i = 0; i < docs.size(); ++i) {
    out += i > 0 ? R"(,{"id":)" : R"({"id":)";
    append_json_string(out, docs[i].id);
    out += R"(,"type":)";
    append_json_string(out, docs[i].type);
    out += R"(,"version":)";
    append_number(out, docs[i].version);
    out += '}';
  }
  out += R"(],"next":)";
  if (more && !docs.empty()) {
    append_json_string(out, docs.back().id);
  } else {
    out += "null";
  }
  out += '}';
}

void append_types_reply(std::string& out, std::span<const TypeView> types) {
  out += R"({"types":[)";
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (i > 0) out += ',';
    append_type(out, types[i]);
  }
  out += "]}";
}

}  // namespace crdtd::wire
