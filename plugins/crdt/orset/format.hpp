// Format 1 of the observed-remove set. An encoded state is a delta whose groups all begin at counter 1 and remove nothing.
//
//   delta = varint groups, group*                    ascending by replica
//   group = u64 replica, varint first, varint count  the counters it covers: first … first + count - 1; 0, 0 when none
//           varint removed, varint gap*              dots before those that it removes, ascending; gap: from the one before, or 0
//           varint added, entry*                     dots among those that live, ascending
//   entry = varint gap                               from the one before, or first - 1
//           varint size * 2 + raw, size bytes        raw 0: the inside of a canonical JSON string; 1: any other canonical JSON
//
// Gaps are at least 1. A covered counter without an entry is a dot that is gone, or a removal's own. A group covers or removes
// something. One set of facts has one encoding; anything else is refused.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "crdtd/plugin/dot.hpp"
#include "crdtd/plugin/json.hpp"
#include "crdtd/plugin/reader.hpp"
#include "crdtd/plugin/writer.hpp"
#include "element_key.hpp"

namespace crdtd::orset {

inline constexpr std::uint32_t kFormat = 1;

// The most that a group takes without what it lists, and an entry without its key.
inline constexpr std::size_t kGroupBytesMax = 8 + 4 * 10;
inline constexpr std::size_t kEntryBytesMax = 2 * 10;

struct Entry {
  std::uint64_t counter = 0;
  ElementKey key;
};

// A group that read_delta() has checked. The readers stand before its removed gaps and its entries.
struct Group {
  DotRange covered;
  std::uint64_t removed = 0;
  std::uint64_t removed_last = 0;  // the greatest of them
  std::uint64_t added = 0;
  Reader removed_in{{}};
  Reader added_in{{}};

  bool of_state() const noexcept { return covered.first == 1 && removed == 0; }

  // Calls `visit(counter)` for each removed dot.
  template <class Visit>
  void for_each_removed(Visit visit) const {
    Reader in = removed_in;
    std::uint64_t counter = 0;
    for (std::uint64_t i = 0; i < removed; ++i) visit(counter += in.varint());
  }
};

inline Entry read_entry(Reader& in, std::uint64_t before) noexcept {
  Entry entry;
  entry.counter = before + in.varint();
  const std::uint64_t tag = in.varint();
  entry.key = {in.slice(tag >> 1), (tag & 1) == 0};
  return entry;
}

// Reads and checks a delta of anybody's: false when no encoder writes such bytes. Nothing but `groups` and `scratch` changes.
class DeltaReader {
 public:
  explicit DeltaReader(ByteBuffer& scratch) noexcept : scratch_(scratch) {}

  // Tells `visitor` on the way of each group, covered(range), of each dot that the group removes, removed(counter), and of each
  // entry, entry(covered, entry).
  template <class Visitor>
  bool read(std::string_view delta, std::vector<Group>& groups, Visitor&& visitor) {
    groups.clear();
    Reader in(delta);
    const std::uint64_t count = in.count(kGroupBytesMin);
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
      Group& group = groups.emplace_back();
      if (!read_covered(in, group) || (i != 0 && groups[i - 1].covered.replica >= group.covered.replica)) return false;
      visitor.covered(group.covered);
      if (!read_removed(in, group, visitor) || !read_added(in, group, visitor)) return false;
    }
    return in.ok() && in.at_end();
  }

  // Whether an encoder writes such a key.
  bool good(const ElementKey& key) {
    if (key.string) return JsonString::is_canonical_inside(key.body);
    return !key.body.empty() && key.body.front() != '"' && is_canonical_json(key.body, scratch_);
  }

 private:
  static constexpr std::size_t kGroupBytesMin = 12;

  static bool read_covered(Reader& in, Group& group) {
    group.covered.replica = in.u64();
    group.covered.first = in.varint();
    group.covered.count = in.varint();
    const auto& [replica, first, count] = group.covered;
    if (!in.ok() || (first == 0) != (count == 0)) return false;
    return count == 0 || count - 1 < UINT64_MAX - first;  // the next counter exists too
  }

  template <class Visitor>
  static bool read_removed(Reader& in, Group& group, Visitor& visitor) {
    group.removed = in.count(1);
    group.removed_in = in;
    if (group.removed == 0 && group.covered.count == 0) return false;
    for (std::uint64_t i = 0; i < group.removed; ++i) {
      const std::uint64_t gap = in.varint();
      if (gap == 0 || gap >= UINT64_MAX - group.removed_last) return false;
      group.removed_last += gap;
      visitor.removed(group.removed_last);
    }
    return in.ok() && (group.covered.count == 0 || group.removed_last < group.covered.first);
  }

  template <class Visitor>
  bool read_added(Reader& in, Group& group, Visitor& visitor) {
    group.added = in.count(2);
    group.added_in = in;
    if (!in.ok() || group.added > group.covered.count) return false;
    if (group.added == 0) return true;
    std::uint64_t before = group.covered.first - 1;
    for (std::uint64_t i = 0; i < group.added; ++i) {
      const Entry entry = read_entry(in, before);
      if (!in.ok() || entry.counter <= before || entry.counter > group.covered.last() || !good(entry.key)) return false;
      before = entry.counter;
      visitor.entry(group.covered, entry);
    }
    return true;
  }

  ByteBuffer& scratch_;
};

template <ByteSink Sink>
class DeltaWriter {
 public:
  DeltaWriter(Sink& sink, std::uint64_t groups) : out_(sink) { out_.varint(groups); }

  // Begins a group; then removed(), as often as said, then added(), as often as said before the first.
  void group(const DotRange& covered, std::uint64_t removed_count) {
    out_.u64(covered.replica);
    out_.varint(covered.first);
    out_.varint(covered.count);
    out_.varint(removed_count);
    removed_before_ = 0;
    added_before_ = covered.first - 1;
  }
  void removed(std::uint64_t counter) {
    out_.varint(counter - removed_before_);
    removed_before_ = counter;
  }
  void added_count(std::uint64_t count) { out_.varint(count); }
  void added(std::uint64_t counter, const ElementKey& key) {
    out_.varint(counter - added_before_);
    out_.varint(std::uint64_t{key.body.size()} * 2 + (key.string ? 0 : 1));
    out_.bytes(key.body);
    added_before_ = counter;
  }

 private:
  Writer<Sink> out_;
  std::uint64_t removed_before_ = 0;
  std::uint64_t added_before_ = 0;
};

}  // namespace crdtd::orset
