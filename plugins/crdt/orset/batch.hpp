// The author's side: a batch of JSON ops becomes changes of the store, and one delta.
//
// The batch is checked whole before anything changes; what can go wrong later (too many elements) is undone. Each op that changes
// something uses one counter: an add is a new dot, and takes the dots of its element that the author saw; a remove takes those
// dots and its counter stays without a dot. `assign` removes with one counter what its list lacks, then adds what is missing. An
// op that finds nothing to do uses none. Dots in the rows of ctx.recent() were not seen by the author: no op touches them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "crdtd/plugin/causal_context.hpp"
#include "crdtd/plugin/crdt_type.hpp"
#include "crdtd/plugin/op_reader.hpp"
#include "element_store.hpp"
#include "format.hpp"
#include "limits.hpp"
#include "touched.hpp"
#include "undo_log.hpp"

namespace crdtd::orset {

class Batch {
 public:
  // Checks the ops and remembers them; nothing else changes.
  // The store is only looked at, so that what apply() will need is fetched early.
  Outcome read(std::string_view ops_json, ElementStore& store, const Limits& limits) {
    clear();
    store_ = &store;
    ops_.restart(ops_json, kKeepBytes);
    while (ops_.step()) {
      if (const std::string_view elem = ops_.value_in(R"({"type":"add","elem":)"); !elem.empty()) {  // as nearly all are written
        if (Outcome added = remember_add(elem, limits); !added.ok()) return std::move(added).in_op(ops_.index());
      } else if (const std::string_view gone = ops_.value_in(R"({"type":"remove","elem":)"); !gone.empty()) {
        remember(Kind::kRemove, gone);
      } else {
        if (!ops_.read()) break;
        if (Outcome read = read_op(limits); !read.ok()) return std::move(read).in_op(ops_.index());
      }
    }
    if (!ops_.failed()) return {};
    const OpFault& fault = ops_.fault();
    return invalid({fault.message}, fault.pointer).in_op(fault.op_index);
  }

  // Does what read() read. On failure the store holds what it held.
  Outcome apply(const Context& ctx, const Limits& limits, MutateOut& out) {
    ElementStore& store = *store_;
    if (steps_.empty()) return write_effect(store, ctx, out);
    const std::uint64_t expected = store.seen(ctx.replica()) + 1;
    if (ctx.first_counter() != expected) {
      return gap(expected, {"the next counter of this replica is ", expected, ", not ", ctx.first_counter()});
    }
    if (adds_ + steps_.size() > UINT64_MAX - 1 - expected)
      return limit_exceeded(UINT64_MAX, "the counters of this replica are used up");
    for (const Row row : ctx.recent()) unseen_.add(DotRange{row.replica, row.first_counter, row.count});
    replica_ = store.need_replica(ctx.replica());
    first_ = next_ = expected;
    noting_ = ctx.want_effect();
    undo_.start(adds_ > limits.elements || store.element_count() > limits.elements - adds_);
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      const Step& step = steps_[i];
      if (i + kAhead < steps_.size()) store.prefetch_slot(steps_[i + kAhead].hash);
      if (!apply(step, limits)) {
        undo_.undo(store);
        store.trim();
        return limit_exceeded(limits.elements,
                              {"the set has ", store.element_count(), " elements; at most ", limits.elements, " are allowed"},
                              step.kind == Kind::kAssign ? "/assign" : "")
            .in_op(step.op);
      }
    }
    store.replica(replica_).seen = next_ - 1;
    out.counters_used = static_cast<std::uint32_t>(next_ - first_);
    if (out.counters_used != 0) write_delta(ctx.replica(), out.delta);
    store.trim();
    return write_effect(store, ctx, out);
  }

  std::uint64_t memory_bytes() const noexcept {
    return ops_.memory_bytes() + steps_.capacity() * sizeof(Step) + removed_.capacity() * sizeof(Dot) +
           added_.capacity() * sizeof(Added) + touched_.memory_bytes();
  }
  // Gives scratch memory back.
  void release() { *this = Batch(); }

 private:
  enum class Kind : std::uint8_t { kAdd, kRemove, kAssign };
  struct Step {
    Kind kind;
    std::uint32_t op;
    std::uint32_t hash;
    OpReader::Place value;  // of the canonical element or list
  };
  struct Added {
    std::uint64_t counter;
    ElementKey key;
    bool gone;  // a later op of the batch took it back
  };
  static constexpr std::size_t kKeepSteps = 256;
  static constexpr std::size_t kKeepBytes = 4096;
  static constexpr std::size_t kAhead = 4;  // how many steps before its turn a slot is fetched

  void clear() {
    const auto empty = [](auto& vector) {
      vector.clear();
      if (vector.capacity() > kKeepSteps) vector.shrink_to_fit();
    };
    empty(steps_);
    empty(removed_);
    empty(added_);
    gone_ = 0;
    adds_ = 0;
    touched_.clear();
    if (!unseen_.empty()) unseen_ = CausalContext();
  }

  Outcome read_op(const Limits& limits) {
    if (const auto list = ops_.field("assign")) {
      if (!ops_.only({"assign"})) return invalid({ops_.fault().message}, ops_.fault().pointer);
      return read_assign(*list, limits);
    }
    const auto type = ops_.text_field("type");
    const bool add = type && *type == "add";
    if (!add && !(type && *type == "remove")) {
      return invalid(R"(an op is {"type":"add","elem":…}, {"type":"remove","elem":…} or {"assign":[…]})", "/type");
    }
    if (!ops_.only({"type", "elem"})) return invalid({ops_.fault().message}, ops_.fault().pointer);
    const auto elem = ops_.field("elem");
    if (!elem) return invalid("the field `elem` is missing", "/elem");
    if (add) return remember_add(*elem, limits);
    remember(Kind::kRemove, *elem);
    return {};
  }

  Outcome remember_add(std::string_view elem, const Limits& limits) {
    if (Outcome fits = check_size(elem, limits); !fits.ok()) return std::move(fits).under("/elem");
    ++adds_;
    remember(Kind::kAdd, elem);
    return {};
  }

  Outcome read_assign(std::string_view list, const Limits& limits) {
    if (list.front() != '[') return invalid("an array of elements is wanted", "/assign");
    Outcome checked;
    for_each_item(list, [&](std::string_view item) {
      ++adds_;
      checked = check_size(item, limits);
      return checked.ok();
    });
    if (checked.ok()) remember(Kind::kAssign, list);
    return std::move(checked).under("/assign");
  }

  static Outcome check_size(std::string_view element, const Limits& limits) {
    if (element.size() <= limits.element_bytes) return {};
    return limit_exceeded(limits.element_bytes,
                          {"an element takes ", element.size(), " bytes; at most ", limits.element_bytes, " are allowed"});
  }

  void remember(Kind kind, std::string_view value) {
    const std::uint32_t hash = kind == Kind::kAssign ? 0 : store_->hash(ElementKey::of_canonical(value));
    store_->prefetch(hash);
    steps_.push_back({kind, ops_.index(), hash, ops_.keep(value)});
  }

  // False when the set would hold too many elements.
  bool apply(const Step& step, const Limits& limits) {
    const std::string_view value = ops_.kept(step.value);
    if (step.kind == Kind::kAdd) return add(ElementKey::of_canonical(value), step.hash, limits, false);
    if (step.kind == Kind::kRemove) {
      if (remove(ElementKey::of_canonical(value), step.hash)) ++next_;
      return true;
    }
    return assign(value, limits);
  }

  bool seen(std::uint32_t slot) const noexcept { return unseen_.empty() || !unseen_.contains(store_->dot_of(slot)); }

  // Fills seen_slots_ with the element's slots whose dots the author saw.
  void collect_seen(std::uint32_t head) {
    seen_slots_.clear();
    for (std::uint32_t slot = head; slot != kNoSlot; slot = store_->next(slot)) {
      if (seen(slot)) seen_slots_.push_back(slot);
    }
  }

  // Says in delta and undo log that the slot's dot goes.
  void give_up(std::uint32_t slot) {
    const Dot dot = store_->dot_of(slot);
    if (store_->replica_of(slot) == replica_ && dot.counter >= first_) {  // the delta simply leaves it out
      const auto before = [](const Added& added, std::uint64_t counter) { return added.counter < counter; };
      std::lower_bound(added_.begin(), added_.end(), dot.counter, before)->gone = true;
      ++gone_;
    } else {
      removed_.push_back(dot);
    }
    undo_.removing(*store_, slot);
  }

  bool add(const ElementKey& key, std::uint32_t hash, const Limits& limits, bool keep) {
    const std::uint32_t head = store_->find(key, hash);
    if (head == kNoSlot && store_->element_count() >= limits.elements) return false;
    collect_seen(head);
    if (keep && !seen_slots_.empty()) return true;
    if (noting_) touched_.note(key, head != kNoSlot);
    for (const std::uint32_t slot : seen_slots_) give_up(slot);
    for (std::size_t i = 1; i < seen_slots_.size(); ++i) store_->remove(seen_slots_[i]);
    if (seen_slots_.empty()) {
      store_->add(key, hash, head, replica_, next_);
    } else {
      store_->replace_dot(seen_slots_[0], replica_, next_);
    }
    undo_.added(replica_, next_);
    added_.push_back({next_++, key, false});
    return true;
  }

  bool remove(const ElementKey& key, std::uint32_t hash) {
    const std::uint32_t head = store_->find(key, hash);
    collect_seen(head);
    if (seen_slots_.empty()) return false;
    if (noting_) touched_.note(key, true);
    for (const std::uint32_t slot : seen_slots_) give_up(slot);
    for (const std::uint32_t slot : seen_slots_) store_->remove(slot);
    return true;
  }

  bool assign(std::string_view list, const Limits& limits) {
    std::vector<ElementKey> wanted;
    for_each_item(list, [&](std::string_view item) {
      wanted.push_back(ElementKey::of_canonical(item));
      return true;
    });
    std::vector<ElementKey> sorted = wanted;
    const auto before = [](const ElementKey& a, const ElementKey& b) { return ElementKey::compare(a, b) < 0; };
    std::sort(sorted.begin(), sorted.end(), before);
    std::vector<std::uint32_t> heads;
    store_->for_each_element([&](std::uint32_t head) {
      if (!std::binary_search(sorted.begin(), sorted.end(), store_->key_of(head), before)) heads.push_back(head);
    });
    // Removed by key, as removing one dot may change which slot comes first.
    ByteBuffer copy;
    bool removed = false;
    for (const std::uint32_t head : heads) {
      const ElementKey key = store_->key_of(head);
      copy.clear();
      copy.append(key.body);
      const ElementKey copied{copy.view(), key.string};
      removed |= remove(copied, store_->hash(copied));
    }
    if (removed) ++next_;
    return std::all_of(wanted.begin(), wanted.end(),
                       [&](const ElementKey& key) { return add(key, store_->hash(key), limits, true); });
  }

  // Where a writer appends without asking for room, which was made before.
  struct Prepared {
    std::uint8_t* at;
    std::uint8_t* extend(std::size_t size) noexcept { return std::exchange(at, at + size); }
  };

  // Groups by replica: the dots that were given up, and the batch's own range with what of it lives.
  void write_delta(ReplicaId self, Output& out) {
    if (removed_.size() > 1) std::sort(removed_.begin(), removed_.end());
    std::uint64_t groups = 1;
    for (std::size_t i = 0; i < removed_.size(); ++i) {
      const bool next = i == 0 || removed_[i - 1].replica != removed_[i].replica;
      groups += next && removed_[i].replica != self ? 1 : 0;
    }
    std::size_t bound = 10 + groups * kGroupBytesMax + removed_.size() * 10;
    for (const Added& added : added_) bound += kEntryBytesMax + added.key.body.size();
    std::uint8_t* const start = out.prepare(bound);
    if (start == nullptr) return;  // no memory: the export layer sees it
    Prepared sink{start};
    DeltaWriter writer(sink, groups);
    bool own_written = false;
    for (auto at = removed_.begin(); at != removed_.end() || !own_written;) {
      const bool own = !own_written && (at == removed_.end() || at->replica >= self);
      const ReplicaId replica = own ? self : at->replica;
      const auto end = std::find_if(at, removed_.end(), [replica](Dot dot) { return dot.replica != replica; });
      writer.group(own ? DotRange{self, first_, next_ - first_} : DotRange{replica, 0, 0}, static_cast<std::uint64_t>(end - at));
      for (; at != end; ++at) writer.removed(at->counter);
      if (own) {
        write_added(writer);
      } else {
        writer.added_count(0);
      }
      own_written |= own;
    }
    out.commit(static_cast<std::uint32_t>(sink.at - start));
  }

  void write_added(DeltaWriter<Prepared>& writer) const {
    writer.added_count(added_.size() - gone_);
    for (const Added& added : added_) {
      if (!added.gone) writer.added(added.counter, added.key);
    }
  }

  Outcome write_effect(const ElementStore& store, const Context& ctx, MutateOut& out) {
    if (!ctx.want_effect()) return {};
    touched_.write(out.effect, [&](const ElementKey& key) { return store.find(key, store.hash(key)) != kNoSlot; });
    return {};
  }

  OpReader ops_;
  std::vector<Step> steps_;
  std::uint64_t adds_ = 0;  // at most so many elements will be new
  std::vector<Dot> removed_;
  std::vector<Added> added_;  // by counter
  std::size_t gone_ = 0;      // of them
  std::vector<std::uint32_t> seen_slots_;
  CausalContext unseen_;
  UndoLog undo_;
  Touched touched_;
  // Of the call of apply():
  ElementStore* store_ = nullptr;
  std::uint32_t replica_ = 0;  // the author's index
  std::uint64_t first_ = 0, next_ = 0;
  bool noting_ = false;
};

}  // namespace crdtd::orset
