// A borrowed run of bytes: crdtd_bytes with the manners of a C++ view. Never owns; as long-lived as what it points at.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "crdtd/abi/base.h"

namespace crdtd {

class Bytes {
 public:
  constexpr Bytes() noexcept = default;
  constexpr Bytes(const std::uint8_t* data, std::size_t size) noexcept : data_(data), size_(size) {}
  explicit constexpr Bytes(const crdtd_bytes& raw) noexcept : data_(raw.data), size_(raw.size) {}
  explicit Bytes(std::string_view text) noexcept
      : data_(reinterpret_cast<const std::uint8_t*>(text.data())), size_(text.size()) {}

  constexpr const std::uint8_t* data() const noexcept { return data_; }
  constexpr std::size_t size() const noexcept { return size_; }
  constexpr bool empty() const noexcept { return size_ == 0; }
  constexpr const std::uint8_t* begin() const noexcept { return data_; }
  constexpr const std::uint8_t* end() const noexcept { return data_ + size_; }
  constexpr std::uint8_t operator[](std::size_t index) const noexcept { return data_[index]; }

  std::string_view text() const noexcept { return {reinterpret_cast<const char*>(data_), size_}; }
  // What follows the first `begin` bytes; empty when there are fewer.
  constexpr Bytes slice(std::size_t begin) const noexcept { return slice(begin, size_); }
  // At most `count` bytes after the first `begin`.
  constexpr Bytes slice(std::size_t begin, std::size_t count) const noexcept {
    if (begin >= size_) return {};
    return {data_ + begin, count < size_ - begin ? count : size_ - begin};
  }
  // For the ABI, whose lengths are 32 bits: what is longer was refused before.
  crdtd_bytes raw() const noexcept { return {data_, static_cast<std::uint32_t>(size_)}; }

  friend bool operator==(Bytes left, Bytes right) noexcept { return left.text() == right.text(); }

 private:
  const std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace crdtd
