// What both wrappers (crdt_type.cpp, storage.cpp) need to cross the C border; private to core/host.
//
// Threads: [any]; the scratch buffers belong to the calling thread. Nothing here trusts what a plugin hands back.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>

#include "base/assert.hpp"
#include "crdtd/abi/base.h"

namespace crdtd::host {

inline crdtd_bytes to_bytes(std::string_view text) {
  CRDTD_ASSERT(text.size() <= std::numeric_limits<std::uint32_t>::max());  // callers bound their inputs far below
  return {reinterpret_cast<const std::uint8_t*>(text.data()), static_cast<std::uint32_t>(text.size())};
}

// A null pointer with a size is read as nothing; whoever needs the bytes finds them missing.
inline std::string_view to_view(const crdtd_bytes& bytes) noexcept {
  if (bytes.data == nullptr) return {};
  return {reinterpret_cast<const char*>(bytes.data), bytes.size};
}

// The part of a struct that its maker filled; the rest reads as zero, as base.h demands of a reader.
template <class T>
T received(const T& in) noexcept {
  T out{};
  std::memcpy(&out, &in, std::min<std::size_t>(in.struct_size, sizeof(T)));
  return out;
}

// `text` with every byte that is not part of valid UTF-8 replaced by '?': plugins cut texts to fit, perhaps within a character.
std::string valid_utf8(std::string_view text);

// An error to pass to a plugin: empty, naming no op.
crdtd_error fresh_error() noexcept;

// What a plugin wrote into it. `terminated` is false when a text lacks its null byte; both are empty then.
struct ErrorTexts {
  std::string message;
  std::string pointer;
  bool terminated = true;
};
ErrorTexts read_error(const crdtd_error& error);

// One output of a call: a buffer of this thread, reused from call to call, so that the hot path allocates only what it returns.
// Kept between calls up to 1 MiB. At most one Output per slot may be alive on a thread.
class Output {
 public:
  static constexpr std::uint32_t kSlots = 3;
  static constexpr std::uint32_t kKeptBytesMax = 1u << 20;

  explicit Output(std::uint32_t slot) noexcept;
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  crdtd_buffer* raw() noexcept { return buffer_; }
  // Does the buffer still make sense after the call?
  bool intact() const noexcept {
    return buffer_->size <= buffer_->capacity && (buffer_->data != nullptr || buffer_->capacity == 0);
  }
  std::string_view view() const noexcept { return {reinterpret_cast<const char*>(buffer_->data), buffer_->size}; }

 private:
  crdtd_buffer* buffer_;
};

}  // namespace crdtd::host
