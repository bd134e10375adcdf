// Last-writer-wins register of any JSON value. README.md tells its semantics with a worked conflict, register.hpp the bytes.
//
// A batch is worked out on the side and becomes the state when all of it is good. Its ops use one counter each as soon as one of
// them wins; the delta carries the winner alone, as the others can no longer matter to anybody: whoever has it would refuse them.
// A batch in which every write lost to the state changes nothing, uses no counter, and says so in `result`.
// Threads: one state is used by one thread at a time.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "crdtd/plugin/crdt_type.hpp"
#include "crdtd/plugin/op_reader.hpp"
#include "crdtd/plugin/output_sink.hpp"
#include "register.hpp"

namespace crdtd::lww {

class Lww {
 public:
  static constexpr std::string_view kLimits[] = {"value"};

  Outcome mutate(Bytes ops_json, const Context& ctx, MutateOut& out) {
    Batch batch{state_, !unseen(ctx), stamp_of(state_), 0, {}};
    OpReader ops(ops_json.text());
    while (ops.next()) {
      if (Outcome applied = apply(ops, ctx, batch); !applied.ok()) return std::move(applied).in_op(ops.index());
    }
    if (ops.failed()) return invalid({ops.fault().message}, ops.fault().pointer).in_op(ops.fault().op_index);
    write_result(batch, out.result);
    if (ctx.want_effect()) write_effect(value_of(state_), value_of(batch.state), out.effect);
    if (batch.state == state_) return {};
    state_ = std::move(batch.state);
    out.counters_used = batch.writes;
    return encode(out.delta);
  }

  Outcome merge(Bytes delta, const Context& ctx, MergeOut& out) {
    Register other;
    if (Outcome read = read_delta(delta, ctx.format(), other); !read.ok()) return read;
    if (ctx.admit() && other && other != state_) {
      if (Outcome admitted = admit(*other, ctx); !admitted.ok()) return admitted;
    }
    const bool wins = other && (!state_ || *other > *state_);
    if (ctx.want_effect()) write_effect(value_of(state_), value_of(wins ? other : state_), out.effect);
    if (wins) state_ = std::move(other);
    out.changed = wins;
    return {};
  }

  Outcome encode(Output& out) const {
    OutputSink sink(out);
    lww::encode(state_, sink);
    sink.flush();
    return {};
  }

  Outcome load(Bytes encoded, std::uint32_t format) { return read_delta(encoded, format, state_); }

  Outcome query(Bytes query_json, std::uint32_t, Output& out) const {
    if (!query_json.empty()) return invalid("this type knows no query but the whole value (leave the query out)");
    out.append(value_of(state_));
    return {};
  }

  void compact() {
    if (!state_) return;
    state_->value.shrink_to_fit();
    state_->node.shrink_to_fit();
  }

  Footprint footprint() const {
    Footprint print{sizeof *this, 1, state_ ? 1u : 0u};
    if (!state_) return print;
    print.memory_bytes += state_->value.capacity() + state_->node.capacity();
    print.encoded_bytes += 16 + varint_size(state_->dot.counter) + varint_size(state_->node.size()) + state_->node.size() +
                           varint_size(state_->value.size()) + state_->value.size();
    return print;
  }

  static Outcome inspect(Bytes delta, std::uint32_t format, Output& out) {
    Register write;
    if (Outcome read = read_delta(delta, format, write); !read.ok()) return read;
    OutputSink sink(out);
    crdtd::append(sink, "{");
    if (write) {
      append_origin(sink, *write);
      crdtd::append(sink, R"(,"value":)");
      crdtd::append(sink, write->value);
    }
    crdtd::append(sink, "}");
    sink.flush();
    return {};
  }

 private:
  // What mutate() works on before it becomes the state.
  struct Batch {
    Register state;
    bool winner_seen;      // whether the author saw the winning write
    UnixNs stamp_before;   // the winning one's before the batch
    std::uint32_t writes;  // so far
    ByteBuffer lost;       // the indexes of ops that lost, as "0,2"
  };

  static Outcome read_delta(Bytes delta, std::uint32_t format, Register& into) {
    if (format != kFormat) return {CRDTD_UNSUPPORTED, {"format ", format, " is not known here; format ", kFormat, " is"}};
    if (decode(delta.text(), into)) return {};
    return malformed({"these bytes are no register of this type (format ", kFormat, ")"});
  }

  bool unseen(const Context& ctx) const noexcept {
    if (!state_) return false;
    for (const Row row : ctx.recent()) {
      if (DotRange{row.replica, row.first_counter, row.count}.contains(state_->dot)) return true;
    }
    return false;
  }

  static Outcome apply(OpReader& ops, const Context& ctx, Batch& batch) {
    auto value = ops.field("assign");
    UnixNs stamp = 0;
    if (value) {
      if (!ops.only({"assign"})) return invalid({ops.fault().message}, ops.fault().pointer);
    } else {
      value = ops.field("set");
      if (!value) return invalid(R"(an op is {"set":value}, with "ts_unix_ns" if wanted, or {"assign":value})");
      if (!ops.only({"set", "ts_unix_ns"})) return invalid({ops.fault().message}, ops.fault().pointer);
      if (Outcome read = read_stamp(ops, stamp); !read.ok()) return read;
    }
    const std::string_view pointer = ops.field("assign") ? "/assign" : "/set";
    if (Outcome fits = check_size(*value, ctx, pointer); !fits.ok()) return fits;
    ++batch.writes;
    if (stamp == 0) stamp = batch.winner_seen ? after(ctx.hlc_unix_ns(), batch.state) : ctx.hlc_unix_ns();
    if (Outcome near = check_drift(stamp, ctx, batch.stamp_before, batch.writes); !near.ok()) return near;
    Write write{stamp, std::string(ctx.node()), {ctx.replica(), ctx.first_counter() + batch.writes - 1}, std::string(*value)};
    if (!batch.state || write > *batch.state) {
      batch.state = std::move(write);
      batch.winner_seen = true;
    } else {
      if (!batch.lost.empty()) batch.lost.push(',');
      append_decimal(batch.lost, ops.index());
    }
    return {};
  }

  // The stamp of a write that names none: the author's clock, but after what it overwrites.
  static UnixNs after(UnixNs clock, const Register& seen) noexcept {
    if (!seen) return clock;
    const UnixNs next = stamp_after(seen->stamp);
    return clock > next ? clock : next;
  }

  static Outcome read_stamp(const OpReader& ops, UnixNs& stamp) {
    const auto field = ops.field("ts_unix_ns");
    if (!field) return {};
    const auto text = ops.text_field("ts_unix_ns");
    const auto number = parse_decimal(text ? *text : *field);
    if (!number) {
      return invalid("`ts_unix_ns` must be a whole number of nanoseconds from 0 to 18446744073709551615, as a number or a string",
                     "/ts_unix_ns");
    }
    stamp = *number;
    return {};
  }

  static Outcome check_size(std::string_view value, const Context& ctx, std::string_view pointer) {
    if (value.size() <= ctx.limit(0)) return {};
    return limit_exceeded(ctx.limit(0), {"the value takes ", value.size(), " bytes; at most ", ctx.limit(0), " are allowed"},
                          pointer);
  }

  static Outcome check_drift(UnixNs stamp, const Context& ctx, UnixNs winning, std::uint64_t writes) {
    if (!ctx.admit()) return {};
    const std::int64_t offset = drift(stamp, ctx.wall_unix_ns(), winning, writes);
    if (offset == 0) return {};
    return clock_drift(offset,
                       {"the stamp ", stamp, " lies ", offset, " ns ahead of the clock; at most ", kDriftMaxNs, " are allowed"},
                       "/ts_unix_ns");
  }

  Outcome admit(const Write& write, const Context& ctx) const {
    if (Outcome fits = check_size(write.value, ctx, {}); !fits.ok()) return fits;
    if (Outcome near = check_drift(write.stamp, ctx, stamp_of(state_), ctx.count()); !near.ok()) return near;
    if (ctx.heal()) return {};
    if (!DotRange{ctx.replica(), ctx.first_counter(), ctx.count()}.contains(write.dot)) {
      return outside_envelope({"the write has counter ", write.dot.counter, ", which its envelope does not cover"});
    }
    if (write.node == ctx.node()) return {};
    return outside_envelope({"the write names another node than its envelope, which is of '", ctx.node(), "'"});
  }

  template <class Sink>
  static void append_origin(Sink& sink, const Write& write) {
    crdtd::append(sink, R"("ts_unix_ns":")");
    append_decimal(sink, write.stamp);
    crdtd::append(sink, R"(","node":)");
    JsonString::quote(sink, write.node);
    crdtd::append(sink, R"(,"dot":")");
    append_dot(sink, write.dot);
    crdtd::append(sink, "\"");
  }

  static void write_result(const Batch& batch, Output& out) {
    if (batch.lost.empty()) return out.append(std::string_view("null"));
    OutputSink sink(out);
    crdtd::append(sink, R"({"lost":[)");
    crdtd::append(sink, batch.lost.view());
    crdtd::append(sink, R"(],"winner":{)");
    append_origin(sink, *batch.state);
    crdtd::append(sink, "}}");
    sink.flush();
  }

  static void write_effect(std::string_view before, std::string_view now, Output& out) {
    out.append(std::string_view(before == now ? "[" : R"([{"set":)"));
    if (before != now) {
      out.append(now);
      out.append(std::string_view("}"));
    }
    out.append(std::string_view("]"));
  }

  Register state_;
};

}  // namespace crdtd::lww
