#include "record.hpp"

#include <zlib.h>

#include <cstring>

namespace crdtd_sqlite {

namespace storage = crdtd::storage;
using storage::text;

namespace {

std::uint32_t crc32_of(std::string_view first, std::string_view second = {}) {
  uLong crc = crc32_z(0, nullptr, 0);
  crc = crc32_z(crc, reinterpret_cast<const Bytef*>(first.data()), first.size());
  if (!second.empty()) crc = crc32_z(crc, reinterpret_cast<const Bytef*>(second.data()), second.size());
  return static_cast<std::uint32_t>(crc);
}

// The columns that name a record, so that one that stands at another's place does not pass.
std::string place(char tag, std::uint64_t first, std::uint64_t second = 0) {
  Packer packer;
  packer.byte(static_cast<std::uint8_t>(tag));
  packer.varint(first);
  packer.varint(second);
  return packer.take();
}
std::string place(char tag, std::uint64_t number, std::string_view first, std::string_view second) {
  Packer packer;
  packer.byte(static_cast<std::uint8_t>(tag));
  packer.varint(number);
  packer.bytes(first);
  packer.bytes(second);
  return packer.take();
}

std::string seal(const std::string& where, std::string_view payload) {
  Packer packer;
  packer.u32(crc32_of(where, payload));
  packer.raw(payload);
  return packer.take();
}

std::string_view unseal(const std::string& where, std::string_view record, const char* what) {
  Unpacker in(record, what);
  const std::uint32_t crc = in.u32();
  const std::string_view payload = in.rest();
  if (crc != crc32_of(where, payload)) throw_corrupt(std::string(what) + " does not match its checksum");
  return payload;
}

void pack_row(Packer& out, const crdtd_row& row) {
  out.u64(row.replica);
  out.varint(row.first_counter);
  out.varint(row.count);
  out.varint(row.hlc_unix_ns);
  out.varint(row.format);
  out.u32(row.check);
  out.bytes(text(row.node));
  out.bytes(text(row.key));
  out.bytes(text(row.delta));
}

std::size_t body_room(const crdtd_append_entry& entry) {
  std::size_t bytes = 16;
  for (const crdtd_key& key : storage::keys(entry)) bytes += 64 + key.node.size + key.key.size;
  for (const crdtd_known& known : storage::known(entry)) bytes += 32 + known.node.size;
  for (const crdtd_row& row : storage::rows(entry)) bytes += 64 + row.node.size + row.key.size + row.delta.size;
  return bytes;
}

std::string pack_body(const crdtd_append_entry& entry) {
  Packer out;
  out.reserve(body_room(entry));
  out.varint(entry.key_count);
  for (const crdtd_key& key : storage::keys(entry)) {
    out.bytes(text(key.node));
    out.bytes(text(key.key));
    out.varint(key.applied);
    out.varint(key.expires_unix_ms);
    out.raw({reinterpret_cast<const char*>(key.digest), sizeof key.digest});
  }
  out.varint(entry.known_count);
  for (const crdtd_known& known : storage::known(entry)) {
    out.u64(known.replica);
    out.varint(known.counter);
    out.u64(known.chain);
    out.bytes(text(known.node));
  }
  for (const crdtd_row& row : storage::rows(entry)) pack_row(out, row);
  return out.take();
}

constexpr std::string_view kFrontTag = "F", kBodyTag = "B";
constexpr std::size_t kFrontFixed = 8;  // size and crc

std::string front_of(std::string_view fields) {
  Packer out;
  out.u32(static_cast<std::uint32_t>(fields.size()));
  out.u32(crc32_of(kFrontTag, fields));
  out.raw(fields);
  return out.take();
}

std::string back_of(std::string_view fields) {
  Packer out;
  out.raw(fields);
  out.u32(crc32_of(kFrontTag, fields));
  out.u32(static_cast<std::uint32_t>(fields.size()));
  return out.take();
}

void read_fields(std::string_view fields, LogFront& front, std::uint64_t& body_size, std::uint32_t& body_crc) {
  Unpacker in(fields, "the front of a log record");
  front.flags = in.varint();
  front.doc = in.varint();
  front.tenant = in.bytes();
  front.id = in.bytes();
  front.head.type = in.bytes();
  front.head.birth = in.varint();
  front.version_before = in.varint();
  front.row_count = in.varint();
  front.head.version = front.version_before + front.row_count;
  front.head.check = in.u32();
  front.head.hlc_unix_ns = in.varint();
  front.delta_bytes = in.varint();
  body_size = in.varint();
  body_crc = in.u32();
  in.expect_end();
}

// The fields of a sound front, or of a sound back; empty when neither is.
std::string_view sound_fields(std::string_view record) {
  if (record.size() < kFrontFixed) return {};
  Unpacker front(record, "a log record");
  std::uint32_t size = front.u32();
  std::uint32_t crc = front.u32();
  if (size <= record.size() - kFrontFixed && crc == crc32_of(kFrontTag, record.substr(kFrontFixed, size))) {
    return record.substr(kFrontFixed, size);
  }
  Unpacker back(record.substr(record.size() - kFrontFixed), "a log record");
  crc = back.u32();
  size = back.u32();
  if (size > record.size() - kFrontFixed) return {};
  const std::string_view fields = record.substr(record.size() - kFrontFixed - size, size);
  return crc == crc32_of(kFrontTag, fields) ? fields : std::string_view();
}

}  // namespace

crdtd_doc_head Head::lend() const {
  return {sizeof(crdtd_doc_head), check, birth, version, first_version, hlc_unix_ns, storage::bytes(type)};
}

void Packer::varint(std::uint64_t value) {
  char bytes[10];
  std::size_t size = 0;
  for (; value >= 0x80; value >>= 7) bytes[size++] = static_cast<char>(value | 0x80);
  bytes[size++] = static_cast<char>(value);
  out_.append(bytes, size);
}

void Unpacker::refuse() const { throw_corrupt(std::string(what_) + " is cut short or not well formed"); }

void Unpacker::expect_end() const {
  if (!in_.empty()) refuse();
}

std::uint64_t Unpacker::varint() {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 70; shift += 7) {
    if (in_.empty()) refuse();
    const auto byte = static_cast<std::uint8_t>(in_[0]);
    in_.remove_prefix(1);
    if (shift == 63 && byte > 1) refuse();
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  refuse();
}

std::uint32_t Unpacker::varint32() {
  const std::uint64_t value = varint();
  if (value > UINT32_MAX) refuse();
  return static_cast<std::uint32_t>(value);
}

std::uint64_t Unpacker::fixed(int size) {
  const std::string_view from = raw(static_cast<std::uint64_t>(size));
  std::uint64_t value = 0;
  for (int i = 0; i < size; ++i)
    value |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(from[static_cast<std::size_t>(i)])) << (8 * i);
  return value;
}

std::string_view Unpacker::raw(std::uint64_t size) {
  if (size > in_.size()) refuse();
  const std::string_view out = in_.substr(0, size);
  in_.remove_prefix(size);
  return out;
}

std::string pack_log(const LogFront& front, const crdtd_append_entry& entry) {
  const std::string body = pack_body(entry);
  Packer out;
  out.reserve(kFrontFixed + 2 * (96 + front.tenant.size() + front.id.size() + front.head.type.size()) + body.size());
  out.u64(0);  // size and crc of the fields, once they are known
  out.varint(front.flags);
  out.varint(front.doc);
  out.bytes(front.tenant);
  out.bytes(front.id);
  out.bytes(front.head.type);
  out.varint(front.head.birth);
  out.varint(front.version_before);
  out.varint(front.row_count);
  out.u32(front.head.check);
  out.varint(front.head.hlc_unix_ns);
  out.varint(front.delta_bytes);
  out.varint(body.size());
  out.u32(crc32_of(kBodyTag, body));
  const std::string_view packed = out.view().substr(kFrontFixed);
  out.set_u32(0, static_cast<std::uint32_t>(packed.size()));
  out.set_u32(4, crc32_of(kFrontTag, packed));
  const std::string back = front.creates() ? back_of(packed) : std::string();
  out.raw(body);
  out.raw(back);
  return out.take();
}

LogState read_log(std::string_view record, LogFront& front, std::string_view& body) {
  const std::string_view fields = sound_fields(record);
  if (fields.empty()) return LogState::kFrontLost;
  std::uint64_t body_size = 0;
  std::uint32_t body_crc = 0;
  read_fields(fields, front, body_size, body_crc);
  const std::string front_wanted = front_of(fields);
  const std::string back_wanted = front.creates() ? back_of(fields) : std::string();
  const std::size_t ends = front_wanted.size() + back_wanted.size();
  if (record.size() < ends || record.size() - ends != body_size) return LogState::kBodyDamaged;
  body = record.substr(front_wanted.size(), body_size);
  const bool whole = record.starts_with(front_wanted) && record.ends_with(back_wanted) && body_crc == crc32_of(kBodyTag, body);
  return whole ? LogState::kSound : LogState::kBodyDamaged;
}

LogBody read_body(std::string_view body) {
  Unpacker in(body, "the body of a log record");
  LogBody out;
  for (std::uint64_t count = in.varint(); count > 0; --count) {
    crdtd_key key{};
    key.struct_size = sizeof key;
    key.node = storage::bytes(in.bytes());
    key.key = storage::bytes(in.bytes());
    key.applied = in.varint();
    key.expires_unix_ms = in.varint();
    std::memcpy(key.digest, in.raw(sizeof key.digest).data(), sizeof key.digest);
    out.keys.push_back(key);
  }
  for (std::uint64_t count = in.varint(); count > 0; --count) {
    crdtd_known known{};
    known.struct_size = sizeof known;
    known.replica = in.u64();
    known.counter = in.varint();
    known.chain = in.u64();
    known.node = storage::bytes(in.bytes());
    out.known.push_back(known);
  }
  out.rows = in.rest();
  return out;
}

bool RowWalk::next(crdtd_row& out) {
  if (in_.at_end()) return false;
  const char* start = in_.position();
  out = {};
  out.struct_size = sizeof out;
  out.version = version_++;
  out.replica = in_.u64();
  out.first_counter = in_.varint();
  out.count = in_.varint32();
  out.hlc_unix_ns = in_.varint();
  out.format = in_.varint32();
  out.check = in_.u32();
  out.node = storage::bytes(in_.bytes());
  out.key = storage::bytes(in_.bytes());
  out.delta = storage::bytes(in_.bytes());
  packed_ = {start, static_cast<std::size_t>(in_.position() - start)};
  return true;
}

std::string pack_chunk(std::uint64_t doc, std::uint64_t version_first, std::uint64_t row_count, std::string_view rows) {
  Packer payload;
  payload.varint(row_count);
  payload.raw(rows);
  return seal(place('R', doc, version_first), payload.view());
}

std::string_view read_chunk(std::uint64_t doc, std::uint64_t version_first, std::string_view record, std::uint64_t& row_count) {
  Unpacker in(unseal(place('R', doc, version_first), record, "a chunk of rows"), "a chunk of rows");
  row_count = in.varint();
  return in.rest();
}

std::string pack_document(std::string_view tenant, std::string_view id, const DocumentRow& row) {
  Packer payload;
  payload.bytes(row.head.type);
  payload.varint(row.head.birth);
  payload.varint(row.head.version);
  payload.varint(row.head.first_version);
  payload.u32(row.head.check);
  payload.varint(row.head.hlc_unix_ns);
  payload.varint(row.settled);
  return seal(place('D', row.doc, tenant, id), payload.view());
}

DocumentRow read_document(std::string_view tenant, std::string_view id, std::uint64_t doc, std::string_view record) {
  Unpacker in(unseal(place('D', doc, tenant, id), record, "a document's head"), "a document's head");
  DocumentRow row;
  row.doc = doc;
  row.head.type = in.bytes();
  row.head.birth = in.varint();
  row.head.version = in.varint();
  row.head.first_version = in.varint();
  row.head.check = in.u32();
  row.head.hlc_unix_ns = in.varint();
  row.settled = in.varint();
  in.expect_end();
  return row;
}

std::string pack_checkpoint(std::uint64_t doc, const crdtd_checkpoint& checkpoint) {
  Packer payload;
  payload.varint(checkpoint.format);
  payload.u32(checkpoint.check);
  payload.raw(text(checkpoint.encoded));
  return seal(place('C', doc, checkpoint.version), payload.view());
}

crdtd_checkpoint read_checkpoint(std::uint64_t doc, std::uint64_t version, std::string_view record) {
  Unpacker in(unseal(place('C', doc, version), record, "a checkpoint"), "a checkpoint");
  crdtd_checkpoint checkpoint{};
  checkpoint.struct_size = sizeof checkpoint;
  checkpoint.version = version;
  checkpoint.format = in.varint32();
  checkpoint.check = in.u32();
  checkpoint.encoded = storage::bytes(in.rest());
  return checkpoint;
}

std::string pack_known(std::uint64_t doc, const crdtd_known& known) {
  Packer payload;
  payload.varint(known.counter);
  payload.u64(known.chain);
  payload.bytes(text(known.node));
  return seal(place('N', doc, known.replica), payload.view());
}

crdtd_known read_known(std::uint64_t doc, std::uint64_t replica, std::string_view record) {
  Unpacker in(unseal(place('N', doc, replica), record, "a known entry"), "a known entry");
  crdtd_known known{};
  known.struct_size = sizeof known;
  known.replica = replica;
  known.counter = in.varint();
  known.chain = in.u64();
  known.node = storage::bytes(in.bytes());
  return known;
}

std::string pack_key(std::uint64_t doc, const crdtd_key& key) {
  Packer payload;
  payload.varint(key.applied);
  payload.varint(key.expires_unix_ms);
  payload.raw({reinterpret_cast<const char*>(key.digest), sizeof key.digest});
  return seal(place('K', doc, text(key.node), text(key.key)), payload.view());
}

void read_key(std::uint64_t doc, std::string_view record, crdtd_key& inout) {
  Unpacker in(unseal(place('K', doc, text(inout.node), text(inout.key)), record, "an idempotency key"), "an idempotency key");
  inout.applied = in.varint();
  inout.expires_unix_ms = in.varint();
  std::memcpy(inout.digest, in.raw(sizeof inout.digest).data(), sizeof inout.digest);
}

std::string pack_grave(std::string_view tenant, std::string_view id, std::uint64_t birth, std::uint64_t order) {
  Packer payload;
  payload.varint(order);
  return seal(place('G', birth, tenant, id), payload.view());
}

std::uint64_t read_grave(std::string_view tenant, std::string_view id, std::uint64_t birth, std::string_view record) {
  return Unpacker(unseal(place('G', birth, tenant, id), record, "a grave"), "a grave").varint();
}

std::string pack_meta(std::string_view name, std::string_view value) { return seal(place('M', 0, name, {}), value); }

std::string_view read_meta(std::string_view name, std::string_view record) {
  return unseal(place('M', 0, name, {}), record, "a meta value");
}

}  // namespace crdtd_sqlite
