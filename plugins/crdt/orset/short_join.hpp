// Joins the delta that nearly every merge brings, without lists: one new counter of one known replica, with at most one dot of
// that replica that goes and at most one element that comes.
//
// The rules are those of join.hpp, which takes every other delta, and all that is to be refused. An element that is added again
// keeps its slot, which then is all of the store that is looked at.
#pragma once

#include <cstdint>
#include <string_view>

#include "crdtd/plugin/crdt_type.hpp"
#include "crdtd/plugin/reader.hpp"
#include "element_store.hpp"
#include "format.hpp"
#include "limits.hpp"

namespace crdtd::orset {

class ShortJoin {
 public:
  // True when the delta was joined; false, and nothing has changed, when join.hpp has to look at it. `is_good(key)` tells whether
  // an encoder writes such a key.
  template <class IsGood>
  static bool apply(ElementStore& store, std::string_view delta, const Context& ctx, const Limits& limits, IsGood is_good) {
    ShortJoin it;
    if (ctx.want_effect() || !it.read(store, delta)) return false;
    if (it.added_ && !is_good(it.key_)) return false;
    if (ctx.admit() && !it.admitted(store, ctx, limits)) return false;
    it.join(store);
    return true;
  }

 private:
  bool read(ElementStore& store, std::string_view delta) noexcept {
    Reader in(delta);
    if (in.u8() != 1) return false;  // group
    id_ = in.u64();
    counter_ = in.varint();
    if (in.u8() != 1) return false;  // counter
    replica_ = store.find_replica(id_);
    if (replica_ == kNoSlot || counter_ != store.replica(replica_).seen + 1 || counter_ == UINT64_MAX) return false;
    const std::uint8_t removed = in.u8();
    if (removed == 1) {
      removed_ = in.varint();
      if (removed_ == 0 || removed_ >= counter_) return false;
      store.replica(replica_).log.prefetch(removed_);
    }
    const std::uint8_t added = in.u8();
    if (removed > 1 || added > 1) return false;
    if (added == 1) {
      if (in.u8() != 1) return false;  // the gap to its counter
      const std::uint64_t tag = in.varint();
      key_ = {in.slice(tag >> 1), (tag & 1) == 0};
      added_ = true;
    }
    if (!in.ok() || !in.at_end()) return false;
    if (added_) {
      hash_ = store.hash(key_);
      if (removed_ == 0) store.prefetch(hash_);
    }
    return true;
  }

  bool admitted(const ElementStore& store, const Context& ctx, const Limits& limits) const noexcept {
    if (added_ && (key_.canonical_size() > limits.element_bytes || store.element_count() >= limits.elements)) return false;
    return ctx.heal() || (ctx.replica() == id_ && ctx.first_counter() == counter_ && ctx.count() == 1);
  }

  void join(ElementStore& store) const {
    const std::uint32_t gone = removed_ == 0 ? kNoSlot : store.replica(replica_).log.find(removed_);
    if (added_ && gone != kNoSlot && store.key_of(gone) == key_) {
      store.replace_dot(gone, replica_, counter_);
    } else {
      if (gone != kNoSlot) store.remove(gone);
      if (added_) store.add(key_, hash_, store.find(key_, hash_), replica_, counter_);
    }
    store.replica(replica_).seen = counter_;
    store.trim();
  }

  ReplicaId id_ = 0;
  std::uint64_t counter_ = 0;
  std::uint64_t removed_ = 0;  // 0: none
  ElementKey key_;
  std::uint32_t replica_ = kNoSlot;  // index in the store
  std::uint32_t hash_ = 0;
  bool added_ = false;
};

}  // namespace crdtd::orset
