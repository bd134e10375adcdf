// A growing output of a call: appends to a buffer of the host, through the host's realloc.
//
// When there is no memory it remembers that and takes nothing more; the export layer then answers CRDTD_NO_MEMORY, so that a
// type may write on without asking. An Output without a buffer (an effect that nobody wants) swallows what it is given.
// It is a ByteSink: Writer and the JSON writer append to it as to a ByteBuffer; extend() throws std::bad_alloc, as theirs does.
// Threads: those of the call. Lifetime: the call's.
#pragma once

#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>

#include "crdtd/plugin/allocation.hpp"
#include "crdtd/plugin/bytes.hpp"

namespace crdtd {

class Output {
 public:
  // `buffer` may be null. What it holds already is kept; size() and view() are about what is appended here.
  explicit Output(crdtd_buffer* buffer) noexcept : buffer_(buffer), start_(buffer == nullptr ? 0 : buffer->size) {}
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() { detail::release(scrap_); }

  bool wanted() const noexcept { return buffer_ != nullptr; }
  bool failed() const noexcept { return failed_; }
  std::uint32_t size() const noexcept { return wanted() ? buffer_->size - start_ : 0; }
  Bytes view() const noexcept {
    return wanted() ? Bytes(buffer_->data, buffer_->size).slice(start_) : Bytes();
  }  // until the next append

  void push(std::uint8_t byte) noexcept {
    if (make_room(1)) buffer_->data[buffer_->size++] = byte;
  }
  void append(Bytes bytes) noexcept {
    if (bytes.empty() || !make_room(bytes.size())) return;
    std::memcpy(buffer_->data + buffer_->size, bytes.data(), bytes.size());
    buffer_->size += static_cast<std::uint32_t>(bytes.size());
  }
  void append(std::string_view text) noexcept { append(Bytes(text)); }

  // Room for `count` more bytes at the end, to be filled and then claimed with commit(); null when unwanted or out of memory.
  std::uint8_t* prepare(std::size_t count) noexcept { return make_room(count) ? buffer_->data + buffer_->size : nullptr; }
  void commit(std::uint32_t count) noexcept { buffer_->size += count; }  // at most what was prepared

  // A place for exactly `size` bytes at the end, already counted; the caller fills all of it. Valid until the next call.
  std::uint8_t* extend(std::size_t size) {
    if (make_room(size)) [[likely]] {
      std::uint8_t* place = buffer_->data + buffer_->size;
      buffer_->size += static_cast<std::uint32_t>(size);
      return place;
    }
    return scrap(size);
  }

  // Takes back everything after the first `size` bytes of what was appended here.
  void truncate(std::uint32_t size) noexcept {
    if (wanted() && size < this->size()) buffer_->size = start_ + size;
  }

 private:
  bool make_room(std::size_t count) noexcept {
    if (buffer_ == nullptr || failed_) return false;
    if (count <= buffer_->capacity - buffer_->size) [[likely]]
      return true;
    return grow(count);
  }

  [[gnu::noinline]] bool grow(std::size_t count) noexcept {
    const std::uint64_t needed = static_cast<std::uint64_t>(buffer_->size) + count;
    std::uint64_t capacity = static_cast<std::uint64_t>(buffer_->capacity) * 2;
    if (capacity < 64) capacity = 64;
    if (capacity < needed) capacity = needed;
    if (capacity > UINT32_MAX) capacity = UINT32_MAX;
    void* data = count > UINT32_MAX || needed > UINT32_MAX || detail::host_table == nullptr
                     ? nullptr
                     : detail::host_table->realloc(buffer_->data, buffer_->capacity, static_cast<std::uint32_t>(capacity));
    if (data == nullptr) {
      failed_ = true;
      return false;
    }
    buffer_->data = static_cast<std::uint8_t*>(data);
    buffer_->capacity = static_cast<std::uint32_t>(capacity);
    return true;
  }

  // Where extend() points what nobody wants.
  [[gnu::noinline]] std::uint8_t* scrap(std::size_t size) {
    if (buffer_ == nullptr) {
      if (size <= scrap_size_) return scrap_;
      detail::release(scrap_);
      scrap_size_ = 0;
      scrap_ = static_cast<std::uint8_t*>(detail::allocate(size < 64 ? 64 : size));
      if (scrap_ != nullptr) {
        scrap_size_ = size < 64 ? 64 : size;
        return scrap_;
      }
    }
    failed_ = true;
    detail::fail_allocation();
  }

  crdtd_buffer* buffer_;
  std::uint32_t start_;
  bool failed_ = false;
  std::uint8_t* scrap_ = nullptr;
  std::size_t scrap_size_ = 0;
};

}  // namespace crdtd
