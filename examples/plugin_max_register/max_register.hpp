// A register whose greatest number wins: a high score, the furthest page read, the newest version seen.
//
// Join = max (Shapiro, Preguiça, Baquero, Zawirski, "Conflict-free Replicated Data Types", 2011): it commutes, and repeats
// change nothing, so deltas need no order and nothing beside the number has to be remembered.
// State and delta are the same bytes: the canonical text of the number, empty while nobody has set one.
#pragma once

#include <string>
#include <string_view>

#include "crdtd/plugin/crdt_type.hpp"
#include "crdtd/plugin/json.hpp"
#include "crdtd/plugin/op_reader.hpp"
#include "number_order.hpp"

namespace max_register {

using namespace crdtd;

class MaxRegister {
 public:
  // Ops: {"raise": n}; {"assign": n}, which is what PUT sends, means the same.
  Outcome mutate(Bytes ops_json, const Context& ctx, MutateOut& out) {
    std::string wanted = greatest_;
    OpReader ops(ops_json.text());
    while (ops.next()) {
      const auto raise = ops.field("raise"), assign = ops.field("assign");
      if (!raise && !assign) {
        ops.refuse("", "an op is {\"raise\": number} or {\"assign\": number}");
      } else if (ops.only({raise ? "raise" : "assign"})) {
        const std::string_view number = raise ? *raise : *assign;
        if (!is_number(number)) ops.refuse(raise ? "/raise" : "/assign", "a number is wanted here");
        if (!ops.failed() && is_greater(number, wanted)) wanted = number;
      }
    }
    if (ops.failed()) return invalid({ops.fault().message}, ops.fault().pointer).in_op(ops.fault().op_index);
    if (wanted == greatest_) return {};  // nothing to tell anybody: no delta, no row
    greatest_ = wanted;
    out.counters_used = 1;
    out.delta.append(greatest_);
    if (ctx.want_effect()) write_effect(out.effect);
    return {};
  }

  Outcome merge(Bytes delta, const Context& ctx, MergeOut& out) {
    if (!is_encoded(delta.text())) return malformed("a delta is a number in its canonical form, or nothing");
    out.changed = !delta.empty() && is_greater(delta.text(), greatest_);
    if (out.changed) greatest_ = delta.text();
    if (out.changed && ctx.want_effect()) write_effect(out.effect);
    return {};
  }

  void encode(Output& out) const { out.append(greatest_); }

  Outcome load(Bytes encoded, std::uint32_t) {
    if (!is_encoded(encoded.text())) return malformed("a state is a number in its canonical form, or nothing");
    greatest_ = encoded.text();
    return {};
  }

  Outcome query(Bytes query_json, std::uint32_t, Output& out) const {
    if (!query_json.empty()) return unsupported("this type has no queries");
    out.append(greatest_.empty() ? std::string_view("null") : greatest_);
    return {};
  }

  void compact() { greatest_.shrink_to_fit(); }
  Footprint footprint() const { return {greatest_.capacity(), greatest_.size(), greatest_.empty() ? 0u : 1u}; }

  static Outcome inspect(Bytes delta, std::uint32_t, Output& out) {
    if (!is_encoded(delta.text())) return malformed("a delta is a number in its canonical form, or nothing");
    if (delta.empty()) return out.append(std::string_view("{}")), Outcome();
    out.append(std::string_view("{\"raise\":"));
    out.append(delta);
    out.append(std::string_view("}"));
    return {};
  }

 private:
  // Of canonical JSON: no other value begins so.
  static bool is_number(std::string_view json) { return json.front() == '-' || (json.front() >= '0' && json.front() <= '9'); }
  static bool is_greater(std::string_view number, std::string_view than) {
    return than.empty() || compare_numbers(number, than) > 0;
  }
  // Nobody vouches for these bytes: only what encode() would write is taken, so that equal states have equal bytes.
  static bool is_encoded(std::string_view bytes) {
    if (bytes.empty()) return true;
    ByteBuffer canonical;
    JsonCursor cursor(bytes);
    return cursor.value(canonical) && cursor.expect_end() && canonical.view() == bytes && is_number(bytes);
  }
  void write_effect(Output& out) const {
    out.append(std::string_view("[{\"raise\":"));
    out.append(greatest_);
    out.append(std::string_view("}]"));
  }

  std::string greatest_;
};

}  // namespace max_register
