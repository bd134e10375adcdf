// Looks at JSON from outside before anything else does: one pass, no tree, no recursion, no number turned into binary.
//
// Accepts RFC 8259 text with more: UTF-8 only (no BOM, no overlong forms, no lone surrogates in escapes), bounded depth, bounded
// string, number and key count. What passes is handed on as the bytes that came. Duplicate keys inside values are left to the
// type that reads them: finding them takes memory.
// A reader is used by one thread; it borrows the text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "crdtd/wire/problem_json.hpp"

namespace crdtd::wire {

inline constexpr std::uint32_t kJsonDepthMax = 64;

struct JsonLimits {
  std::uint32_t depth_max = kJsonDepthMax;    // of nested arrays and objects; at most kJsonDepthMax
  std::uint32_t string_bytes_max = 1u << 20;  // of one string or key, as sent
  std::uint32_t number_bytes_max = 1024;      // of one number, as sent
  std::uint32_t key_count_max = 100'000;      // in all objects together
};

enum class JsonKind { kNull, kBool, kNumber, kString, kArray, kObject };

// "a number", "an array" …, for messages.
std::string_view json_kind_name(JsonKind kind);

// Reads forward. After a function has returned false or nothing, problem() says why, and nothing more may be read.
class JsonReader {
 public:
  JsonReader(std::string_view text, const JsonLimits& limits) noexcept;

  // What the next value is, judged by its first byte. Nothing at the end or before a byte that starts no value.
  std::optional<JsonKind> peek();
  // Passes over one value, checked, and returns its bytes.
  std::optional<std::string_view> value();
  // The same for a value that was accepted as a text of its own: its depth counts from here.
  std::optional<std::string_view> value_apart();
  // Reads a string, unescaped.
  bool string(std::string& out);

  // A container, one step at a time: enter it, then next_…() before each member, until that says there is none.
  bool enter();  // '{' or '[': which one peek() has told
  enum class Step { kMember, kEnd, kError };
  Step next_key(std::string& key);  // in an object: reads the key and the colon
  Step next_element();              // in an array

  // Nothing but white space may follow.
  bool end();

  std::size_t offset() const noexcept { return static_cast<std::size_t>(at_ - text_.data()); }
  bool failed() const noexcept { return error_ != nullptr; }
  Problem problem() const;

 private:
  bool fail(const char* what) noexcept { return fail_at(what, at_); }
  bool fail_at(const char* what, const char* where) noexcept;
  bool fail_limit(const char* what, std::uint64_t limit) noexcept;
  void skip_space() noexcept;
  bool push(bool is_object);
  bool scan_key();
  bool scan_scalar();
  bool scan_string();
  bool scan_escape();
  bool scan_unicode_escape();
  bool scan_hex4(std::uint32_t& unit);
  bool scan_number();
  bool scan_digits();
  bool scan_word(std::string_view word);

  std::string_view text_;
  const JsonLimits limits_;
  const char* at_;
  const char* end_;
  std::uint64_t objects_ = 0;  // bit stack: is the container at this depth an object?
  std::uint32_t depth_ = 0;
  std::uint32_t keys_ = 0;
  bool first_ = false;  // the container was just entered
  const char* error_ = nullptr;
  std::size_t error_offset_ = 0;
  std::uint64_t error_limit_ = 0;
};

// Checks that `text` is one JSON value within the limits.
std::optional<Problem> check_json(std::string_view text, const JsonLimits& limits);

}  // namespace crdtd::wire
