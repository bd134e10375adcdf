// The pure part of the last-writer-wins register: what a write is, which of two writes wins, and the bytes.
//
// Format 1, of a state and of a delta alike:
//   state = u8 0                                     never written
//         | u8 1, u64 stamp, u64 replica, varint counter, block node, block value
//   block = varint size, bytes; the value is canonical JSON; the counter is at least 1
// One write has one encoding; anything else is refused.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "crdtd/plugin/dot.hpp"
#include "crdtd/plugin/hlc.hpp"
#include "crdtd/plugin/json.hpp"
#include "crdtd/plugin/reader.hpp"
#include "crdtd/plugin/writer.hpp"

namespace crdtd::lww {

inline constexpr std::uint32_t kFormat = 1;
inline constexpr UnixNs kDriftMaxNs = 60'000'000'000;

// One write. The greatest wins: by stamp, then node name (bytes), then dot. Two that still tie are the same write, unless a
// replica was cloned; the value then decides, so that even so all replicas agree.
struct Write {
  UnixNs stamp = 0;
  std::string node;
  Dot dot;
  std::string value;  // canonical JSON

  auto operator<=>(const Write&) const = default;
};

// The state: the winning write, if there was any.
using Register = std::optional<Write>;

inline std::string_view value_of(const Register& state) noexcept { return state ? std::string_view(state->value) : "null"; }
inline UnixNs stamp_of(const Register& state) noexcept { return state ? state->stamp : 0; }

constexpr UnixNs saturating_add(UnixNs a, UnixNs b) noexcept { return a > UINT64_MAX - b ? UINT64_MAX : a + b; }

// How far a stamp lies ahead of the wall clock, when that is too far: beyond 60 s, and beyond what `writes` writes in a row would
// give it after the winning one. 0 when it is fine.
constexpr std::int64_t drift(UnixNs stamp, UnixNs wall, UnixNs winning, std::uint64_t writes) noexcept {
  if (stamp <= saturating_add(wall, kDriftMaxNs) || stamp <= saturating_add(winning, writes)) return 0;
  const UnixNs offset = stamp - wall;
  return offset > INT64_MAX ? INT64_MAX : static_cast<std::int64_t>(offset);
}

template <ByteSink Sink>
void encode(const Register& state, Sink& sink) {
  Writer out(sink);
  out.u8(state ? 1 : 0);
  if (!state) return;
  out.u64(state->stamp);
  out.u64(state->dot.replica);
  out.varint(state->dot.counter);
  out.block(state->node);
  out.block(state->value);
}

// False on bytes that encode() does not write; `state` is then unchanged.
inline bool decode(std::string_view bytes, Register& state) {
  Reader in(bytes);
  const std::uint8_t tag = in.u8();
  if (!in.ok() || tag > 1) return false;
  if (tag == 0) {
    if (in.at_end()) state.reset();
    return in.at_end();
  }
  const UnixNs stamp = in.u64();
  const ReplicaId replica = in.u64();
  const std::uint64_t counter = in.varint();
  const std::string_view node = in.block();
  const std::string_view value = in.block();
  ByteBuffer scratch;
  if (!in.ok() || !in.at_end() || counter == 0 || !is_canonical_json(value, scratch)) return false;
  state = Write{stamp, std::string(node), {replica, counter}, std::string(value)};
  return true;
}

}  // namespace crdtd::lww
