// The newest rows of a document in memory: what a late author has most likely not seen, without asking the store.
//
// Holds a gapless run of rows that ends with the newest. Bound: kRowsMax rows and kBytesMax bytes of durable rows; rows that are
// not durable yet are bounded by the waiting budget, and nothing is dropped while someone holds the tail.
#pragma once

#include <cstdint>
#include <deque>

#include "base/assert.hpp"
#include "host/row.hpp"

namespace crdtd::document {

class RowTail {
 public:
  static constexpr std::size_t kRowsMax = 128;
  static constexpr std::uint64_t kBytesMax = 32u << 10;

  void push(host::RowPtr row) {
    CRDTD_ASSERT(rows_.empty() || row->version == rows_.back()->version + 1);
    bytes_ += size_of(*row);
    rows_.push_back(std::move(row));
  }

  // Drops the oldest durable rows beyond the bounds.
  void trim(std::uint64_t durable_version) {
    while (holds_ == 0 && !rows_.empty() && rows_.front()->version <= durable_version &&
           (rows_.size() > kRowsMax || bytes_ > kBytesMax)) {
      bytes_ -= size_of(*rows_.front());
      rows_.pop_front();
    }
  }

  void clear() {
    rows_.clear();
    bytes_ = 0;
  }
  void hold() { ++holds_; }
  void unhold(std::uint64_t durable_version) {
    --holds_;
    trim(durable_version);
  }

  const std::deque<host::RowPtr>& rows() const noexcept { return rows_; }
  std::uint64_t bytes() const noexcept { return bytes_; }
  // Version of the oldest row held; beyond the newest when none is.
  std::uint64_t first_version(std::uint64_t head) const noexcept { return rows_.empty() ? head + 1 : rows_.front()->version; }

 private:
  static std::uint64_t size_of(const host::Row& row) { return sizeof row + row.delta.size() + row.node.size() + row.key.size(); }

  std::deque<host::RowPtr> rows_;
  std::uint64_t bytes_ = 0;
  unsigned holds_ = 0;
};

}  // namespace crdtd::document
