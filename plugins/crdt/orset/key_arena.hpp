// The bytes of many small keys, packed into segments; room of keys that are gone is given back.
//
// A key is a record in a segment of at most 64 KiB: u32 owner, u16 size, bytes. Keys of 16 KiB and more get a segment of their
// own. A segment of which three quarters are dead is evacuated: its live records move to the segment in use, and their owners
// are told. So at most three quarters are waste, and no call moves more than 16 KiB.
// Owners are slot numbers; the caller says where a slot's key lies, which tells a live record from a dead one.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace crdtd::orset {

struct KeyPlace {
  std::uint32_t segment = 0;
  std::uint32_t offset = 0;  // of the record
  bool operator==(const KeyPlace&) const = default;
};

class KeyArena {
 public:
  std::string_view at(KeyPlace place) const noexcept {
    const Segment& segment = segments_[place.segment];
    const char* record = segment.data.get() + place.offset;
    if (segment.alone) return {record + kHead, segment.used - kHead};
    std::uint16_t size;
    std::memcpy(&size, record + 4, 2);
    return {record + kHead, size};
  }
  void prefetch(KeyPlace place) const noexcept { __builtin_prefetch(segments_[place.segment].data.get() + place.offset); }

  // `key` may lie in this arena.
  KeyPlace put(std::string_view key, std::uint32_t owner) {
    const std::uint32_t size = static_cast<std::uint32_t>(key.size()) + kHead;
    if (key.size() >= kAloneMin) {
      const std::uint32_t index = open(size);
      segments_[index].alone = true;
      return write(index, key, owner);
    }
    if (current_ == kNone || segments_[current_].used + size > kSegmentBytes) current_ = open(size);
    Segment& segment = segments_[current_];
    if (segment.used + size > segment.capacity) enlarge(segment, size);
    return write(current_, key, owner);
  }

  void set_owner(KeyPlace place, std::uint32_t owner) noexcept {
    std::memcpy(segments_[place.segment].data.get() + place.offset, &owner, sizeof owner);
  }

  // Frees a key. `place_of(owner)` is where the key of a slot lies now (nowhere: a place that does not exist); `moved(owner,
  // place)` tells that it lies elsewhere. The key given up must no longer be what place_of() answers.
  template <class PlaceOf, class Moved>
  void drop(KeyPlace place, PlaceOf place_of, Moved moved) {
    Segment& segment = segments_[place.segment];
    segment.live -= static_cast<std::uint32_t>(at(place).size()) + kHead;
    if (segment.live == 0 && place.segment == current_ && segments_.size() - free_.size() > 1) {
      segment.used = 0;  // it will be filled again
    } else if (segment.live == 0) {
      if (place.segment == current_) current_ = kNone;
      close(place.segment);
    } else if (place.segment != current_ && segment.live < segment.used / 4) {
      evacuate(place.segment, place_of, moved);
    }
  }

  std::uint64_t memory_bytes() const noexcept { return bytes_ + segments_.capacity() * sizeof(Segment); }

 private:
  static constexpr std::uint32_t kHead = 6;
  static constexpr std::uint32_t kSegmentBytes = 64 * 1024;
  static constexpr std::uint32_t kAloneMin = 16 * 1024;
  static constexpr std::uint32_t kFirstBytes = 128;
  static constexpr std::uint32_t kNone = 0xffffffffu;

  struct Segment {
    std::unique_ptr<char[]> data;
    std::uint32_t capacity = 0;
    std::uint32_t used = 0;
    std::uint32_t live = 0;  // bytes of live records, heads included
    bool alone = false;      // one key, whose size is used - kHead
  };

  std::uint32_t open(std::uint32_t size) {
    std::uint32_t index = static_cast<std::uint32_t>(segments_.size());
    if (!free_.empty()) {
      index = free_.back();
      free_.pop_back();
    } else {
      segments_.emplace_back();
      free_.reserve(segments_.capacity());  // so that close() needs no memory
    }
    Segment& segment = segments_[index];
    const std::uint32_t first = segments_.size() - free_.size() > 1 ? kSegmentBytes : kFirstBytes;
    segment.capacity = size > kAloneMin || size > first ? size : first;  // a key alone: exactly what it takes
    segment.data = std::make_unique_for_overwrite<char[]>(segment.capacity);
    segment.used = segment.live = 0;
    segment.alone = false;
    bytes_ += segment.capacity;
    return index;
  }

  void close(std::uint32_t index) noexcept {
    bytes_ -= segments_[index].capacity;
    segments_[index] = {};
    free_.push_back(index);
    if (free_.size() != segments_.size()) return;
    std::vector<Segment>().swap(segments_);
    std::vector<std::uint32_t>().swap(free_);
  }

  void enlarge(Segment& segment, std::uint32_t size) {
    std::uint32_t capacity = segment.capacity * 2;
    while (capacity < segment.used + size) capacity *= 2;
    if (capacity > kSegmentBytes) capacity = kSegmentBytes;
    auto data = std::make_unique_for_overwrite<char[]>(capacity);
    std::memcpy(data.get(), segment.data.get(), segment.used);
    bytes_ += capacity - segment.capacity;
    segment.data = std::move(data);
    segment.capacity = capacity;
  }

  KeyPlace write(std::uint32_t index, std::string_view key, std::uint32_t owner) noexcept {
    Segment& segment = segments_[index];
    const KeyPlace place{index, segment.used};
    char* record = segment.data.get() + segment.used;
    const auto size = static_cast<std::uint16_t>(key.size());
    std::memcpy(record, &owner, 4);
    std::memcpy(record + 4, &size, 2);
    if (!key.empty()) std::memcpy(record + kHead, key.data(), key.size());
    segment.used += static_cast<std::uint32_t>(key.size()) + kHead;
    segment.live += static_cast<std::uint32_t>(key.size()) + kHead;
    return place;
  }

  template <class PlaceOf, class Moved>
  void evacuate(std::uint32_t index, PlaceOf place_of, Moved moved) {
    const std::uint32_t used = segments_[index].used;
    for (std::uint32_t offset = 0; offset < used;) {
      const KeyPlace place{index, offset};
      const std::string_view key = at(place);
      std::uint32_t owner;
      std::memcpy(&owner, segments_[index].data.get() + offset, 4);
      if (place_of(owner) == place) moved(owner, put(key, owner));
      offset += static_cast<std::uint32_t>(key.size()) + kHead;
    }
    close(index);
  }

  std::vector<Segment> segments_;
  std::vector<std::uint32_t> free_;
  std::uint32_t current_ = kNone;
  std::uint64_t bytes_ = 0;
};

}  // namespace crdtd::orset
