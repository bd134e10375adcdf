// A small type that keeps all laws, apart from the one that its plugin is told to break.
//
// A state holds for each replica the numbers that it noted, one for each of its counters. Value: all of them, replica by replica.
// Ops: {"note":n}; {"touch":any}, which does nothing. The byte `extra` is 0 unless a law is being broken.
// Encoded, a delta likewise: varint groups, then by replica: u64 replica, varint first, varint count, count varints; then
// `extra`.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "crdtd/plugin/byte_buffer.hpp"
#include "crdtd/plugin/crdt_type.hpp"

namespace crdtd_test {

// What this library breaks: a law, perhaps with "+" and the way; empty: none.
extern "C" const char crdtd_test_breaks[];
inline bool breaks(std::string_view law) { return crdtd_test_breaks == law; }

class Tally {
 public:
  static constexpr std::string_view kLimits[] = {"notes"};

  crdtd::Outcome mutate(crdtd::Bytes ops_json, const crdtd::Context& ctx, crdtd::MutateOut& out);
  crdtd::Outcome merge(crdtd::Bytes delta, const crdtd::Context& ctx, crdtd::MergeOut& out);
  void encode(crdtd::Output& out) const;
  crdtd::Outcome load(crdtd::Bytes encoded, std::uint32_t format);
  crdtd::Outcome query(crdtd::Bytes query_json, std::uint32_t flags, crdtd::Output& out) const;
  void compact();
  crdtd::Footprint footprint() const;
  static crdtd::Outcome inspect(crdtd::Bytes delta, std::uint32_t format, crdtd::Output& out);

 private:
  struct Group {
    std::uint64_t replica = 0;
    std::uint64_t first = 0;
    std::vector<std::uint64_t> notes;
    std::uint64_t last() const { return first + notes.size() - 1; }
  };
  struct Delta {
    std::vector<Group> groups;
    std::uint8_t extra = 0;
  };

  static bool read(std::string_view bytes, Delta& out);
  static void write(const Delta& delta, crdtd::Output& out);
  std::vector<Group> groups() const;
  crdtd::Outcome admit(const Delta& delta, const crdtd::Context& ctx) const;
  bool apply(const Delta& delta, const crdtd::Context& ctx);
  void add(std::uint64_t replica, const std::vector<std::uint64_t>& notes);
  std::uint64_t seen(std::uint64_t replica) const;
  std::uint64_t count() const;
  void write_value(crdtd::ByteBuffer& out) const;

  std::map<std::uint64_t, std::vector<std::uint64_t>> notes_;  // by replica; the counters are 1, 2, 3 …
  std::vector<std::uint64_t> arrivals_;                        // replicas as they came
  std::uint8_t extra_ = 0;
};

}  // namespace crdtd_test
