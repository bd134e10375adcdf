// What is wrong with a document, each in one line: what, where, what was expected, what was found.
//
// Threads: values, one thread.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace crdtd::ctl {

struct Finding {
  std::string what;   // a fixed word: "row", "check", "dots", "known", "chain", "checkpoint", "state", "head", "storage", "type"
  std::string where;  // "row 5", "replica 00000000000000a1"
  std::string expected;
  std::string found;

  std::string text() const;  // "check at row 5: expected 0a1b2c3d, found 00000000"
  bool operator==(const Finding&) const = default;
};

// The findings of one document. Only the first are kept, all are counted: a damaged log of a million rows must not fill memory.
class Findings {
 public:
  static constexpr std::size_t kKeptMax = 100;

  void add(Finding finding) {
    if (kept_.size() < kKeptMax) kept_.push_back(std::move(finding));
    ++count_;
  }
  const std::vector<Finding>& kept() const noexcept { return kept_; }
  std::uint64_t count() const noexcept { return count_; }

 private:
  std::vector<Finding> kept_;
  std::uint64_t count_ = 0;
};

}  // namespace crdtd::ctl
