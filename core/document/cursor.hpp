// A place in a document's log, as clients keep it: opaque to them, checked by the server when it comes back.
//
// Text: base64url without padding of `01 · birth u64 · generation u64 · version u64 · check u32`, little-endian.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace crdtd::document {

struct Cursor {
  std::uint64_t birth = 0;
  std::uint64_t generation = 0;
  std::uint64_t version = 0;
  std::uint32_t check = 0;
  bool operator==(const Cursor&) const = default;
};

std::string cursor_text(const Cursor& cursor);
// Nothing unless `text` is exactly what cursor_text() writes.
std::optional<Cursor> parse_cursor(std::string_view text);

}  // namespace crdtd::document
