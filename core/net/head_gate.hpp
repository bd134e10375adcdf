// Strict framing, judged on the raw bytes of a request's head before any parser sees them: what proxies and servers have been
// known to read in two ways is refused here, so that everybody agrees where a request ends.
//
// Pure functions over bytes [any].
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "crdtd/wire/problem.hpp"

namespace crdtd::net {

inline constexpr std::size_t kHeadBytesMax = 16 * 1024;  // request line and headers, with the empty line
inline constexpr std::size_t kTargetBytesMax = 2048;
inline constexpr std::size_t kFieldCountMax = 100;

// Where the head ends: behind CRLF CRLF.
struct HeadEnd {
  enum class State { kIncomplete, kComplete, kBroken };  // broken: a line feed without carriage return
  State state = State::kIncomplete;
  std::size_t size = 0;  // complete: of the head
};

// `from`: bytes that an earlier call has looked at, so that a head that drips in costs linear time.
HeadEnd find_head_end(std::string_view bytes, std::size_t from) noexcept;

// Why a head is refused; nothing if it may pass.
struct GateRefusal {
  wire::ProblemCode code = wire::ProblemCode::kInvalidRequest;
  const char* detail = "";
};

// `head`: complete, with the empty line.
std::optional<GateRefusal> gate_check(std::string_view head) noexcept;

}  // namespace crdtd::net
