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
#include "short_join.hpp"
#include "touched.hpp"
#include "undo_log.hpp"

namespace crdtd::orset {

class Join {
 public:
  Outcome apply(ElementStore& store, std::string_view delta, const Context& ctx, const Limits& limits, MergeOut& out) {
    const auto is_good = [this](const ElementKey& key) { return DeltaReader(scratch_).good(key); };
    if (ShortJoin::apply(store, delta, ctx, limits, is_good)) {
      scratch_.reset(kKeepScratch);
      out.changed = true;
      return {};
    }
    store_ = &store;
    noting_ = ctx.want_effect();
    touched_.clear();
    if (Outcome read = read_delta(delta); !read.ok()) return read;
    if (ctx.admit()) {
      if (Outcome admitted = admit(ctx, limits); !admitted.ok()) return admitted;
    }
    if (Outcome follows = check_causes(); !follows.ok()) return follows;
    const std::uint64_t before = store.element_count();
    const bool risk = ctx.admit() && (fresh_.size() > limits.elements || before > limits.elements - fresh_.size());
    undo_.start(risk);
    bool changed = false;
    fetch_slots();
    for (std::size_t i = 0; i < groups_.size(); ++i) changed |= join(groups_[i], met_[i]);
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
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      join(groups_[i], met_[i]);
      raise_seen(groups_[i].covered);
    }
    release_scratch();
    return {};
  }

  std::uint64_t memory_bytes() const noexcept {
    return groups_.capacity() * sizeof(Group) + met_.capacity() * sizeof(Met) + scratch_.capacity() + touched_.memory_bytes() +
           (fresh_.capacity() + doomed_.capacity()) * sizeof(std::uint32_t);
  }
  // Gives scratch memory back.
  void release() { *this = Join(); }

 private:
  // What this side knows of a group's replica.
  struct Met {
    std::uint32_t replica = kNoSlot;  // index in the store
    std::uint64_t seen = 0;
  };
  struct Early {
    std::uint64_t counter;
    std::uint32_t replica;  // index in the store
  };
  struct Facts {
    std::uint64_t largest_fresh = 0;  // bytes of the largest element that is new here
    std::uint32_t removed = 0;        // how many of removed_early_
  };

  static constexpr std::size_t kKeepScratch = 4096;
  static constexpr std::size_t kPlaceAhead = 16, kSlotAhead = 8;  // how many entries before their turn
  static constexpr std::size_t kEarly = kPlaceAhead;              // so many dots and elements are fetched while the delta is read

  // Looks at a delta while it is read: what is new, and what of memory will be needed.
  struct Look {
    Join& join;
    ElementStore& store;
    Met met;

    void covered(const DotRange& range) {
      met.replica = store.find_replica(range.replica);
      met.seen = met.replica == kNoSlot ? 0 : store.replica(met.replica).seen;
      join.met_.push_back(met);
    }
    void removed(std::uint64_t counter) {
      if (met.replica == kNoSlot || join.facts_.removed == kEarly) return;
      store.replica(met.replica).log.prefetch(counter);
      join.removed_early_[join.facts_.removed++] = {counter, met.replica};
    }
    void entry(const DotRange&, const Entry& it) {
      if (it.counter <= met.seen) return;
      const std::uint32_t hash = store.hash(it.key);
      if (join.fresh_.size() < kEarly) store.prefetch(hash);
      join.fresh_.push_back(hash);
      join.facts_.largest_fresh = std::max<std::uint64_t>(join.facts_.largest_fresh, it.key.canonical_size());
    }
  };

  void release_scratch() {
    const auto release = [](auto& vector, std::size_t keep) {
      if (vector.capacity() > keep) std::remove_reference_t<decltype(vector)>().swap(vector);
    };
    release(groups_, 16);
    release(met_, 16);
    release(fresh_, 256);
    release(doomed_, 64);
    scratch_.reset(kKeepScratch);
  }

  Outcome read_delta(std::string_view delta) {
    facts_ = {};
    met_.clear();
    fresh_.clear();
    fresh_used_ = 0;
    if (DeltaReader(scratch_).read(delta, groups_, Look{*this, *store_, {}})) return {};
    return malformed({"these bytes are no delta of this type (format ", kFormat, ")"});
  }

  // Fetches the slots of what read_delta() met first: what they hang on has come from memory in the meantime.
  void fetch_slots() const {
    for (std::uint32_t i = 0; i < facts_.removed; ++i) {
      const std::uint32_t slot = store_->replica(removed_early_[i].replica).log.find(removed_early_[i].counter);
      if (slot != kNoSlot) store_->prefetch_at(slot);
    }
    for (std::size_t i = 0; i < std::min(fresh_.size(), kSlotAhead); ++i) store_->prefetch_slot(fresh_[i]);
  }

  // GAP when the delta begins behind what was seen, or removes a dot that was not. The former is named first: it is about the
  // counters of the delta's own author.
  Outcome check_causes() const {
    for (const bool own : {true, false}) {
      for (std::size_t i = 0; i < groups_.size(); ++i) {
        const Group& group = groups_[i];
        const std::uint64_t seen = met_[i].seen;
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
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      const DotRange& range = groups_[i].covered;
      const std::uint64_t seen = met_[i].seen;
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
  bool join(const Group& group, const Met& met) {
    const std::uint64_t seen = met.seen;
    const bool news = group.covered.count != 0 && group.covered.last() > seen;
    const std::uint32_t replica = news ? store_->need_replica(group.covered.replica) : met.replica;
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

  // Adds new entries. What later ones need from memory is fetched some steps ahead: first their place in the table, then the
  // slot.
  void add_entries(std::uint32_t replica, Reader in, std::uint64_t left, std::uint64_t before) {
    for (; left != 0; --left, ++fresh_used_) {
      if (fresh_used_ + kPlaceAhead < fresh_.size()) store_->prefetch(fresh_[fresh_used_ + kPlaceAhead]);
      if (fresh_used_ + kSlotAhead < fresh_.size()) store_->prefetch_slot(fresh_[fresh_used_ + kSlotAhead]);
      const Entry entry = read_entry(in, before);
      before = entry.counter;
      add(replica, entry, fresh_[fresh_used_]);
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
  std::vector<Met> met_;              // of groups_
  std::vector<std::uint32_t> fresh_;  // hashes of the entries that are new here, in their order
  std::size_t fresh_used_ = 0;
  std::vector<std::uint32_t> doomed_;  // slots
  std::array<Early, kEarly> removed_early_;
  Facts facts_;
  ByteBuffer scratch_;
  Touched touched_;
  UndoLog undo_;
  bool noting_ = false;
};

}  // namespace crdtd::orset
