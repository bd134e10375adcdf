// The elements of the benchmark: `item-` and twelve hexadecimal digits without order, as JSON strings of 17 bytes inside.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace crdtd::bench {

inline constexpr std::size_t kKeyBytes = 17;

inline std::uint64_t scatter(std::uint64_t value) {
  value = (value + 0x9e3779b97f4a7c15u) * 0xbf58476d1ce4e5b9u;
  value = (value ^ value >> 27) * 0x94d049bb133111ebu;
  return value ^ value >> 31;
}

// Key `index`; different indexes below 2^32 give different keys.
inline std::string key_of(std::uint64_t index) {
  std::string key = "item-";
  // Four digits without order, then the index with its bits turned about: equal only when the index is.
  const std::uint64_t digits = scatter(index) >> 48 << 32 | (index * 0x9e3779b1u & 0xffffffffu);
  for (int shift = 44; shift >= 0; shift -= 4) key += "0123456789abcdef"[digits >> shift & 15];
  return key;
}

// Texts one behind another, so that reading them costs next to nothing.
class Texts {
 public:
  void add(std::string_view text) {
    bytes_ += text;
    ends_.push_back(bytes_.size());
  }
  std::size_t size() const { return ends_.size(); }
  std::string_view operator[](std::size_t index) const {
    const std::size_t begin = index == 0 ? 0 : ends_[index - 1];
    return std::string_view(bytes_).substr(begin, ends_[index] - begin);
  }

 private:
  std::string bytes_;
  std::vector<std::size_t> ends_;
};

inline std::string op_json(bool add, std::string_view key) {
  return std::string(add ? R"({"type":"add","elem":")" : R"({"type":"remove","elem":")").append(key).append("\"}");
}

}  // namespace crdtd::bench
