// A host for tests of the authoring layer: its realloc checks what it is told, counts, and fails on demand.
//
// The functions of a crdtd_host carry no user data, so there is one account for the whole process.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "crdtd/abi/base.h"
#include "crdtd/abi/crdt.h"

namespace crdtd_test {

struct Account {
  std::unordered_map<void*, std::uint32_t> blocks;  // live, with the size that was asked for
  std::uint64_t allocations = 0;                    // calls that asked for memory
  std::uint64_t breaches = 0;                       // a wrong `size_old`, or a pointer never given
  std::int64_t allowed = -1;                        // so many more calls may succeed; -1: all
  std::vector<std::string> log;
};

inline Account& account() {
  static Account instance;
  return instance;
}

inline void* test_realloc(void* ptr, std::uint32_t size_old, std::uint32_t size_new) {
  Account& books = account();
  if (ptr == nullptr ? size_old != 0 : (books.blocks.count(ptr) == 0 || books.blocks[ptr] != size_old)) {
    ++books.breaches;
    return nullptr;
  }
  if (size_new == 0) {
    books.blocks.erase(ptr);
    std::free(ptr);
    return nullptr;
  }
  ++books.allocations;
  if (books.allowed == 0) return nullptr;
  if (books.allowed > 0) --books.allowed;
  void* moved = std::realloc(ptr, size_new);
  if (moved != ptr) books.blocks.erase(ptr);
  books.blocks[moved] = size_new;
  return moved;
}

inline void test_log(std::uint32_t, const crdtd_bytes* text) {
  account().log.emplace_back(reinterpret_cast<const char*>(text->data), text->size);
}

inline const void* no_extension(const char*) { return nullptr; }

inline constexpr crdtd_host kHost = {sizeof(crdtd_host), CRDTD_ABI_MAJOR, CRDTD_ABI_MINOR, 0,
                                     test_realloc,       test_log,        no_extension};

// A caller's buffer; frees itself.
struct Buffer {
  crdtd_buffer raw = {sizeof(crdtd_buffer), 0, 0, nullptr};

  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() {
    if (raw.data != nullptr) test_realloc(raw.data, raw.capacity, 0);
  }
  std::string text() const { return {reinterpret_cast<const char*>(raw.data), raw.size}; }
};

inline crdtd_bytes bytes_of(std::string_view text) {  // borrowed: not of a temporary string
  return {reinterpret_cast<const std::uint8_t*>(text.data()), static_cast<std::uint32_t>(text.size())};
}

inline crdtd_error empty_error() {
  crdtd_error err = {};
  err.struct_size = sizeof err;
  return err;
}

inline crdtd_ctx empty_ctx() {
  crdtd_ctx ctx = {};
  ctx.struct_size = sizeof ctx;
  return ctx;
}

}  // namespace crdtd_test
