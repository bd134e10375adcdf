// A hash table from a 32-bit hash to a slot number, which grows and shrinks in small steps.
//
// Extendible hashing: a directory, indexed by the top bits of the hash, names pages of at most 4096 places (open addressing,
// linear probing). A full page doubles, and at 4096 places splits in two; buddies that are nearly empty become one again. So no
// call moves more than a page (32 KiB), however large the table is. The caller compares keys: the table knows only hashes.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace crdtd::orset {

inline constexpr std::uint32_t kNoSlot = 0xffffffffu;

class SlotTable {
 public:
  std::uint64_t size() const noexcept { return size_; }
  std::uint64_t memory_bytes() const noexcept {
    return places_ * sizeof(Place) + pages_.capacity() * sizeof(Page) + directory_.capacity() * sizeof(std::uint32_t);
  }

  // The slot with this hash for which `same(slot)` holds, or kNoSlot.
  template <class Same>
  std::uint32_t find(std::uint32_t hash, Same same) const {
    if (size_ == 0) return kNoSlot;
    const Page& page = page_of(hash);
    for (std::uint32_t at = hash & page.mask;; at = (at + 1) & page.mask) {
      const Place place = page.places[at];
      if (place.slot == kNoSlot) return kNoSlot;
      if (place.hash == hash && same(place.slot)) return place.slot;
    }
  }

  // The slot that find() would look at first, or kNoSlot.
  std::uint32_t guess(std::uint32_t hash) const noexcept {
    return find(hash, [](std::uint32_t) { return true; });
  }

  // The slot, which must not be there yet.
  void insert(std::uint32_t hash, std::uint32_t slot) {
    if (directory_.empty()) {
      directory_.push_back(new_page(8, 0));
    }
    while (room_is_short(page_of(hash))) make_room(hash);
    put(page_of(hash), hash, slot);
    ++size_;
  }

  // The slot `from`, which must be there, is called `to` from now on.
  void rename(std::uint32_t hash, std::uint32_t from, std::uint32_t to) noexcept {
    Page& page = page_of(hash);
    page.places[index_of(page, hash, from)].slot = to;
  }

  // The slot, which must be there, goes.
  void erase(std::uint32_t hash, std::uint32_t slot) {
    Page& page = page_of(hash);
    std::uint32_t hole = index_of(page, hash, slot);
    for (std::uint32_t at = (hole + 1) & page.mask; page.places[at].slot != kNoSlot; at = (at + 1) & page.mask) {
      const std::uint32_t home = page.places[at].hash & page.mask;
      if (((at - home) & page.mask) < ((at - hole) & page.mask)) continue;  // it would move before its home
      page.places[hole] = page.places[at];
      hole = at;
    }
    page.places[hole] = {};
    --page.count;
    --size_;
    if (page.count < (page.mask + 1) / 8) shrink(hash);
  }

  void prefetch(std::uint32_t hash) const noexcept {
    if (size_ == 0) return;
    const Page& page = page_of(hash);
    __builtin_prefetch(&page.places[hash & page.mask]);
  }

 private:
  static constexpr std::uint32_t kPagePlaces = 4096;
  static constexpr std::uint32_t kDepthMax = 16;

  struct Place {
    std::uint32_t hash = 0;
    std::uint32_t slot = kNoSlot;
  };
  struct Page {
    std::unique_ptr<Place[]> places;
    std::uint32_t mask = 0;   // places - 1
    std::uint32_t count = 0;  // taken
    std::uint32_t depth = 0;  // how many top bits of the hash all its slots share
  };

  std::uint32_t directory_index(std::uint32_t hash) const noexcept { return depth_ == 0 ? 0 : hash >> (32 - depth_); }
  const Page& page_of(std::uint32_t hash) const noexcept { return pages_[directory_[directory_index(hash)]]; }
  Page& page_of(std::uint32_t hash) noexcept { return pages_[directory_[directory_index(hash)]]; }

  static bool room_is_short(const Page& page) noexcept { return (page.count + 1) * 4 > (page.mask + 1) * 3; }

  static std::uint32_t index_of(const Page& page, std::uint32_t hash, std::uint32_t slot) noexcept {
    std::uint32_t at = hash & page.mask;
    while (page.places[at].slot != slot) at = (at + 1) & page.mask;
    return at;
  }
  static void put(Page& page, std::uint32_t hash, std::uint32_t slot) noexcept {
    std::uint32_t at = hash & page.mask;
    while (page.places[at].slot != kNoSlot) at = (at + 1) & page.mask;
    page.places[at] = {hash, slot};
    ++page.count;
  }

  std::uint32_t new_page(std::uint32_t places, std::uint32_t depth) {
    std::uint32_t index = static_cast<std::uint32_t>(pages_.size());
    if (!free_pages_.empty()) {
      index = free_pages_.back();
      free_pages_.pop_back();
    } else {
      pages_.emplace_back();
    }
    pages_[index] = {std::make_unique<Place[]>(places), places - 1, 0, depth};
    places_ += places;
    return index;
  }
  void free_page(std::uint32_t index) {
    places_ -= pages_[index].mask + 1;
    pages_[index] = {};
    free_pages_.push_back(index);
  }

  void resize(Page& page, std::uint32_t places) {
    Page fresh{std::make_unique<Place[]>(places), places - 1, 0, page.depth};
    for (std::uint32_t at = 0; at <= page.mask; ++at) {
      if (page.places[at].slot != kNoSlot) put(fresh, page.places[at].hash, page.places[at].slot);
    }
    places_ += places;
    places_ -= page.mask + 1;
    page = std::move(fresh);
  }

  void make_room(std::uint32_t hash) {
    Page& page = page_of(hash);
    // At the greatest depth, and when equal hashes would not part anyway, a page may outgrow its usual size.
    if (page.mask + 1 < kPagePlaces || page.depth == kDepthMax) return resize(page, (page.mask + 1) * 2);
    split(hash);
  }

  void split(std::uint32_t hash) {
    if (page_of(hash).depth == depth_) {
      std::vector<std::uint32_t> twice;
      twice.reserve(directory_.size() * 2);
      for (const std::uint32_t page : directory_) twice.insert(twice.end(), 2, page);
      directory_ = std::move(twice);
      ++depth_;
    }
    const std::uint32_t old = directory_[directory_index(hash)];
    const std::uint32_t depth = pages_[old].depth + 1;
    const std::uint32_t halves[] = {new_page(kPagePlaces, depth), new_page(kPagePlaces, depth)};
    for (std::uint32_t at = 0; at <= pages_[old].mask; ++at) {
      const Place place = pages_[old].places[at];
      if (place.slot != kNoSlot) put(pages_[halves[place.hash >> (32 - depth) & 1]], place.hash, place.slot);
    }
    const std::uint32_t width = 1u << (depth_ - depth);  // directory entries per half
    const std::uint32_t first = directory_index(hash) / (width * 2) * (width * 2);
    for (std::uint32_t i = 0; i < width * 2; ++i) directory_[first + i] = halves[i / width];
    free_page(old);
  }

  void shrink(std::uint32_t hash) {
    if (size_ == 0) {
      *this = SlotTable();
      return;
    }
    Page& page = page_of(hash);
    if (page.mask + 1 > 8) resize(page, (page.mask + 1) / 2);
    if (page_of(hash).depth != 0) join_buddies(hash);
  }

  void join_buddies(std::uint32_t hash) {
    const std::uint32_t mine = directory_[directory_index(hash)];
    const std::uint32_t depth = pages_[mine].depth;
    const std::uint32_t other = directory_[directory_index(hash ^ 1u << (32 - depth))];
    if (pages_[other].depth != depth || pages_[mine].count + pages_[other].count > kPagePlaces / 8) return;
    std::uint32_t places = 8;
    while ((pages_[mine].count + pages_[other].count + 1) * 2 > places) places *= 2;
    const std::uint32_t joined = new_page(places, depth - 1);
    for (const std::uint32_t half : {mine, other}) {
      for (std::uint32_t at = 0; at <= pages_[half].mask; ++at) {
        const Place place = pages_[half].places[at];
        if (place.slot != kNoSlot) put(pages_[joined], place.hash, place.slot);
      }
      free_page(half);
    }
    for (std::uint32_t& page : directory_) {
      if (page == mine || page == other) page = joined;
    }
    halve_directory();
  }

  void halve_directory() {
    while (depth_ != 0) {
      for (std::size_t i = 0; i < directory_.size(); i += 2) {
        if (directory_[i] != directory_[i + 1]) return;
      }
      for (std::size_t i = 0; i < directory_.size() / 2; ++i) directory_[i] = directory_[i * 2];
      directory_.resize(directory_.size() / 2);
      --depth_;
    }
    directory_.shrink_to_fit();
  }

  std::vector<Page> pages_;
  std::vector<std::uint32_t> free_pages_;
  std::vector<std::uint32_t> directory_;
  std::uint32_t depth_ = 0;  // the directory has 2^depth_ entries
  std::uint64_t size_ = 0;
  std::uint64_t places_ = 0;
};

}  // namespace crdtd::orset
