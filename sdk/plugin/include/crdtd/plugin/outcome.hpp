// How a call of a plugin ended: Outcome, returned by value, with everything inside it, so that an error never needs an
// allocation.
//
//   if (by < 1) return invalid("`by` must be at least 1", "/by");
//   if (bytes > ctx.limit(kElement)) return limit_exceeded(ctx.limit(kElement), {"an element takes ", bytes, " bytes"}, "/elem");
//   if (Outcome read = read_op(reader); !read) return read;
//   return {};  // all is well
//
// What each status promises about the state stands in crdtd/abi/base.h.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "crdtd/abi/base.h"

namespace crdtd {

// A piece of a sentence: text or an integer. Lives for one expression.
class TextPiece {
 public:
  TextPiece(std::string_view text) noexcept : text_(text) {}  // NOLINT(google-explicit-constructor)
  TextPiece(const char* text) noexcept : text_(text) {}       // NOLINT(google-explicit-constructor)
  template <std::integral Integer>
  TextPiece(Integer value) noexcept {  // NOLINT(google-explicit-constructor)
    digits_used_ = static_cast<std::uint32_t>(std::to_chars(digits_, digits_ + sizeof digits_, value).ptr - digits_);
  }
  std::string_view view() const noexcept { return digits_used_ == 0 ? text_ : std::string_view(digits_, digits_used_); }

 private:
  std::string_view text_;
  char digits_[24];
  std::uint32_t digits_used_ = 0;
};

// UTF-8 text of at most kSize bytes in place; what does not fit is cut between code points.
template <std::uint32_t kSize>
class FixedText {
 public:
  FixedText() noexcept : size_(0) {}
  FixedText(const FixedText& other) noexcept : size_(0) { append(other.view()); }
  FixedText& operator=(const FixedText& other) noexcept {
    if (this != &other) assign(other.view());
    return *this;
  }

  void assign(std::string_view text) noexcept {
    size_ = 0;
    append(text);
  }
  void append(std::string_view text) noexcept {
    std::size_t fits = kSize - size_;
    if (text.size() > fits) {
      while (fits > 0 && (static_cast<unsigned char>(text[fits]) & 0xC0u) == 0x80u) --fits;
      text = text.substr(0, fits);
    }
    if (!text.empty()) std::memcpy(text_ + size_, text.data(), text.size());
    size_ += static_cast<std::uint32_t>(text.size());
  }
  std::string_view view() const noexcept { return {text_, size_}; }

 private:
  std::uint32_t size_;
  char text_[kSize];  // only the first size_ are set: a good outcome must not cost half a kilobyte of zeros
};

// Everything about a failure; the fields of crdtd_error.
struct Error {
  crdtd_status status = CRDTD_OK;
  std::uint32_t op_index = CRDTD_NO_INDEX;
  std::int64_t detail = 0;
  FixedText<sizeof(crdtd_error::pointer) - 1> pointer;
  FixedText<sizeof(crdtd_error::message) - 1> message;
};

class [[nodiscard]] Outcome {
 public:
  Outcome() noexcept {}  // success; not defaulted, as `{}` would then zero all of it first
  Outcome(crdtd_status status, std::string_view message, std::string_view pointer = {}, std::int64_t detail = 0) noexcept {
    error_.status = status;
    error_.detail = detail;
    error_.message.assign(message);
    error_.pointer.assign(pointer);
  }
  Outcome(crdtd_status status, std::initializer_list<TextPiece> message, std::string_view pointer = {},
          std::int64_t detail = 0) noexcept
      : Outcome(status, std::string_view(), pointer, detail) {
    for (const TextPiece& piece : message) error_.message.append(piece.view());
  }

  bool ok() const noexcept { return error_.status == CRDTD_OK; }
  explicit operator bool() const noexcept { return ok(); }
  crdtd_status status() const noexcept { return error_.status; }
  const Error& error() const noexcept { return error_; }

  // The same failure, said of op `index` of the batch. A success stays one.
  Outcome&& in_op(std::uint32_t index) && noexcept {
    if (!ok()) error_.op_index = index;
    return std::move(*this);
  }
  // The same failure, its pointer set below `prefix`: under("/value") makes "/2" into "/value/2".
  Outcome&& under(std::string_view prefix) && noexcept {
    if (ok()) return std::move(*this);
    const auto inner = error_.pointer;
    error_.pointer.assign(prefix);
    error_.pointer.append(inner.view());
    return std::move(*this);
  }

 private:
  Error error_;
};

// A sentence of one or several pieces: "plain" or {"an element takes ", bytes, " bytes"}.
class Sentence {
 public:
  Sentence(std::string_view text) noexcept { text_.assign(text); }  // NOLINT(google-explicit-constructor)
  Sentence(const char* text) noexcept { text_.assign(text); }       // NOLINT(google-explicit-constructor)
  Sentence(std::initializer_list<TextPiece> pieces) noexcept {
    for (const TextPiece& piece : pieces) text_.append(piece.view());
  }
  std::string_view view() const noexcept { return text_.view(); }

 private:
  FixedText<sizeof(crdtd_error::message) - 1> text_;
};

// An op or query is wrong; `pointer` is a JSON pointer below it ("/elem"), empty for the whole.
inline Outcome invalid(const Sentence& message, std::string_view pointer = {}) noexcept {
  return {CRDTD_INVALID, message.view(), pointer};
}
// More than the configured `limit`.
inline Outcome limit_exceeded(std::uint64_t limit, const Sentence& message, std::string_view pointer = {}) noexcept {
  return {CRDTD_LIMIT, message.view(), pointer, static_cast<std::int64_t>(limit)};
}
// A stamp lies `offset_ns` ahead of the clock.
inline Outcome clock_drift(std::int64_t offset_ns, const Sentence& message, std::string_view pointer = {}) noexcept {
  return {CRDTD_CLOCK_DRIFT, message.view(), pointer, offset_ns};
}
// A cause is missing; `counter_expected` is the next counter of the delta's replica, 0 if none can be named.
inline Outcome gap(std::uint64_t counter_expected, const Sentence& message) noexcept {
  return {CRDTD_GAP, message.view(), {}, static_cast<std::int64_t>(counter_expected)};
}
// Under ADMIT: a delta has new dots that its envelope does not cover.
inline Outcome outside_envelope(const Sentence& message) noexcept { return {CRDTD_ENVELOPE, message.view()}; }
// Bytes that no encoder writes.
inline Outcome malformed(const Sentence& message) noexcept { return {CRDTD_MALFORMED, message.view()}; }
// A format, query or op kind that this plugin does not know.
inline Outcome unsupported(const Sentence& message, std::string_view pointer = {}) noexcept {
  return {CRDTD_UNSUPPORTED, message.view(), pointer};
}
inline Outcome no_memory() noexcept { return {CRDTD_NO_MEMORY, std::string_view("out of memory")}; }
// Our own bug, or the host's.
inline Outcome internal(const Sentence& message) noexcept { return {CRDTD_INTERNAL, message.view()}; }

}  // namespace crdtd
