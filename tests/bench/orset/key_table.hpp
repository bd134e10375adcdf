// The physical limit to compare with: the same keys in a bare hash table, nothing else.
//
// Open addressing, linear probing, at most half full, sized beforehand; a place holds the hash and where the key lies in one run
// of bytes. No dots, no order, no JSON, no way to take the key's bytes back.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace crdtd::bench {

class KeyTable {
 public:
  explicit KeyTable(std::uint64_t keys_max) : places_(std::bit_ceil(keys_max * 2)), mask_(places_.size() - 1) {}

  // True when it was not there.
  bool insert(std::string_view key) {
    const std::uint64_t hash = hash_of(key);
    Place* place = find_place(key, hash);
    if (place->size != kFree) return false;
    *place = {static_cast<std::uint32_t>(hash >> 32), static_cast<std::uint32_t>(key.size()), bytes_.size()};
    bytes_.insert(bytes_.end(), key.begin(), key.end());
    return true;
  }
  bool contains(std::string_view key) { return find_place(key, hash_of(key))->size != kFree; }
  std::uint64_t memory_bytes() const { return places_.size() * sizeof(Place) + bytes_.capacity(); }

 private:
  static constexpr std::uint32_t kFree = 0xffffffffu;
  struct Place {
    std::uint32_t tag = 0;
    std::uint32_t size = kFree;
    std::uint64_t begin = 0;
  };

  static std::uint64_t hash_of(std::string_view key) {
    std::uint64_t value = key.size() * 0x9e3779b97f4a7c15u;
    for (std::size_t at = 0; at < key.size(); at += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, key.data() + at, key.size() - at < 8 ? key.size() - at : 8);
      value = (value ^ word) * 0xa0761d6478bd642fu;
      value ^= value >> 32;
    }
    return value * 0xe7037ed1a0b428dbu;
  }
  Place* find_place(std::string_view key, std::uint64_t hash) {
    const auto tag = static_cast<std::uint32_t>(hash >> 32);
    for (std::uint64_t at = hash >> 24;; ++at) {
      Place& place = places_[at & mask_];
      if (place.size == kFree) return &place;
      if (place.tag == tag && std::string_view(bytes_.data() + place.begin, place.size) == key) return &place;
    }
  }

  std::vector<Place> places_;
  std::uint64_t mask_;
  std::vector<char> bytes_;
};

}  // namespace crdtd::bench
