// The functions between the C table and the author's struct.
#include <catch2/catch.hpp>
#include <chrono>
#include <cstring>
#include <iostream>
#include <string>

#include "crdtd/plugin/export.hpp"
#include "sdk_plugin_host.hpp"
#include "sdk_plugin_probe.hpp"

namespace {

using namespace crdtd_test;

constexpr crdtd_crdt_type kTable = crdtd::detail::type_table<Probe>("probe", 3, 1);

// A state with everything that a call needs, under the test host.
struct Fixture {
  crdtd_crdt_state* state = nullptr;
  crdtd_error err = empty_error();
  crdtd_ctx ctx = empty_ctx();
  Buffer delta, effect, result, out;
  crdtd_mutate_out made = {sizeof made, 99, &delta.raw, &effect.raw, &result.raw};
  crdtd_merge_out merged = {sizeof merged, 99, &effect.raw};

  Fixture() {
    account() = Account();
    crdtd::detail::host_table = &kHost;
    REQUIRE(kTable.create(&state, &err) == CRDTD_OK);
  }
  ~Fixture() {
    kTable.destroy(state);
    account().allowed = -1;
    CHECK(account().breaches == 0);
  }
  crdtd_status mutate(const std::string& op) {
    const crdtd_bytes raw = bytes_of(op);
    return kTable.mutate(state, &raw, &ctx, &made, &err);
  }
  crdtd_status merge(const std::string& bytes) {
    const crdtd_bytes raw = bytes_of(bytes);
    return kTable.merge(state, &raw, &ctx, &merged, &err);
  }
  std::string encoded() {
    Buffer bytes;
    REQUIRE(kTable.encode(state, &bytes.raw, &err) == CRDTD_OK);
    return bytes.text();
  }
};

}  // namespace

TEST_CASE("sdk plugin: the table carries name, semantics and format", "[unit][sdk_plugin]") {
  CHECK(kTable.struct_size == sizeof(crdtd_crdt_type));
  CHECK(std::string(kTable.name) == "probe");
  CHECK(kTable.semantics == 3);
  CHECK(kTable.format_written == 1);
}

TEST_CASE("sdk plugin: a batch becomes a delta, an effect and a result, appended to what the buffers hold",
          "[unit][sdk_plugin]") {
  Fixture f;
  f.ctx.flags = CRDTD_FLAG_WANT_EFFECT;
  REQUIRE(f.mutate("a") == CRDTD_OK);
  REQUIRE(f.mutate("b") == CRDTD_OK);
  CHECK(f.delta.text() == "ab");
  CHECK(f.effect.text() == "[\"effect\"][\"effect\"]");
  CHECK(f.result.text() == "\"result\"\"result\"");
  CHECK(f.made.counters_used == 1);
  CHECK(f.encoded() == "ab");
  REQUIRE(f.mutate("nothing") == CRDTD_OK);
  CHECK(f.made.counters_used == 0);
  CHECK(f.delta.text() == "ab");
}

TEST_CASE("sdk plugin: no effect is written unless it is wanted and there is a buffer", "[unit][sdk_plugin]") {
  Fixture f;
  REQUIRE(f.mutate("a") == CRDTD_OK);
  CHECK(f.effect.text().empty());
  f.ctx.flags = CRDTD_FLAG_WANT_EFFECT;
  f.made.effect = nullptr;
  f.made.result = nullptr;
  CHECK(f.mutate("a") == CRDTD_OK);
  f.merged.effect = nullptr;
  CHECK(f.merge("x") == CRDTD_OK);
  CHECK(f.merged.changed == 1);
  CHECK(f.merge("") == CRDTD_OK);
  CHECK(f.merged.changed == 0);
}

TEST_CASE("sdk plugin: a refusal names op, pointer and detail, and takes back what was written", "[unit][sdk_plugin]") {
  Fixture f;
  REQUIRE(f.mutate("kept") == CRDTD_OK);
  CHECK(f.mutate("invalid") == CRDTD_INVALID);
  CHECK(f.err.op_index == 3);
  CHECK(std::string(f.err.pointer) == "/elem");
  CHECK(std::string(f.err.message) == "op 3 is wrong");
  CHECK(f.delta.text() == "kept");
  CHECK(f.made.counters_used == 0);

  const std::uint64_t limits[] = {17};
  f.ctx.limits = limits;
  f.ctx.limit_count = 1;
  CHECK(f.mutate("limit") == CRDTD_LIMIT);
  CHECK(f.err.op_index == CRDTD_NO_INDEX);
  CHECK(f.err.detail == 17);
  CHECK(std::string(f.err.message) == "at most 17");

  f.ctx.first_counter = 5;
  CHECK(f.merge("gap") == CRDTD_GAP);
  CHECK(f.err.detail == 5);
  f.ctx.flags = CRDTD_FLAG_ADMIT;
  CHECK(f.merge("x") == CRDTD_ENVELOPE);
  const crdtd_bytes fail = bytes_of("fail");
  CHECK(kTable.query(f.state, &fail, 0, &f.out.raw, &f.err) == CRDTD_INVALID);
  CHECK(f.out.raw.size == 0);
  CHECK(f.encoded() == "kept");
}

TEST_CASE("sdk plugin: the guard turns exceptions into statuses", "[unit][sdk_plugin]") {
  Fixture f;
  CHECK(f.mutate("throw") == CRDTD_INTERNAL);
  CHECK(std::strlen(f.err.message) == sizeof f.err.message - 1);  // cut to fit, and closed
  CHECK(std::string(f.err.message).find("the plugin threw: xxx") == 0);
  CHECK(f.mutate("throw-int") == CRDTD_INTERNAL);
  CHECK(f.mutate("throw-bad-alloc") == CRDTD_NO_MEMORY);
  CHECK(f.merge("throw") == CRDTD_INTERNAL);
  CHECK(f.delta.text().empty());
  CHECK(f.mutate("throw-footprint") == CRDTD_OK);
  crdtd_footprint found = {sizeof found, 0, 1, 2, 3};
  kTable.footprint(f.state, &found);
  CHECK(found.memory_bytes == 1);
  REQUIRE(account().log.size() == 1);
  CHECK(account().log[0] == "footprint() of a plugin threw: footprint");
}

TEST_CASE("sdk plugin: an author who breaks the contract is told so", "[unit][sdk_plugin]") {
  Fixture f;
  for (const char* op : {"no-counter", "no-delta"}) {
    CHECK(f.mutate(op) == CRDTD_INTERNAL);
    CHECK(std::string(f.err.message).find("mutate() of this CRDT type wrote a delta without using a counter") == 0);
    CHECK(f.delta.text().empty());
  }
}

TEST_CASE("sdk plugin: an output without memory is NO_MEMORY, and nothing leaks", "[unit][sdk_plugin]") {
  for (std::int64_t allowed = 0; allowed < 3; ++allowed) {
    Fixture f;
    f.ctx.flags = CRDTD_FLAG_WANT_EFFECT;
    account().allowed = allowed;  // of delta, effect and result
    CHECK(f.mutate("a") == CRDTD_NO_MEMORY);
    CHECK(std::string(f.err.message) == "out of memory");
    CHECK(f.delta.raw.size == 0);
    CHECK(f.effect.raw.size == 0);
    account().allowed = 0;
    CHECK(kTable.encode(f.state, &f.out.raw, &f.err) == CRDTD_NO_MEMORY);
    const crdtd_bytes whole = {nullptr, 0};
    CHECK(kTable.query(f.state, &whole, 0, &f.out.raw, &f.err) == CRDTD_NO_MEMORY);
  }
  CHECK(account().blocks.empty());
}

TEST_CASE("sdk plugin: null and inconsistent arguments of a host are refused in words", "[unit][sdk_plugin]") {
  Fixture f;
  const crdtd_bytes good = bytes_of("a");
  const crdtd_bytes holed = {nullptr, 3};
  crdtd_buffer torn = {sizeof torn, 9, 4, nullptr};
  CHECK(kTable.create(nullptr, &f.err) == CRDTD_INTERNAL);
  CHECK(kTable.mutate(nullptr, &good, &f.ctx, &f.made, &f.err) == CRDTD_INTERNAL);
  CHECK(kTable.mutate(f.state, nullptr, &f.ctx, &f.made, &f.err) == CRDTD_INTERNAL);
  CHECK(kTable.mutate(f.state, &holed, &f.ctx, &f.made, &f.err) == CRDTD_INTERNAL);
  CHECK(kTable.mutate(f.state, &good, nullptr, &f.made, &f.err) == CRDTD_INTERNAL);
  CHECK(std::string(f.err.message).find("the host called mutate() with an unusable `ctx`") == 0);
  CHECK(kTable.mutate(f.state, &good, &f.ctx, nullptr, &f.err) == CRDTD_INTERNAL);
  f.made.delta = &torn;
  CHECK(f.mutate("a") == CRDTD_INTERNAL);
  f.merged.effect = &torn;
  CHECK(f.merge("a") == CRDTD_INTERNAL);
  CHECK(kTable.merge(f.state, &good, &f.ctx, nullptr, &f.err) == CRDTD_INTERNAL);
  CHECK(kTable.encode(f.state, nullptr, &f.err) == CRDTD_INTERNAL);
  CHECK(kTable.load(f.state, &holed, 1, &f.err) == CRDTD_INTERNAL);
  CHECK(kTable.query(f.state, &good, 0, &torn, &f.err) == CRDTD_INTERNAL);
  CHECK(kTable.inspect(nullptr, 1, &f.out.raw, &f.err) == CRDTD_INTERNAL);
  CHECK(kTable.compact(nullptr, &f.err) == CRDTD_INTERNAL);
  CHECK(kTable.encode(nullptr, nullptr, nullptr) == CRDTD_INTERNAL);  // not even an error to fill
  kTable.footprint(nullptr, nullptr);
  kTable.destroy(nullptr);
  CHECK(f.encoded().empty());
}

TEST_CASE("sdk plugin: structs of an older host are read as if the rest were zero", "[unit][sdk_plugin]") {
  Fixture f;
  f.ctx.replica = 7;
  f.ctx.first_counter = 8;
  f.ctx.struct_size = offsetof(crdtd_ctx, first_counter);
  CHECK(f.mutate("ctx") == CRDTD_OK);
  CHECK(f.result.text().find("7 0 ") == 0);
  f.ctx.struct_size = 4;
  CHECK(f.mutate("ctx") == CRDTD_INTERNAL);
  f.ctx.struct_size = sizeof f.ctx;

  f.made.struct_size = offsetof(crdtd_mutate_out, effect);  // delta, and nothing beyond
  f.effect.raw.size = f.result.raw.size = 0;
  CHECK(f.mutate("a") == CRDTD_OK);
  CHECK(f.result.text().empty());
  f.made.struct_size = 8;
  CHECK(f.mutate("a") == CRDTD_INTERNAL);
  f.delta.raw.struct_size = 8;
  f.made.struct_size = sizeof f.made;
  CHECK(f.mutate("a") == CRDTD_INTERNAL);

  crdtd_footprint found = {offsetof(crdtd_footprint, encoded_bytes), 0, 0, 1234, 1234};
  kTable.footprint(f.state, &found);
  CHECK(found.memory_bytes > 0);
  CHECK(found.encoded_bytes == 1234);
}

TEST_CASE("sdk plugin: an error struct is never written beyond its size", "[unit][sdk_plugin]") {
  Fixture f;
  for (std::uint32_t size = 0; size <= sizeof(crdtd_error); ++size) {
    unsigned char raw[sizeof(crdtd_error)];
    std::memset(raw, 0xaa, sizeof raw);
    auto* err = reinterpret_cast<crdtd_error*>(raw);
    std::memcpy(raw, &size, sizeof size);
    const crdtd_bytes op = bytes_of("throw");
    REQUIRE(kTable.mutate(f.state, &op, &f.ctx, &f.made, err) == CRDTD_INTERNAL);
    for (std::size_t i = size < 4 ? 4 : size; i < sizeof raw; ++i) REQUIRE(raw[i] == 0xaa);
  }
}

TEST_CASE("sdk plugin: recent rows are walked by the host's stride", "[unit][sdk_plugin]") {
  struct LargerRow {
    crdtd_row row;
    std::uint64_t of_a_later_version;
  };
  Fixture f;
  std::vector<std::string> deltas = {"x", "y", "z"};
  std::vector<LargerRow> rows(3);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].row.struct_size = sizeof(LargerRow);
    rows[i].row.version = i + 10;
    rows[i].row.delta = bytes_of(deltas[i]);
    rows[i].of_a_later_version = ~std::uint64_t{0};
  }
  rows[1].row.struct_size = offsetof(crdtd_row, replica);  // an older row: its delta counts as empty
  f.ctx.recent = &rows[0].row;
  f.ctx.recent_count = 3;
  f.ctx.recent_stride = sizeof(LargerRow);
  f.ctx.replica = 1;
  const std::string node = "tab";
  f.ctx.node = bytes_of(node);
  REQUIRE(f.mutate("ctx") == CRDTD_OK);
  const std::string none = std::to_string(UINT64_MAX);
  CHECK(f.result.text() == "1 0 tab limits " + none + " " + none + " " + none + " recent 10x 11 12z");
  f.ctx.recent_stride = 0;
  CHECK(f.mutate("ctx") == CRDTD_INTERNAL);
  f.ctx.recent_stride = sizeof(LargerRow);
  f.ctx.recent = nullptr;
  CHECK(f.mutate("ctx") == CRDTD_INTERNAL);
}

TEST_CASE("sdk plugin: load, query and inspect pass format and flags on", "[unit][sdk_plugin]") {
  Fixture f;
  const crdtd_bytes bytes = bytes_of("loaded"), nothing = {nullptr, 0};
  CHECK(kTable.load(f.state, &bytes, 2, &f.err) == CRDTD_UNSUPPORTED);
  CHECK(std::string(f.err.message) == "format 2, want 1");
  REQUIRE(kTable.load(f.state, &bytes, 1, &f.err) == CRDTD_OK);
  REQUIRE(kTable.compact(f.state, &f.err) == CRDTD_OK);
  REQUIRE(kTable.query(f.state, &nothing, CRDTD_FLAG_UTF16, &f.out.raw, &f.err) == CRDTD_OK);
  CHECK(f.out.text() == "loaded16");
  REQUIRE(kTable.inspect(&bytes, 1, &f.out.raw, &f.err) == CRDTD_OK);
  CHECK(f.out.text() == "loaded16loaded");
}

TEST_CASE("sdk plugin: the layer allocates nothing of its own once the buffers are large enough", "[unit][sdk_plugin]") {
  Fixture f;
  f.ctx.flags = CRDTD_FLAG_WANT_EFFECT;
  REQUIRE(f.mutate("a") == CRDTD_OK);
  const std::uint64_t before = account().allocations;
  for (int i = 0; i < 1000; ++i) {
    f.delta.raw.size = f.effect.raw.size = f.result.raw.size = 0;
    REQUIRE(f.mutate("nothing") == CRDTD_OK);
    REQUIRE(f.merge("") == CRDTD_OK);
  }
  CHECK(account().allocations == before);
}

TEST_CASE("sdk plugin: the cost of a call through the table", "[.][bench][sdk_plugin]") {
  Fixture f;
  constexpr int kCalls = 2000000;
  const crdtd_bytes delta = {nullptr, 0};
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kCalls; ++i) kTable.merge(f.state, &delta, &f.ctx, &f.merged, &f.err);
  const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - start;
  std::cout << "merge of nothing: " << spent.count() / kCalls << " ns a call\n";
}
