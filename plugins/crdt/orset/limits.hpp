// The limits of a set, as manifest.json lists them.
#pragma once

#include <cstdint>
#include <string_view>

namespace crdtd::orset {

inline constexpr std::string_view kLimitNames[] = {"element", "elements"};

struct Limits {
  std::uint64_t element_bytes;  // the canonical JSON of one element
  std::uint64_t elements;       // how many there may be
};

}  // namespace crdtd::orset
