// The two running hashes of a document's log. Both guard against accidents (bit rot, forks, clones), not against forgery.
#pragma once

#include <cstdint>
#include <string_view>

namespace crdtd::base {

// CRC-32 (ISO-HDLC, as in zlib) of what `before` covered followed by `bytes`.
std::uint32_t crc32(std::uint32_t before, std::string_view bytes) noexcept;

// FNV-1a, 64 bits, continued: Fowler, Noll, Vo, "The FNV Non-Cryptographic Hash Algorithm" (IETF draft). Start with kFnvStart.
inline constexpr std::uint64_t kFnvStart = 0xcbf29ce484222325ULL;
constexpr std::uint64_t fnv1a64(std::uint64_t before, std::string_view bytes) noexcept {
  for (const char c : bytes) before = (before ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return before;
}

}  // namespace crdtd::base
