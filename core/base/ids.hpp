// Names of things: tenants, documents, nodes. All have 1 to 128 characters of A-Z a-z 0-9 . _ ~ -
#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace crdtd::base {

inline constexpr std::size_t kNameBytesMax = 128;

constexpr bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '~' ||
         c == '-';
}

constexpr bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kNameBytesMax && std::all_of(text.begin(), text.end(), is_name_char);
}

struct DocKey {
  std::string tenant;
  std::string id;
  auto operator<=>(const DocKey&) const = default;
};

struct DocKeyHash {
  std::size_t operator()(const DocKey& key) const noexcept {
    const std::hash<std::string_view> hash;
    return hash(key.tenant) * 0x9E3779B97F4A7C15ULL + hash(key.id);
  }
};

}  // namespace crdtd::base
