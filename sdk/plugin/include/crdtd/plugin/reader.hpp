// Reads what writer.hpp writes, from bytes that nobody vouches for.
//
// Every read is bounds-checked. The first failure is sticky: from then on ok() is false, remaining() is 0, numbers read as 0
// and slices as empty, so that a decoder may check once per loop instead of once per read. A varint that could have been
// shorter is a failure: one value has one encoding.
// Borrows its input; slices point into it. Threads: as any value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace crdtd {

class Reader {
 public:
  explicit Reader(std::string_view input) noexcept
      : begin_(reinterpret_cast<const std::uint8_t*>(input.data())), at_(begin_), end_(begin_ + input.size()) {}

  bool ok() const noexcept { return !failed_; }
  bool at_end() const noexcept { return at_ == end_; }
  std::size_t remaining() const noexcept { return static_cast<std::size_t>(end_ - at_); }
  // Where the next read begins; after a failure, where the failed one began.
  std::size_t offset() const noexcept { return static_cast<std::size_t>((failed_ ? failed_at_ : at_) - begin_); }

  // Makes the reader fail here: for a decoder that finds a value it must refuse.
  void fail() noexcept {
    if (failed_) return;
    failed_ = true;
    failed_at_ = at_;
    at_ = end_;
  }

  std::uint8_t u8() noexcept {
    if (at_ == end_) return fail(), std::uint8_t{0};
    return *at_++;
  }

  std::uint64_t varint() noexcept {
    if (at_ != end_ && *at_ < 0x80) return *at_++;
    return long_varint();
  }

  // A varint that counts things of at least `bytes_each` bytes which follow: more than can be there is a failure, so that
  // no decoder reserves memory for a number that an attacker made up.
  std::uint64_t count(std::size_t bytes_each) noexcept {
    const std::uint64_t value = varint();
    if (value > remaining() / bytes_each) return fail(), std::uint64_t{0};
    return value;
  }

  std::uint64_t u64() noexcept {
    if (remaining() < 8) return fail(), std::uint64_t{0};
    std::uint64_t value = 0;
    for (int i = 7; i >= 0; --i) value = value << 8 | at_[i];
    at_ += 8;
    return value;
  }

  std::string_view slice(std::uint64_t size) noexcept {
    if (size > remaining()) return fail(), std::string_view{};
    const std::string_view result(reinterpret_cast<const char*>(at_), static_cast<std::size_t>(size));
    at_ += size;
    return result;
  }

  // A varint size, then that many bytes.
  std::string_view block() noexcept { return slice(varint()); }

 private:
  std::uint64_t long_varint() noexcept {
    std::uint64_t value = 0;
    const std::uint8_t* at = at_;
    for (unsigned shift = 0; shift < 64 && at != end_; shift += 7) {
      const std::uint8_t byte = *at++;
      if (shift == 63 && byte > 1) break;  // more than 64 bits
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (byte == 0) break;  // a shorter form exists
        at_ = at;
        return value;
      }
    }
    fail();
    return 0;
  }

  const std::uint8_t* begin_;
  const std::uint8_t* at_;
  const std::uint8_t* end_;
  const std::uint8_t* failed_at_ = nullptr;
  bool failed_ = false;
};

}  // namespace crdtd
