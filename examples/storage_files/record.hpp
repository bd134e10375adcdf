// The bytes of a document's file.
//
//   file     = line record…               line: "crdtd document 1\n"
//   record   = head payload
//   head     = "CR", kind, 0, u64 size, u32 head_crc, u32 payload_crc        u32 and u64 little-endian
//   head_crc      over the record's offset in the file, kind and size: a head is one in its own place only
//   payload_crc   over the payload, going on from the payload_crc of the record before (the first: from a crc over line, tenant
//                 and id), so that no record is missing or at another's place
//
//   kind  payload
//   'A'   append entry: u8 creates, [creation], keys, known, rows
//   'C'   checkpoint: varint version, varint check, varint format, block encoded
//   'T'   trim: varint first_version, varint now
//   'G'   grave of an erased document: u64 birth
//   'M'   a value of the store, alone in a file of its own: the value. Its chain begins with a crc over its name
//
//   creation (the head before the first row that follows):
//     u64 birth, block type, varint version, varint check, varint hlc
//   keys: varint count, then for each
//     block node, block key, varint applied, varint expires, 32 bytes digest
//   known: varint count, then for each
//     u64 replica, varint counter, u64 chain, block node
//   rows: varint version_before, varint count, then for each
//     u64 replica, varint first_counter, varint count, varint hlc, varint format, varint check,
//     block node, block key, block delta
//
// varint, u64 and block as in crdtd/plugin/writer.hpp. What is read borrows the bytes that it is read from.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "crdtd/abi/storage.h"
#include "crdtd/plugin/byte_buffer.hpp"

namespace storage_files {

inline constexpr std::string_view kLine = "crdtd document 1\n";
inline constexpr std::size_t kHeadBytes = 20;

enum class Kind : char { kAppend = 'A', kCheckpoint = 'C', kTrim = 'T', kGrave = 'G', kMeta = 'M' };

// Where a record stands, and the payload_crc of the one before it.
struct Place {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;  // head and payload
  std::uint32_t chain_before = 0;
};

struct Record {
  Kind kind{};
  std::string_view payload;
  Place place;
  std::uint32_t chain = 0;
};

// CRC-32 (ISO-HDLC), going on from `crc`.
std::uint32_t crc32(std::uint32_t crc, std::string_view bytes);
std::uint32_t first_chain(std::string_view tenant, std::string_view id);

// The record with its head, for `offset` in the file; `chain` becomes its own.
std::string pack_record(Kind kind, std::string_view payload, std::uint64_t offset, std::uint32_t& chain);

// Reads the record that begins at `bytes`, whose place is given (but for its length). False when its head is damaged
// (place.bytes is then 0), when it is longer than `bytes`, or its payload is damaged.
bool read_record(std::string_view bytes, std::uint64_t offset, std::uint32_t chain_before, Record& out);

// Whether a sound head begins at `from` or after it: then what stands before was not the last thing written.
bool has_head(std::string_view file, std::uint64_t from);

struct Creation {
  std::uint64_t birth = 0, version = 0, hlc_unix_ns = 0;
  std::uint32_t check = 0;
  std::string_view type;
};

struct Entry {
  bool creates = false;
  Creation creation;
  std::vector<crdtd_key> keys;
  std::vector<crdtd_known> known;
  std::uint64_t version_before = 0;
  std::vector<crdtd_row> rows;
};

std::string pack_entry(const Entry& entry);
bool read_entry(std::string_view payload, Entry& out);  // false: no such payload was ever written

std::string pack_checkpoint(const crdtd_checkpoint& checkpoint);
bool read_checkpoint(std::string_view payload, crdtd_checkpoint& out);  // but its birth

std::string pack_trim(const crdtd_trim_to& to);
bool read_trim(std::string_view payload, crdtd_trim_to& out);

std::string pack_grave(std::uint64_t birth);
bool read_grave(std::string_view payload, std::uint64_t& out);

}  // namespace storage_files
