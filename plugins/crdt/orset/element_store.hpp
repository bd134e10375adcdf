// The live dots of a set and the elements that they keep alive: what is in memory, without any rule about when.
//
// A slot is one live dot of one element: a cache line, with the key in it when it is short, else in an arena. Ways in: by element
// through a hash table (the first slot of an element; its others, made by concurrent adds, hang on it as a chain), by dot through
// the log of its replica. Nothing is kept for what was removed: slots are reused and the last ones move into holes, key bytes and
// dot logs give their room back, all in small steps. Replicas are never forgotten: the context needs the highest counter of each.
// Slot numbers are valid until trim(). Memory comes from operator new; bad_alloc leaves a store that may only be destroyed.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "crdtd/plugin/dot.hpp"
#include "dot_log.hpp"
#include "element_key.hpp"
#include "key_arena.hpp"
#include "slot_table.hpp"

namespace crdtd::orset {

class ElementStore {
 public:
  struct Replica {
    ReplicaId id = 0;
    std::uint64_t seen = 0;  // the context: every counter up to this one
    DotLog log;              // those that live
  };

  ElementStore() : seed_(mix(reinterpret_cast<std::uintptr_t>(this))) {}
  ElementStore(const ElementStore&) = delete;
  ElementStore& operator=(const ElementStore&) = delete;

  std::uint64_t element_count() const noexcept { return elements_.size(); }
  std::uint64_t dot_count() const noexcept { return live_; }
  std::uint64_t key_bytes() const noexcept { return key_bytes_; }  // of the elements as encoded, once per dot
  const std::vector<Replica>& replicas() const noexcept { return replicas_; }
  Replica& replica(std::uint32_t index) noexcept { return replicas_[index]; }

  // The place of a replica in replicas(), or kNoSlot.
  std::uint32_t find_replica(ReplicaId id) const noexcept {
    if (last_replica_ < replicas_.size() && replicas_[last_replica_].id == id) return last_replica_;
    const std::uint32_t found =
        by_replica_.find(replica_hash(id), [&](std::uint32_t index) { return replicas_[index].id == id; });
    if (found != kNoSlot) last_replica_ = found;
    return found;
  }
  std::uint32_t need_replica(ReplicaId id) {
    const std::uint32_t found = find_replica(id);
    if (found != kNoSlot) return found;
    const auto index = static_cast<std::uint32_t>(replicas_.size());
    replicas_.emplace_back().id = id;
    by_replica_.insert(replica_hash(id), index);
    return index;
  }
  std::uint64_t seen(ReplicaId id) const noexcept {
    const std::uint32_t index = find_replica(id);
    return index == kNoSlot ? 0 : replicas_[index].seen;
  }

  std::uint32_t hash(const ElementKey& key) const noexcept { return hash_of(key, seed_); }
  // Fetch ahead of find(): first the place in the hash table, later the slot that it names.
  void prefetch(std::uint32_t hash) const noexcept { elements_.prefetch(hash); }
  void prefetch_slot(std::uint32_t hash) const noexcept {
    const std::uint32_t index = elements_.guess(hash);
    if (index != kNoSlot) __builtin_prefetch(&slot(index));
  }

  void prefetch_at(std::uint32_t slot_index) const noexcept { __builtin_prefetch(&slot(slot_index)); }

  // The first slot of an element, or kNoSlot; the others follow by next().
  std::uint32_t find(const ElementKey& key, std::uint32_t hash) const noexcept {
    return elements_.find(hash, [&](std::uint32_t index) { return key_of(index) == key; });
  }
  std::uint32_t next(std::uint32_t index) const noexcept { return slot(index).next; }
  // Valid until the store changes.
  ElementKey key_of(std::uint32_t index) const noexcept {
    const Slot& it = slot(index);
    return {it.size <= kInlineMax ? std::string_view(it.key.bytes, it.size) : keys_.at(it.key.place), (it.flags & kString) != 0};
  }
  Dot dot_of(std::uint32_t index) const noexcept {
    const Slot& it = slot(index);
    return {replicas_[it.replica].id, it.counter};
  }
  std::uint32_t replica_of(std::uint32_t index) const noexcept { return slot(index).replica; }

  // A new live dot. `head`: what find() said. `key` must not lie in this store.
  void add(const ElementKey& key, std::uint32_t hash, std::uint32_t head, std::uint32_t replica, std::uint64_t counter) {
    const std::uint32_t index = take_slot();
    Slot& fresh = slot(index);
    fresh = {counter, replica, kNoSlot, hash, static_cast<std::uint32_t>(key.body.size()), key.string ? kString : 0u, {}};
    if (fresh.size > kInlineMax) {
      fresh.key.place = keys_.put(key.body, index);
    } else if (fresh.size != 0) {
      std::memcpy(fresh.key.bytes, key.body.data(), fresh.size);
    }
    if (head == kNoSlot) {
      fresh.flags |= kHead;
      elements_.insert(hash, index);
    } else {
      fresh.next = slot(head).next;
      slot(head).next = index;
    }
    replicas_[replica].log.insert(counter, index);
    ++live_;
    key_bytes_ += key.body.size();
  }

  // The slot's dot dies and another one takes over its element: an add of what is there already.
  void replace_dot(std::uint32_t index, std::uint32_t replica, std::uint64_t counter) {
    Slot& it = slot(index);
    replicas_[it.replica].log.erase(it.counter);
    it.replica = replica;
    it.counter = counter;
    replicas_[replica].log.insert(counter, index);
  }

  // The slot's dot dies. True when its element went with it.
  bool remove(std::uint32_t index) {
    Slot& it = slot(index);
    const bool last = unlink(index);
    replicas_[it.replica].log.erase(it.counter);
    --live_;
    const KeyPlace place = it.key.place;
    const bool in_arena = it.size > kInlineMax;
    key_bytes_ -= it.size;
    free_slot(index);
    if (in_arena) drop_key(place);
    return last;
  }

  // Fills holes from the end, while there are many. Slot numbers change.
  void trim() {
    if (slots_used_ - live_ > live_ / 2 + 16 || live_ == 0) [[unlikely]]
      fill_holes();
  }

  // Calls `element(first slot)` for each element, in no order.
  template <class Element>
  void for_each_element(Element element) const {
    for (std::uint32_t index = 0; index < slots_used_; ++index) {
      if (slot(index).replica != kNoSlot && is_head(index)) element(index);
    }
  }

  std::uint64_t memory_bytes() const noexcept {
    std::uint64_t bytes = keys_.memory_bytes() + elements_.memory_bytes() + by_replica_.memory_bytes();
    bytes += replicas_.capacity() * sizeof(Replica);
    for (const auto& chunk : slots_) bytes += sizeof chunk + chunk.capacity() * sizeof(Slot);
    for (const Replica& it : replicas_) bytes += it.log.memory_bytes();
    return bytes;
  }

 private:
  static constexpr std::uint32_t kChunkSlots = 4096;
  static constexpr KeyPlace kNowhere{kNoSlot, 0};
  static constexpr std::uint32_t kInlineMax = 36;
  static constexpr std::uint32_t kString = 1;  // the element is a JSON string
  static constexpr std::uint32_t kHead = 2;    // the first slot of its element: the one in the hash table

  union Key {
    KeyPlace place = kNowhere;  // when it is longer than kInlineMax
    char bytes[kInlineMax];
  };
  struct alignas(64) Slot {
    std::uint64_t counter = 0;
    std::uint32_t replica = kNoSlot;  // index into replicas_; kNoSlot: the slot is free
    std::uint32_t next = kNoSlot;     // the next slot of the element, or the next free one
    std::uint32_t hash = kNoSlot;     // of the element; when free: the free one before
    std::uint32_t size = 0;           // of the key's body
    std::uint32_t flags = 0;
    Key key;
  };
  static_assert(sizeof(Slot) == 64);

  static std::uint32_t replica_hash(ReplicaId id) noexcept { return static_cast<std::uint32_t>(mix(id) >> 32); }

  Slot& slot(std::uint32_t index) noexcept { return slots_[index / kChunkSlots][index % kChunkSlots]; }
  const Slot& slot(std::uint32_t index) const noexcept { return slots_[index / kChunkSlots][index % kChunkSlots]; }

  bool is_head(std::uint32_t index) const noexcept { return (slot(index).flags & kHead) != 0; }

  std::uint32_t take_slot() {
    if (first_free_ != kNoSlot) {
      const std::uint32_t index = first_free_;
      unlink_free(index);
      return index;
    }
    if (slots_used_ == slots_.size() * kChunkSlots) {
      slots_.emplace_back();
      if (slots_used_ != 0) slots_.back().reserve(kChunkSlots);  // the first one grows as it is needed
    }
    auto& chunk = slots_[slots_used_ / kChunkSlots];
    if (slots_used_ % kChunkSlots == chunk.size()) chunk.emplace_back();
    return slots_used_++;
  }

  void free_slot(std::uint32_t index) noexcept {
    slot(index) = {};
    slot(index).next = first_free_;
    if (first_free_ != kNoSlot) slot(first_free_).hash = index;
    first_free_ = index;
  }
  void unlink_free(std::uint32_t index) noexcept {
    const Slot& it = slot(index);
    if (it.next != kNoSlot) slot(it.next).hash = it.hash;
    if (it.hash != kNoSlot) slot(it.hash).next = it.next;
    if (first_free_ == index) first_free_ = it.next;
  }

  // The slot before `index` in its element's chain, kNoSlot when it is the first.
  std::uint32_t before(std::uint32_t index) const noexcept {
    if (is_head(index)) return kNoSlot;
    std::uint32_t at = find(key_of(index), slot(index).hash);
    while (slot(at).next != index) at = slot(at).next;
    return at;
  }

  // Takes a slot out of its element's chain; true when it was the only one.
  bool unlink(std::uint32_t index) {
    const Slot& it = slot(index);
    const std::uint32_t previous = before(index);
    if (previous != kNoSlot) {
      slot(previous).next = it.next;
      return false;
    }
    if (it.next != kNoSlot) {
      elements_.rename(it.hash, index, it.next);
      slot(it.next).flags |= kHead;
      return false;
    }
    elements_.erase(it.hash, index);
    return true;
  }

  [[gnu::noinline]] void fill_holes() {
    if (live_ == 0) {
      std::vector<std::vector<Slot>>().swap(slots_);
      slots_used_ = 0;
      first_free_ = kNoSlot;
    }
    while (slots_used_ - live_ > live_ / 2 + 16) {
      const std::uint32_t end = slots_used_ - 1;
      if (slot(end).replica == kNoSlot) {
        unlink_free(end);
      } else {
        const std::uint32_t hole = first_free_;
        unlink_free(hole);
        relocate(end, hole);
      }
      --slots_used_;
    }
    while (!slots_.empty() && slots_used_ + kChunkSlots / 2 <= (slots_.size() - 1) * kChunkSlots) slots_.pop_back();
    if (slots_.size() == 1 && slots_[0].size() > 4 * std::size_t{slots_used_} + 64) {
      slots_[0].resize(slots_used_);
      slots_[0].shrink_to_fit();
    }
  }

  void drop_key(KeyPlace place) {
    const auto place_of = [this](std::uint32_t owner) {
      return owner < slots_used_ && slot(owner).size > kInlineMax ? slot(owner).key.place : kNowhere;
    };
    keys_.drop(place, place_of, [this](std::uint32_t owner, KeyPlace to) { slot(owner).key.place = to; });
  }

  void relocate(std::uint32_t from, std::uint32_t to) noexcept {
    const Slot& it = slot(from);
    const std::uint32_t previous = before(from);
    if (previous == kNoSlot) {
      elements_.rename(it.hash, from, to);
    } else {
      slot(previous).next = to;
    }
    replicas_[it.replica].log.set_slot(it.counter, to);
    if (it.size > kInlineMax) keys_.set_owner(it.key.place, to);
    slot(to) = it;
    slot(from) = {};
  }

  std::uint64_t seed_;
  std::vector<std::vector<Slot>> slots_;  // chunks
  std::uint32_t slots_used_ = 0;
  std::uint32_t first_free_ = kNoSlot;
  std::uint64_t live_ = 0;
  std::uint64_t key_bytes_ = 0;
  KeyArena keys_;
  SlotTable elements_;
  std::vector<Replica> replicas_;
  SlotTable by_replica_;
  mutable std::uint32_t last_replica_ = 0;
};

}  // namespace crdtd::orset
