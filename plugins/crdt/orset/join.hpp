// Everyone else's side: a delta, or a whole encoded state, is joined into the store.
//
// Rules, group by group (the theory: Bieniusa et al., "An Optimized Conflict-free Replicated Set", 2012; Almeida, Shoker,
// Baquero, "Delta State Replicated Data Types", 2018):
//   - a dot that the delta removes, or covers without an entry, dies if it lives here
//   - an entry whose counter was seen already is old news: it lives here, or died
//   - an entry with a new counter lives from now on
//   - what the delta covers counts as seen
// A delta must begin where this store's context ends (GAP otherwise), so that the context never has holes. Everything is checked
// before anything changes; dots of one replica come in order on both sides, so that a state is joined in one walk.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "crdtd/plugin/crdt_type.hpp"
#include "element_store.hpp"
#include "format.hpp"
#include "limits.hpp"
#include "touched.hpp"
#include "undo_log.hpp"

namespace crdtd::orset {

class Join {
 public:
  Outcome apply(ElementStore& store, std::string_view delta, const Context& ctx, const Limits& limits, MergeOut& out) {
    store_ = &store;
    noting_ = ctx.want_effect();
    touched_.clear();
    if (Outcome read = read_delta(delta); !read.ok()) return read;
    if (ctx.admit()) {
      if (Outcome admitted = admit(ctx, limits); !admitted.ok()) return admitted;
    }
    if (Outcome follows = check_causes(); !follows.ok()) return follows;
    const std::uint64_t before = store.element_count();
    const bool risk = ctx.admit() && (facts_.fresh > limits.elements || before > limits.elements - facts_.fresh);
    undo_.start(risk);
    bool changed = false;
    for (const Group& group : groups_) changed |= join(group);
    if (risk && store.element_count() > limits.elements && store.element_count() > before) {
      const std::uint64_t wanted = store.element_count();
      undo_.undo(store);
      store.trim();
      return limit_exceeded(limits.elements,
                            {"the set would have ", wanted, " elements; at most ", limits.elements, " are allowed"});
    }
    for (const Group& group : groups_) raise_seen(group.covered);
    store.trim();
    if (noting_) touched_.write(out.effect, [&](const ElementKey& key) { return store.find(key, store.hash(key)) != kNoSlot; });
    out.changed = changed;
    release_scratch();
    return {};
  }

  // Into a fresh store: what encode() wrote, and nothing else.
  Outcome load(ElementStore& store, std::string_view encoded) {
    store_ = &store;
    noting_ = false;
    undo_.start(false);
    if (Outcome read = read_delta(encoded); !read.ok()) return read;
    for (const Group& group : groups_) {
      if (!group.of_state()) return malformed("these bytes are a delta, not a whole set");
    }
    for (const Group& group : groups_) {
      join(group);
      raise_seen(group.covered);
    }
    release_scratch();
    return {};
  }

  std::uint64_t memory_bytes() const noexcept {
    return groups_.capacity() * sizeof(Group) + doomed_.capacity() * sizeof(std::uint32_t) + scratch_.capacity() +
           touched_.memory_bytes();
  }
  // Gives scratch memory back.
  void release() { *this = Join(); }

 private:
  struct Facts {
    std::uint64_t fresh = 0;          // entries that are new here
    std::uint64_t largest_fresh = 0;  // bytes of the largest element among them
  };

  static constexpr std::uint64_t kFetchedEarly = 8;  // so many new entries are waited for while the delta is checked

  void release_scratch() {
    if (groups_.capacity() > 16) std::vector<Group>().swap(groups_);
    if (doomed_.capacity() > 64) std::vector<std::uint32_t>().swap(doomed_);
    scratch_.reset(4096);
  }

  Outcome read_delta(std::string_view delta) {
    facts_ = {};
    const auto entry = [&](const Group& group, const Entry& it) {
      if (it.counter <= store_->seen(group.covered.replica)) return;  // the store remembers which replica was asked for last
      if (++facts_.fresh <= kFetchedEarly) store_->prefetch(store_->hash(it.key));
      facts_.largest_fresh = std::max<std::uint64_t>(facts_.largest_fresh, it.key.canonical_size());
    };
    if (DeltaReader(scratch_).read(delta, groups_, entry)) return {};
    return malformed({"these bytes are no delta of this type (format ", kFormat, ")"});
  }

  // GAP when the delta begins behind what was seen, or removes a dot that was not. The former is named first: it is about the
  // counters of the delta's own author.
  Outcome check_causes() const {
    for (const bool own : {true, false}) {
      for (const Group& group : groups_) {
        const std::uint64_t seen = store_->seen(group.covered.replica);
        if ((group.covered.count != 0) != own) continue;
        const std::uint64_t needed = own ? group.covered.first - 1 : group.removed_last;
        if (needed > seen) {
          return gap(seen + 1, {"the delta builds on counter ", needed, " of a replica whose next counter here is ", seen + 1});
        }
      }
    }
    return {};
  }

  Outcome admit(const Context& ctx, const Limits& limits) const {
    if (facts_.largest_fresh > limits.element_bytes) {
      return limit_exceeded(limits.element_bytes, {"an element takes ", facts_.largest_fresh, " bytes; at most ",
                                                   limits.element_bytes, " are allowed"});
    }
    if (ctx.heal()) return {};
    const DotRange envelope{ctx.replica(), ctx.first_counter(), ctx.count()};
    bool covered = envelope.count == 0 || store_->seen(envelope.replica) >= envelope.last();
    for (const Group& group : groups_) {
      const DotRange& range = group.covered;
      const std::uint64_t seen = store_->seen(range.replica);
      if (range.count == 0 || range.last() <= seen) continue;
      const Dot first_new{range.replica, std::max(range.first, seen + 1)};
      if (!envelope.contains(first_new) || !envelope.contains({range.replica, range.last()})) {
        return outside_envelope({"the delta has new dots up to counter ", range.last(), " that its envelope does not cover"});
      }
      covered |= range.last() == envelope.last();
    }
    if (covered) return {};
    return outside_envelope({"the envelope names counters up to ", envelope.last(), " that the delta does not cover"});
  }

  // Joins one group; true when something changed. The context is raised later, all at once.
  bool join(const Group& group) {
    const std::uint64_t seen = store_->seen(group.covered.replica);
    const bool news = group.covered.count != 0 && group.covered.last() > seen;
    const std::uint32_t replica =
        news ? store_->need_replica(group.covered.replica) : store_->find_replica(group.covered.replica);
    if (replica == kNoSlot) return false;
    doomed_.clear();
    group.for_each_removed([&](std::uint64_t counter) {
      const std::uint32_t slot = store_->replica(replica).log.find(counter);
      if (slot != kNoSlot) doomed_.push_back(slot);
    });
    Reader in = group.added_in;
    std::uint64_t left = group.added;
    std::uint64_t before = group.covered.first - 1;
    if (group.covered.count != 0 && group.covered.first <= seen) meet_known(group, replica, seen, in, left, before);
    for (const std::uint32_t slot : doomed_) {
      if (noting_) touched_.note(store_->key_of(slot), true);
      undo_.removing(*store_, slot);
      store_->remove(slot);
    }
    add_entries(replica, in, left, before);
    return news || !doomed_.empty();
  }

  // Walks the counters that both sides know: what lives here and has no entry there is doomed. Leaves the reader behind them.
  void meet_known(const Group& group, std::uint32_t replica, std::uint64_t seen, Reader& in, std::uint64_t& left,
                  std::uint64_t& before) {
    const std::uint64_t end = std::min(seen, group.covered.last());
    DotLog::Cursor mine(store_->replica(replica).log, group.covered.first);
    const auto doom_until = [&](std::uint64_t counter) {
      for (; !mine.at_end() && mine.counter() < counter; mine.next()) doomed_.push_back(mine.slot());
    };
    while (left != 0) {
      Reader peek = in;
      const std::uint64_t counter = read_entry(peek, before).counter;
      if (counter > end) break;
      doom_until(counter);
      if (!mine.at_end() && mine.counter() == counter) mine.next();
      in = peek;
      before = counter;
      --left;
    }
    doom_until(end + 1);
  }

  // Adds new entries, a few at a time so that what they need from memory is fetched together.
  void add_entries(std::uint32_t replica, Reader in, std::uint64_t left, std::uint64_t before) {
    if (left == 1) {
      const Entry entry = read_entry(in, before);
      return add(replica, entry, store_->hash(entry.key));
    }
    constexpr std::uint64_t kTogether = 16;
    std::array<Entry, kTogether> entries;
    std::array<std::uint32_t, kTogether> hashes;
    while (left != 0) {
      const std::uint64_t count = std::min(left, kTogether);
      for (std::uint64_t i = 0; i < count; ++i) {
        entries[i] = read_entry(in, before);
        before = entries[i].counter;
        hashes[i] = store_->hash(entries[i].key);
        store_->prefetch(hashes[i]);
      }
      for (std::uint64_t i = 0; i < count; ++i) store_->prefetch_slot(hashes[i]);
      for (std::uint64_t i = 0; i < count; ++i) add(replica, entries[i], hashes[i]);
      left -= count;
    }
  }

  void add(std::uint32_t replica, const Entry& entry, std::uint32_t hash) {
    const std::uint32_t head = store_->find(entry.key, hash);
    if (noting_) touched_.note(entry.key, head != kNoSlot);
    store_->add(entry.key, hash, head, replica, entry.counter);
    undo_.added(replica, entry.counter);
  }

  void raise_seen(const DotRange& covered) {
    if (covered.count == 0) return;
    ElementStore::Replica& replica = store_->replica(store_->need_replica(covered.replica));
    replica.seen = std::max(replica.seen, covered.last());
  }

  ElementStore* store_ = nullptr;
  std::vector<Group> groups_;
  std::vector<std::uint32_t> doomed_;  // slots
  Facts facts_;
  ByteBuffer scratch_;
  Touched touched_;
  UndoLog undo_;
  bool noting_ = false;
};

}  // namespace crdtd::orset
