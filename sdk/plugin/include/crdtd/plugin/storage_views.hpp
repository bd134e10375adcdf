// Views of what a storage backend is given, and how it answers: the small words of storage.hpp.
//
// Nothing here copies or owns what the host passes in: views are valid within the call only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "crdtd/abi/storage.h"
#include "crdtd/plugin/outcome.hpp"

namespace crdtd::storage {

// Pieces of text as one: joined({"no room for ", size, " bytes"}).
inline std::string joined(std::initializer_list<TextPiece> pieces) {
  std::string out;
  for (const TextPiece& piece : pieces) out += piece.view();
  return out;
}

// The status that a call ends with, and a sentence for a person; `detail` as the status asks (crdtd/abi/base.h).
inline Outcome failure(crdtd_status status, std::string_view message, std::uint64_t detail = 0) noexcept {
  return {status, message, {}, static_cast<std::int64_t>(detail)};
}
// For a sink that ended the read: the host knows why.
inline Outcome stopped(crdtd_status status) noexcept { return {status, std::string_view("the reader ended the read")}; }
// For a setting that cannot be used: `name` as the operator wrote it.
inline Outcome bad_setting(std::string_view name, std::string_view message) {
  return {CRDTD_INVALID, message, name.empty() ? std::string() : joined({"/", name})};
}

inline std::string_view text(const crdtd_bytes& bytes) noexcept {
  return bytes.size == 0 ? std::string_view() : std::string_view(reinterpret_cast<const char*>(bytes.data), bytes.size);
}
// Lends `view` to the host; sizes of the contract are 32-bit.
inline crdtd_bytes bytes(std::string_view view) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(view.data()), static_cast<std::uint32_t>(view.size())};
}

// An array of the contract, `stride` bytes from one element to the next, because a newer host's elements may be longer.
template <class T>
class Strided {
 public:
  class Iterator {
   public:
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    Iterator(const std::byte* at, std::uint32_t stride) noexcept : at_(at), stride_(stride) {}
    const T& operator*() const noexcept { return *reinterpret_cast<const T*>(at_); }
    const T* operator->() const noexcept { return reinterpret_cast<const T*>(at_); }
    Iterator& operator++() noexcept {
      at_ += stride_;
      return *this;
    }
    Iterator operator++(int) noexcept {
      Iterator old = *this;
      ++*this;
      return old;
    }
    bool operator==(const Iterator& other) const noexcept { return at_ == other.at_; }

   private:
    const std::byte* at_ = nullptr;
    std::uint32_t stride_ = 0;
  };

  Strided(const T* first, std::uint32_t count, std::uint32_t stride) noexcept
      : first_(reinterpret_cast<const std::byte*>(first)), count_(count), stride_(stride != 0 ? stride : sizeof(T)) {}
  std::uint32_t size() const noexcept { return count_; }
  bool empty() const noexcept { return count_ == 0; }
  const T& operator[](std::uint32_t index) const noexcept { return *Iterator(first_ + std::size_t{index} * stride_, stride_); }
  const T& back() const noexcept { return (*this)[count_ - 1]; }
  Iterator begin() const noexcept { return {first_, stride_}; }
  Iterator end() const noexcept { return {first_ + std::size_t{count_} * stride_, stride_}; }

 private:
  const std::byte* first_;
  std::uint32_t count_;
  std::uint32_t stride_;
};

inline Strided<crdtd_append_entry> entries(const crdtd_append_batch& batch) noexcept {
  return {batch.entries, batch.entry_count, batch.entry_stride};
}
inline Strided<crdtd_row> rows(const crdtd_append_entry& entry) noexcept {
  return {entry.rows, entry.row_count, entry.row_stride};
}
inline Strided<crdtd_key> keys(const crdtd_append_entry& entry) noexcept {
  return {entry.keys, entry.key_count, entry.key_stride};
}
inline Strided<crdtd_known> known(const crdtd_append_entry& entry) noexcept {
  return {entry.known, entry.known_count, entry.known_stride};
}

// Where append() puts its answers, one for each entry, in their order.
class Verdicts {
 public:
  Verdicts(crdtd_verdict* first, std::uint32_t count, std::uint32_t stride) noexcept
      : first_(reinterpret_cast<std::byte*>(first)), count_(count), stride_(stride != 0 ? stride : sizeof(crdtd_verdict)) {}
  std::uint32_t size() const noexcept { return count_; }
  // `version` is the head afterwards, where it is known.
  void set(std::uint32_t index, crdtd_status status, std::uint64_t version) const noexcept {
    auto& verdict = *reinterpret_cast<crdtd_verdict*>(first_ + std::size_t{index} * stride_);
    verdict.status = status;
    verdict.version = version;
  }

 private:
  std::byte* first_;
  std::uint32_t count_;
  std::uint32_t stride_;
};

// The sinks as callables. Each returns CRDTD_OK to go on; hand anything else back with stopped().
class LoadSink {
 public:
  explicit LoadSink(const crdtd_load_sink& sink) noexcept : sink_(sink) {}
  crdtd_status head(const crdtd_doc_head& head) const { return sink_.head ? sink_.head(sink_.user, &head) : kGoOn; }
  crdtd_status known(const crdtd_known& known) const { return sink_.known ? sink_.known(sink_.user, &known) : kGoOn; }
  crdtd_status checkpoint(const crdtd_checkpoint& checkpoint) const {
    return sink_.checkpoint ? sink_.checkpoint(sink_.user, &checkpoint) : kGoOn;
  }
  crdtd_status row(const crdtd_row& row) const { return sink_.row ? sink_.row(sink_.user, &row) : kGoOn; }
  bool wants_known() const noexcept { return sink_.known != nullptr; }
  bool wants_checkpoint() const noexcept { return sink_.checkpoint != nullptr; }
  bool wants_rows() const noexcept { return sink_.row != nullptr; }

 private:
  static constexpr crdtd_status kGoOn = CRDTD_OK;
  const crdtd_load_sink& sink_;
};

class ListSink {
 public:
  explicit ListSink(const crdtd_list_sink& sink) noexcept : sink_(sink) {}
  crdtd_status item(const crdtd_list_item& item) const { return sink_.item ? sink_.item(sink_.user, &item) : kGoOn; }

 private:
  static constexpr crdtd_status kGoOn = CRDTD_OK;
  const crdtd_list_sink& sink_;
};

}  // namespace crdtd::storage
