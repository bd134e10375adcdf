// How to take back what a batch or join did to the store, for the one refusal that shows only on the way: too many elements.
//
// Kept only when that can happen at all. Undoing restores every live dot; where they lie in memory may differ.
#pragma once

#include <cstdint>
#include <vector>

#include "crdtd/plugin/byte_buffer.hpp"
#include "element_store.hpp"

namespace crdtd::orset {

class UndoLog {
 public:
  void start(bool wanted) {
    wanted_ = wanted;
    steps_.clear();
    keys_.reset(0);
  }
  void added(std::uint32_t replica, std::uint64_t counter) {
    if (wanted_) steps_.push_back({replica, counter, 0, 0, false, true});
  }
  // To be called before the dot goes.
  void removing(const ElementStore& store, std::uint32_t slot) {
    if (!wanted_) return;
    const ElementKey key = store.key_of(slot);
    steps_.push_back({store.replica_of(slot), store.dot_of(slot).counter, keys_.size(), key.body.size(), key.string, false});
    keys_.append(key.body);
  }

  void undo(ElementStore& store) {
    for (; !steps_.empty(); steps_.pop_back()) {
      const Step& step = steps_.back();
      if (step.was_added) {
        store.remove(store.replica(step.replica).log.find(step.counter));
      } else {
        const ElementKey key{keys_.view(step.key_begin, step.key_begin + step.key_size), step.string};
        const std::uint32_t hash = store.hash(key);
        store.add(key, hash, store.find(key, hash), step.replica, step.counter);
      }
    }
    start(false);
  }

 private:
  struct Step {
    std::uint32_t replica;  // index in the store
    std::uint64_t counter;
    std::size_t key_begin, key_size;
    bool string, was_added;
  };
  bool wanted_ = false;
  std::vector<Step> steps_;
  ByteBuffer keys_;
};

}  // namespace crdtd::orset
