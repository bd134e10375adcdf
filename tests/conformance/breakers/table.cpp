// The plugin of the tally. What the C++ layer would not let a type do is done here, around its table.
#include <string>

#include "crdtd/plugin/entry.hpp"
#include "crdtd/plugin/type_table.hpp"
#include "tally.hpp"

namespace crdtd_test {
namespace {

constexpr crdtd_crdt_type kSound = crdtd::detail::type_table<Tally>("tally", 1, 1);

const crdtd_host& host() { return *crdtd::detail::host_table; }

crdtd_status refuse(crdtd_error* err) {
  return crdtd::guarded(err, [] { return crdtd::invalid("this breaker refuses it"); });
}

void append(crdtd_buffer* out, const std::string& text) {
  crdtd::Output output(out);
  output.append(text);
}

void spoil_outputs(const crdtd_ctx& ctx, std::uint32_t delta_before, crdtd_mutate_out& out) {
  if (breaks("counters-tell-change")) out.counters_used = 0;
  if (breaks("buffers-kept+mutate") && delta_before != 0) out.delta->data[0] ^= 1;
  const bool quiet = (ctx.flags & CRDTD_FLAG_WANT_EFFECT) == 0;
  if (breaks("outputs-optional+delta") && quiet && out.delta->size != 0) out.delta->data[out.delta->size - 1] ^= 1;
  if (breaks("deterministic+unwritten") && out.result != nullptr) {
    auto* block = static_cast<std::uint8_t*>(host().realloc(nullptr, 0, 16));
    append(out.result, std::to_string(*block));
    host().realloc(block, 16, 0);
  }
}

crdtd_status mutate(crdtd_crdt_state* self, const crdtd_bytes* ops_json, const crdtd_ctx* ctx, crdtd_mutate_out* out,
                    crdtd_error* err) {
  const std::string_view text(reinterpret_cast<const char*>(ops_json->data), ops_json->size);
  if (breaks("counters-tell-change+empty-batch") && text == "[]") return refuse(err);
  if (breaks("error-leaves-state+no-json") && !text.starts_with("[")) return CRDTD_OK;
  crdtd_ctx changed = *ctx;
  if (breaks("outputs-optional")) changed.flags |= CRDTD_FLAG_WANT_EFFECT;
  const std::uint32_t delta_before = out->delta->size;
  const crdtd_status status = kSound.mutate(self, ops_json, &changed, out, err);
  if (status == CRDTD_OK) {
    spoil_outputs(*ctx, delta_before, *out);
    if (breaks("contract-kept+err-on-ok")) err->detail = 1;
  } else {
    if (breaks("refusals-explained+no-message")) err->message[0] = 0;
    if (breaks("refusals-explained+beyond") && err->op_index != CRDTD_NO_INDEX) err->op_index += 100;
  }
  return status;
}

crdtd_status merge(crdtd_crdt_state* self, const crdtd_bytes* delta, const crdtd_ctx* ctx, crdtd_merge_out* out,
                   crdtd_error* err) {
  const bool heal = (ctx->flags & CRDTD_FLAG_HEAL) != 0, gate = (ctx->flags & CRDTD_FLAG_ADMIT) != 0;
  if (breaks("encoded-state-joins+heal") && heal) return CRDTD_OK;
  const crdtd_status status = kSound.merge(self, delta, ctx, out, err);
  if (breaks("changed-flag+never")) out->changed = 0;
  if (breaks("missing-cause-refused+counter") && status == CRDTD_GAP) err->detail += 1;
  if (breaks("missing-cause-refused+gate") && status == CRDTD_GAP && !gate) return CRDTD_MALFORMED;
  if (breaks("contract-kept") && status == CRDTD_MALFORMED) return CRDTD_INVALID;
  return status;
}

crdtd_status encode(const crdtd_crdt_state* self, crdtd_buffer* out, crdtd_error* err) {
  if (breaks("buffers-kept")) out->size = 0;
  const crdtd_status status = kSound.encode(self, out, err);
  if (breaks("contract-kept+over-capacity")) out->size = out->capacity + 1;
  return status;
}

void destroy(crdtd_crdt_state* self) {
  if (breaks("leak-exact+destroy")) static_cast<void>(host().realloc(nullptr, 0, 24));
  kSound.destroy(self);
}

void footprint(const crdtd_crdt_state* self, crdtd_footprint* out) {
  kSound.footprint(self, out);
  if (breaks("footprint-sane")) out->memory_bytes = UINT64_C(1) << 40U;
  if (breaks("footprint-sane+encoded")) out->encoded_bytes = 0;
  if (breaks("footprint-sane+elements")) out->element_count += 1000;
}

crdtd_status inspect(const crdtd_bytes* delta, std::uint32_t format, crdtd_buffer* out, crdtd_error* err) {
  if (breaks("inspect-gives-json+refuses")) {
    refuse(err);
    return CRDTD_UNSUPPORTED;
  }
  crdtd_error unheard = *err;
  if (breaks("malformed-refused+inspect")) return kSound.inspect(delta, format, out, &unheard), CRDTD_OK;
  return kSound.inspect(delta, format, out, err);
}

constexpr crdtd_crdt_type wrapped() {
  crdtd_crdt_type table = kSound;
  table.destroy = destroy;
  table.mutate = mutate;
  table.merge = merge;
  table.encode = encode;
  table.footprint = footprint;
  table.inspect = inspect;
  return table;
}

constinit const crdtd_crdt_type kWrapped = wrapped();

struct TallyTable {
  static constexpr const char* kKind = CRDTD_KIND_CRDT_TYPE;
  static constexpr std::uint32_t kCount = 1;
  template <const crdtd::Manifest& kManifest>
  static const void* table(std::uint32_t) noexcept {
    return &kWrapped;
  }
};

}  // namespace
}  // namespace crdtd_test

CRDTD_EXPORT_PLUGIN(crdtd_test::TallyTable);
