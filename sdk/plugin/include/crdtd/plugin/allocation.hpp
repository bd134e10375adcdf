// The plugin's memory: taken from the host's realloc, also behind `operator new`.
//
// Every block has a 16-byte head before it that holds its size, as the host wants to be told it again. Blocks that something
// asks for before init() (a static object of a library, say) come from malloc, and go back there: the head tells which.
// CRDTD_DEFINE_OPERATOR_NEW, part of the export macro, replaces the global operators in this library alone: crdtd_add_plugin
// keeps them out of its exports and links the C++ runtime statically, so that a string which the runtime makes and the plugin
// frees meets one allocator.
// Threads: any, once init() has stored the host.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

#include "crdtd/abi/base.h"

namespace crdtd {

namespace detail {

inline constinit const crdtd_host* host_table = nullptr;  // set by init() [main], cleared by shutdown() [main]

enum class Origin : std::uint32_t { kHost = 0x31a7c0deu, kMalloc = 0x32a7c0deu };

struct BlockHead {
  std::uint32_t size;    // of the whole block, as it was asked for
  std::uint32_t offset;  // from the block's start to what the user got
  Origin origin;
  std::uint32_t reserved;
};
static_assert(sizeof(BlockHead) == 16);

inline constexpr std::size_t kHostAlignment = 16;

// `alignment`: a power of two. Null when there is no memory.
inline void* allocate(std::size_t size, std::size_t alignment = kHostAlignment) noexcept {
  if (alignment < kHostAlignment) alignment = kHostAlignment;
  if (size > UINT32_MAX || alignment > UINT32_MAX - size) return nullptr;
  const auto total = static_cast<std::uint32_t>(size + alignment);
  const bool from_host = host_table != nullptr;
  void* block = from_host ? host_table->realloc(nullptr, 0, total) : std::malloc(total);
  if (block == nullptr) return nullptr;
  const auto start = reinterpret_cast<std::uintptr_t>(block);
  const std::uintptr_t user = (start + sizeof(BlockHead) + alignment - 1) & ~(static_cast<std::uintptr_t>(alignment) - 1);
  new (reinterpret_cast<void*>(user - sizeof(BlockHead)))
      BlockHead{total, static_cast<std::uint32_t>(user - start), from_host ? Origin::kHost : Origin::kMalloc, 0};
  return reinterpret_cast<void*>(user);
}

inline void release(void* user) noexcept {
  if (user == nullptr) return;
  const BlockHead head = *reinterpret_cast<const BlockHead*>(static_cast<unsigned char*>(user) - sizeof(BlockHead));
  void* block = static_cast<unsigned char*>(user) - head.offset;
  if (head.origin == Origin::kMalloc) {
    std::free(block);
  } else if (head.origin != Origin::kHost) {
    __builtin_trap();  // freed twice, or never ours: going on would spoil the host's memory
  } else if (host_table != nullptr) {
    host_table->realloc(block, head.size, 0);
  }  // else: after shutdown the host's functions are out of bounds; the process is ending
}

[[noreturn, gnu::noinline, gnu::cold]] inline void fail_allocation() {
#if defined(__cpp_exceptions)
  throw std::bad_alloc();
#else
  __builtin_trap();  // without exceptions nobody could be told
#endif
}

inline void* allocate_or_fail(std::size_t size, std::size_t alignment = kHostAlignment) {
  void* user = allocate(size, alignment);
  if (user == nullptr) [[unlikely]]
    fail_allocation();
  return user;
}

}  // namespace detail

}  // namespace crdtd

// Once per plugin, at global scope; the export macros do it.
#ifdef CRDTD_SHARED_RUNTIME
#define CRDTD_DEFINE_OPERATOR_NEW  // see crdtd_add_plugin(… SHARED_RUNTIME)
#else
#define CRDTD_DEFINE_OPERATOR_NEW                                                                                        \
  void* operator new(std::size_t size) { return ::crdtd::detail::allocate_or_fail(size); }                               \
  void* operator new[](std::size_t size) { return ::crdtd::detail::allocate_or_fail(size); }                             \
  void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return ::crdtd::detail::allocate(size); }       \
  void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return ::crdtd::detail::allocate(size); }     \
  void* operator new(std::size_t size, std::align_val_t alignment) {                                                     \
    return ::crdtd::detail::allocate_or_fail(size, static_cast<std::size_t>(alignment));                                 \
  }                                                                                                                      \
  void* operator new[](std::size_t size, std::align_val_t alignment) {                                                   \
    return ::crdtd::detail::allocate_or_fail(size, static_cast<std::size_t>(alignment));                                 \
  }                                                                                                                      \
  void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {                     \
    return ::crdtd::detail::allocate(size, static_cast<std::size_t>(alignment));                                         \
  }                                                                                                                      \
  void* operator new[](std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {                   \
    return ::crdtd::detail::allocate(size, static_cast<std::size_t>(alignment));                                         \
  }                                                                                                                      \
  void operator delete(void* user) noexcept { ::crdtd::detail::release(user); }                                          \
  void operator delete[](void* user) noexcept { ::crdtd::detail::release(user); }                                        \
  void operator delete(void* user, std::size_t) noexcept { ::crdtd::detail::release(user); }                             \
  void operator delete[](void* user, std::size_t) noexcept { ::crdtd::detail::release(user); }                           \
  void operator delete(void* user, const std::nothrow_t&) noexcept { ::crdtd::detail::release(user); }                   \
  void operator delete[](void* user, const std::nothrow_t&) noexcept { ::crdtd::detail::release(user); }                 \
  void operator delete(void* user, std::align_val_t) noexcept { ::crdtd::detail::release(user); }                        \
  void operator delete[](void* user, std::align_val_t) noexcept { ::crdtd::detail::release(user); }                      \
  void operator delete(void* user, std::size_t, std::align_val_t) noexcept { ::crdtd::detail::release(user); }           \
  void operator delete[](void* user, std::size_t, std::align_val_t) noexcept { ::crdtd::detail::release(user); }         \
  void operator delete(void* user, std::align_val_t, const std::nothrow_t&) noexcept { ::crdtd::detail::release(user); } \
  void operator delete[](void* user, std::align_val_t, const std::nothrow_t&) noexcept { ::crdtd::detail::release(user); }
#endif
