// What every fuzzer is made of: the input as bytes to draw from, and the check that ends the run with a sentence.
//
// A fuzzer defines LLVMFuzzerTestOneInput() once and keeps nothing from one input to the next. Threads: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace crdtd_fuzz {

// Ends the process, which is how libFuzzer learns of a finding. What cannot be printed is escaped.
[[noreturn]] inline void violated(const char* where, int line, const char* condition, std::string_view law,
                                  std::string_view seen) {
  std::fprintf(stderr, "\n%s:%d: VIOLATED: %.*s\n  %s\n", where, line, static_cast<int>(law.size()), law.data(), condition);
  if (!seen.empty()) std::fputs("  seen: ", stderr);
  for (const char c : seen.substr(0, 2000)) {
    const auto byte = static_cast<unsigned char>(c);
    byte >= 0x20 && byte < 0x7f ? std::fputc(byte, stderr) : std::fprintf(stderr, "\\x%02x", byte);
  }
  std::fputc('\n', stderr);
  std::abort();
}

// FUZZ_CHECK(condition, "the law in words", [text that shows what was seen])
#define FUZZ_CHECK(condition, law, ...) \
  ((condition) ? void() : ::crdtd_fuzz::violated(__FILE__, __LINE__, #condition, law, std::string_view(__VA_ARGS__)))

// Draws from the front of the input; behind its end everything is 0.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(size == 0 ? "" : reinterpret_cast<const char*>(data), size) {}
  explicit Input(std::string_view text) : rest_(text) {}

  bool empty() const { return rest_.empty(); }
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  // 0 … sides - 1; at most 256 sides.
  std::size_t roll(std::size_t sides) { return byte() % sides; }
  std::uint64_t number(int bytes) {
    std::uint64_t value = 0;
    for (int i = 0; i < bytes; ++i) value |= std::uint64_t{byte()} << (8 * i);
    return value;
  }
  std::string_view take(std::size_t size) {
    const auto taken = rest_.substr(0, size);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

// A copy in memory of exactly its size, so that a sanitizer sees a read beyond either end.
class Exact {
 public:
  explicit Exact(std::string_view text)
      : data_(static_cast<char*>(std::malloc(text.empty() ? 1 : text.size()))), size_(text.size()) {
    for (std::size_t i = 0; i < text.size(); ++i) data_[i] = text[i];
  }
  Exact(const Exact&) = delete;
  Exact& operator=(const Exact&) = delete;
  ~Exact() { std::free(data_); }
  std::string_view view() const { return {data_, size_}; }

 private:
  char* data_;
  std::size_t size_;
};

// A sentence or line for people: not empty, one line, without control characters.
inline bool is_one_line(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  }
  return !text.empty();
}

}  // namespace crdtd_fuzz
