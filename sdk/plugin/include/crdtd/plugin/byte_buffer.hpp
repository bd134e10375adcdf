// A growable run of bytes: the sink that writers append to, and the scratch memory of parsers.
//
// Unlike std::vector it grows without filling, and hands out room at its end. Memory comes from operator new.
// Owns its bytes; movable, not copyable. Threads: as any value.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace crdtd {

class ByteBuffer {
 public:
  ByteBuffer() = default;
  ByteBuffer(ByteBuffer&& other) noexcept { swap(other); }
  ByteBuffer& operator=(ByteBuffer&& other) noexcept {
    ByteBuffer(std::move(other)).swap(*this);
    return *this;
  }
  ByteBuffer(const ByteBuffer&) = delete;
  ByteBuffer& operator=(const ByteBuffer&) = delete;
  ~ByteBuffer() { release(); }

  // Room for `size` more bytes at the end, already counted; the caller fills all of it. Valid until the next call.
  std::uint8_t* extend(std::size_t size) {
    if (size > capacity_ - size_) grow(size);
    std::uint8_t* place = data_ + size_;
    size_ += size;
    return place;
  }
  void append(std::string_view text) {
    if (!text.empty()) std::memcpy(extend(text.size()), text.data(), text.size());
  }
  void push(char byte) { *extend(1) = static_cast<std::uint8_t>(byte); }

  std::size_t size() const noexcept { return size_; }
  std::size_t capacity() const noexcept { return capacity_; }
  bool empty() const noexcept { return size_ == 0; }
  const std::uint8_t* data() const noexcept { return data_; }
  char* chars() noexcept { return reinterpret_cast<char*>(data_); }
  std::string_view view() const noexcept { return {reinterpret_cast<const char*>(data_), size_}; }
  std::string_view view(std::size_t begin, std::size_t end) const noexcept { return view().substr(begin, end - begin); }

  // Drops what lies beyond `size`, which must not exceed size().
  void truncate(std::size_t size) noexcept { size_ = size; }
  void clear() noexcept { size_ = 0; }
  // Empties it, and gives memory back when more than `keep` bytes are held: scratch memory stays small after a large input.
  void reset(std::size_t keep) noexcept {
    size_ = 0;
    if (capacity_ > keep) release();
  }
  void swap(ByteBuffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

 private:
  void grow(std::size_t more) {
    std::size_t wanted = size_ + more;
    if (wanted < capacity_ * 2) wanted = capacity_ * 2;
    if (wanted < 64) wanted = 64;
    std::uint8_t* fresh = std::allocator<std::uint8_t>().allocate(wanted);
    if (size_ != 0) std::memcpy(fresh, data_, size_);
    if (data_ != nullptr) std::allocator<std::uint8_t>().deallocate(data_, capacity_);
    data_ = fresh;
    capacity_ = wanted;
  }
  void release() noexcept {
    if (data_ != nullptr) std::allocator<std::uint8_t>().deallocate(data_, capacity_);
    data_ = nullptr;
    size_ = capacity_ = 0;
  }

  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

// What a Writer can append to: ByteBuffer, or a caller's buffer behind the ABI. The place returned takes exactly `size` bytes.
template <class T>
concept ByteSink = requires(T& sink, std::size_t size) {
  { sink.extend(size) } -> std::convertible_to<std::uint8_t*>;
};

template <ByteSink Sink>
void append(Sink& sink, std::string_view text) {
  if (!text.empty()) std::memcpy(sink.extend(text.size()), text.data(), text.size());
}

}  // namespace crdtd
