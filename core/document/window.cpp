#include "document/window.hpp"

#include <algorithm>

namespace crdtd::document {
namespace {

// The newest row at or before `until` whose HLC is not after `cutoff_unix_ns`; 0 if there is none. HLCs grow with the versions,
// but for a client's clock that ran ahead a little: near enough for a window of days.
host::StorageResult<std::uint64_t> newest_until(host::StorageSession& session, const base::DocKey& doc, const Window& window,
                                                std::uint64_t until, std::uint64_t cutoff_unix_ns) {
  std::uint64_t low = window.first_version - 1;  // the answer is at or after it
  std::uint64_t high = until;                    // … and at or before this one
  std::uint64_t next = low + 1;                  // first the oldest row: most often it settles the question
  while (low < high) {
    auto read = session.read_rows(doc, {next - 1, next, 1, 0});
    if (!read) return std::move(read).error();
    if (read->rows.empty()) return std::uint64_t{0};
    if (read->rows.front()->hlc_unix_ns <= cutoff_unix_ns) {
      low = next;
    } else {
      high = next - 1;
    }
    next = low + (high - low + 1) / 2;
  }
  return low < window.first_version ? 0 : low;
}

std::uint64_t before(std::uint64_t now_unix_ns, base::Duration age) {
  const auto ns = static_cast<std::uint64_t>(age.count());
  return now_unix_ns > ns ? now_unix_ns - ns : 0;
}

}  // namespace

host::StorageResult<std::uint64_t> first_to_keep(host::StorageSession& session, const base::DocKey& doc, const Window& window) {
  if (window.version < window.first_version) return std::uint64_t{0};
  auto outside =
      newest_until(session, doc, window, window.version, before(window.now_unix_ns, std::max(window.age, kWindowAgeMin)));
  if (!outside) return outside;
  if (window.version > window.rows && *outside < window.version - window.rows) {
    auto beyond = newest_until(session, doc, window, window.version - window.rows, before(window.now_unix_ns, kWindowAgeMin));
    if (!beyond) return beyond;
    *outside = std::max(*outside, *beyond);
  }
  // The newest row outside was the head when the window began: a cursor there is still good, and its row proves it.
  if (*outside < window.first_version + 1) return std::uint64_t{0};
  auto loaded = session.load(doc, *outside - 1);
  if (!loaded) return std::move(loaded).error();
  if (!loaded->checkpoint || loaded->checkpoint->version < window.first_version) return std::uint64_t{0};
  return loaded->checkpoint->version + 1;
}

}  // namespace crdtd::document
