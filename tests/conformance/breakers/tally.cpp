#include "tally.hpp"

#include <algorithm>

#include "crdtd/plugin/decimal.hpp"
#include "crdtd/plugin/op_reader.hpp"
#include "crdtd/plugin/output_sink.hpp"
#include "crdtd/plugin/reader.hpp"
#include "crdtd/plugin/type_table.hpp"
#include "crdtd/plugin/writer.hpp"

using namespace crdtd;

namespace crdtd_test {
namespace {

constexpr std::uint64_t kNoteMax = 999;

// A block taken and given back by hand.
void spoil_memory() {
  if (breaks("leak-exact")) static_cast<void>(detail::host_table->realloc(nullptr, 0, 24));
  if (!breaks("realloc-sizes") && !breaks("realloc-sizes+twice")) return;
  void* block = detail::host_table->realloc(nullptr, 0, 24);
  detail::host_table->realloc(block, breaks("realloc-sizes") ? 23 : 24, 0);
  if (breaks("realloc-sizes+twice")) detail::host_table->realloc(block, 24, 0);
}

void write_effect(bool changed, Output& out) {
  if (breaks("effect-tells-change+no-json")) return out.append("more");
  if (breaks("effect-tells-change")) changed = false;
  out.append(changed || breaks("effect-tells-change+always") ? R"([{"note":"more"}])" : "[]");
}

}  // namespace

Outcome Tally::mutate(Bytes ops_json, const Context& ctx, MutateOut& out) {
  const auto refused = [&](Outcome&& outcome) {
    if (breaks("error-leaves-state")) ++extra_;
    return std::move(outcome);
  };
  std::vector<std::uint64_t> made;
  OpReader ops(ops_json.text());
  while (ops.next()) {
    if (ops.field("touch")) {
      if (breaks("ops-taken")) return refused(invalid("`touch` is not taken")).in_op(ops.index());
      if (!ops.only({"touch"})) break;
      continue;
    }
    const auto note = ops.field("note");
    if (!note && breaks("error-leaves-state+unknown-op")) continue;
    const auto number = note ? parse_decimal(*note) : std::nullopt;
    if (!number || *number > kNoteMax || !ops.only({"note"})) {
      if (breaks("mutate-all-or-nothing") && !made.empty()) add(ctx.replica(), made);
      Outcome wrong = refused(invalid({"`note` takes a whole number up to ", kNoteMax}, "/note"));
      if (breaks("refusals-explained")) return wrong;
      return std::move(wrong).in_op(ops.index());
    }
    made.push_back(*number);
  }
  if (breaks("ops-taken+nothing")) made.clear();
  if (ops.failed()) return refused(invalid({ops.fault().message}, ops.fault().pointer)).in_op(ops.fault().op_index);
  if (ctx.first_counter() != seen(ctx.replica()) + 1) return gap(seen(ctx.replica()) + 1, "other counters come first");
  if (ctx.admit() && count() + made.size() > ctx.limit(0)) return limit_exceeded(ctx.limit(0), "there are too many notes");
  if (breaks("batch-in-order")) std::reverse(made.begin(), made.end());
  if (breaks("deterministic")) out.result.append(std::to_string(reinterpret_cast<std::uintptr_t>(made.data())));
  if (breaks("effect-tells-change+result")) out.result.append("lost");
  write_effect(!made.empty(), out.effect);
  if (made.empty()) return {};
  Delta delta{{{ctx.replica(), ctx.first_counter(), made}}, 0};
  add(ctx.replica(), made);
  if (breaks("merge-commutative")) extra_ = static_cast<std::uint8_t>(ctx.replica());
  if (breaks("mutate-merges-elsewhere")) delta.groups[0].notes.back() ^= 1;
  write(delta, out.delta);
  out.counters_used = static_cast<std::uint32_t>(made.size());
  return {};
}

Outcome Tally::merge(Bytes bytes, const Context& ctx, MergeOut& out) {
  Delta delta;
  if (!read(bytes.text(), delta)) {
    if (breaks("malformed-refused") && !delta.groups.empty()) ++extra_;
    spoil_memory();
    return malformed("these bytes are no notes");
  }
  for (const Group& group : delta.groups) {
    if (breaks("contract-kept+refuses-known") && group.notes.size() == 2) return gap(0, "two at once are too many");
    if (group.first <= seen(group.replica) + 1) continue;
    if (breaks("missing-cause-refused+changes")) ++extra_;
    if (!breaks("missing-cause-refused")) return gap(seen(group.replica) + 1, "other counters come first");
    add(group.replica, std::vector<std::uint64_t>(group.first - seen(group.replica) - 1, 0));
  }
  if (ctx.admit() || breaks("limits-only-at-gate")) {
    if (Outcome admitted = admit(delta, ctx); !admitted) {
      if (breaks("admit-own-delta+changes") && admitted.status() == CRDTD_ENVELOPE) ++extra_;
      if (breaks("limits-only-at-gate+changes") && admitted.status() == CRDTD_LIMIT) apply(delta, ctx);
      return admitted;
    }
  }
  const std::uint64_t before = count();
  out.changed = apply(delta, ctx) || breaks("changed-flag");
  write_effect(count() != before, out.effect);
  return {};
}

Outcome Tally::admit(const Delta& delta, const Context& ctx) const {
  std::uint64_t total = count();
  for (const Group& group : delta.groups) {
    const std::uint64_t fresh = group.last() - std::min(group.last(), seen(group.replica));
    total += fresh;
    const std::uint64_t end = ctx.first_counter() + ctx.count() - (breaks("admit-own-delta") ? 1 : 0);
    const bool covered = group.replica == ctx.replica() && group.first >= ctx.first_counter() && group.last() < end;
    const bool looked_at = fresh != 0 || breaks("merge-idempotent+gate");
    if (ctx.admit() && !ctx.heal() && looked_at && (fresh == 0 || !covered))
      return outside_envelope("the envelope does not cover the notes");
  }
  if (total > ctx.limit(0)) return limit_exceeded(ctx.limit(0), "there are too many notes");
  return {};
}

bool Tally::apply(const Delta& delta, const Context& ctx) {
  const std::uint8_t extra = extra_;
  const bool of_state = ctx.count() == 0;
  const bool was_empty = notes_.empty();
  bool changed = false;
  for (const Group& group : delta.groups) {
    if (breaks("encoded-state-joins") && of_state && !was_empty && &group != &delta.groups[0]) break;
    const std::uint64_t have = seen(group.replica);
    if (group.last() <= have) continue;
    changed = true;
    add(group.replica, {group.notes.begin() + static_cast<std::ptrdiff_t>(have + 1 - group.first), group.notes.end()});
    if (breaks("merge-commutative")) extra_ = static_cast<std::uint8_t>(group.replica);
    if (breaks("causal-delivery-converges") && was_empty) extra_ = static_cast<std::uint8_t>(group.replica);
  }
  if (breaks("merge-idempotent") && !changed) ++extra_;
  if (breaks("merge-associative") && of_state) extra_ = static_cast<std::uint8_t>(std::max(extra, delta.extra) + 1);
  return changed || extra_ != extra;
}

void Tally::add(std::uint64_t replica, const std::vector<std::uint64_t>& notes) {
  std::vector<std::uint64_t>& all = notes_[replica];
  if (all.empty()) arrivals_.push_back(replica);
  all.insert(all.end(), notes.begin(), notes.end());
}

std::uint64_t Tally::seen(std::uint64_t replica) const {
  const auto found = notes_.find(replica);
  return found == notes_.end() ? 0 : found->second.size();
}

std::uint64_t Tally::count() const {
  std::uint64_t total = 0;
  for (const auto& [replica, notes] : notes_) total += notes.size();
  return total;
}

std::vector<Tally::Group> Tally::groups() const {
  std::vector<Group> all;
  if (breaks("canonical-bytes")) {
    for (const std::uint64_t replica : arrivals_) all.push_back({replica, 1, notes_.at(replica)});
  } else {
    for (const auto& [replica, notes] : notes_) all.push_back({replica, 1, notes});
  }
  return all;
}

void Tally::write(const Delta& delta, Output& out) {
  OutputSink sink(out);
  Writer<OutputSink> writer(sink);
  writer.varint(delta.groups.size());
  for (const Group& group : delta.groups) {
    writer.u64(group.replica);
    writer.varint(group.first);
    writer.varint(group.notes.size());
    for (const std::uint64_t note : group.notes) writer.varint(note);
  }
  writer.u8(delta.extra);
  sink.flush();
}

bool Tally::read(std::string_view bytes, Delta& out) {
  const std::uint64_t most = breaks("malformed-refused+load") ? kNoteMax * 100 : kNoteMax;
  Reader in(bytes);
  const std::uint64_t count = in.count(11);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    Group group;
    group.replica = in.u64();
    group.first = in.varint();
    const std::uint64_t notes = in.count(1);
    if (group.first == 0 || notes == 0 || group.first > UINT32_MAX) return false;
    if (i != 0 && group.replica <= out.groups.back().replica && !breaks("canonical-bytes")) return false;
    for (std::uint64_t j = 0; j < notes; ++j) group.notes.push_back(in.varint());
    if (std::any_of(group.notes.begin(), group.notes.end(), [most](std::uint64_t note) { return note > most; })) return false;
    out.groups.push_back(std::move(group));
  }
  out.extra = in.u8();
  return in.ok() && in.at_end() && (out.extra == 0 || !breaks(""));
}

void Tally::encode(Output& out) const { write({groups(), extra_}, out); }

Outcome Tally::load(Bytes encoded, std::uint32_t) {
  Delta delta;
  if (!read(encoded.text(), delta)) return malformed("these bytes are no notes");
  for (const Group& group : delta.groups) {
    if (breaks("malformed-refused+load") && group.notes.back() > kNoteMax) return malformed("a note is too large");
    if (group.first != 1 || seen(group.replica) != 0) return malformed("these bytes are no encoded state");
    add(group.replica, group.notes);
  }
  extra_ = delta.extra;
  return {};
}

void Tally::write_value(ByteBuffer& out) const {
  std::vector<std::uint64_t> replicas;
  for (const auto& [replica, notes] : notes_) replicas.push_back(replica);
  if (breaks("canonical-bytes+value")) replicas = arrivals_;
  out.append(breaks("reads-change-nothing+no-json") ? "[," : "[");
  for (const std::uint64_t replica : replicas) {
    for (const std::uint64_t note : notes_.at(replica)) {
      if (out.size() > 1) out.append(",");
      append_decimal(out, note);
    }
  }
  out.append("]");
}

Outcome Tally::query(Bytes query_json, std::uint32_t, Output& out) const {
  if (breaks("reads-change-nothing")) ++const_cast<Tally*>(this)->extra_;
  if (!query_json.empty()) return invalid("there are no queries but the whole value");
  ByteBuffer text;
  write_value(text);
  out.append(text.view());
  return {};
}

void Tally::compact() {
  for (auto& [replica, notes] : notes_) notes.shrink_to_fit();
  if (breaks("compact-keeps-encode") && !notes_.empty()) notes_.begin()->second.back() = 0;
}

Footprint Tally::footprint() const {
  const std::uint64_t total = count();
  return {sizeof *this + notes_.size() * 120 + total * 8, 2 + notes_.size() * 11 + total * 2, total};
}

Outcome Tally::inspect(Bytes delta, std::uint32_t, Output& out) {
  Delta seen;
  if (!read(delta.text(), seen)) return malformed("these bytes are no notes");
  out.append(breaks("inspect-gives-json") ? "notes: " : "");
  out.append(std::to_string(seen.groups.size()));
  return {};
}

}  // namespace crdtd_test
