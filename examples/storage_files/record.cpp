#include "record.hpp"

#include <array>
#include <cstring>

#include "crdtd/plugin/reader.hpp"
#include "crdtd/plugin/storage_views.hpp"
#include "crdtd/plugin/writer.hpp"

namespace storage_files {

using crdtd::ByteBuffer;
using crdtd::Reader;
using crdtd::storage::bytes;
using crdtd::storage::text;
using Writer = crdtd::Writer<ByteBuffer>;

namespace {

constexpr std::array<std::uint32_t, 256> kCrcTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value & 1) != 0 ? 0xEDB88320u ^ (value >> 1) : value >> 1;
    table[i] = value;
  }
  return table;
}();

std::string fixed(std::uint64_t value, int size) {
  std::string out;
  for (int i = 0; i < size; ++i) out += static_cast<char>(value >> (8 * i));
  return out;
}

std::uint64_t fixed(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(bytes[i]);
  return value;
}

// "CR", kind, 0, size: the first 12 bytes of a head.
std::uint32_t head_crc(std::string_view head, std::uint64_t offset) {
  return crc32(crc32(0, fixed(offset, 8)), head.substr(0, 12));
}

bool is_head(std::string_view head, std::uint64_t offset) {
  return head.size() >= kHeadBytes && head.starts_with("CR") && fixed(head.substr(12, 4)) == head_crc(head, offset);
}

std::uint32_t read_u32(Reader& in) {
  const std::uint64_t value = in.varint();
  if (value > UINT32_MAX) in.fail();
  return static_cast<std::uint32_t>(value);
}

crdtd_bytes read_block(Reader& in) {
  const std::string_view block = in.block();
  if (block.size() > UINT32_MAX) in.fail();
  return bytes(block);
}

void write_row(const crdtd_row& row, Writer& out) {
  out.u64(row.replica);
  out.varint(row.first_counter);
  out.varint(row.count);
  out.varint(row.hlc_unix_ns);
  out.varint(row.format);
  out.varint(row.check);
  out.block(text(row.node));
  out.block(text(row.key));
  out.block(text(row.delta));
}

crdtd_row read_row(Reader& in, std::uint64_t version) {
  crdtd_row row{};
  row.struct_size = sizeof row;
  row.version = version;
  row.replica = in.u64();
  row.first_counter = in.varint();
  row.count = read_u32(in);
  row.hlc_unix_ns = in.varint();
  row.format = read_u32(in);
  row.check = read_u32(in);
  row.node = read_block(in);
  row.key = read_block(in);
  row.delta = read_block(in);
  return row;
}

void write_key(const crdtd_key& key, Writer& out) {
  out.block(text(key.node));
  out.block(text(key.key));
  out.varint(key.applied);
  out.varint(key.expires_unix_ms);
  out.bytes({reinterpret_cast<const char*>(key.digest), sizeof key.digest});
}

crdtd_key read_key(Reader& in) {
  crdtd_key key{};
  key.struct_size = sizeof key;
  key.node = read_block(in);
  key.key = read_block(in);
  key.applied = in.varint();
  key.expires_unix_ms = in.varint();
  const std::string_view digest = in.slice(sizeof key.digest);
  if (in.ok()) std::memcpy(key.digest, digest.data(), sizeof key.digest);
  return key;
}

crdtd_known read_known(Reader& in) {
  crdtd_known known{};
  known.struct_size = sizeof known;
  known.replica = in.u64();
  known.counter = in.varint();
  known.chain = in.u64();
  known.node = read_block(in);
  return known;
}

// The least bytes that one of a list takes, so that a made-up count reserves no memory.
constexpr std::size_t kKeyBytesMin = 36, kKnownBytesMin = 18, kRowBytesMin = 16;

}  // namespace

std::uint32_t crc32(std::uint32_t crc, std::string_view bytes) {
  crc = ~crc;
  for (const char byte : bytes) crc = kCrcTable[(crc ^ static_cast<std::uint8_t>(byte)) & 0xFF] ^ (crc >> 8);
  return ~crc;
}

std::uint32_t first_chain(std::string_view tenant, std::string_view id) {
  return crc32(crc32(crc32(crc32(0, kLine), fixed(tenant.size(), 8)), tenant), id);
}

std::string pack_record(Kind kind, std::string_view payload, std::uint64_t offset, std::uint32_t& chain) {
  std::string out = {'C', 'R', static_cast<char>(kind), '\0'};
  out += fixed(payload.size(), 8);
  out += fixed(head_crc(out, offset), 4);
  chain = crc32(chain, payload);
  out += fixed(chain, 4);
  out += payload;
  return out;
}

bool read_record(std::string_view bytes, std::uint64_t offset, std::uint32_t chain_before, Record& out) {
  out = {};
  out.place = {offset, 0, chain_before};
  if (!is_head(bytes, offset)) return false;
  const std::uint64_t size = fixed(bytes.substr(4, 8));
  if (size > UINT64_MAX - kHeadBytes) return false;
  out.place.bytes = kHeadBytes + size;
  if (out.place.bytes > bytes.size()) return false;
  out.kind = static_cast<Kind>(bytes[2]);
  out.payload = bytes.substr(kHeadBytes, size);
  out.chain = crc32(chain_before, out.payload);
  return out.chain == fixed(bytes.substr(16, 4));
}

bool has_head(std::string_view file, std::uint64_t from) {
  for (std::size_t at = file.find("CR", from); at != std::string_view::npos; at = file.find("CR", at + 1)) {
    if (is_head(file.substr(at), at)) return true;
  }
  return false;
}

std::string pack_entry(const Entry& entry) {
  ByteBuffer buffer;
  Writer out(buffer);
  out.u8(entry.creates ? 1 : 0);
  if (entry.creates) {
    out.u64(entry.creation.birth);
    out.block(entry.creation.type);
    out.varint(entry.creation.version);
    out.varint(entry.creation.check);
    out.varint(entry.creation.hlc_unix_ns);
  }
  out.varint(entry.keys.size());
  for (const crdtd_key& key : entry.keys) write_key(key, out);
  out.varint(entry.known.size());
  for (const crdtd_known& known : entry.known) {
    out.u64(known.replica);
    out.varint(known.counter);
    out.u64(known.chain);
    out.block(text(known.node));
  }
  out.varint(entry.version_before);
  out.varint(entry.rows.size());
  for (const crdtd_row& row : entry.rows) write_row(row, out);
  return std::string(buffer.view());
}

bool read_entry(std::string_view payload, Entry& out) {
  out = {};
  Reader in(payload);
  const std::uint8_t creates = in.u8();
  if (creates > 1) in.fail();
  out.creates = creates == 1;
  if (out.creates) {
    out.creation.birth = in.u64();
    out.creation.type = in.block();
    out.creation.version = in.varint();
    out.creation.check = read_u32(in);
    out.creation.hlc_unix_ns = in.varint();
  }
  for (std::uint64_t left = in.count(kKeyBytesMin); left > 0 && in.ok(); --left) out.keys.push_back(read_key(in));
  for (std::uint64_t left = in.count(kKnownBytesMin); left > 0 && in.ok(); --left) out.known.push_back(read_known(in));
  std::uint64_t version = out.version_before = in.varint();
  for (std::uint64_t left = in.count(kRowBytesMin); left > 0 && in.ok(); --left) out.rows.push_back(read_row(in, ++version));
  return in.ok() && in.at_end();
}

std::string pack_checkpoint(const crdtd_checkpoint& checkpoint) {
  ByteBuffer buffer;
  Writer out(buffer);
  out.varint(checkpoint.version);
  out.varint(checkpoint.check);
  out.varint(checkpoint.format);
  out.block(text(checkpoint.encoded));
  return std::string(buffer.view());
}

bool read_checkpoint(std::string_view payload, crdtd_checkpoint& out) {
  Reader in(payload);
  out = {};
  out.struct_size = sizeof out;
  out.version = in.varint();
  out.check = read_u32(in);
  out.format = read_u32(in);
  out.encoded = read_block(in);
  return in.ok() && in.at_end();
}

std::string pack_trim(const crdtd_trim_to& to) {
  ByteBuffer buffer;
  Writer out(buffer);
  out.varint(to.first_version);
  out.varint(to.now_unix_ms);
  return std::string(buffer.view());
}

bool read_trim(std::string_view payload, crdtd_trim_to& out) {
  Reader in(payload);
  out = {};
  out.struct_size = sizeof out;
  out.first_version = in.varint();
  out.now_unix_ms = in.varint();
  return in.ok() && in.at_end();
}

std::string pack_grave(std::uint64_t birth) { return fixed(birth, 8); }

bool read_grave(std::string_view payload, std::uint64_t& out) {
  if (payload.size() != 8) return false;
  out = fixed(payload);
  return true;
}

}  // namespace storage_files
