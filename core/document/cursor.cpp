#include "document/cursor.hpp"

#include <array>
#include <cstring>

namespace crdtd::document {
namespace {

constexpr std::size_t kBytes = 1 + 8 + 8 + 8 + 4;
constexpr std::size_t kChars = (kBytes * 8 + 5) / 6;
constexpr unsigned char kTag = 1;
constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

using Raw = std::array<unsigned char, kBytes>;

template <class Integer>
void put(Raw& raw, std::size_t at, Integer value) {
  for (std::size_t i = 0; i < sizeof value; ++i) raw[at + i] = static_cast<unsigned char>(value >> (8 * i));
}

template <class Integer>
Integer get(const Raw& raw, std::size_t at) {
  Integer value = 0;
  for (std::size_t i = 0; i < sizeof value; ++i) value |= static_cast<Integer>(raw[at + i]) << (8 * i);
  return value;
}

}  // namespace

std::string cursor_text(const Cursor& cursor) {
  Raw raw{};
  raw[0] = kTag;
  put(raw, 1, cursor.birth);
  put(raw, 9, cursor.generation);
  put(raw, 17, cursor.version);
  put(raw, 25, cursor.check);
  std::string text;
  text.reserve(kChars);
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const unsigned char byte : raw) {
    bits = bits << 8 | byte;
    held += 8;
    while (held >= 6) {
      held -= 6;
      text += kAlphabet[bits >> held & 63];
    }
  }
  if (held > 0) text += kAlphabet[bits << (6 - held) & 63];
  return text;
}

std::optional<Cursor> parse_cursor(std::string_view text) {
  if (text.size() != kChars) return std::nullopt;
  Raw raw{};
  std::size_t size = 0;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : text) {
    const auto digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    held += 6;
    if (held >= 8 && size < kBytes) {
      held -= 8;
      raw[size++] = static_cast<unsigned char>(bits >> held);
    }
  }
  const bool padding_set = (bits & ((1u << held) - 1)) != 0;
  if (size != kBytes || padding_set || raw[0] != kTag) return std::nullopt;
  return Cursor{get<std::uint64_t>(raw, 1), get<std::uint64_t>(raw, 9), get<std::uint64_t>(raw, 17), get<std::uint32_t>(raw, 25)};
}

}  // namespace crdtd::document
