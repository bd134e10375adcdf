// One state of a CRDT type behind its C table, for tests: strings in, strings out, everything about a failure kept.
//
// The table's host is malloc. Threads: one test at a time.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crdtd/abi/crdt.h"
#include "crdtd/plugin/allocation.hpp"

namespace crdtd_test {

inline void* malloc_realloc(void* ptr, std::uint32_t, std::uint32_t size) {
  if (size != 0) return std::realloc(ptr, size);
  std::free(ptr);
  return nullptr;
}
inline void drop_log(std::uint32_t, const crdtd_bytes*) {}
inline const void* no_host_extension(const char*) { return nullptr; }
inline constexpr crdtd_host kMallocHost = {sizeof(crdtd_host), CRDTD_ABI_MAJOR, CRDTD_ABI_MINOR,  0,
                                           malloc_realloc,     drop_log,        no_host_extension};

// A row as others see it.
struct LogRow {
  std::uint64_t replica = 0;
  std::uint64_t first = 0;
  std::uint32_t count = 0;
  std::uint64_t hlc = 0;
  std::string node;
  std::string delta;
};

// What a call depends on; the fields of crdtd_ctx.
struct Call {
  std::uint32_t flags = CRDTD_FLAG_WANT_EFFECT;
  std::uint64_t replica = 1;
  std::uint64_t first = 1;
  std::uint32_t count = 0;
  std::uint32_t format = 1;
  std::uint64_t hlc = 0;
  std::uint64_t wall = 0;
  std::string node = "node";
  std::vector<std::uint64_t> limits;
  std::vector<LogRow> recent;
};

struct Result {
  crdtd_status status = CRDTD_OK;
  std::uint32_t counters = 0;  // of mutate
  bool changed = false;        // of merge
  std::string delta, effect, result, message, pointer;
  std::uint32_t op_index = 0;
  std::int64_t detail = 0;
};

class TypeInstance {
 public:
  explicit TypeInstance(const crdtd_crdt_type& type) : type_(&type) {
    crdtd::detail::host_table = &kMallocHost;
    crdtd_error err = fresh_error();
    if (type.create(&state_, &err) != CRDTD_OK) std::abort();
  }
  TypeInstance(TypeInstance&& other) noexcept : type_(other.type_), state_(std::exchange(other.state_, nullptr)) {}
  TypeInstance(const TypeInstance&) = delete;
  TypeInstance& operator=(TypeInstance&& other) noexcept {
    std::swap(type_, other.type_);
    std::swap(state_, other.state_);
    return *this;
  }
  ~TypeInstance() { type_->destroy(state_); }

  Result mutate(std::string_view ops, const Call& call = {}) {
    Raw raw(call);
    Buffer delta, effect, result;
    crdtd_mutate_out out{sizeof out, 0, &delta.raw, &effect.raw, &result.raw};
    crdtd_error err = fresh_error();
    const crdtd_bytes json = bytes(ops);
    raw.ctx.format = 0;
    raw.ctx.count = 0;
    const crdtd_status status = type_->mutate(state_, &json, &raw.ctx, &out, &err);
    return finish({status, out.counters_used, false, delta.text(), effect.text(), result.text(), {}, {}, 0, 0}, err);
  }

  Result merge(std::string_view delta, const Call& call = {}) {
    Raw raw(call);
    Buffer effect;
    crdtd_merge_out out{sizeof out, 0, &effect.raw};
    crdtd_error err = fresh_error();
    const crdtd_bytes view = bytes(delta);
    const crdtd_status status = type_->merge(state_, &view, &raw.ctx, &out, &err);
    return finish({status, 0, out.changed != 0, {}, effect.text(), {}, {}, {}, 0, 0}, err);
  }
  // As everyone else merges a row, or as the gate does.
  Result merge(const LogRow& row, std::uint32_t flags = CRDTD_FLAG_WANT_EFFECT) {
    Call call;
    call.flags = flags;
    call.replica = row.replica;
    call.first = row.first;
    call.count = row.count;
    call.hlc = row.hlc;
    call.wall = row.hlc;
    call.node = row.node;
    return merge(row.delta, call);
  }

  std::string encode() const {
    Buffer out;
    crdtd_error err = fresh_error();
    if (type_->encode(state_, &out.raw, &err) != CRDTD_OK) std::abort();
    return out.text();
  }
  Result load(std::string_view encoded, std::uint32_t format = 1) {
    crdtd_error err = fresh_error();
    const crdtd_bytes view = bytes(encoded);
    const crdtd_status status = type_->load(state_, &view, format, &err);
    Result result;
    result.status = status;
    return finish(std::move(result), err);
  }
  static TypeInstance loaded(const crdtd_crdt_type& type, std::string_view encoded) {
    TypeInstance instance(type);
    if (instance.load(encoded).status != CRDTD_OK) std::abort();
    return instance;
  }
  // The answer is in `result`.
  Result query(std::string_view query) const {
    Buffer out;
    crdtd_error err = fresh_error();
    const crdtd_bytes view = bytes(query);
    const crdtd_status status = type_->query(state_, &view, 0, &out.raw, &err);
    return finish({status, 0, false, {}, {}, out.text(), {}, {}, 0, 0}, err);
  }
  std::string value() const { return query({}).result; }
  std::string inspect(std::string_view delta) const {
    Buffer out;
    crdtd_error err = fresh_error();
    const crdtd_bytes view = bytes(delta);
    if (type_->inspect(&view, 1, &out.raw, &err) != CRDTD_OK) return "refused";
    return out.text();
  }
  void compact() {
    crdtd_error err = fresh_error();
    if (type_->compact(state_, &err) != CRDTD_OK) std::abort();
  }
  crdtd_footprint footprint() const {
    crdtd_footprint print = {};
    print.struct_size = sizeof print;
    type_->footprint(state_, &print);
    return print;
  }

 private:
  struct Buffer {
    crdtd_buffer raw = {sizeof(crdtd_buffer), 0, 0, nullptr};
    Buffer() = default;
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    ~Buffer() { std::free(raw.data); }
    std::string text() const { return {reinterpret_cast<const char*>(raw.data), raw.size}; }
  };
  // A crdtd_ctx and the rows that it points at; borrows the call.
  struct Raw {
    crdtd_ctx ctx = {};
    std::vector<crdtd_row> rows;

    explicit Raw(const Call& call) {
      for (const LogRow& row : call.recent) {
        rows.push_back({sizeof(crdtd_row),
                        row.count,
                        rows.size() + 1,
                        row.replica,
                        row.first,
                        row.hlc,
                        1,
                        0,
                        bytes(row.node),
                        {},
                        bytes(row.delta)});
      }
      ctx.struct_size = sizeof ctx;
      ctx.flags = call.flags;
      ctx.replica = call.replica;
      ctx.first_counter = call.first;
      ctx.hlc_unix_ns = call.hlc;
      ctx.wall_unix_ns = call.wall;
      ctx.count = call.count;
      ctx.format = call.format;
      ctx.node = bytes(call.node);
      ctx.limits = call.limits.data();
      ctx.limit_count = static_cast<std::uint32_t>(call.limits.size());
      ctx.recent = rows.data();
      ctx.recent_count = static_cast<std::uint32_t>(rows.size());
      ctx.recent_stride = sizeof(crdtd_row);
    }
  };

  static crdtd_bytes bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), static_cast<std::uint32_t>(text.size())};
  }
  static crdtd_error fresh_error() {
    crdtd_error err = {};
    err.struct_size = sizeof err;
    return err;
  }
  static Result finish(Result result, const crdtd_error& err) {
    if (result.status == CRDTD_OK) return result;
    result.message = err.message;
    result.pointer = err.pointer;
    result.op_index = err.op_index;
    result.detail = err.detail;
    return result;
  }

  const crdtd_crdt_type* type_;
  crdtd_crdt_state* state_ = nullptr;
};

}  // namespace crdtd_test
