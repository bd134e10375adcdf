#include "crdtd/conformance/counting_host.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <unordered_map>

namespace crdtd::conformance {
namespace {

constexpr std::uint32_t kAlignment = 16;
constexpr std::uint32_t kShifts = 8;  // places at which a block may begin within its room

struct Block {
  std::uint32_t size;
  std::uint32_t shift;  // bytes of its room that lie before it
};

// Every block by its address, so that nothing needs to be read behind a pointer that may be wrong.
struct Books {
  std::mutex mutex;
  std::unordered_map<void*, Block> blocks;
  CountedMemory counted;
  std::string fault;
  std::uint32_t pattern = 1;
  std::uint32_t taken = 0;  // blocks so far: neighbours shift differently
};

// Never destroyed: plugins free what they hold until the very end of the process.
Books& books() {
  static Books* const all = new Books();
  return *all;
}

void note_fault(Books& all, std::string what) {
  ++all.counted.faults;
  all.fault = std::move(what);
}

void* take(Books& all, std::uint32_t size) {
  const std::uint32_t shift = (all.taken++ * 7 + all.pattern * 3) % kShifts * kAlignment;
  auto* room = static_cast<unsigned char*>(std::malloc(std::size_t{shift} + size));
  if (room == nullptr) return nullptr;
  std::memset(room + shift, static_cast<int>(0x5a + all.pattern * 37), size);
  try {
    all.blocks.emplace(room + shift, Block{size, shift});
  } catch (const std::bad_alloc&) {
    std::free(room);
    return nullptr;
  }
  ++all.counted.blocks;
  all.counted.bytes += size;
  return room + shift;
}

void give_back(Books& all, void* ptr, const Block block) {
  all.blocks.erase(ptr);
  --all.counted.blocks;
  all.counted.bytes -= block.size;
  std::free(static_cast<unsigned char*>(ptr) - block.shift);
}

// Ends the process when there is no memory even for the text of a fault: no exception may cross the border.
void* counted_realloc(void* ptr, std::uint32_t size_old, std::uint32_t size_new) noexcept {
  Books& all = books();
  const std::lock_guard lock(all.mutex);
  if (ptr == nullptr) {
    if (size_old != 0) note_fault(all, "realloc of no block was told an old size of " + std::to_string(size_old));
    return size_new == 0 ? nullptr : take(all, size_new);
  }
  const auto found = all.blocks.find(ptr);
  if (found == all.blocks.end()) {
    note_fault(all, "realloc of a block (told size " + std::to_string(size_old) + ") that was freed before or never given out");
    return size_new == 0 ? nullptr : take(all, size_new);
  }
  const Block block = found->second;
  if (block.size != size_old) {
    note_fault(all, "realloc of a block of " + std::to_string(block.size) + " bytes was told an old size of " +
                        std::to_string(size_old));
  }
  void* moved = nullptr;
  if (size_new != 0) {
    moved = take(all, size_new);
    if (moved == nullptr) return nullptr;
    std::memcpy(moved, ptr, std::min(block.size, size_new));
  }
  give_back(all, ptr, block);
  return moved;
}

void drop_log(std::uint32_t, const crdtd_bytes*) {}
const void* no_extension(const char*) { return nullptr; }

constexpr crdtd_host kHost = {sizeof(crdtd_host), CRDTD_ABI_MAJOR, CRDTD_ABI_MINOR, 0, counted_realloc, drop_log, no_extension};

}  // namespace

const crdtd_host& counting_host() { return kHost; }

CountedMemory counted_memory() {
  Books& all = books();
  const std::lock_guard lock(all.mutex);
  return all.counted;
}

std::string newest_memory_fault() {
  Books& all = books();
  const std::lock_guard lock(all.mutex);
  return all.fault;
}

void set_memory_pattern(std::uint32_t pattern) {
  Books& all = books();
  const std::lock_guard lock(all.mutex);
  all.pattern = pattern;
  all.taken = 0;
}

}  // namespace crdtd::conformance
