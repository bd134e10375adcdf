#include "document/integrity.hpp"

#include <bit>
#include <cstring>

namespace crdtd::document {
namespace {

static_assert(std::endian::native == std::endian::little, "the log's integers are little-endian");

template <class Integer>
char* put(char* at, Integer value) {
  std::memcpy(at, &value, sizeof value);
  return at + sizeof value;
}

}  // namespace

std::uint32_t check_start(std::uint64_t birth) noexcept {
  char bytes[8];
  put(bytes, birth);
  return base::crc32(0, {bytes, sizeof bytes});
}

std::uint32_t check_next(std::uint32_t before, const host::Row& row) noexcept {
  char head[4 * 8 + 3 * 4];
  char* at = put(head, row.version);
  at = put(at, row.replica);
  at = put(at, row.first_counter);
  at = put(at, row.hlc_unix_ns);
  at = put(at, row.count);
  at = put(at, row.format);
  put(at, static_cast<std::uint32_t>(row.node.size()));
  auto check = base::crc32(before, {head, sizeof head});
  check = base::crc32(check, row.node);
  char size[4];
  put(size, static_cast<std::uint32_t>(row.delta.size()));
  check = base::crc32(check, {size, sizeof size});
  return base::crc32(check, row.delta);
}

}  // namespace crdtd::document
