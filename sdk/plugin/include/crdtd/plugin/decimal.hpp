// Whole numbers as decimal text, without locale: u64 values cross JSON as strings, small ones as numbers.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

#include "crdtd/plugin/byte_buffer.hpp"

namespace crdtd {

template <class Sink>
void append_decimal(Sink& out, std::uint64_t value) {
  char text[20];
  const char* end = std::to_chars(text, text + sizeof text, value).ptr;
  crdtd::append(out, {text, static_cast<std::size_t>(end - text)});
}

// All of `text` as a whole number from 0 to 2^64 - 1, without sign, point, or leading zeros.
inline std::optional<std::uint64_t> parse_decimal(std::string_view text) noexcept {
  if (text.empty() || text.size() > 20 || (text.front() == '0' && text.size() > 1)) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (UINT64_MAX - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return value;
}

}  // namespace crdtd
