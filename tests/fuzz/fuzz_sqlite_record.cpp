// What the SQLite storage reads back from its BLOB columns, also behind a checksum that fits.
//
//   - Raw bytes as any record: refused as CORRUPT, or read; nothing else is thrown.
//   - With a checksum that fits, what is read and packed again is read as the same.
//   - A log record that was packed comes back; damaged in any one place it is not sound.
#include <zlib.h>

#include "oracle.hpp"
#include "record.hpp"

// The connection's part of the storage is left out: this is all of it that records use.
void crdtd_sqlite::throw_corrupt(const std::string& what) { throw StoreError{CRDTD_CORRUPT, what}; }

using namespace crdtd_sqlite;
using crdtd::storage::bytes;
using crdtd::storage::text;
using crdtd_fuzz::Exact;
using crdtd_fuzz::Input;

namespace {

// Runs `read`; false when it refused. Any other exception ends the run.
template <class Read>
bool reads(Read read) {
  try {
    read();
    return true;
  } catch (const StoreError& error) {
    FUZZ_CHECK(error.status == CRDTD_CORRUPT && crdtd_fuzz::is_one_line(error.message), "a bad record is CORRUPT, and says so",
               error.message);
    return false;
  }
}

std::uint32_t crc_of(std::string_view bytes_in) {
  return static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes_in.data()), bytes_in.size()));
}

// A record with a checksum that fits its place; the columns are always tenant "t", id "d", document 7 and second number 3.
std::string sealed(char tag, std::string_view payload) {
  Packer place, out;
  place.byte(static_cast<std::uint8_t>(tag));
  const bool named = tag == 'D' || tag == 'K' || tag == 'G' || tag == 'M';
  place.varint(tag == 'M' ? 0 : 7);
  if (named) {
    place.bytes("t");
    place.bytes(tag == 'M' ? "" : "d");
  } else {
    place.varint(3);
  }
  out.u32(crc_of(std::string(place.view()) + std::string(payload)));
  out.raw(payload);
  return out.take();
}

bool same(std::string_view a, std::string_view b) { return a == b; }

void check_rows(std::string_view packed) {
  const Exact exact(packed);
  crdtd_row row;
  std::string again;
  std::uint64_t version = 9;
  reads([&] {
    for (RowWalk walk(exact.view(), version); walk.next(row); ++version) {
      FUZZ_CHECK(row.version == version, "rows are numbered from the first on");
      again += walk.packed();
      FUZZ_CHECK(text(row.delta).size() + text(row.key).size() + text(row.node).size() < walk.packed().size(),
                 "a row lies in its bytes");
    }
    FUZZ_CHECK(again == packed, "the rows are all of the bytes");
  });
}

void check_body(std::string_view packed) {
  const Exact exact(packed);
  reads([&] {
    const LogBody body = read_body(exact.view());
    FUZZ_CHECK(body.keys.size() * 36 + body.known.size() * 18 + body.rows.size() <= packed.size(),
               "a body holds no more than its bytes");
    for (const crdtd_key& key : body.keys)
      FUZZ_CHECK(text(key.node).size() + text(key.key).size() <= packed.size(), "a key lies in its bytes");
    check_rows(body.rows);
  });
}

void check_log(std::string_view record) {
  const Exact exact(record);
  LogFront front;
  std::string_view body;
  reads([&] {
    if (read_log(exact.view(), front, body) == LogState::kSound) check_body(body);
  });
}

void check_document(std::string_view record) {
  reads([&] {
    const DocumentRow row = read_document("t", "d", 7, record);
    const DocumentRow again = read_document("t", "d", 7, pack_document("t", "d", row));
    FUZZ_CHECK(row.head.type == again.head.type && row.head.birth == again.head.birth && row.head.version == again.head.version &&
                   row.head.first_version == again.head.first_version && row.head.check == again.head.check &&
                   row.head.hlc_unix_ns == again.head.hlc_unix_ns && row.settled == again.settled,
               "a document's head comes back");
  });
}

void check_sealed(std::string_view payload) {
  check_document(Exact(sealed('D', payload)).view());
  std::string record = sealed('C', payload);
  reads([&] {
    const crdtd_checkpoint read = read_checkpoint(7, 3, record);
    const std::string packed = pack_checkpoint(7, read);
    const crdtd_checkpoint again = read_checkpoint(7, 3, packed);
    FUZZ_CHECK(same(text(read.encoded), text(again.encoded)) && read.check == again.check && read.format == again.format,
               "a checkpoint comes back");
  });
  record = sealed('N', payload);
  reads([&] {
    const crdtd_known read = read_known(7, 3, record);
    const std::string packed = pack_known(7, read);
    const crdtd_known again = read_known(7, 3, packed);
    FUZZ_CHECK(same(text(read.node), text(again.node)) && read.counter == again.counter && read.chain == again.chain,
               "a known entry comes back");
  });
  record = sealed('K', payload);
  reads([&] {
    crdtd_key read{}, again{};
    read.node = again.node = bytes("t");
    read.key = again.key = bytes("d");
    read_key(7, record, read);
    const std::string packed = pack_key(7, read);
    read_key(7, packed, again);
    FUZZ_CHECK(read.applied == again.applied && read.expires_unix_ms == again.expires_unix_ms, "a request key comes back");
  });
  record = sealed('G', payload);
  reads([&] {
    const std::uint64_t order = read_grave("t", "d", 7, record);
    FUZZ_CHECK(read_grave("t", "d", 7, pack_grave("t", "d", 7, order)) == order, "a grave comes back");
  });
  record = sealed('R', payload);
  reads([&] {
    std::uint64_t count = 0, again = 0;
    const std::string_view rows = read_chunk(7, 3, record, count);
    FUZZ_CHECK(read_chunk(7, 3, pack_chunk(7, 3, count, rows), again).size() == rows.size() && again == count,
               "a chunk comes back");
    check_rows(rows);
  });
  FUZZ_CHECK(read_meta("t", sealed('M', payload)) == payload, "a meta value comes back");
  FUZZ_CHECK(!reads([&] { read_meta("u", sealed('M', payload)); }), "a record at another's place is refused");
}

// The fields of a front behind a checksum that fits, then a body.
void check_fronted(Input in) {
  const std::string fields(in.take(in.byte()));
  Packer out;
  out.u32(static_cast<std::uint32_t>(fields.size()));
  out.u32(crc_of("F" + fields));
  out.raw(fields);
  out.raw(in.rest());
  check_log(out.view());
}

// A record of the storage's own making, then damaged in one place.
void check_packed(Input in) {
  LogFront front;
  front.flags = in.roll(2);
  front.doc = in.number(2);
  front.tenant = in.take(in.roll(5));
  front.id = in.take(in.roll(5));
  front.head.type = "type";
  front.head.birth = in.number(8);
  crdtd_row row{};
  row.struct_size = sizeof row;
  row.replica = in.number(8);
  row.first_counter = in.number(3);
  row.count = static_cast<std::uint32_t>(in.number(4));
  row.hlc_unix_ns = in.number(8);
  const std::string delta(in.take(in.roll(30)));
  row.delta = bytes(delta);
  front.row_count = 1;
  front.version_before = in.number(2);
  crdtd_append_entry entry{};
  entry.struct_size = sizeof entry;
  entry.rows = &row;
  entry.row_count = 1;
  entry.row_stride = sizeof row;
  std::string record = pack_log(front, entry);
  LogFront read;
  std::string_view body;
  FUZZ_CHECK(read_log(record, read, body) == LogState::kSound, "a record that was packed is sound");
  FUZZ_CHECK(read.doc == front.doc && read.tenant == front.tenant && read.id == front.id && read.head.birth == front.head.birth,
             "the front comes back");
  RowWalk walk(read_body(body).rows, front.version_before + 1);
  crdtd_row back;
  FUZZ_CHECK(walk.next(back) && back.count == row.count && same(text(back.delta), delta), "the row comes back");
  const std::size_t at = in.number(2) % record.size();
  const auto change = static_cast<char>(in.byte());
  if (change == 0) return;
  record[at] = static_cast<char>(record[at] ^ change);
  LogState state = LogState::kFrontLost;
  if (!reads([&] { state = read_log(record, read, body); })) return;
  FUZZ_CHECK(state != LogState::kSound, "a damaged record is not sound");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  const std::size_t kind = in.roll(6);
  const Exact rest(in.rest());
  if (kind == 0) check_log(rest.view());
  if (kind == 1) check_body(rest.view());
  if (kind == 2) check_rows(rest.view());
  if (kind == 3) check_sealed(rest.view());
  if (kind == 4) check_fronted(in);
  if (kind == 5) check_packed(in);
  check_document(rest.view());
  return 0;
}
