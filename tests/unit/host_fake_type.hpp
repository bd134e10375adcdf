// A crdtd_crdt_type table whose answers the test writes.
#pragma once

#include <cstring>
#include <functional>
#include <string_view>

#include "crdtd/abi/crdt.h"
#include "host/process_host.hpp"

namespace host_test {

// What the fake plugin does at its next calls, and what it was called for. One at a time: tests do not run side by side.
struct FakeType {
  std::function<crdtd_status(const crdtd_bytes&, const crdtd_ctx&, crdtd_mutate_out&, crdtd_error&)> mutate;
  std::function<crdtd_status(const crdtd_bytes&, const crdtd_ctx&, crdtd_merge_out&, crdtd_error&)> merge;
  std::function<crdtd_status(crdtd_buffer&, crdtd_error&)> output;  // encode, query, inspect
  std::function<crdtd_status(crdtd_error&)> load;
  std::function<crdtd_status(crdtd_error&)> compact;
  std::function<crdtd_status(crdtd_crdt_state**, crdtd_error&)> create;
  std::uint32_t query_flags = 0;
  int created = 0;
  int destroyed = 0;
};
inline FakeType fake;

inline std::string_view view(const crdtd_bytes& bytes) { return {reinterpret_cast<const char*>(bytes.data), bytes.size}; }

// Appends as a plugin does: through the host's allocator.
inline void put(crdtd_buffer& buffer, std::string_view text) {
  const auto size = static_cast<std::uint32_t>(text.size());
  if (buffer.capacity - buffer.size < size) {
    buffer.data =
        static_cast<std::uint8_t*>(crdtd::host::process_host().realloc(buffer.data, buffer.capacity, buffer.size + size));
    buffer.capacity = buffer.size + size;
  }
  if (size > 0) std::memcpy(buffer.data + buffer.size, text.data(), size);
  buffer.size += size;
}

inline crdtd_status refuse(crdtd_error& err, crdtd_status status, const char* message, const char* pointer = "",
                           std::uint32_t op_index = CRDTD_NO_INDEX, std::int64_t detail = 0) {
  std::strcpy(err.message, message);
  std::strcpy(err.pointer, pointer);
  err.op_index = op_index;
  err.detail = detail;
  return status;
}

inline crdtd_crdt_type make_fake_table() {
  static int memory;
  crdtd_crdt_type table{};
  table.struct_size = sizeof table;
  table.semantics = 1;
  table.format_written = 2;
  table.name = "fake";
  table.create = [](crdtd_crdt_state** out, crdtd_error* err) -> crdtd_status {
    ++fake.created;
    if (fake.create) return fake.create(out, *err);
    *out = reinterpret_cast<crdtd_crdt_state*>(&memory);
    return CRDTD_OK;
  };
  table.destroy = [](crdtd_crdt_state*) { ++fake.destroyed; };
  table.mutate = [](crdtd_crdt_state*, const crdtd_bytes* ops, const crdtd_ctx* ctx, crdtd_mutate_out* out, crdtd_error* err) {
    return fake.mutate(*ops, *ctx, *out, *err);
  };
  table.merge = [](crdtd_crdt_state*, const crdtd_bytes* delta, const crdtd_ctx* ctx, crdtd_merge_out* out, crdtd_error* err) {
    return fake.merge(*delta, *ctx, *out, *err);
  };
  table.encode = [](const crdtd_crdt_state*, crdtd_buffer* out, crdtd_error* err) { return fake.output(*out, *err); };
  table.load = [](crdtd_crdt_state*, const crdtd_bytes*, std::uint32_t, crdtd_error* err) { return fake.load(*err); };
  table.query = [](const crdtd_crdt_state*, const crdtd_bytes*, std::uint32_t flags, crdtd_buffer* out, crdtd_error* err) {
    fake.query_flags = flags;
    return fake.output(*out, *err);
  };
  table.compact = [](crdtd_crdt_state*, crdtd_error* err) { return fake.compact(*err); };
  table.footprint = [](const crdtd_crdt_state*, crdtd_footprint* out) {
    out->memory_bytes = 10;
    out->encoded_bytes = 20;
    out->element_count = 30;
  };
  table.inspect = [](const crdtd_bytes*, std::uint32_t, crdtd_buffer* out, crdtd_error* err) { return fake.output(*out, *err); };
  return table;
}

}  // namespace host_test
