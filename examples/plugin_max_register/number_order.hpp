// Which of two numbers is the greater, without floating point: both in the SDK's canonical form (crdtd/plugin/json_number.hpp),
// in which equal numbers are equal bytes.
#pragma once

#include <charconv>
#include <string>
#include <string_view>

namespace max_register {

// ±0.d1d2d3… × 10^exponent, d1 not 0; zero has no digits.
struct Decimal {
  bool negative = false;
  int exponent = 0;
  std::string digits;
};

// `canonical` is "-12.5", "0.001", "1.5e+30" …
inline Decimal decimal_of(std::string_view canonical) {
  Decimal out;
  out.negative = canonical.starts_with('-');
  if (out.negative) canonical.remove_prefix(1);
  const auto e = canonical.find('e');
  if (e != std::string_view::npos) {
    const char* first = canonical.data() + e + 1;
    std::from_chars(*first == '+' ? first + 1 : first, canonical.data() + canonical.size(), out.exponent);
    canonical = canonical.substr(0, e);
  }
  const auto point = canonical.find('.');
  const auto whole = canonical.substr(0, point);
  out.digits.append(whole).append(point == std::string_view::npos ? std::string_view() : canonical.substr(point + 1));
  out.exponent += static_cast<int>(whole.size());
  while (out.digits.starts_with('0')) out.digits.erase(0, 1), --out.exponent;
  return out;
}

// Negative, 0 or positive, as a is less than, equal to or greater than b.
inline int compare_numbers(std::string_view a, std::string_view b) {
  if (a == b) return 0;
  const Decimal left = decimal_of(a), right = decimal_of(b);
  const int left_sign = left.digits.empty() ? 0 : left.negative ? -1 : 1;
  const int right_sign = right.digits.empty() ? 0 : right.negative ? -1 : 1;
  if (left_sign != right_sign) return left_sign - right_sign;
  if (left.exponent != right.exponent) return left.exponent < right.exponent ? -left_sign : left_sign;
  return left.digits < right.digits ? -left_sign : left_sign;  // as text: they begin at the same place
}

}  // namespace max_register
