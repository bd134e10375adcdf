// What the author of a CRDT type sees. A type is a plain struct, its object is the state of one document:
//
//   struct MaxRegister {
//     static constexpr std::string_view kLimits[] = {"digits"};  // as in manifest.json, if it lists any
//     enum Limit : std::uint32_t { kDigits };
//
//     Outcome mutate(Bytes ops_json, const Context& ctx, MutateOut& out);  // the author's side: JSON ops in, a delta out
//     Outcome merge(Bytes delta, const Context& ctx, MergeOut& out);       // everyone else's side
//     void encode(Output& out) const;                                      // the canonical bytes, a delta too; or with an
//     Outcome Outcome load(Bytes encoded, std::uint32_t format);                   // into a fresh object Outcome query(Bytes
//     query_json, std::uint32_t flags, Output& out) const;  // JSON; an empty query asks for the whole value void compact(); //
//     give memory back where that is cheap Footprint footprint() const; static Outcome inspect(Bytes delta, std::uint32_t format,
//     Output& out);   // a delta as JSON, for people
//   };
//
// CRDTD_EXPORT_TYPES(MaxRegister) from crdtd/plugin/export.hpp makes a plugin of it. The laws that the functions must keep stand
// in crdtd/abi/crdt.h. An Outcome other than success must leave the state as it was; what was appended to outputs is taken back
// by the export layer. Exceptions may be thrown: std::bad_alloc becomes CRDTD_NO_MEMORY, others CRDTD_INTERNAL.
// Threads: one state is used by one thread at a time; inspect() by any.
#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "crdtd/abi/crdt.h"
#include "crdtd/plugin/bytes.hpp"
#include "crdtd/plugin/outcome.hpp"
#include "crdtd/plugin/output.hpp"

namespace crdtd {

// A row that the author of an op had not seen. Borrowed for the call.
struct Row {
  std::uint64_t version;
  std::uint64_t replica;
  std::uint64_t first_counter;
  std::uint64_t hlc_unix_ns;
  std::uint32_t count;
  std::uint32_t format;
  Bytes node;
  Bytes delta;
};

// The rows of `recent`, in version order. Rows of a host with larger or smaller structs are read right.
class RecentRows {
 public:
  class Iterator {
   public:
    Iterator(const std::uint8_t* at, std::uint32_t stride) noexcept : at_(at), stride_(stride) {}
    Row operator*() const noexcept {
      crdtd_row raw;
      std::memcpy(&raw.struct_size, at_, sizeof raw.struct_size);
      const std::uint32_t size = raw.struct_size < stride_ ? raw.struct_size : stride_;
      if (size < sizeof raw) std::memset(&raw, 0, sizeof raw);
      std::memcpy(&raw, at_, size < sizeof raw ? size : sizeof raw);
      return {raw.version, raw.replica, raw.first_counter, raw.hlc_unix_ns,
              raw.count,   raw.format,  Bytes(raw.node),   Bytes(raw.delta)};
    }
    Iterator& operator++() noexcept {
      at_ += stride_;
      return *this;
    }
    bool operator==(const Iterator& other) const noexcept { return at_ == other.at_; }

   private:
    const std::uint8_t* at_;
    std::uint32_t stride_;
  };

  RecentRows(const crdtd_row* first, std::uint32_t count, std::uint32_t stride) noexcept
      : first_(reinterpret_cast<const std::uint8_t*>(first)), count_(count), stride_(stride) {}
  Iterator begin() const noexcept { return {first_, stride_}; }
  Iterator end() const noexcept { return {first_ == nullptr ? nullptr : first_ + std::size_t{count_} * stride_, stride_}; }
  std::uint32_t size() const noexcept { return count_; }
  bool empty() const noexcept { return count_ == 0; }

 private:
  const std::uint8_t* first_;
  std::uint32_t count_;
  std::uint32_t stride_;
};

// All that a call may depend on besides the state and its arguments.
class Context {
 public:
  explicit Context(const crdtd_ctx& raw) noexcept : raw_(&raw) {}  // a whole struct that outlives the context

  bool admit() const noexcept { return has(CRDTD_FLAG_ADMIT); }  // enforce limits, drift and envelope
  bool heal() const noexcept { return has(CRDTD_FLAG_HEAL); }    // with admit(): leave the envelope out
  bool utf16() const noexcept { return has(CRDTD_FLAG_UTF16); }
  bool want_effect() const noexcept { return has(CRDTD_FLAG_WANT_EFFECT); }
  std::uint32_t flags() const noexcept { return raw_->flags; }

  // The author's envelope. mutate: count() is 0, the first free counter is first_counter().
  std::uint64_t replica() const noexcept { return raw_->replica; }
  std::uint64_t first_counter() const noexcept { return raw_->first_counter; }
  std::uint32_t count() const noexcept { return raw_->count; }
  std::uint32_t format() const noexcept { return raw_->format; }  // merge: of the delta
  std::uint64_t hlc_unix_ns() const noexcept { return raw_->hlc_unix_ns; }
  std::string_view node() const noexcept { return Bytes(raw_->node).text(); }

  std::uint64_t wall_unix_ns() const noexcept { return raw_->wall_unix_ns; }  // this host's clock; only with admit(), else 0

  // Limit `index` of the manifest's list; what the host does not name is unlimited.
  std::uint64_t limit(std::uint32_t index) const noexcept {
    return index < raw_->limit_count && raw_->limits != nullptr ? raw_->limits[index] : UINT64_MAX;
  }

  // mutate: what others did after the version that the author saw; empty when it saw the head.
  RecentRows recent() const noexcept { return {raw_->recent, raw_->recent_count, raw_->recent_stride}; }

 private:
  bool has(std::uint32_t flag) const noexcept { return (raw_->flags & flag) != 0; }

  const crdtd_ctx* raw_;
};

// What mutate() makes. `effect` and `result` may be unwanted; writing to them is then without effect.
struct MutateOut {
  Output& delta;
  Output& effect;                   // JSON array of ops: what changed in the value
  Output& result;                   // JSON: what the author should know
  std::uint32_t counters_used = 0;  // 0: nothing changed, and `delta` got nothing
};

struct MergeOut {
  Output& effect;
  bool changed = false;  // encode() would now differ
};

struct Footprint {
  std::uint64_t memory_bytes = 0;   // held through the allocator; an estimate will do
  std::uint64_t encoded_bytes = 0;  // about what encode() would write
  std::uint64_t element_count = 0;  // of the value
};

namespace detail {
template <class T>
concept OutcomeOrVoid = std::same_as<T, Outcome> || std::same_as<T, void>;
}  // namespace detail

// One concept a function, so that a compiler names the one that is missing.
template <class T>
concept HasDefaultConstructor = std::is_class_v<T> && std::default_initializable<T>;
template <class T>
concept HasMutate = requires(T& state, Bytes ops, const Context& ctx, MutateOut& out) {
  { state.mutate(ops, ctx, out) } -> std::same_as<Outcome>;
};
template <class T>
concept HasMerge = requires(T& state, Bytes delta, const Context& ctx, MergeOut& out) {
  { state.merge(delta, ctx, out) } -> std::same_as<Outcome>;
};
template <class T>
concept HasEncode = requires(const T& state, Output& out) {
  { state.encode(out) } -> detail::OutcomeOrVoid;
};
template <class T>
concept HasLoad = requires(T& state, Bytes encoded, std::uint32_t format) {
  { state.load(encoded, format) } -> std::same_as<Outcome>;
};
template <class T>
concept HasQuery = requires(const T& state, Bytes query, std::uint32_t flags, Output& out) {
  { state.query(query, flags, out) } -> std::same_as<Outcome>;
};
template <class T>
concept HasCompact = requires(T& state) {
  { state.compact() } -> std::same_as<void>;
};
template <class T>
concept HasFootprint = requires(const T& state) {
  { state.footprint() } -> std::same_as<Footprint>;
};
template <class T>
concept HasInspect = requires(Bytes delta, std::uint32_t format, Output& out) {
  { T::inspect(delta, format, out) } -> std::same_as<Outcome>;
};

template <class T>
concept CrdtType = HasDefaultConstructor<T> && HasMutate<T> && HasMerge<T> && HasEncode<T> && HasLoad<T> && HasQuery<T> &&
                   HasCompact<T> && HasFootprint<T> && HasInspect<T>;

}  // namespace crdtd
