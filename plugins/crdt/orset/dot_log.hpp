// The live dots of one replica, in counter order, each with the slot that holds it.
//
// Dots of a replica arrive in order, so that they are appended; a dot that is gone leaves its place at once or soon. Chunks of
// 512 keep every step small: a chunk is searched by guess (counters are mostly even in step), drops its dead half at a time, and
// goes when nothing in it lives.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include "slot_table.hpp"

namespace crdtd::orset {

class DotLog {
 public:
  std::uint64_t size() const noexcept { return size_; }
  std::uint64_t memory_bytes() const noexcept { return entries_held_ * sizeof(Entry) + chunks_.capacity() * sizeof(Chunk); }

  // `counter` is not in the log. Cheap when it is greater than all that are.
  void insert(std::uint64_t counter, std::uint32_t slot) {
    ++size_;
    if (chunks_.empty() || counter > chunks_.back().last()) return append(counter, slot);
    std::size_t index = chunk_index(counter);
    if (index == chunks_.size() || counter - chunks_[index].first > UINT32_MAX) {  // before the first, or too far from its chunk
      index = index == chunks_.size() ? 0 : index + 1;
      Chunk fresh;
      fresh.first = counter;
      chunks_.insert(chunks_.begin() + static_cast<std::ptrdiff_t>(index), std::move(fresh));
    }
    Chunk& chunk = chunks_[index];
    const auto offset = static_cast<std::uint32_t>(counter - chunk.first);
    const std::size_t at = chunk.lower_bound(offset);
    ++chunk.live;
    if (at < chunk.entries.size() && chunk.entries[at].offset == offset) {
      chunk.entries[at].slot = slot;  // a dead place of this very dot
      return;
    }
    entries_held_ -= chunk.entries.capacity();
    chunk.entries.insert(chunk.entries.begin() + static_cast<std::ptrdiff_t>(at), {offset, slot});
    chunk.last_offset = chunk.entries.back().offset;
    entries_held_ += chunk.entries.capacity();
  }

  // The slot of a dot, kNoSlot when it is not here.
  std::uint32_t find(std::uint64_t counter) const noexcept {
    const Entry* entry = find_entry(counter);
    return entry == nullptr ? kNoSlot : entry->slot;
  }

  // The dot, which must be here, lies in another slot now.
  void set_slot(std::uint64_t counter, std::uint32_t slot) noexcept { const_cast<Entry*>(find_entry(counter))->slot = slot; }

  // The dot, which must be here, goes.
  void erase(std::uint64_t counter) {
    const std::size_t index = chunk_index(counter);
    Chunk& chunk = chunks_[index];
    const std::size_t at = chunk.lower_bound(static_cast<std::uint32_t>(counter - chunk.first));
    chunk.entries[at].slot = kNoSlot;
    --size_;
    if (--chunk.live == 0) {
      entries_held_ -= chunk.entries.capacity();
      chunks_.erase(chunks_.begin() + static_cast<std::ptrdiff_t>(index));
      if (chunks_.size() < chunks_.capacity() / 4) chunks_.shrink_to_fit();
    } else if (chunk.entries.size() > 16 && chunk.live < chunk.entries.size() / 2) {
      drop_dead(chunk);
    }
  }

  // Walks the live dots from a counter on. A change of the log ends its use.
  class Cursor {
    const auto& entry() const noexcept { return log_->chunks_[chunk_].entries[at_]; }

   public:
    Cursor(const DotLog& log, std::uint64_t from) noexcept : log_(&log), chunk_(log.chunk_index(from)) {
      if (chunk_ == log.chunks_.size()) {
        chunk_ = 0;
      } else {
        const Chunk& chunk = log.chunks_[chunk_];
        const std::uint64_t offset = from - chunk.first;
        at_ = offset > UINT32_MAX ? chunk.entries.size() : chunk.lower_bound(static_cast<std::uint32_t>(offset));
      }
      settle();
    }
    bool at_end() const noexcept { return chunk_ == log_->chunks_.size(); }
    std::uint64_t counter() const noexcept { return log_->chunks_[chunk_].first + entry().offset; }
    std::uint32_t slot() const noexcept { return entry().slot; }
    void next() noexcept {
      ++at_;
      settle();
    }

   private:
    void settle() noexcept {
      while (chunk_ != log_->chunks_.size()) {
        const auto& entries = log_->chunks_[chunk_].entries;
        while (at_ < entries.size() && entries[at_].slot == kNoSlot) ++at_;
        if (at_ < entries.size()) return;
        ++chunk_;
        at_ = 0;
      }
    }
    const DotLog* log_;
    std::size_t chunk_;
    std::size_t at_ = 0;
  };

 private:
  static constexpr std::size_t kChunkEntries = 512;

  struct Entry {
    std::uint32_t offset;  // of the counter, from the chunk's first
    std::uint32_t slot;    // kNoSlot: the dot is gone
  };
  struct Chunk {
    std::uint64_t first = 0;
    std::uint32_t live = 0;
    std::uint32_t last_offset = 0;  // of the last entry: kept here, as a search begins with it
    std::vector<Entry> entries;     // by offset, at least one alive

    std::uint64_t last() const noexcept { return first + last_offset; }
    // The first entry at or behind `offset`.
    std::size_t lower_bound(std::uint32_t offset) const noexcept {
      const std::size_t size = entries.size();
      if (size == 0 || offset > last_offset) return size;
      const std::uint64_t span = last_offset;
      std::size_t at = span == 0 ? 0 : static_cast<std::size_t>(std::uint64_t{offset} * (size - 1) / span);
      for (int step = 0; step < 8; ++step) {
        if (entries[at].offset < offset) {
          if (entries[++at].offset >= offset) return at;
        } else if (at == 0 || entries[at - 1].offset < offset) {
          return at;
        } else {
          --at;
        }
      }
      const auto before = [](const Entry& entry, std::uint32_t wanted) { return entry.offset < wanted; };
      return static_cast<std::size_t>(std::lower_bound(entries.begin(), entries.end(), offset, before) - entries.begin());
    }
  };

  // The last chunk that begins at or before `counter`; chunks_.size() when there is none.
  std::size_t chunk_index(std::uint64_t counter) const noexcept {
    if (!chunks_.empty() && counter >= chunks_.back().first) return chunks_.size() - 1;
    if (chunks_.empty() || counter < chunks_.front().first) return chunks_.size();
    // Chunks cover counters about evenly, so that a guess and a few steps around it mostly do.
    const std::uint64_t first = chunks_.front().first, span = chunks_.back().first - first;
    const int shift = span > UINT32_MAX ? static_cast<int>(std::bit_width(span)) - 32 : 0;
    std::size_t at = static_cast<std::size_t>(((counter - first) >> shift) * (chunks_.size() - 1) / (span >> shift));
    at = std::min(at, chunks_.size() - 2);
    for (int step = 0; step < 4; ++step) {
      if (chunks_[at].first > counter) {
        --at;
      } else if (chunks_[at + 1].first <= counter) {
        ++at;
      } else {
        return at;
      }
    }
    const auto after = std::upper_bound(chunks_.begin(), chunks_.end(), counter,
                                        [](std::uint64_t wanted, const Chunk& chunk) { return wanted < chunk.first; });
    return static_cast<std::size_t>(after - chunks_.begin()) - 1;
  }

  const Entry* find_entry(std::uint64_t counter) const noexcept {
    const std::size_t index = chunk_index(counter);
    if (index == chunks_.size()) return nullptr;
    const Chunk& chunk = chunks_[index];
    if (counter > chunk.last()) return nullptr;
    const auto offset = static_cast<std::uint32_t>(counter - chunk.first);
    const std::size_t at = chunk.lower_bound(offset);
    return at < chunk.entries.size() && chunk.entries[at].offset == offset ? &chunk.entries[at] : nullptr;
  }

  void append(std::uint64_t counter, std::uint32_t slot) {
    if (chunks_.empty() || chunks_.back().entries.size() >= kChunkEntries || counter - chunks_.back().first > UINT32_MAX) {
      chunks_.emplace_back();
      chunks_.back().first = counter;
    }
    Chunk& chunk = chunks_.back();
    entries_held_ -= chunk.entries.capacity();
    if (chunk.entries.empty() && chunks_.size() > 1) chunk.entries.reserve(kChunkEntries);  // the first one grows as it is needed
    chunk.last_offset = static_cast<std::uint32_t>(counter - chunk.first);
    chunk.entries.push_back({chunk.last_offset, slot});
    entries_held_ += chunk.entries.capacity();
    ++chunk.live;
  }

  void drop_dead(Chunk& chunk) {
    std::vector<Entry>& entries = chunk.entries;
    entries_held_ -= entries.capacity();
    std::erase_if(entries, [](const Entry& entry) { return entry.slot == kNoSlot; });
    if (entries.capacity() > entries.size() * 2 + 32) entries.shrink_to_fit();
    chunk.last_offset = entries.back().offset;
    entries_held_ += entries.capacity();
  }

  std::vector<Chunk> chunks_;  // by first
  std::uint64_t size_ = 0;     // live dots
  std::uint64_t entries_held_ = 0;
};

}  // namespace crdtd::orset
