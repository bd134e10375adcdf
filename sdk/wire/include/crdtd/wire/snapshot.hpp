// The media type application/vnd.crdtd.snapshot: a document's encoded state with the known table. Grammar: SNAPSHOT.md.
//
// Plain functions, any thread; what is read borrows the bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace crdtd::wire {

inline constexpr std::string_view kSnapshotMediaType = "application/vnd.crdtd.snapshot";

struct SnapshotKnown {
  std::uint64_t replica = 0;
  std::uint64_t counter = 0;
  std::uint64_t chain = 0;
  std::string_view node;
};

struct SnapshotView {
  std::string_view type;
  std::uint32_t format = 0;  // of `encoded`
  std::uint64_t version = 0;
  std::string_view cursor;
  std::vector<SnapshotKnown> known;
  std::string_view encoded;
};

void append_snapshot(std::string& out, const SnapshotView& snapshot);

// Nothing if the bytes are not exactly one snapshot.
std::optional<SnapshotView> read_snapshot(std::string_view bytes);

}  // namespace crdtd::wire
