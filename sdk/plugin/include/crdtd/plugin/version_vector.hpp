// What has been seen, when it was seen without holes: per replica its highest counter.
//
// For types whose replicas are few (a lookup is a binary search, a new replica moves those behind it). Copyable value.
// Encoded: varint size, then per replica, ascending: u64 id, varint counter (at least 1). One vector, one encoding.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "crdtd/plugin/dot.hpp"
#include "crdtd/plugin/reader.hpp"
#include "crdtd/plugin/writer.hpp"

namespace crdtd {

enum class CausalStep { kNew, kKnown, kGap };

class VersionVector {
 public:
  // The highest counter of `replica`, 0 when none was seen.
  std::uint64_t of(ReplicaId replica) const noexcept {
    const auto at = place(replica);
    return at != entries_.end() && at->replica == replica ? at->counter : 0;
  }
  bool contains(Dot dot) const noexcept { return dot.counter != 0 && dot.counter <= of(dot.replica); }
  bool covers(const VersionVector& other) const noexcept {
    return std::all_of(other.begin(), other.end(), [this](Dot last) { return contains(last); });
  }

  // Raises a replica's counter to at least `counter`; what lies between counts as seen.
  void raise(ReplicaId replica, std::uint64_t counter) {
    if (counter == 0) return;
    const auto at = place(replica);
    if (at == entries_.end() || at->replica != replica) {
      entries_.insert(at, Dot{replica, counter});
    } else if (entries_[static_cast<std::size_t>(at - entries_.begin())].counter < counter) {
      entries_[static_cast<std::size_t>(at - entries_.begin())].counter = counter;
    }
  }
  void merge(const VersionVector& other) {
    for (const Dot last : other) raise(last.replica, last.counter);
  }

  // How a run of counters joins what was seen. kGap: a counter before it is missing; of(replica) + 1 is the one expected.
  CausalStep step(const DotRange& range) const noexcept {
    if (range.count == 0) return CausalStep::kKnown;
    const std::uint64_t have = of(range.replica);
    if (range.first > have + 1) return CausalStep::kGap;
    return range.last() > have ? CausalStep::kNew : CausalStep::kKnown;
  }

  std::size_t size() const noexcept { return entries_.size(); }
  std::vector<Dot>::const_iterator begin() const noexcept {
    return entries_.begin();
  }  // of each replica the last dot, by replica
  std::vector<Dot>::const_iterator end() const noexcept { return entries_.end(); }
  bool operator==(const VersionVector&) const = default;

  template <ByteSink Sink>
  void encode(Writer<Sink>& out) const {
    out.varint(entries_.size());
    for (const Dot last : entries_) {
      out.u64(last.replica);
      out.varint(last.counter);
    }
  }
  // Empty on bytes that encode() does not write; the reader has then failed.
  static std::optional<VersionVector> decode(Reader& in) {
    VersionVector vector;
    const std::uint64_t count = in.count(9);
    vector.entries_.reserve(static_cast<std::size_t>(count));
    for (std::uint64_t i = 0; i < count; ++i) {
      const ReplicaId replica = in.u64();
      const Dot last{replica, in.varint()};
      if (last.counter == 0 || (i != 0 && vector.entries_.back().replica >= last.replica)) in.fail();
      if (!in.ok()) return std::nullopt;
      vector.entries_.push_back(last);
    }
    if (!in.ok()) return std::nullopt;
    return vector;
  }

 private:
  std::vector<Dot>::const_iterator place(ReplicaId replica) const noexcept {
    return std::lower_bound(entries_.begin(), entries_.end(), replica, [](Dot dot, ReplicaId id) { return dot.replica < id; });
  }

  std::vector<Dot> entries_;
};

}  // namespace crdtd
