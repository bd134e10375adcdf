// The bytes of this store: what is packed into its BLOB columns, each with its checksum. FORMAT.md gives the same for people.
//
//   varint    7 bits a byte, the lowest first, the top bit of a byte says that more follow; at most 10 bytes
//   u32, u64  fixed, little-endian               bytes   varint size, then so many bytes
//   crc       u32, CRC-32 (zlib's) over a tag, the columns that name the record, and its payload
//
//   log record   = front body [back]             the back stands only in a record that creates: it says the same again, so that
//   front        = u32 size, crc, fields         one damaged byte cannot make a document unknown
//   back         = fields, crc, u32 size         (`size` is that of the fields)
//   fields       = varint flags, varint doc, bytes tenant, bytes id, bytes type, varint birth, varint version_before,
//                  varint row_count, u32 check, varint hlc, varint delta_bytes, varint body_size, u32 body_crc
//   body         = varint key_count, key…, varint known_count, known…, row…
//   key          = bytes node, bytes key, varint applied, varint expires, 32 bytes digest
//   known        = u64 replica, varint counter, u64 chain, bytes node
//   row          = u64 replica, varint first_counter, varint count, varint hlc, varint format, u32 check,
//                  bytes node, bytes key, bytes delta                      (its version follows from its place)
//   chunk        = crc, varint row_count, row…                             (row_chunks.record)
//   document     = crc, bytes type, varint birth, varint version, varint first_version, u32 check, varint hlc, varint settled
//   checkpoint   = crc, varint format, u32 check, the encoded state
//   known entry  = crc, varint counter, u64 chain, bytes node
//   request key  = crc, varint applied, varint expires, 32 bytes digest
//   grave        = crc, varint order             meta value = crc, the value
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "crdtd/abi/storage.h"
#include "crdtd/plugin/storage_views.hpp"
#include "database.hpp"

namespace crdtd_sqlite {

static_assert(std::endian::native == std::endian::little, "the records' integers are little-endian, and copied as they are");

// What is said of a document as a whole.
struct Head {
  std::string type;
  std::uint64_t birth = 0;
  std::uint64_t version = 0;
  std::uint64_t first_version = 1;
  std::uint64_t hlc_unix_ns = 0;
  std::uint32_t check = 0;

  crdtd_doc_head lend() const;  // borrows `type`
};

class Packer {
 public:
  void reserve(std::size_t bytes) { out_.reserve(bytes); }
  void byte(std::uint8_t value) { out_ += static_cast<char>(value); }
  void varint(std::uint64_t value);
  void u32(std::uint32_t value) { out_.append(reinterpret_cast<const char*>(&value), sizeof value); }
  void u64(std::uint64_t value) { out_.append(reinterpret_cast<const char*>(&value), sizeof value); }
  void set_u32(std::size_t at, std::uint32_t value) {
    std::memcpy(out_.data() + at, &value, sizeof value);
  }  // over what is there
  void bytes(std::string_view value) { varint(value.size()), out_ += value; }
  void raw(std::string_view value) { out_ += value; }
  std::string take() { return std::move(out_); }
  std::string_view view() const { return out_; }

 private:
  std::string out_;
};

// Reads what a Packer wrote; whatever does not fit is thrown as CORRUPT, with `what` in its text.
class Unpacker {
 public:
  Unpacker(std::string_view in, const char* what) : in_(in), what_(what) {}
  std::uint64_t varint();
  std::uint32_t varint32();
  std::uint32_t u32() { return static_cast<std::uint32_t>(fixed(4)); }
  std::uint64_t u64() { return fixed(8); }
  std::string_view bytes() { return raw(varint()); }
  std::string_view raw(std::uint64_t size);
  std::string_view rest() { return raw(in_.size()); }
  bool at_end() const { return in_.empty(); }
  void expect_end() const;
  const char* position() const { return in_.data(); }

 private:
  std::uint64_t fixed(int size);
  [[noreturn]] void refuse() const;
  std::string_view in_;
  const char* what_;
};

// The front of a log record: all that recovery and the index need to know of it.
struct LogFront {
  static constexpr std::uint64_t kCreates = 1;
  std::uint64_t flags = 0, doc = 0;
  std::string tenant, id;
  Head head;  // as this record leaves it; first_version is not in it
  std::uint64_t version_before = 0, row_count = 0, delta_bytes = 0;
  bool creates() const { return (flags & kCreates) != 0; }
};

std::string pack_log(const LogFront& front, const crdtd_append_entry& entry);

// How much of a log record could be read.
enum class LogState { kSound, kBodyDamaged, kFrontLost };
// Fills `front` unless it is lost (for a creation the back stands in for it), and `body` where it is sound.
LogState read_log(std::string_view record, LogFront& front, std::string_view& body);

// A body, walked once: keys, then known entries, then rows.
struct LogBody {
  std::vector<crdtd_key> keys;
  std::vector<crdtd_known> known;
  std::string_view rows;  // packed
};
LogBody read_body(std::string_view body);  // borrows from it

// Walks packed rows. `version` of the first is given.
class RowWalk {
 public:
  RowWalk(std::string_view packed, std::uint64_t version_first) : in_(packed, "a row"), version_(version_first) {}
  bool next(crdtd_row& out);
  std::string_view packed() const { return packed_; }  // of the row that next() gave

 private:
  Unpacker in_;
  std::uint64_t version_;
  std::string_view packed_;
};

// Each packs with a checksum that covers the columns given, or checks it and reads.
std::string pack_chunk(std::uint64_t doc, std::uint64_t version_first, std::uint64_t row_count, std::string_view rows);
std::string_view read_chunk(std::uint64_t doc, std::uint64_t version_first, std::string_view record, std::uint64_t& row_count);

struct DocumentRow {
  std::uint64_t doc = 0;
  Head head;
  std::uint64_t settled = 0;  // log records up to this one are in the tables
};
std::string pack_document(std::string_view tenant, std::string_view id, const DocumentRow& row);
DocumentRow read_document(std::string_view tenant, std::string_view id, std::uint64_t doc, std::string_view record);

std::string pack_checkpoint(std::uint64_t doc, const crdtd_checkpoint& checkpoint);
crdtd_checkpoint read_checkpoint(std::uint64_t doc, std::uint64_t version, std::string_view record);  // without birth; borrows
std::string pack_known(std::uint64_t doc, const crdtd_known& known);
crdtd_known read_known(std::uint64_t doc, std::uint64_t replica, std::string_view record);  // borrows
std::string pack_key(std::uint64_t doc, const crdtd_key& key);
void read_key(std::uint64_t doc, std::string_view record, crdtd_key& inout);  // whose node and key are given
std::string pack_grave(std::string_view tenant, std::string_view id, std::uint64_t birth, std::uint64_t order);
std::uint64_t read_grave(std::string_view tenant, std::string_view id, std::uint64_t birth, std::string_view record);
std::string pack_meta(std::string_view name, std::string_view value);
std::string_view read_meta(std::string_view name, std::string_view record);

}  // namespace crdtd_sqlite
