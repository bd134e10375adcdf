#include "base/checksum.hpp"

#include <zlib.h>

namespace crdtd::base {

std::uint32_t crc32(std::uint32_t before, std::string_view bytes) noexcept {
  return static_cast<std::uint32_t>(::crc32_z(before, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace crdtd::base
