// The set of dots that a delta speaks about: unbroken runs and single dots, as a removal names them.
//
// A state's context has no holes and is a VersionVector; a delta's has them, so it is kept as disjoint runs, ordered and as
// few as possible. Every dot in it that the delta does not keep alive is removed by it. Copyable value.
// Encoded: varint runs, then per run, ascending by (replica, first): u64 replica, varint first, varint count (at least 1).
// Runs of one replica that touch are one run, so that one set has one encoding.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "crdtd/plugin/dot.hpp"
#include "crdtd/plugin/reader.hpp"
#include "crdtd/plugin/version_vector.hpp"
#include "crdtd/plugin/writer.hpp"

namespace crdtd {

class CausalContext {
 public:
  CausalContext() = default;
  explicit CausalContext(const VersionVector& seen) {
    for (const Dot last : seen) runs_.push_back({last.replica, 1, last.counter});
  }

  bool empty() const noexcept { return runs_.empty(); }
  bool contains(Dot dot) const noexcept {
    const auto after = std::upper_bound(runs_.begin(), runs_.end(), dot, [](Dot key, const DotRange& run) {
      return key.replica != run.replica ? key.replica < run.replica : key.counter < run.first;
    });
    return after != runs_.begin() && (after - 1)->contains(dot);
  }
  const std::vector<DotRange>& runs() const noexcept { return runs_; }

  void add(Dot dot) { add(DotRange{dot.replica, dot.counter, 1}); }
  void add(const DotRange& range) {
    if (range.count == 0) return;
    const auto first = std::partition_point(runs_.begin(), runs_.end(), [&](const DotRange& run) {
      return run.replica != range.replica ? run.replica < range.replica : run.last() < range.first - 1;
    });
    auto last = first;  // [first, last) overlap or touch `range`
    std::uint64_t begin = range.first, end = range.last();
    for (; last != runs_.end() && last->replica == range.replica && last->first - 1 <= end; ++last) {
      begin = std::min(begin, last->first);
      end = std::max(end, last->last());
    }
    const auto at = runs_.insert(runs_.erase(first, last), range);
    at->first = begin;
    at->count = end - begin + 1;
  }
  void merge(const CausalContext& other) {
    for (const DotRange& run : other.runs_) add(run);
  }

  // Whether `seen` and this together have no holes; if not, the first dot that is missing.
  std::optional<Dot> missing_in(const VersionVector& seen) const noexcept {
    ReplicaId replica = 0;
    std::uint64_t have = 0;
    for (auto run = runs_.begin(); run != runs_.end(); ++run) {
      if (run == runs_.begin() || run->replica != replica) have = seen.of(replica = run->replica);
      if (run->first - 1 > have) return Dot{replica, have + 1};
      have = std::max(have, run->last());
    }
    return std::nullopt;
  }
  // Adds all dots to `seen`; only after missing_in() found none.
  void raise(VersionVector& seen) const {
    for (const DotRange& run : runs_) seen.raise(run.replica, run.last());
  }

  bool operator==(const CausalContext&) const = default;

  template <ByteSink Sink>
  void encode(Writer<Sink>& out) const {
    out.varint(runs_.size());
    for (const DotRange& run : runs_) {
      out.u64(run.replica);
      out.varint(run.first);
      out.varint(run.count);
    }
  }
  // Empty on bytes that encode() does not write; the reader has then failed.
  static std::optional<CausalContext> decode(Reader& in) {
    CausalContext context;
    const std::uint64_t count = in.count(10);
    context.runs_.reserve(static_cast<std::size_t>(count));
    for (std::uint64_t i = 0; i < count; ++i) {
      const ReplicaId replica = in.u64();
      const std::uint64_t first = in.varint();
      const DotRange run{replica, first, in.varint()};
      if (run.first == 0 || run.count == 0 || run.count - 1 > UINT64_MAX - run.first) in.fail();
      if (i != 0 && !follows(context.runs_.back(), run)) in.fail();
      if (!in.ok()) return std::nullopt;
      context.runs_.push_back(run);
    }
    if (!in.ok()) return std::nullopt;
    return context;
  }

 private:
  // Whether `next` may stand behind `run`: a greater replica, or the same with a hole between.
  static bool follows(const DotRange& run, const DotRange& next) noexcept {
    if (next.replica != run.replica) return next.replica > run.replica;
    return next.first > run.last() && next.first - run.last() > 1;
  }

  std::vector<DotRange> runs_;
};

}  // namespace crdtd
