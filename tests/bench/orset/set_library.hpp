// The set as a host has it: the library is opened, checked and loaded by sdk/loader, and called through its C table.
//
// The host's realloc is malloc's, with a count of the bytes that are held. A call that the table refuses ends the program, as a
// figure from it would mean nothing. Threads: one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "crdtd/abi/crdt.h"

namespace crdtd::bench {

// Loads the library once. `path`: empty for the one that this program was built with.
const crdtd_crdt_type& load_set_type(const std::string& path);

// What all states and buffers together hold through the host's realloc.
std::uint64_t host_bytes_held();

// A buffer of the host, filled by the plugin.
class HostBuffer {
 public:
  HostBuffer() = default;
  HostBuffer(const HostBuffer&) = delete;
  HostBuffer& operator=(const HostBuffer&) = delete;
  ~HostBuffer();
  void clear() { raw_.size = 0; }
  std::string_view view() const { return {reinterpret_cast<const char*>(raw_.data), raw_.size}; }
  crdtd_buffer* raw() { return &raw_; }

 private:
  crdtd_buffer raw_ = {sizeof(crdtd_buffer), 0, 0, nullptr};
};

// One state of the set.
class Set {
 public:
  explicit Set(const crdtd_crdt_type& type);
  Set(const crdtd_crdt_type& type, std::string_view encoded);
  Set(const Set&) = delete;
  Set& operator=(const Set&) = delete;
  ~Set();

  // Appends the delta; returns how many counters it uses. Limits are those of the server's defaults, as at its gate.
  std::uint32_t mutate(std::string_view ops_json, std::uint64_t replica, std::uint64_t first_counter, HostBuffer& delta);
  void merge(std::string_view delta, std::uint64_t replica, std::uint64_t first_counter, std::uint32_t count);
  void encode(HostBuffer& out) const;
  std::uint64_t element_count() const;
  void value(HostBuffer& out) const;
  void compact();

 private:
  const crdtd_crdt_type& type_;
  crdtd_crdt_state* state_ = nullptr;
};

}  // namespace crdtd::bench
