#include "ctl/replay.hpp"

#include <algorithm>
#include <utility>

namespace crdtd::ctl {
namespace {

std::string row_text(const host::Row& row) { return "row " + std::to_string(row.version); }

// How two encoded states differ, short enough for a line.
std::string difference(const std::string& expected, const std::string& found) {
  const auto common = std::min(expected.size(), found.size());
  const auto at = std::mismatch(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(common), found.begin()).first;
  return std::to_string(found.size()) + " bytes, other from byte " + std::to_string(at - expected.begin()) + " on";
}

}  // namespace

host::MergeInput Replay::input_of(const host::Row& row) const {
  host::MergeInput input;
  input.delta = row.delta;
  input.format = row.format;
  input.author = {row.replica, row.first_counter, row.hlc_unix_ns, row.node};
  input.count = row.count;
  return input;
}

void Replay::start_empty() {
  if (type_ == nullptr) return;
  auto state = type_->create();
  if (!state) return findings_.add({"state", "version 0", "an empty state", state.error().detail});
  state_.emplace(std::move(*state));
}

void Replay::take(const host::Row& row) {
  if (!state_) return;
  const auto merged = state_->merge(input_of(row));
  if (merged) return;
  findings_.add({"row", row_text(row), "a delta that merges", merged.error().detail});
  state_.reset();
}

void Replay::compare(const std::string& encoded, std::uint32_t format, const std::string& where) {
  if (type_ == nullptr) return;
  auto loaded = type_->load(encoded, format);
  if (!loaded) return findings_.add({"checkpoint", where, "a state that loads", loaded.error().detail});
  const auto again = loaded->encode();
  if (!again) return findings_.add({"checkpoint", where, "a state that encodes", again.error().detail});
  if (format == type_->format_written() && *again != encoded) {
    findings_.add({"checkpoint", where, "to encode to the very bytes that are stored", difference(encoded, *again)});
  }
  if (!state_) {
    state_.emplace(std::move(*loaded));
    return;
  }
  const auto rebuilt = state_->encode();
  if (!rebuilt) return findings_.add({"state", where, "a state that encodes", rebuilt.error().detail});
  if (*rebuilt == *again) return;
  findings_.add({"state", where, "the state that the rows before it give", difference(*rebuilt, *again)});
  state_.emplace(std::move(*loaded));  // so that one wrong checkpoint is one finding
}

void Replay::expect_contained(const host::Row& row, const std::string& where) {
  if (!state_) return;
  const auto merged = state_->merge(input_of(row));
  if (!merged) {
    findings_.add({"row", row_text(row), "a delta that merges", merged.error().detail});
    state_.reset();
  } else if (merged->changed) {
    findings_.add({"state", where, "to hold what row " + std::to_string(row.version) + " brings", "a state that it changes"});
  }
}

}  // namespace crdtd::ctl
