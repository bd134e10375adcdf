// The one decimal form of a JSON number, made without binary floating point.
//
// A number is sign, significant digits without leading or trailing zeros, and the exponent n of its first digit. It is
// written plain when 1e-7 <= |x| < 1e21, else as d.ddde±n; so 1.0, 1 and 10e-1 are "1", and -0 is "0". At most 40
// significant digits and |n| <= 999.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "crdtd/plugin/byte_buffer.hpp"

namespace crdtd {

class JsonNumber {
 public:
  static constexpr std::uint32_t kDigitsMax = 40;
  static constexpr std::int64_t kExponentMax = 999;

  // Reads a number at the start of [at, end) and returns where it stops; null when it is refused, with the reason in `why`.
  static const char* canonical(const char* at, const char* end, ByteBuffer& out, const char*& why) {
    if (const char* stop = plain_integer(at, end)) {
      crdtd::append(out, {at, static_cast<std::size_t>(stop - at)});
      return stop;
    }
    JsonNumber number;
    const char* stop = number.read(at, end, why);
    if (stop != nullptr) number.write(out);
    return stop;
  }

  // The common case: an integer of at most 18 digits is its own canonical form. Where it ends; null when it is none.
  static const char* plain_integer(const char* at, const char* end) noexcept {
    const char* first = at != end && *at == '-' ? at + 1 : at;
    if (!is_digit(first, end) || *first == '0') return nullptr;
    const char* stop = first + 1;
    while (is_digit(stop, end)) ++stop;
    if (stop - first > 18) return nullptr;
    if (stop != end && (*stop == '.' || *stop == 'e' || *stop == 'E')) return nullptr;
    return stop;
  }

 private:
  static bool is_digit(const char* at, const char* end) noexcept { return at != end && *at >= '0' && *at <= '9'; }

  const char* read(const char* at, const char* end, const char*& why) noexcept {
    if (at != end && *at == '-') negative_ = true, ++at;
    if (!is_digit(at, end)) return why = "a number needs a digit here", nullptr;
    if (*at == '0' && is_digit(at + 1, end)) return why = "a number must not begin with 0", nullptr;
    const char* whole = at;
    while (is_digit(at, end)) ++at;
    const std::int64_t whole_digits = at - whole;
    for (const char* digit = whole; digit != at; ++digit) take(*digit, whole_digits - 1 - (digit - whole));
    if (at != end && *at == '.') {
      if (!is_digit(++at, end)) return why = "a number needs a digit after its point", nullptr;
      for (std::int64_t place = -1; is_digit(at, end); ++at) take(*at, place--);
    }
    if (at != end && (*at == 'e' || *at == 'E') && (at = read_exponent(at + 1, end)) == nullptr) {
      return why = "a number needs a digit in its exponent", nullptr;
    }
    if (count_ == 0) return at;  // zero, whatever its sign and exponent
    if (count_ > kDigitsMax) return why = "a number has more than 40 significant digits", nullptr;
    if (exponent_ > kExponentMax || exponent_ < -kExponentMax) return why = "a number's exponent lies beyond ±999", nullptr;
    return at;
  }

  const char* read_exponent(const char* at, const char* end) noexcept {
    const bool minus = at != end && *at == '-';
    if (at != end && (*at == '-' || *at == '+')) ++at;
    if (!is_digit(at, end)) return nullptr;
    std::int64_t value = 0;
    for (; is_digit(at, end); ++at) {
      if (value < std::int64_t{1} << 40) value = value * 10 + (*at - '0');  // beyond that it is refused, unless x is 0
    }
    exponent_ += minus ? -value : value;
    return at;
  }

  // `place` is the power of ten that the digit stands for. Zeros wait until a further digit shows that they count.
  void take(char digit, std::int64_t place) noexcept {
    if (digit == '0') {
      if (count_ != 0) ++zeros_;
      return;
    }
    if (count_ == 0) exponent_ = place;
    if (count_ + zeros_ >= kDigitsMax) {
      count_ = kDigitsMax + 1;
      return;
    }
    std::memset(digits_ + count_, '0', static_cast<std::size_t>(zeros_));
    count_ += static_cast<std::uint32_t>(zeros_);
    zeros_ = 0;
    digits_[count_++] = digit;
  }

  void write(ByteBuffer& out) const {
    if (count_ == 0) return out.push('0');
    if (negative_) out.push('-');
    const std::string_view digits(digits_, count_);
    if (exponent_ < -7 || exponent_ > 20) return write_scientific(digits, out);
    if (exponent_ < 0) {
      out.append("0.");
      for (std::int64_t place = -1; place > exponent_; --place) out.push('0');
      return out.append(digits);
    }
    const std::uint32_t whole = static_cast<std::uint32_t>(exponent_) + 1;
    out.append(digits.substr(0, whole));
    for (std::uint32_t place = count_; place < whole; ++place) out.push('0');
    if (count_ > whole) out.push('.'), out.append(digits.substr(whole));
  }

  void write_scientific(std::string_view digits, ByteBuffer& out) const {
    out.append(digits.substr(0, 1));
    if (count_ > 1) out.push('.'), out.append(digits.substr(1));
    out.push('e');
    out.push(exponent_ < 0 ? '-' : '+');
    const std::uint32_t size = static_cast<std::uint32_t>(exponent_ < 0 ? -exponent_ : exponent_);
    if (size >= 100) out.push(static_cast<char>('0' + size / 100));
    if (size >= 10) out.push(static_cast<char>('0' + size / 10 % 10));
    out.push(static_cast<char>('0' + size % 10));
  }

  char digits_[kDigitsMax];
  std::uint32_t count_ = 0;    // of digits_, kDigitsMax + 1 when there were more
  std::int64_t zeros_ = 0;     // seen since the last digit that is not 0
  std::int64_t exponent_ = 0;  // of the first digit
  bool negative_ = false;
};

}  // namespace crdtd
