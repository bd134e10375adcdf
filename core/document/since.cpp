#include "document/since.hpp"

#include <algorithm>

#include "document/integrity.hpp"

namespace crdtd::document {
namespace {

base::Error stale(std::string why) { return base::make_error(base::Code::kStale, std::move(why)); }

base::Error not_a_cursor() {
  auto error =
      base::make_error(base::Code::kInvalidField, "`since` takes a cursor as the server gave it, a version number, or 0");
  error.pointer = "/since";
  return error;
}

}  // namespace

bool names_a_place(const Since& since) {
  return since.kind == Since::Kind::kCursor || (since.kind == Since::Kind::kNumber && since.number > 0);
}

base::Error no_such_place(const Since& since, std::uint64_t grave_birth) {
  if (since.kind != Since::Kind::kCursor)
    return stale("the document does not exist, so it has no version " + std::to_string(since.number));
  const auto cursor = parse_cursor(since.cursor);
  if (!cursor) return not_a_cursor();
  if (grave_birth != 0 && cursor->birth == grave_birth) {
    return base::make_error(base::Code::kGone, "the document that the cursor refers to was erased");
  }
  return stale("the document that the cursor refers to does not exist");
}

base::Result<Place> find_place(const Since& since, const Replica& replica, std::uint64_t generation) {
  Place place;
  if (since.kind == Since::Kind::kNumber) {
    place.version = since.number;
  } else if (since.kind == Since::Kind::kCursor) {
    const auto cursor = parse_cursor(since.cursor);
    if (!cursor) return not_a_cursor();
    if (cursor->birth != replica.birth) return stale("the cursor refers to an earlier document of this id");
    if (cursor->generation != generation) return stale("the cursor is from before the store was restored");
    place = {cursor->version, cursor->check, true};
  }
  if (place.version > replica.version) {
    return stale("version " + std::to_string(place.version) + " lies beyond the head, " + std::to_string(replica.version));
  }
  if (place.has_check && place.version == replica.version && place.check != replica.check) {
    return stale("the cursor belongs to another history of this document");
  }
  if (place.version + 1 < replica.first_version) {
    return stale("rows before version " + std::to_string(replica.first_version) + " are no longer kept");
  }
  return place;
}

RowsAfter rows_after(const Place& place, const Replica& replica, const RowTail& tail, std::span<const host::RowPtr> fetched) {
  if (place.version == replica.version) return std::vector<host::RowPtr>{};
  if (replica.version - place.version > kRecentRowsMax) {
    return stale("more than " + std::to_string(kRecentRowsMax) + " versions have passed since " + std::to_string(place.version));
  }
  // To compare the check, the row at the place itself is wanted too, if it is kept.
  const bool want_row_itself = place.has_check && place.version >= replica.first_version;
  const std::uint64_t first_wanted = want_row_itself ? place.version : place.version + 1;
  const std::uint64_t tail_first = tail.first_version(replica.version);

  std::vector<host::RowPtr> rows;
  std::uint64_t next = first_wanted;
  std::uint64_t bytes = 0;
  const auto take = [&](const host::RowPtr& row) {
    if (row->version != next) return;
    ++next;
    if (row->version > place.version) bytes += row->delta.size();
    rows.push_back(row);
  };
  for (const auto& row : fetched) {
    if (row->version < tail_first) take(row);
  }
  for (const auto& row : tail.rows()) take(row);
  if (bytes > kRecentBytesMax)
    return stale("more than 1 MiB of changes have been made since version " + std::to_string(place.version));
  if (next != replica.version + 1) {
    // The first of several reads, perhaps: the document may have been loaded anew since, or the row at the place itself is large.
    return NeedRows{{next - 1, tail_first - 1, static_cast<std::uint32_t>(kRecentRowsMax) + 1, kRecentBytesMax + 1}};
  }
  if (want_row_itself) {
    if (rows.front()->check != place.check) return stale("the cursor belongs to another history of this document");
    rows.erase(rows.begin());
  } else if (place.has_check && place.version == 0 && place.check != check_start(replica.birth)) {
    return stale("the cursor belongs to another history of this document");
  }
  return rows;
}

}  // namespace crdtd::document
