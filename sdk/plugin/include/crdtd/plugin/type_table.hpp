// The crdtd_crdt_type table of a C++ type: thin functions between the C structs and the author's.
//
// They check what the host passes (null, structs too short), run the type under the guard, take back what a failed call wrote,
// and tell an author who breaks the contract which function did. Nothing here allocates but create().
// Made by the export macro; tests may call type_table<T>() themselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <type_traits>

#include "crdtd/abi/crdt.h"
#include "crdtd/plugin/crdt_type.hpp"
#include "crdtd/plugin/entry.hpp"

namespace crdtd::detail {

inline bool usable(const crdtd_bytes* bytes) noexcept { return bytes != nullptr && (bytes->data != nullptr || bytes->size == 0); }

inline bool usable(const crdtd_buffer* buffer) noexcept {
  return buffer != nullptr && CRDTD_COVERS(buffer, data) && buffer->size <= buffer->capacity &&
         (buffer->data != nullptr || buffer->capacity == 0);
}

[[gnu::noinline, gnu::cold]] inline Outcome host_breach(const char* function, const char* argument) noexcept {
  return internal({"the host called ", function, "() with an unusable `", argument, "` (null, too short, or inconsistent)"});
}

[[gnu::noinline, gnu::cold]] inline Outcome type_breach(const char* function, const char* what) noexcept {
  return internal({function, "() of this CRDT type ", what});
}

// A whole crdtd_ctx, also of a host whose struct is shorter: what it does not cover is zero.
class WholeContext {
 public:
  explicit WholeContext(const crdtd_ctx* ctx) noexcept {
    if (ctx == nullptr || ctx->struct_size < offsetof(crdtd_ctx, replica)) return;
    if (ctx->struct_size < sizeof(crdtd_ctx)) [[unlikely]] {
      std::memset(&padded_, 0, sizeof padded_);
      std::memcpy(&padded_, ctx, ctx->struct_size);
      ctx = &padded_;
    }
    const bool recent_fits =
        ctx->recent_count == 0 || (ctx->recent != nullptr && ctx->recent_stride >= offsetof(crdtd_row, version));
    if (recent_fits) whole_ = ctx;
  }
  WholeContext(const WholeContext&) = delete;
  WholeContext& operator=(const WholeContext&) = delete;

  const crdtd_ctx* get() const noexcept { return whole_; }  // null: unusable

 private:
  const crdtd_ctx* whole_ = nullptr;
  crdtd_ctx padded_;
};

// An output of one call; unless keep() is called, what was written is taken back.
class CallOutput : public Output {
 public:
  using Output::Output;
  ~CallOutput() {
    if (!kept_) truncate(0);
  }
  void keep() noexcept { kept_ = true; }

 private:
  bool kept_ = false;
};

// Of a call that wrote to one output: its outcome, or no_memory() when the output failed.
inline Outcome settle(Outcome&& outcome, CallOutput& out) noexcept {
  if (!outcome.ok()) return static_cast<Outcome&&>(outcome);
  if (out.failed()) return no_memory();
  out.keep();
  return {};
}

template <class T>
struct TypeFunctions {
  static T& self_of(crdtd_crdt_state* state) noexcept { return *reinterpret_cast<T*>(state); }
  static const T& self_of(const crdtd_crdt_state* state) noexcept { return *reinterpret_cast<const T*>(state); }

  static crdtd_status create(crdtd_crdt_state** out, crdtd_error* err) noexcept {
    return guarded(err, [&]() -> Outcome {
      if (out == nullptr) return host_breach("create", "out");
      T* state = new (std::nothrow) T();
      if (state == nullptr) return no_memory();
      *out = reinterpret_cast<crdtd_crdt_state*>(state);
      return {};
    });
  }

  static void destroy(crdtd_crdt_state* state) noexcept {
    guarded_quietly("destroy", [&] { delete reinterpret_cast<T*>(state); });
  }

  static crdtd_status mutate(crdtd_crdt_state* state, const crdtd_bytes* ops_json, const crdtd_ctx* ctx, crdtd_mutate_out* out,
                             crdtd_error* err) noexcept {
    return guarded(err, [&]() -> Outcome {
      if (state == nullptr || !usable(ops_json)) return host_breach("mutate", state == nullptr ? "self" : "ops_json");
      const WholeContext whole(ctx);
      if (whole.get() == nullptr) return host_breach("mutate", "ctx");
      if (out == nullptr || !CRDTD_COVERS(out, delta) || !usable(out->delta)) return host_breach("mutate", "out");
      crdtd_buffer* effect_buffer = CRDTD_COVERS(out, effect) ? out->effect : nullptr;
      crdtd_buffer* result_buffer = CRDTD_COVERS(out, result) ? out->result : nullptr;
      if ((effect_buffer != nullptr && !usable(effect_buffer)) || (result_buffer != nullptr && !usable(result_buffer))) {
        return host_breach("mutate", "out");
      }
      const Context context(*whole.get());
      CallOutput delta(out->delta);
      CallOutput effect(context.want_effect() ? effect_buffer : nullptr);
      CallOutput result(result_buffer);
      MutateOut made{delta, effect, result};
      out->counters_used = 0;

      if (Outcome outcome = self_of(state).mutate(Bytes(*ops_json), context, made); !outcome) return outcome;
      if (delta.failed() || effect.failed() || result.failed()) return no_memory();
      if ((made.counters_used == 0) != (delta.size() == 0)) {
        return type_breach("mutate", "wrote a delta without using a counter, or used counters without a delta");
      }
      delta.keep();
      effect.keep();
      result.keep();
      out->counters_used = made.counters_used;
      return {};
    });
  }

  static crdtd_status merge(crdtd_crdt_state* state, const crdtd_bytes* delta, const crdtd_ctx* ctx, crdtd_merge_out* out,
                            crdtd_error* err) noexcept {
    return guarded(err, [&]() -> Outcome {
      if (state == nullptr || !usable(delta)) return host_breach("merge", state == nullptr ? "self" : "delta");
      const WholeContext whole(ctx);
      if (whole.get() == nullptr) return host_breach("merge", "ctx");
      if (out == nullptr || !CRDTD_COVERS(out, changed)) return host_breach("merge", "out");
      crdtd_buffer* effect_buffer = CRDTD_COVERS(out, effect) ? out->effect : nullptr;
      if (effect_buffer != nullptr && !usable(effect_buffer)) return host_breach("merge", "out");
      const Context context(*whole.get());
      CallOutput effect(context.want_effect() ? effect_buffer : nullptr);
      MergeOut made{effect};
      out->changed = 0;

      if (Outcome outcome = self_of(state).merge(Bytes(*delta), context, made); !outcome) return outcome;
      if (effect.failed()) return no_memory();
      effect.keep();
      out->changed = made.changed ? 1 : 0;
      return {};
    });
  }

  static crdtd_status encode(const crdtd_crdt_state* state, crdtd_buffer* out, crdtd_error* err) noexcept {
    return guarded(err, [&]() -> Outcome {
      if (state == nullptr || !usable(out)) return host_breach("encode", state == nullptr ? "self" : "out");
      CallOutput encoded(out);
      if constexpr (std::is_void_v<decltype(self_of(state).encode(encoded))>) {
        self_of(state).encode(encoded);
        return settle({}, encoded);
      } else {
        return settle(self_of(state).encode(encoded), encoded);
      }
    });
  }

  static crdtd_status load(crdtd_crdt_state* state, const crdtd_bytes* encoded, std::uint32_t format, crdtd_error* err) noexcept {
    return guarded(err, [&]() -> Outcome {
      if (state == nullptr || !usable(encoded)) return host_breach("load", state == nullptr ? "self" : "encoded");
      return self_of(state).load(Bytes(*encoded), format);
    });
  }

  static crdtd_status query(const crdtd_crdt_state* state, const crdtd_bytes* query_json, std::uint32_t flags, crdtd_buffer* out,
                            crdtd_error* err) noexcept {
    return guarded(err, [&]() -> Outcome {
      if (state == nullptr || !usable(query_json)) return host_breach("query", state == nullptr ? "self" : "query_json");
      if (!usable(out)) return host_breach("query", "out");
      CallOutput json(out);
      return settle(self_of(state).query(Bytes(*query_json), flags, json), json);
    });
  }

  static crdtd_status compact(crdtd_crdt_state* state, crdtd_error* err) noexcept {
    return guarded(err, [&]() -> Outcome {
      if (state == nullptr) return host_breach("compact", "self");
      self_of(state).compact();
      return {};
    });
  }

  static void footprint(const crdtd_crdt_state* state, crdtd_footprint* out) noexcept {
    if (state == nullptr || out == nullptr) return;
    guarded_quietly("footprint", [&] {
      const Footprint found = self_of(state).footprint();
      if (CRDTD_COVERS(out, memory_bytes)) out->memory_bytes = found.memory_bytes;
      if (CRDTD_COVERS(out, encoded_bytes)) out->encoded_bytes = found.encoded_bytes;
      if (CRDTD_COVERS(out, element_count)) out->element_count = found.element_count;
    });
  }

  static crdtd_status inspect(const crdtd_bytes* delta, std::uint32_t format, crdtd_buffer* out, crdtd_error* err) noexcept {
    return guarded(err, [&]() -> Outcome {
      if (!usable(delta) || !usable(out)) return host_breach("inspect", usable(delta) ? "out" : "delta");
      CallOutput json(out);
      return settle(T::inspect(Bytes(*delta), format, json), json);
    });
  }
};

// The table of type T under `name`.
template <CrdtType T>
constexpr crdtd_crdt_type type_table(const char* name, std::uint32_t semantics, std::uint32_t format_written) {
  using Functions = TypeFunctions<T>;
  return {sizeof(crdtd_crdt_type),
          semantics,
          format_written,
          0,
          name,
          Functions::create,
          Functions::destroy,
          Functions::mutate,
          Functions::merge,
          Functions::encode,
          Functions::load,
          Functions::query,
          Functions::compact,
          Functions::footprint,
          Functions::inspect};
}

}  // namespace crdtd::detail
