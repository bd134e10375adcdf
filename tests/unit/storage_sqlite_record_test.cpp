#include "record.hpp"

#include <catch2/catch.hpp>

using namespace crdtd_sqlite;

namespace {

std::string sample(bool creates, LogFront& front) {
  front = {};
  front.flags = creates ? LogFront::kCreates : 0;
  front.doc = 300;
  front.tenant = "tenant";
  front.id = "doc";
  front.head = {"orset", ~0ULL, 2, 1, 123, 9};
  front.row_count = 1;
  front.version_before = 1;
  crdtd_row row{};
  row.struct_size = sizeof row;
  row.version = 2;
  row.replica = ~0ULL;
  row.delta = crdtd::storage::bytes("the delta");
  crdtd_append_entry entry{};
  entry.struct_size = sizeof entry;
  entry.rows = &row;
  entry.row_count = 1;
  entry.row_stride = sizeof row;
  return pack_log(front, entry);
}

}  // namespace

TEST_CASE("sqlite record: a log record comes back as it was packed", "[unit][storage]") {
  for (const bool creates : {false, true}) {
    LogFront packed, front;
    const std::string record = sample(creates, packed);
    std::string_view body;
    REQUIRE(read_log(record, front, body) == LogState::kSound);
    CHECK(front.doc == 300);
    CHECK(front.creates() == creates);
    CHECK(front.tenant == "tenant");
    CHECK(front.head.birth == ~0ULL);
    CHECK(front.head.version == 2);
    RowWalk rows(read_body(body).rows, 2);
    crdtd_row row;
    REQUIRE(rows.next(row));
    CHECK(row.replica == ~0ULL);
    CHECK(crdtd::storage::text(row.delta) == "the delta");
    CHECK_FALSE(rows.next(row));
  }
}

TEST_CASE("sqlite record: no cut and no changed byte of a log record passes as sound", "[unit][storage]") {
  for (const bool creates : {false, true}) {
    LogFront front;
    const std::string record = sample(creates, front);
    std::string_view body;
    for (std::size_t size = 0; size < record.size(); ++size)
      CHECK(read_log(record.substr(0, size), front, body) != LogState::kSound);
    for (std::size_t at = 0; at < record.size(); ++at) {
      for (const int bit : {0, 7}) {
        std::string damaged = record;
        damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
        const LogState state = read_log(damaged, front, body);
        CHECK(state != LogState::kSound);
        // A creation keeps its name through any one damaged byte.
        if (creates) CHECK((state == LogState::kBodyDamaged && front.tenant == "tenant" && front.id == "doc"));
      }
    }
  }
}

TEST_CASE("sqlite record: a record at another's place does not pass", "[unit][storage]") {
  std::uint64_t count = 0;
  const std::string chunk = pack_chunk(1, 5, 1, "row");
  CHECK(read_chunk(1, 5, chunk, count) == "row");
  CHECK_THROWS_AS(read_chunk(2, 5, chunk, count), StoreError);
  CHECK_THROWS_AS(read_chunk(1, 6, chunk, count), StoreError);
  const std::string meta = pack_meta("name", "value");
  CHECK(read_meta("name", meta) == "value");
  CHECK_THROWS_AS(read_meta("nam", meta), StoreError);
  CHECK_THROWS_AS(read_meta("name", meta.substr(0, 3)), StoreError);
  DocumentRow row;
  row.doc = 4;
  const std::string document = pack_document("t", "d", row);
  CHECK_NOTHROW(read_document("t", "d", 4, document));
  CHECK_THROWS_AS(read_document("td", "", 4, document), StoreError);
}

TEST_CASE("sqlite record: numbers that no packer writes are refused", "[unit][storage]") {
  CHECK_THROWS_AS(Unpacker("\x80", "x").varint(), StoreError);
  CHECK_THROWS_AS(Unpacker(std::string(10, '\xff'), "x").varint(), StoreError);
  CHECK_THROWS_AS(Unpacker(std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10), "x").varint(), StoreError);
  CHECK(Unpacker(std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10), "x").varint() == ~0ULL);
  CHECK_THROWS_AS(Unpacker("\xff\xff\xff\xff\x10", "x").varint32(), StoreError);
  CHECK_THROWS_AS(Unpacker("\x05"
                           "abcd",
                           "x")
                      .bytes(),
                  StoreError);
}
