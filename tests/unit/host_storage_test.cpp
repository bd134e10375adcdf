// Store and StorageSession over a fake table: strides and structs on the way out, order and bounds on the way in.
#include "host/storage.hpp"

#include <catch2/catch.hpp>
#include <utility>

#include "host_fake_storage.hpp"

using namespace crdtd::host;
using namespace host_test;

namespace {

template <class T>
const T& at(const T* first, std::uint32_t stride, std::uint32_t index) {
  return *reinterpret_cast<const T*>(reinterpret_cast<const char*>(first) + std::size_t{stride} * index);
}

RowPtr row(std::uint64_t version) {
  auto made = std::make_shared<Row>();
  made->version = version;
  made->count = 1;
  made->delta = "d" + std::to_string(version);
  return made;
}

crdtd_doc_head raw_head(std::uint64_t version, std::uint64_t birth = 9) {
  return {sizeof(crdtd_doc_head), 0, birth, version, 1, 0, bytes("todo")};
}

crdtd_row raw_row(std::uint64_t version, std::string_view delta = "delta") {
  return {sizeof(crdtd_row), 1, version, 7, version, 5, 2, 3, bytes("ada"), bytes("key"), bytes(delta)};
}

crdtd_checkpoint raw_checkpoint(std::uint64_t version, std::uint64_t birth = 9) {
  return {sizeof(crdtd_checkpoint), 2, birth, version, 4, 0, bytes("state")};
}

struct Fixture {
  Fixture() { store_fake = {}; }
  StorageSession session() {
    auto opened = Store::open(backend, "{}", "/data");
    REQUIRE(opened);
    store.emplace(std::move(*opened));
    auto made = store->open_session(SessionMode::kWrite);
    REQUIRE(made);
    return std::move(*made);
  }
  // What load() answers when the plugin gives these parts.
  using Reader = std::function<crdtd_status(const crdtd_load_sink&)>;
  StorageResult<LoadedDocument> load(const Reader& reader, std::uint64_t version_until = 0) {
    store_fake.read = [=](const auto&, const auto&, const crdtd_load_sink& sink, auto&) { return reader(sink); };
    auto one = session();
    return one.load({"t", "d"}, version_until);
  }
  StorageResult<RowsRead> read_rows(const Reader& reader, const RowRange& range) {
    store_fake.read = [=](const auto&, const auto&, const crdtd_load_sink& sink, auto&) { return reader(sink); };
    auto one = session();
    return one.read_rows({"t", "d"}, range);
  }

  const crdtd_storage_backend backend = make_fake_backend();
  std::optional<Store> store;
};

template <class T>
void must_fail(const StorageResult<T>& result, StorageStatus status, const std::string& what) {
  REQUIRE_FALSE(result);
  CHECK(result.error().status == status);
  CHECK_THAT(result.error().message, Catch::Contains("storage \"fake\"") && Catch::Contains(what));
}

}  // namespace

TEST_CASE_METHOD(Fixture, "storage: append lays out entries, rows, keys and known entries", "[unit][host]") {
  AppendEntry first, second;
  first.doc = {"t", "a"};
  first.birth = 1;
  first.version_expected = 2;
  first.rows = {row(3), row(4)};
  first.keys = {{"ada", "k1", {}, 4, 99}, {"ada", "k2", {}, 4, 99}};
  first.keys[1].digest[31] = 0xee;
  second.doc = {"t", "b"};
  second.create = true;
  second.birth = 5;
  second.type = "todo";
  second.check_create = 6;
  second.rows = {row(1)};
  second.known = {{7, 8, 9, "bob"}, {10, 11, 12, "eve"}};
  store_fake.append = [&](const crdtd_append_batch& batch, crdtd_verdict* verdicts, auto&) -> crdtd_status {
    CHECK(batch.struct_size == sizeof batch);
    REQUIRE(batch.entry_count == 2);
    const auto& a = at(batch.entries, batch.entry_stride, 0);
    const auto& b = at(batch.entries, batch.entry_stride, 1);
    CHECK(a.struct_size == sizeof a);
    CHECK(a.create == 0);
    CHECK(view(a.doc.tenant) == "t");
    CHECK(view(a.doc.id) == "a");
    CHECK(a.birth == 1);
    CHECK(a.version_expected == 2);
    REQUIRE(a.row_count == 2);
    CHECK(at(a.rows, a.row_stride, 1).version == 4);
    CHECK(view(at(a.rows, a.row_stride, 1).delta) == "d4");
    REQUIRE(a.key_count == 2);
    const auto& key = at(a.keys, a.key_stride, 1);
    CHECK(key.struct_size == sizeof key);
    CHECK(view(key.key) == "k2");
    CHECK(key.digest[31] == 0xee);
    CHECK(key.expires_unix_ms == 99);
    CHECK(a.known_count == 0);
    CHECK(b.create == 1);
    CHECK(view(b.type) == "todo");
    CHECK(b.check_create == 6);
    REQUIRE(b.row_count == 1);
    CHECK(view(b.rows->delta) == "d1");
    CHECK(b.key_count == 0);
    REQUIRE(b.known_count == 2);
    const auto& known = at(b.known, b.known_stride, 1);
    CHECK(known.replica == 10);
    CHECK(known.counter == 11);
    CHECK(known.chain == 12);
    CHECK(view(known.node) == "eve");
    verdicts[0].status = CRDTD_OK;
    verdicts[0].version = 4;
    auto& last = *reinterpret_cast<crdtd_verdict*>(reinterpret_cast<char*>(verdicts) + batch.verdict_stride);
    last.status = CRDTD_CONFLICT;
    last.version = 8;
    return CRDTD_OK;
  };
  auto one = session();
  const auto verdicts = one.append({&first, &second});
  REQUIRE(verdicts);
  REQUIRE(verdicts->size() == 2);
  CHECK_FALSE((*verdicts)[0].failure);
  CHECK((*verdicts)[0].version == 4);
  CHECK((*verdicts)[1].failure == StorageStatus::kConflict);
  CHECK((*verdicts)[1].version == 8);
}

TEST_CASE_METHOD(Fixture, "storage: verdicts and statuses", "[unit][host]") {
  AppendEntry entry;
  entry.doc = {"t", "a"};
  auto one = session();
  const auto [raw, wanted] = GENERATE(table<crdtd_status, StorageStatus>({
      {CRDTD_INVALID, StorageStatus::kInvalid},
      {CRDTD_NOT_FOUND, StorageStatus::kNotFound},
      {CRDTD_GONE, StorageStatus::kGone},
      {CRDTD_BEHIND, StorageStatus::kBehind},
      {CRDTD_RETRY, StorageStatus::kRetry},
      {CRDTD_FULL, StorageStatus::kFull},
      {CRDTD_CONFLICT, StorageStatus::kConflict},
      {CRDTD_CORRUPT, StorageStatus::kCorrupt},
      {CRDTD_UNKNOWN, StorageStatus::kUnknown},
      {CRDTD_NO_MEMORY, StorageStatus::kUnknown},
      {CRDTD_FATAL, StorageStatus::kFatal},
      {CRDTD_INTERNAL, StorageStatus::kFatal},
      {12345u, StorageStatus::kFatal},
  }));
  store_fake.append = [status = raw](const auto&, crdtd_verdict* verdicts, auto&) -> crdtd_status {
    verdicts->status = status;
    return CRDTD_OK;
  };
  CHECK((*one.append({&entry}))[0].failure == wanted);
  store_fake.append = [status = raw](const auto&, auto*, auto&) -> crdtd_status { return status; };
  const auto failed = one.append({&entry});
  REQUIRE_FALSE(failed);
  CHECK(failed.error().status == wanted);
  CHECK_THAT(failed.error().message, Catch::Contains("storage \"fake\" append answered status"));
}

TEST_CASE_METHOD(Fixture, "storage: a missing verdict is fatal", "[unit][host]") {
  AppendEntry entry;
  entry.doc = {"t", "a"};
  store_fake.append = [](const auto&, auto*, auto&) -> crdtd_status { return CRDTD_OK; };
  auto one = session();
  must_fail(one.append({&entry}), StorageStatus::kFatal, "got no verdict");
  CHECK(one.append({})->empty());
}

TEST_CASE_METHOD(Fixture, "storage: a call that ran out of memory may be made again", "[unit][host]") {
  store_fake.trim = [](const auto&) -> crdtd_status { return CRDTD_NO_MEMORY; };
  auto one = session();
  CHECK(one.trim({"t", "d"}, 1, 2).error().status == StorageStatus::kRetry);
}

TEST_CASE_METHOD(Fixture, "storage: load copies head, known table, checkpoint and rows", "[unit][host]") {
  const auto loaded = load([](const crdtd_load_sink& sink) -> crdtd_status {
    CHECK(sink.struct_size == sizeof sink);
    std::string volatile_text = "todo";
    auto head = raw_head(5);
    head.type = bytes(volatile_text);
    head.check = 77;
    CHECK(sink.head(sink.user, &head) == CRDTD_OK);
    volatile_text = "gone";  // what a sink was given is borrowed only until it returns
    const crdtd_known known{sizeof known, 0, 1, 2, 3, bytes("ada")};
    CHECK(sink.known(sink.user, &known) == CRDTD_OK);
    const auto checkpoint = raw_checkpoint(3);
    CHECK(sink.checkpoint(sink.user, &checkpoint) == CRDTD_OK);
    for (const std::uint64_t version : {4, 5}) {
      const auto given = raw_row(version);
      CHECK(sink.row(sink.user, &given) == CRDTD_OK);
    }
    return CRDTD_OK;
  });
  REQUIRE(loaded);
  CHECK(loaded->head.type == "todo");
  CHECK(loaded->head.check == 77);
  CHECK(loaded->known[0].node == "ada");
  CHECK(loaded->known[0].chain == 3);
  CHECK(loaded->checkpoint->encoded == "state");
  REQUIRE(loaded->rows.size() == 2);
  CHECK(loaded->rows[1]->version == 5);
  CHECK(loaded->rows[1]->delta == "delta");
  CHECK(loaded->rows[1]->node == "ada");
}

TEST_CASE_METHOD(Fixture, "storage: fields beyond a plugin's struct read as zero", "[unit][host]") {
  const auto loaded = load([](const crdtd_load_sink& sink) -> crdtd_status {
    auto head = raw_head(0);
    head.hlc_unix_ns = 5;
    sink.head(sink.user, &head);
    crdtd_known known{sizeof known, 0, 1, 2, 3, bytes("ada")};
    known.struct_size = offsetof(crdtd_known, chain);
    return sink.known(sink.user, &known);
  });
  REQUIRE(loaded);
  CHECK(loaded->known[0].counter == 2);
  CHECK(loaded->known[0].chain == 0);
  CHECK(loaded->known[0].node.empty());
}

TEST_CASE_METHOD(Fixture, "storage: a document that is not whole is never returned", "[unit][host]") {
  const auto give = [](std::uint64_t head_version, std::vector<crdtd_checkpoint> checkpoints,
                       std::vector<std::uint64_t> versions) {
    return [=](const crdtd_load_sink& sink) -> crdtd_status {
      const auto head = raw_head(head_version);
      sink.head(sink.user, &head);
      for (const auto& checkpoint : checkpoints) sink.checkpoint(sink.user, &checkpoint);
      for (const auto version : versions) {
        const auto given = raw_row(version);
        sink.row(sink.user, &given);
      }
      return CRDTD_OK;  // even a plugin that does not heed its sinks
    };
  };
  CHECK(load(give(0, {}, {})));
  CHECK(load(give(5, {raw_checkpoint(4)}, {5})));
  CHECK(load(give(5, {raw_checkpoint(1)}, {2, 3}), 3));
  must_fail(load(give(2, {}, {1, 3})), StorageStatus::kCorrupt, "row 3 came where row 2 was due");
  must_fail(load(give(2, {}, {2})), StorageStatus::kCorrupt, "row 2 came where row 1 was due");
  must_fail(load(give(3, {}, {1, 2})), StorageStatus::kCorrupt, "the rows end at version 2, not at 3");
  must_fail(load(give(3, {raw_checkpoint(4)}, {})), StorageStatus::kCorrupt, "beyond the version asked for");
  must_fail(load(give(3, {raw_checkpoint(2, 8)}, {3})), StorageStatus::kCorrupt, "another birth");
  must_fail(load(give(3, {raw_checkpoint(3), raw_checkpoint(3)}, {})), StorageStatus::kFatal, "twice");
  must_fail(load(give(3, {}, {1, 2, 3}), 2), StorageStatus::kFatal, "beyond the version asked for");
  must_fail(load([](const auto&) -> crdtd_status { return CRDTD_OK; }), StorageStatus::kFatal, "without a head");
  must_fail(load([](const crdtd_load_sink& sink) { return sink.head(sink.user, nullptr); }), StorageStatus::kFatal,
            "null pointer");
  must_fail(load([](const crdtd_load_sink& sink) {
              const auto given = raw_row(1);
              return sink.row(sink.user, &given);
            }),
            StorageStatus::kFatal, "before the head");
}

TEST_CASE_METHOD(Fixture, "storage: what the plugin answers stands when the sinks found nothing wrong", "[unit][host]") {
  store_fake.read = [](const crdtd_doc_key& doc, const crdtd_read_range& range, const auto&, crdtd_error& err) -> crdtd_status {
    CHECK(view(doc.tenant) == "t");
    CHECK(view(doc.id) == "d");
    CHECK(range.version_until == 4);
    return refuse(err, CRDTD_GONE, "erased", "", CRDTD_NO_INDEX, 42);
  };
  auto one = session();
  const auto loaded = one.load({"t", "d"}, 4);
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().status == StorageStatus::kGone);
  CHECK(loaded.error().message == "erased");
  CHECK(loaded.error().detail == 42);
}

TEST_CASE_METHOD(Fixture, "storage: read_rows keeps to what was asked for", "[unit][host]") {
  const auto give = [](std::vector<std::uint64_t> versions, std::string delta) {
    return [=](const crdtd_load_sink& sink) -> crdtd_status {
      CHECK(sink.known == nullptr);
      CHECK(sink.checkpoint == nullptr);
      const auto head = raw_head(9);
      sink.head(sink.user, &head);
      for (const auto version : versions) {
        const auto given = raw_row(version, delta);
        if (sink.row(sink.user, &given) != CRDTD_OK) return CRDTD_INTERNAL;
      }
      return CRDTD_OK;
    };
  };
  const auto good = read_rows(give({3, 4}, "xxxxx"), {2, 4, 2, 10});
  REQUIRE(good);
  CHECK(good->head.version == 9);
  CHECK(good->rows.size() == 2);
  CHECK(read_rows(give({3}, "xxxxxxxxxxxxxxxxxxxx"), {2, 0, 0, 10}));  // at least one row, however large
  must_fail(read_rows(give({3, 4, 5}, "x"), {2, 0, 2, 0}), StorageStatus::kFatal, "more rows than were asked for");
  must_fail(read_rows(give({3, 4, 5}, "xxxxx"), {2, 0, 0, 10}), StorageStatus::kFatal, "more rows than were asked for");
  must_fail(read_rows(give({3, 4}, "x"), {2, 3, 0, 0}), StorageStatus::kFatal, "more rows than were asked for");
  must_fail(read_rows(give({4}, "x"), {2, 0, 0, 0}), StorageStatus::kCorrupt, "row 4 came where row 3 was due");
}

TEST_CASE_METHOD(Fixture, "storage: list goes upwards and ends", "[unit][host]") {
  std::vector<std::string> ids{"b", "c"};
  store_fake.list = [&](const crdtd_doc_key& after, std::uint32_t count_max, const crdtd_list_sink& sink) -> crdtd_status {
    CHECK(view(after.tenant) == "t");
    CHECK(view(after.id) == "a");
    CHECK(count_max == 2);
    for (const auto& id : ids) {
      const crdtd_list_item item{sizeof item, 0, 3, 4, bytes(id), bytes("todo")};
      sink.item(sink.user, &item);
    }
    return CRDTD_OK;
  };
  auto one = session();
  const auto listed = one.list("t", "a", 2);
  REQUIRE(listed);
  CHECK(listed->size() == 2);
  CHECK((*listed)[1].id == "c");
  CHECK((*listed)[1].version == 3);
  ids = {"b", "b"};
  must_fail(one.list("t", "a", 2), StorageStatus::kFatal, "out of order");
  ids = {"a"};
  must_fail(one.list("t", "a", 2), StorageStatus::kFatal, "out of order");
  ids = {"b", "c", "d"};
  must_fail(one.list("t", "a", 2), StorageStatus::kFatal, "more documents than were asked for");
}

TEST_CASE_METHOD(Fixture, "storage: keys, checkpoints, trims, erasures and meta values pass through", "[unit][host]") {
  auto one = session();
  store_fake.find_key = [](crdtd_key& inout) -> crdtd_status {
    CHECK(view(inout.node) == "ada");
    CHECK(view(inout.key) == "k");
    inout.applied = 5;
    inout.expires_unix_ms = 6;
    inout.digest[0] = 0xab;
    return CRDTD_OK;
  };
  const auto key = one.find_key({"t", "d"}, "ada", "k");
  REQUIRE(key);
  CHECK(key->applied == 5);
  CHECK(key->expires_unix_ms == 6);
  CHECK(key->digest[0] == 0xab);
  CHECK(key->node == "ada");
  store_fake.put_checkpoint = [](const crdtd_checkpoint& raw) -> crdtd_status {
    CHECK(raw.birth == 1);
    CHECK(raw.version == 2);
    CHECK(raw.check == 3);
    CHECK(raw.format == 4);
    CHECK(view(raw.encoded) == "state");
    return CRDTD_CONFLICT;
  };
  CHECK(one.put_checkpoint({"t", "d"}, {1, 2, 3, 4, "state"}).error().status == StorageStatus::kConflict);
  store_fake.trim = [](const crdtd_trim_to& to) -> crdtd_status {
    CHECK(to.first_version == 11);
    CHECK(to.now_unix_ms == 12);
    return CRDTD_OK;
  };
  CHECK(one.trim({"t", "d"}, 11, 12));
  store_fake.erase = [](const crdtd_doc_head& expected) -> crdtd_status {
    CHECK(expected.birth == 13);
    CHECK(expected.version == 14);
    return CRDTD_OK;
  };
  CHECK(one.erase({"t", "d"}, 13, 14));
  store_fake.meta_get = [](crdtd_buffer& out, auto&) -> crdtd_status {
    put(out, "value");
    return CRDTD_OK;
  };
  CHECK(*one.meta_get("generation") == "value");
  store_fake.meta_get = [](auto&, crdtd_error& err) { return refuse(err, CRDTD_NOT_FOUND, "no such name"); };
  CHECK(one.meta_get("generation").error().status == StorageStatus::kNotFound);
  store_fake.meta_put = [](std::string_view name, std::string_view value) -> crdtd_status {
    CHECK(name == "generation");
    CHECK(value == "8");
    return CRDTD_OK;
  };
  CHECK(one.meta_put("generation", "8"));
}

TEST_CASE_METHOD(Fixture, "storage: open gives the settings and what the plugin says of its sessions", "[unit][host]") {
  {
    auto one = session();
    CHECK(store->writers_max() == 1);
    CHECK(store->readers_max() == 4);
    CHECK(store_fake.sessions_open == 1);
    auto moved = std::move(one);
    CHECK(store_fake.sessions_open == 1);
  }
  CHECK(store_fake.sessions_open == 0);
  store.reset();
  CHECK(store_fake.stores_open == 0);
  store_fake.open = [](const crdtd_store_options& options, auto**, auto&, crdtd_error& err) -> crdtd_status {
    CHECK(view(options.settings_json) == "{\"path\":1}");
    CHECK(view(options.base_directory) == "/data");
    return refuse(err, CRDTD_INVALID, "`path` must be a text", "path");
  };
  const auto refused = Store::open(backend, "{\"path\":1}", "/data");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().status == StorageStatus::kInvalid);
  CHECK(refused.error().pointer == "path");
  store_fake.open = [](const auto&, auto**, auto&, auto&) -> crdtd_status { return CRDTD_OK; };
  must_fail(Store::open(backend, "{}", "/"), StorageStatus::kFatal, "without a store");
  store_fake.open = [](const auto&, crdtd_store** out, auto&, auto&) -> crdtd_status {
    *out = reinterpret_cast<crdtd_store*>(&store_fake);
    store_fake.stores_open = 1;
    return CRDTD_OK;
  };
  must_fail(Store::open(backend, "{}", "/"), StorageStatus::kFatal, "at least 1");
  CHECK(store_fake.stores_open == 0);
  store_fake.open = nullptr;
  store_fake.session_open = [](std::uint32_t mode, auto**) -> crdtd_status {
    CHECK(mode == CRDTD_SESSION_READ);
    return CRDTD_OK;
  };
  auto opened = Store::open(backend, "{}", "/");
  REQUIRE(opened);
  must_fail(opened->open_session(SessionMode::kRead), StorageStatus::kFatal, "without a session");
}
