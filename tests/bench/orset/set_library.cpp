#include "set_library.hpp"

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "crdtd/loader/library.hpp"
#include "crdtd/loader/plugin_file.hpp"

namespace crdtd::bench {
namespace {

std::uint64_t bytes_held = 0;

void* counting_realloc(void* block, std::uint32_t size_old, std::uint32_t size_new) {
  if (size_new == 0) {
    bytes_held -= size_old;
    std::free(block);
    return nullptr;
  }
  void* fresh = std::realloc(block, size_new);
  if (fresh != nullptr) bytes_held += std::uint64_t{size_new} - size_old;
  return fresh;
}
void print_log(std::uint32_t, const crdtd_bytes* text) {
  std::fprintf(stderr, "%.*s\n", static_cast<int>(text->size), reinterpret_cast<const char*>(text->data));
}
const void* no_extension(const char*) { return nullptr; }

constexpr crdtd_host kHost = {sizeof(crdtd_host), CRDTD_ABI_MAJOR, CRDTD_ABI_MINOR, 0, counting_realloc, print_log, no_extension};

[[noreturn]] void give_up(const char* text) {
  std::fprintf(stderr, "bench_orset: %s\n", text);
  std::exit(1);
}

crdtd_error fresh_error() {
  crdtd_error err;  // its texts are set by a failure
  err.struct_size = sizeof err;
  return err;
}
void check(crdtd_status status, const crdtd_error& err) {
  if (status != CRDTD_OK) [[unlikely]]
    give_up(err.message);
}

crdtd_bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), static_cast<std::uint32_t>(text.size())};
}

constexpr std::uint64_t kLimits[] = {65536, 10'000'000};  // as in the manifest

crdtd_ctx context(std::uint64_t replica, std::uint64_t first_counter, std::uint32_t count) {
  crdtd_ctx ctx = {};
  ctx.struct_size = sizeof ctx;
  ctx.flags = CRDTD_FLAG_ADMIT;
  ctx.replica = replica;
  ctx.first_counter = first_counter;
  ctx.count = count;
  ctx.format = count == 0 ? 0 : 1;
  ctx.limits = kLimits;
  ctx.limit_count = 2;
  return ctx;
}

}  // namespace

const crdtd_crdt_type& load_set_type(const std::string& path) {
  static std::unique_ptr<loader::Library> library;  // one for the whole run
  auto file = loader::PluginFile::open(path.empty() ? CRDTD_BENCH_PLUGIN : path, {});
  if (!file) give_up(file.refusal().to_string().c_str());
  auto loaded = loader::load_library(std::move(file.value()), kHost);
  if (!loaded) give_up(loaded.refusal().to_string().c_str());
  library = std::move(loaded.value());
  return *static_cast<const crdtd_crdt_type*>(library->table(0));
}

std::uint64_t host_bytes_held() { return bytes_held; }

HostBuffer::~HostBuffer() {
  if (raw_.data != nullptr) counting_realloc(raw_.data, raw_.capacity, 0);
}

Set::Set(const crdtd_crdt_type& type) : type_(type) {
  crdtd_error err = fresh_error();
  check(type_.create(&state_, &err), err);
}

Set::Set(const crdtd_crdt_type& type, std::string_view encoded) : Set(type) {
  crdtd_error err = fresh_error();
  const crdtd_bytes bytes = bytes_of(encoded);
  check(type_.load(state_, &bytes, 1, &err), err);
}

Set::~Set() { type_.destroy(state_); }

std::uint32_t Set::mutate(std::string_view ops_json, std::uint64_t replica, std::uint64_t first_counter, HostBuffer& delta) {
  const crdtd_ctx ctx = context(replica, first_counter, 0);
  const crdtd_bytes ops = bytes_of(ops_json);
  crdtd_mutate_out out = {sizeof out, 0, delta.raw(), nullptr, nullptr};
  crdtd_error err = fresh_error();
  check(type_.mutate(state_, &ops, &ctx, &out, &err), err);
  return out.counters_used;
}

void Set::merge(std::string_view delta, std::uint64_t replica, std::uint64_t first_counter, std::uint32_t count) {
  crdtd_ctx ctx = context(replica, first_counter, count);
  if (count == 0) ctx.flags |= CRDTD_FLAG_HEAL;  // a whole state, as a client sends it after a loss
  ctx.format = 1;
  const crdtd_bytes bytes = bytes_of(delta);
  crdtd_merge_out out = {sizeof out, 0, nullptr};
  crdtd_error err = fresh_error();
  check(type_.merge(state_, &bytes, &ctx, &out, &err), err);
}

void Set::encode(HostBuffer& out) const {
  crdtd_error err = fresh_error();
  check(type_.encode(state_, out.raw(), &err), err);
}

std::uint64_t Set::element_count() const {
  crdtd_footprint print = {};
  print.struct_size = sizeof print;
  type_.footprint(state_, &print);
  return print.element_count;
}

void Set::value(HostBuffer& out) const {
  crdtd_error err = fresh_error();
  const crdtd_bytes whole = {nullptr, 0};
  check(type_.query(state_, &whole, 0, out.raw(), &err), err);
}

void Set::compact() {
  crdtd_error err = fresh_error();
  check(type_.compact(state_, &err), err);
}

}  // namespace crdtd::bench
