// Writes the binary vocabulary of encoded states and deltas: one way to write each value, equal on every machine.
//
//   varint  unsigned LEB128 in as few bytes as possible (1 to 10)
//   u64     eight bytes, little-endian
//   block   varint size, then that many bytes
// The writer borrows its sink and keeps nothing; it never fails (memory aside). reader.hpp is its counterpart.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

#include "crdtd/plugin/byte_buffer.hpp"

namespace crdtd {

// How many bytes varint() writes for `value`.
constexpr std::uint32_t varint_size(std::uint64_t value) noexcept {
  return value < 0x80 ? 1 : (static_cast<std::uint32_t>(std::bit_width(value)) + 6) / 7;
}

template <ByteSink Sink>
class Writer {
 public:
  explicit Writer(Sink& sink) noexcept : sink_(sink) {}

  void u8(std::uint8_t value) { *sink_.extend(1) = value; }

  void varint(std::uint64_t value) {
    std::uint8_t* place = sink_.extend(varint_size(value));
    while (value >= 0x80) {
      *place++ = static_cast<std::uint8_t>(value | 0x80);
      value >>= 7;
    }
    *place = static_cast<std::uint8_t>(value);
  }

  void u64(std::uint64_t value) {
    std::uint8_t* place = sink_.extend(8);
    for (int shift = 0; shift < 64; shift += 8) *place++ = static_cast<std::uint8_t>(value >> shift);
  }

  void bytes(std::string_view value) { append(sink_, value); }

  void block(std::string_view value) {
    varint(value.size());
    bytes(value);
  }

 private:
  Sink& sink_;
};

}  // namespace crdtd
