#include "host/abi_bridge.hpp"

#include <array>
#include <cstddef>

#include "host/process_host.hpp"

namespace crdtd::host {
namespace {

// Frees what is left when the thread ends.
struct ScratchBuffers {
  std::array<crdtd_buffer, Output::kSlots> slots{};
  ~ScratchBuffers() {
    for (auto& slot : slots) process_host().realloc(slot.data, slot.capacity, 0);
  }
};

thread_local ScratchBuffers scratch;

// Length of the UTF-8 sequence at the start of `text`, 0 if it is not one. Shortest forms only, no surrogates.
std::size_t sequence_length(std::string_view text) noexcept {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto continues = [&](std::size_t i) { return i < text.size() && (at(i) & 0xC0) == 0x80; };
  const unsigned lead = at(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return continues(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (!continues(1) || !continues(2)) return 0;
    if ((lead == 0xE0 && at(1) < 0xA0) || (lead == 0xED && at(1) > 0x9F)) return 0;
    return 3;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (!continues(1) || !continues(2) || !continues(3)) return 0;
    if ((lead == 0xF0 && at(1) < 0x90) || (lead == 0xF4 && at(1) > 0x8F)) return 0;
    return 4;
  }
  return 0;
}

template <std::size_t N>
bool read_text(const char (&text)[N], std::string& out) {
  const void* end = std::memchr(text, '\0', N);
  if (end == nullptr) return false;
  out = valid_utf8({text, static_cast<std::size_t>(static_cast<const char*>(end) - text)});
  return true;
}

}  // namespace

std::string valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    if (length == 0) {
      out += '?';
      text.remove_prefix(1);
    } else {
      out += text.substr(0, length);
      text.remove_prefix(length);
    }
  }
  return out;
}

crdtd_error fresh_error() noexcept {
  crdtd_error error{};
  error.struct_size = sizeof error;
  error.op_index = CRDTD_NO_INDEX;
  return error;
}

ErrorTexts read_error(const crdtd_error& error) {
  ErrorTexts texts;
  if (read_text(error.message, texts.message) && read_text(error.pointer, texts.pointer)) return texts;
  return {{}, {}, false};
}

Output::Output(std::uint32_t slot) noexcept : buffer_(&scratch.slots[slot]) {
  buffer_->struct_size = sizeof *buffer_;
  buffer_->size = 0;
}

Output::~Output() {
  if (!intact()) {  // what a plugin wrecked can be neither used again nor freed safely
    *buffer_ = {};
    return;
  }
  if (buffer_->capacity <= kKeptBytesMax) return;
  process_host().realloc(buffer_->data, buffer_->capacity, 0);
  *buffer_ = {};
}

}  // namespace crdtd::host
