// An element, as the set knows it: its canonical JSON, with the quotes of a string left out, and a hash of it.
//
// Two elements are equal when their canonical JSON is. Borrowed bytes; threads: as any value.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace crdtd::orset {

struct ElementKey {
  std::string_view body;
  bool string = false;  // the canonical form is `body` within quotes

  static ElementKey of_canonical(std::string_view json) noexcept {
    if (json.front() != '"') return {json, false};
    return {json.substr(1, json.size() - 2), true};
  }
  std::size_t canonical_size() const noexcept { return body.size() + (string ? 2 : 0); }
  bool operator==(const ElementKey&) const = default;

  // Orders by canonical bytes: a string's closing quote counts, and its opening one lies before all other first bytes.
  static int compare(const ElementKey& left, const ElementKey& right) noexcept {
    if (left.string != right.string) return left.string ? -1 : 1;
    const std::size_t common = left.body.size() < right.body.size() ? left.body.size() : right.body.size();
    const int order = common == 0 ? 0 : std::memcmp(left.body.data(), right.body.data(), common);
    if (order != 0 || left.body.size() == right.body.size()) return order;
    if (!left.string) return left.body.size() < right.body.size() ? -1 : 1;
    const bool left_ends = left.body.size() == common;
    const auto next = static_cast<unsigned char>(left_ends ? right.body[common] : left.body[common]);
    return (next > '"') == left_ends ? -1 : 1;
  }
  // The first eight bytes that compare() looks at, as a number of the same order; equal numbers decide nothing.
  std::uint64_t prefix() const noexcept {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i) {
      const unsigned char byte = i < body.size() ? static_cast<unsigned char>(body[i]) : i == body.size() && string ? '"' : 0;
      value = value << 8 | byte;
    }
    return value;
  }
};

inline std::uint64_t mix(std::uint64_t value) noexcept {
  value = (value ^ value >> 32) * 0xd6e8feb86659fd93u;
  value = (value ^ value >> 32) * 0xd6e8feb86659fd93u;
  return value ^ value >> 32;
}

// Only for tables in memory; nothing that is encoded depends on it. `seed` differs from state to state, so that nobody can
// prepare elements that collide.
inline std::uint32_t hash_of(const ElementKey& key, std::uint64_t seed) noexcept {
  const char* at = key.body.data();
  const std::size_t size = key.body.size();
  std::uint64_t value = seed ^ (size * 2 + (key.string ? 1 : 0)) * 0x9e3779b97f4a7c15u;
  std::uint64_t word = 0;
  if (size < 8) {
    for (std::size_t i = 0; i < size; ++i) word = word << 8 | static_cast<unsigned char>(at[i]);
  } else {
    const char* last = at + size - 8;  // the last eight may overlap those before
    for (; at < last; at += 8) {
      std::memcpy(&word, at, 8);
      value = (value ^ word) * 0xa0761d6478bd642fu;
      value ^= value >> 29 ^ seed;
    }
    std::memcpy(&word, last, 8);
  }
  return static_cast<std::uint32_t>(mix(value ^ word) >> 32);
}

}  // namespace crdtd::orset
