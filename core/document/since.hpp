// From "what the author had seen" to the rows that came after it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "document/document.hpp"
#include "document/document_hub.hpp"

namespace crdtd::document {

// Bounds of what is looked at to understand a late request (P7); beyond them it is `stale`.
inline constexpr std::uint64_t kRecentRowsMax = 10'000;
inline constexpr std::uint64_t kRecentBytesMax = 1u << 20;

// A place in the present log. `check` only where a cursor gave it.
struct Place {
  std::uint64_t version = 0;
  std::uint32_t check = 0;
  bool has_check = false;
};

// Understands `since` for a document that exists. An unusable text is kInvalidField, a place in another epoch or beyond the head
// is kStale.
base::Result<Place> find_place(const Since& since, const Replica& replica, std::uint64_t generation);

// Why `since` cannot refer to a document that does not exist: kGone for one that was erased, else kStale. Only for a `since`
// that names a place.
base::Error no_such_place(const Since& since, std::uint64_t grave_birth);
bool names_a_place(const Since& since);

// Rows must be read from the store first: those of this range, which continues what was fetched before.
struct NeedRows {
  host::RowRange range;
};
using RowsAfter = std::variant<std::vector<host::RowPtr>, NeedRows, base::Error>;

// The rows after `place` up to the newest applied one, out of `fetched` (what the store gave, in order) and the document's tail.
RowsAfter rows_after(const Place& place, const Replica& replica, const RowTail& tail, std::span<const host::RowPtr> fetched);

}  // namespace crdtd::document
