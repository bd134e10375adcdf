// What is known of one document: all of its file but the rows and checkpoints themselves, of which only the places are kept.
//
// It is made by applying the records of the file one after another; a record that was just written is applied in the same way,
// so that what is in memory is what an opening would find. Threads: a value; the store guards it.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "record.hpp"

namespace storage_files {

struct StoredKey {
  std::uint64_t applied = 0, expires_unix_ms = 0;
  std::array<std::uint8_t, 32> digest{};
};

struct StoredKnown {
  std::uint64_t counter = 0, chain = 0;
  std::string node;
};

// A record with rows.
struct RowsPlace {
  Place place;
  std::uint64_t version_first = 0, version_last = 0;
  std::uint64_t delta_bytes = 0;
};

struct Document {
  bool exists = false;   // else there are only graves
  bool damaged = false;  // the file does not match its checksums; what else stands here is from before the damage
  std::string type;
  std::uint64_t birth = 0, version = 0, first_version = 1, hlc_unix_ns = 0;
  std::uint32_t check = 0;
  std::vector<std::uint64_t> graves;  // the latest last
  std::map<std::uint64_t, StoredKnown> known;
  std::map<std::pair<std::string, std::string>, StoredKey> keys;  // by (node, key)
  std::deque<RowsPlace> rows;                                     // the first may begin before first_version
  std::map<std::uint64_t, Place> checkpoints;                     // by version
  std::uint64_t length = 0;                                       // of the file; 0: there is none
  std::uint32_t chain = 0;                                        // of the last record

  crdtd_doc_head lend_head() const;  // borrows `type`

  // Takes in the record that stands at the end. False: no such record was ever written.
  bool apply(const Record& record);
  // What trim() would change.
  bool trims(const crdtd_trim_to& to) const;
  // Bytes of the file that are still needed, roughly.
  std::uint64_t live_bytes() const;
};

// The document whose whole file this is. It may end in one record that was not written to its end when the machine or the process
// stopped (never after a clean close): that one was not acknowledged, and is left out: `length` is then less than the file's.
// Anything else that does not match makes it `damaged`.
Document read_document(std::string_view file, std::string_view tenant, std::string_view id, bool closed_clean);

// A file that says the same in fewer bytes. `file` is the old one; false when it is damaged.
bool compacted(const Document& document, std::string_view file, std::string_view tenant, std::string_view id, std::string& out);

// A file that says only which births are graved.
std::string graves_only(const std::vector<std::uint64_t>& graves, std::string_view tenant, std::string_view id);

}  // namespace storage_files
