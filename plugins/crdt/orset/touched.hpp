// Which elements a batch or delta touched, and whether they were there before: from this the effect is told, as JSON ops.
//
// Only what is seen counts: an element that was there before and is there after is not mentioned. Ordered by canonical bytes, so
// that the author and everyone else tell the same change in the same words.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "crdtd/plugin/byte_buffer.hpp"
#include "element_key.hpp"

namespace crdtd::orset {

template <class Sink>
void append_canonical(Sink& out, const ElementKey& key) {
  if (key.string) crdtd::append(out, "\"");
  crdtd::append(out, key.body);
  if (key.string) crdtd::append(out, "\"");
}

class Touched {
 public:
  void clear() {
    records_.clear();
    bytes_.reset(kKeep);
    if (records_.capacity() > kKeep / sizeof(Record)) records_.shrink_to_fit();
  }
  // To be called before the element changes.
  void note(const ElementKey& key, bool was_there) {
    records_.push_back({bytes_.size(), key.body.size(), key.string, was_there});
    bytes_.append(key.body);
  }

  // Appends the array of ops; `is_there(key)` tells the present.
  template <class Sink, class IsThere>
  void write(Sink& out, IsThere is_there) {
    const auto before = [this](const Record& a, const Record& b) { return ElementKey::compare(key_of(a), key_of(b)) < 0; };
    std::stable_sort(records_.begin(), records_.end(), before);
    crdtd::append(out, "[");
    bool first = true;
    for (std::size_t i = 0; i < records_.size(); ++i) {
      const ElementKey key = key_of(records_[i]);
      if (i != 0 && key_of(records_[i - 1]) == key) continue;  // the first note is the one from before the change
      const bool there = is_there(key);
      if (there == records_[i].was_there) continue;
      crdtd::append(out, first ? "" : ",");
      crdtd::append(out, there ? R"({"type":"add","elem":)" : R"({"type":"remove","elem":)");
      append_canonical(out, key);
      crdtd::append(out, "}");
      first = false;
    }
    crdtd::append(out, "]");
  }

  std::uint64_t memory_bytes() const noexcept { return bytes_.capacity() + records_.capacity() * sizeof(Record); }

 private:
  static constexpr std::size_t kKeep = 4096;

  struct Record {
    std::size_t begin, size;
    bool string, was_there;
  };
  ElementKey key_of(const Record& record) const noexcept {
    return {bytes_.view(record.begin, record.begin + record.size), record.string};
  }

  std::vector<Record> records_;
  ByteBuffer bytes_;
};

}  // namespace crdtd::orset
