// The first look at a library file: is it a whole ELF shared library for this machine, and what does it say without running?
//
// Every offset, size and count is checked against the length of the file before it is used, so that a truncated or hostile file
// is refused here and reaches neither a less careful reader nor the dynamic linker. Threads: [any]; a ByteSource is used by one
// thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "crdtd/loader/refusal.hpp"

namespace crdtd::loader {

// Where the bytes of a file come from: a descriptor, or memory in a test.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual std::uint64_t size() const = 0;
  // Reads exactly `to.size()` bytes; false when they are not there (any more).
  virtual bool read(std::uint64_t offset, std::span<std::byte> to) const = 0;
};

struct ElfFacts {
  std::string manifest;                 // contents of the manifest section, never empty
  std::uint64_t entry_size = 0;         // of the exported data symbol crdtd_plugin_entry_v1
  std::vector<std::string> sanitizers;  // undefined symbols that only a sanitizer's runtime defines, at most a few
};

// Larger files are refused unread.
inline constexpr std::uint64_t kPluginBytesMax = 512ull << 20;

Checked<ElfFacts> read_elf(const std::string& file, const ByteSource& source);

}  // namespace crdtd::loader
