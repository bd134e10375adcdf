// The live dots of one replica, in counter order, each with the slot that holds it.
//
// A run stands for 64 counters: which of them live, which have an entry, and the entries. A dot that dies is struck out in the
// run's head, which mostly is in the processor's cache; the entries of dead dots go when they are more than half of a run's, and
// runs in which nothing lives when they are more than half of all. Dots of a replica arrive in order, so that they are appended.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "slot_table.hpp"

namespace crdtd::orset {

class DotLog {
  struct Run;

 public:
  std::uint64_t size() const noexcept { return size_; }
  std::uint64_t memory_bytes() const noexcept { return entries_held_ * sizeof(std::uint32_t) + runs_.capacity() * sizeof(Run); }

  // `counter` is not in the log. Cheap when it is greater than all that are.
  void insert(std::uint64_t counter, std::uint32_t slot) {
    Run& run = need_run(counter / 64);
    const std::uint64_t bit = bit_of(counter);
    const std::uint32_t rank = run.rank(bit);
    if ((run.present & bit) == 0) {
      const std::uint32_t count = run.present < bit ? rank : count_of(run.present);
      if (capacity_for(count + 1) != capacity_for(count)) resize(run, capacity_for(count + 1));
      if (rank != count) std::memmove(&run.slots[rank + 1], &run.slots[rank], (count - rank) * sizeof(std::uint32_t));
    }
    run.slots[rank] = slot;
    run.present |= bit;
    run.live |= bit;
    ++size_;
  }

  // The slot of a dot, kNoSlot when it is not here.
  std::uint32_t find(std::uint64_t counter) const noexcept {
    const Run* run = run_of(counter);
    if (run == nullptr || (run->live & bit_of(counter)) == 0) return kNoSlot;
    return run->slots[run->rank(bit_of(counter))];
  }
  // The dot, which must be here, lies in another slot now.
  void set_slot(std::uint64_t counter, std::uint32_t slot) noexcept {
    const Run& run = *run_of(counter);
    run.slots[run.rank(bit_of(counter))] = slot;
  }
  // Fetches what find() will look at.
  void prefetch(std::uint64_t counter) const noexcept {
    const Run* run = run_of(counter);
    if (run != nullptr && run->live != 0) __builtin_prefetch(&run->slots[run->rank(bit_of(counter))]);
  }

  // The dot, which must be here, goes.
  void erase(std::uint64_t counter) {
    if (--size_ == 0) return clear();
    Run& run = runs_[place_of(counter / 64)];
    run.live &= ~bit_of(counter);
    if (run.live == 0) {
      resize(run, 0);
      run.present = 0;
      if (++dead_runs_ > runs_.size() / 2) drop_dead_runs();
    } else if (count_of(run.live) * 2 < count_of(run.present)) {
      drop_dead(run);
    }
  }

  // Walks the live dots from a counter on. A change of the log ends its use.
  class Cursor {
   public:
    Cursor(const DotLog& log, std::uint64_t from) noexcept : at_(log.runs_.data()), end_(at_ + log.runs_.size()) {
      at_ += log.place_of(from / 64);
      if (at_ == end_) return;
      left_ = at_->number == from / 64 ? at_->live & ~(bit_of(from) - 1) : at_->live;
      settle();
    }
    bool at_end() const noexcept { return at_ == end_; }
    std::uint64_t counter() const noexcept { return at_->number * 64 + static_cast<std::uint64_t>(std::countr_zero(left_)); }
    std::uint32_t slot() const noexcept { return at_->slots[at_->rank(left_ & -left_)]; }
    void next() noexcept {
      left_ &= left_ - 1;
      settle();
    }

   private:
    void settle() noexcept {
      while (left_ == 0 && ++at_ != end_) left_ = at_->live;
    }
    const Run* at_;
    const Run* end_;
    std::uint64_t left_ = 0;  // of the run's dots, this one and those behind it
  };

 private:
  struct Run {
    std::uint64_t number = 0;   // of its first counter, divided by 64
    std::uint64_t live = 0;     // a bit for each counter
    std::uint64_t present = 0;  // those that have an entry, dead or alive
    std::unique_ptr<std::uint32_t[]> slots;

    // How many entries stand before that of a counter.
    std::uint32_t rank(std::uint64_t bit) const noexcept {
      const std::uint64_t below = bit - 1;
      return (present & below) == below ? static_cast<std::uint32_t>(std::countr_zero(bit)) : count_of(present & below);
    }
    std::uint32_t capacity() const noexcept { return capacity_for(count_of(present)); }
  };

  static std::uint64_t bit_of(std::uint64_t counter) noexcept { return std::uint64_t{1} << counter % 64; }
  static std::uint32_t count_of(std::uint64_t bits) noexcept { return static_cast<std::uint32_t>(std::popcount(bits)); }
  static std::uint32_t capacity_for(std::uint32_t count) noexcept { return count == 0 ? 0 : std::max(std::bit_ceil(count), 4u); }

  // The first run at or behind a number. Numbers mostly follow each other, so that a guess and a few steps around it do; and
  // who asks for a dot mostly asks for it again.
  std::size_t place_of(std::uint64_t number) const noexcept {
    if (last_place_ < runs_.size() && runs_[last_place_].number == number) return last_place_;
    return last_place_ = search_place(number);
  }
  std::size_t search_place(std::uint64_t number) const noexcept {
    if (runs_.empty() || number > runs_.back().number) return runs_.size();
    const std::uint64_t first = runs_.front().number, span = runs_.back().number - first;
    if (number <= first) return 0;
    std::size_t at = static_cast<std::size_t>(number - first);
    if (span != runs_.size() - 1) {
      const int shift = span > UINT32_MAX ? static_cast<int>(std::bit_width(span)) - 32 : 0;
      at = static_cast<std::size_t>(((number - first) >> shift) * (runs_.size() - 1) / (span >> shift));
    }
    at = std::clamp<std::size_t>(at, 1, runs_.size() - 1);
    for (int step = 0; step < 4; ++step) {
      if (runs_[at].number < number) {
        ++at;  // not beyond the last, whose number is not less
      } else if (runs_[at - 1].number >= number) {
        --at;  // not before the first, whose number is less
      } else {
        return at;
      }
    }
    const auto before = [](const Run& run, std::uint64_t wanted) { return run.number < wanted; };
    return static_cast<std::size_t>(std::lower_bound(runs_.begin(), runs_.end(), number, before) - runs_.begin());
  }
  const Run* run_of(std::uint64_t counter) const noexcept {
    const std::size_t at = place_of(counter / 64);
    return at != runs_.size() && runs_[at].number == counter / 64 ? &runs_[at] : nullptr;
  }
  Run& need_run(std::uint64_t number) {
    if (!runs_.empty() && runs_.back().number == number && runs_.back().live != 0) return runs_.back();
    const std::size_t at = place_of(number);
    if (at == runs_.size() || runs_[at].number != number) {
      runs_.emplace(runs_.begin() + static_cast<std::ptrdiff_t>(at))->number = number;
    } else if (runs_[at].live == 0) {
      --dead_runs_;
    }
    return runs_[at];
  }

  void resize(Run& run, std::uint32_t capacity) {
    entries_held_ -= run.capacity();
    entries_held_ += capacity;
    if (capacity == 0) return run.slots.reset();
    auto fresh = std::make_unique_for_overwrite<std::uint32_t[]>(capacity);
    if (run.present != 0) std::memcpy(fresh.get(), run.slots.get(), count_of(run.present) * sizeof(std::uint32_t));
    run.slots = std::move(fresh);
  }
  void drop_dead(Run& run) {
    std::uint32_t from = 0, to = 0;
    for (std::uint64_t left = run.present; left != 0; left &= left - 1, ++from) {
      if ((left & -left & run.live) != 0) run.slots[to++] = run.slots[from];
    }
    const std::uint32_t capacity = run.capacity();
    entries_held_ -= capacity;
    run.present = run.live;
    entries_held_ += run.capacity();
    if (run.capacity() == capacity) return;
    auto fresh = std::make_unique_for_overwrite<std::uint32_t[]>(run.capacity());
    std::memcpy(fresh.get(), run.slots.get(), to * sizeof(std::uint32_t));
    run.slots = std::move(fresh);
  }
  void drop_dead_runs() {
    std::erase_if(runs_, [](const Run& run) { return run.live == 0; });
    if (runs_.size() < runs_.capacity() / 4) runs_.shrink_to_fit();
    dead_runs_ = 0;
  }
  void clear() noexcept {
    std::vector<Run>().swap(runs_);
    entries_held_ = dead_runs_ = 0;
  }

  std::vector<Run> runs_;        // by number
  std::uint64_t size_ = 0;       // live dots
  std::uint64_t dead_runs_ = 0;  // in which nothing lives
  std::uint64_t entries_held_ = 0;
  mutable std::size_t last_place_ = 0;  // what place_of() found last; may be out of date
};

}  // namespace crdtd::orset
