// Observed-remove set of JSON values: add wins, nothing is kept for what was removed. README.md tells its semantics with a worked
// conflict, format.hpp the bytes.
//
// The parts: ElementStore holds what is in memory, Batch is the author's side, Join is everyone else's. This type puts them
// together as a CrdtType. An op costs the same at a million elements as at a hundred; only `assign`, encode() and the whole value
// walk the set. Threads: one state is used by one thread at a time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "batch.hpp"
#include "crdtd/plugin/crdt_type.hpp"
#include "crdtd/plugin/output_sink.hpp"
#include "element_store.hpp"
#include "format.hpp"
#include "join.hpp"
#include "limits.hpp"

namespace crdtd::orset {

class OrSet {
 public:
  static constexpr std::string_view kLimits[] = {kLimitNames[0], kLimitNames[1]};

  Outcome mutate(Bytes ops_json, const Context& ctx, MutateOut& out) {
    const Limits limits = limits_of(ctx);
    if (Outcome read = batch_.read(ops_json.text(), store_, limits); !read.ok()) return read;
    out.result.append(std::string_view("null"));
    return batch_.apply(ctx, limits, out);
  }

  Outcome merge(Bytes delta, const Context& ctx, MergeOut& out) {
    if (ctx.format() != kFormat) return unknown_format(ctx.format());
    return join_.apply(store_, delta.text(), ctx, limits_of(ctx), out);
  }

  Outcome encode(Output& out) const {
    OutputSink sink(out);
    std::vector<const ElementStore::Replica*> replicas;
    for (const auto& replica : store_.replicas()) {
      if (replica.seen != 0) replicas.push_back(&replica);
    }
    std::sort(replicas.begin(), replicas.end(), [](const auto* a, const auto* b) { return a->id < b->id; });
    DeltaWriter writer(sink, replicas.size());
    for (const auto* replica : replicas) {
      writer.group({replica->id, 1, replica->seen}, 0);
      writer.added_count(replica->log.size());
      for (DotLog::Cursor at(replica->log, 1); !at.at_end(); at.next()) writer.added(at.counter(), store_.key_of(at.slot()));
    }
    sink.flush();
    return {};
  }

  Outcome load(Bytes encoded, std::uint32_t format) {
    if (format != kFormat) return unknown_format(format);
    return join_.load(store_, encoded.text());
  }

  Outcome query(Bytes query_json, std::uint32_t, Output& out) const {
    if (query_json.empty()) {
      write_value(out);
      return {};
    }
    ByteBuffer values;
    JsonFields fields;
    JsonCursor cursor(query_json.text());
    if (!fields.read(cursor, values) || !cursor.expect_end()) {
      return invalid({cursor.fault().text, " (at byte ", cursor.fault().offset, " of the query)"});
    }
    const auto contains = fields.find("contains");
    const auto count = fields.find("count");
    if (fields.count() == 1 && contains) {
      const ElementKey key = ElementKey::of_canonical(*contains);
      out.append(store_.find(key, store_.hash(key)) != kNoSlot ? std::string_view("true") : std::string_view("false"));
    } else if (fields.count() == 1 && count && *count == "true") {
      append_number(out, store_.element_count());
    } else {
      return invalid(R"(this type knows the queries {"contains":element} and {"count":true})");
    }
    return {};
  }

  void compact() {
    batch_.release();
    join_.release();
    store_.trim();
  }

  Footprint footprint() const {
    Footprint print;
    print.memory_bytes = sizeof *this + store_.memory_bytes() + batch_.memory_bytes() + join_.memory_bytes();
    print.encoded_bytes = 1 + store_.key_bytes() + store_.dot_count() * 2 + store_.replicas().size() * 14;
    print.element_count = store_.element_count();
    return print;
  }

  static Outcome inspect(Bytes delta, std::uint32_t format, Output& out) {
    if (format != kFormat) return unknown_format(format);
    ByteBuffer scratch, added;
    std::vector<Group> groups;
    struct Visitor {
      ByteBuffer& added;
      void covered(const DotRange&) {}
      void removed(std::uint64_t) {}
      void entry(const DotRange& covered, const Entry& it) {
        crdtd::append(added, added.empty() ? R"({"dot":")" : R"(,{"dot":")");
        append_dot(added, {covered.replica, it.counter});
        crdtd::append(added, R"(","elem":)");
        append_canonical(added, it.key);
        crdtd::append(added, "}");
      }
    };
    if (!DeltaReader(scratch).read(delta.text(), groups, Visitor{added}))
      return malformed("these bytes are no delta of this type");
    scratch.clear();
    crdtd::append(scratch, R"({"covers":[)");
    bool first = true;
    for (const Group& group : groups) append_covered(scratch, group.covered, first);
    crdtd::append(scratch, R"(],"removes":[)");
    first = true;
    for (const Group& group : groups) {
      group.for_each_removed([&](std::uint64_t counter) {
        crdtd::append(scratch, first ? "\"" : ",\"");
        append_dot(scratch, {group.covered.replica, counter});
        crdtd::append(scratch, "\"");
        first = false;
      });
    }
    crdtd::append(scratch, R"(],"adds":[)");
    scratch.append(added.view());
    crdtd::append(scratch, "]}");
    out.append(scratch.view());
    return {};
  }

 private:
  static Limits limits_of(const Context& ctx) noexcept { return {ctx.limit(0), ctx.limit(1)}; }
  static Outcome unknown_format(std::uint32_t format) {
    return {CRDTD_UNSUPPORTED, {"format ", format, " is not known here; format ", kFormat, " is"}};
  }
  static void append_number(Output& out, std::uint64_t value) {
    ByteBuffer text;
    append_decimal(text, value);
    out.append(text.view());
  }
  static void append_covered(ByteBuffer& out, const DotRange& covered, bool& first) {
    if (covered.count == 0) return;
    crdtd::append(out, first ? R"({"first":")" : R"(,{"first":")");
    append_dot(out, {covered.replica, covered.first});
    crdtd::append(out, R"(","count":")");
    append_decimal(out, covered.count);
    crdtd::append(out, "\"}");
    first = false;
  }

  // All elements, sorted by canonical bytes. The first eight bytes of each are compared without looking at the element.
  void write_value(Output& out) const {
    struct Place {
      std::uint64_t prefix;
      std::uint32_t slot;
      bool string;
    };
    std::vector<Place> places;
    places.reserve(static_cast<std::size_t>(store_.element_count()));
    store_.for_each_element([&](std::uint32_t slot) {
      const ElementKey key = store_.key_of(slot);
      places.push_back({key.prefix(), slot, key.string});
    });
    std::sort(places.begin(), places.end(), [this](const Place& a, const Place& b) {
      if (a.string != b.string) return a.string;
      if (a.prefix != b.prefix) return a.prefix < b.prefix;
      return ElementKey::compare(store_.key_of(a.slot), store_.key_of(b.slot)) < 0;
    });
    OutputSink sink(out);
    crdtd::append(sink, "[");
    for (const Place& place : places) {
      if (&place != places.data()) crdtd::append(sink, ",");
      append_canonical(sink, store_.key_of(place.slot));
    }
    crdtd::append(sink, "]");
    sink.flush();
  }

  ElementStore store_;
  Batch batch_;
  Join join_;
};

}  // namespace crdtd::orset
