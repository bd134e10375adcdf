// State and CrdtType over a fake table: what reaches a plugin, what its answers become, and that a plugin which breaks the
// contract is named.
#include "host/crdt_type.hpp"

#include <catch2/catch.hpp>
#include <utility>

#include "host_fake_type.hpp"

using crdtd::base::Code;
using namespace crdtd::host;
using namespace host_test;

namespace {

struct Fixture {
  Fixture() { fake = {}; }
  State state() {
    auto made = type.create();
    REQUIRE(made);
    return std::move(*made);
  }
  // mutate() with a plugin that refuses in this way.
  crdtd::base::Error refused(crdtd_status status, std::uint32_t op_index, const char* pointer, std::int64_t detail) {
    fake.mutate = [=](const auto&, const auto&, auto&, crdtd_error& err) {
      return refuse(err, status, "no", pointer, op_index, detail);
    };
    auto one = state();
    const auto result = one.mutate({});
    REQUIRE_FALSE(result);
    CHECK(one.spoilt() == (result.error().code == Code::kInternal));
    return result.error();
  }
  void must_break(const crdtd::base::Result<Mutation>& result, const State& one, std::string_view what) {
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Code::kInternal);
    CHECK_THAT(result.error().detail,
               Catch::Contains("\"fake\" broke the plugin contract in mutate") && Catch::Contains(std::string(what)));
    CHECK(one.spoilt());
  }

  const crdtd_crdt_type table = make_fake_table();
  const CrdtType type{"todo", table, {1, 2}, {7, 8, 9}};
};

RowPtr row(std::uint64_t version, std::uint32_t count) {
  auto made = std::make_shared<Row>();
  made->version = version;
  made->replica = 77;
  made->first_counter = version * 10;
  made->hlc_unix_ns = 5;
  made->count = count;
  made->format = 2;
  made->check = 3;
  made->node = "n" + std::to_string(version);
  made->key = "k";
  made->delta = "delta" + std::to_string(version);
  return made;
}

}  // namespace

TEST_CASE_METHOD(Fixture, "crdt type: mutate passes author, limits, clock, flags and recent rows", "[unit][host]") {
  fake.mutate = [](const crdtd_bytes& ops, const crdtd_ctx& ctx, crdtd_mutate_out& out, crdtd_error& err) -> crdtd_status {
    CHECK(view(ops) == "[1]");
    CHECK(ctx.struct_size == sizeof(crdtd_ctx));
    CHECK(ctx.flags == (CRDTD_FLAG_ADMIT | CRDTD_FLAG_UTF16 | CRDTD_FLAG_WANT_EFFECT));
    CHECK(ctx.replica == 1);
    CHECK(ctx.first_counter == 2);
    CHECK(ctx.hlc_unix_ns == 3);
    CHECK(ctx.wall_unix_ns == 4);
    CHECK(view(ctx.node) == "ada");
    CHECK(std::vector<std::uint64_t>(ctx.limits, ctx.limits + ctx.limit_count) == std::vector<std::uint64_t>{7, 8, 9});
    CHECK(ctx.recent_count == 2);
    const auto* second = reinterpret_cast<const crdtd_row*>(reinterpret_cast<const char*>(ctx.recent) + ctx.recent_stride);
    CHECK(second->struct_size == sizeof(crdtd_row));
    CHECK(second->version == 6);
    CHECK(second->replica == 77);
    CHECK(second->first_counter == 60);
    CHECK(second->count == 4);
    CHECK(view(second->node) == "n6");
    CHECK(view(second->delta) == "delta6");
    CHECK(out.struct_size == sizeof(crdtd_mutate_out));
    CHECK(err.struct_size == sizeof(crdtd_error));
    CHECK(err.op_index == CRDTD_NO_INDEX);
    out.counters_used = 5;
    put(*out.delta, "D");
    put(*out.effect, "[]");
    put(*out.result, "{\"lost\":true}");
    return CRDTD_OK;
  };
  auto one = state();
  const std::vector<RowPtr> recent{row(5, 4), row(6, 4)};
  const auto made = one.mutate({"[1]", {1, 2, 3, "ada"}, 4, true, true, recent});
  REQUIRE(made);
  CHECK(made->counters_used == 5);
  CHECK(made->delta == "D");
  CHECK(made->effect_json == "[]");
  CHECK(made->result_json == "{\"lost\":true}");
  CHECK_FALSE(one.spoilt());
}

TEST_CASE_METHOD(Fixture, "crdt type: a batch that changes nothing, and a null result", "[unit][host]") {
  fake.mutate = [](const auto&, const crdtd_ctx& ctx, crdtd_mutate_out& out, auto&) -> crdtd_status {
    CHECK(out.effect == nullptr);
    CHECK(ctx.flags == CRDTD_FLAG_ADMIT);
    put(*out.result, "null");
    return CRDTD_OK;
  };
  auto one = state();
  const auto made = one.mutate({});
  REQUIRE(made);
  CHECK(made->counters_used == 0);
  CHECK(made->delta.empty());
  CHECK(made->result_json.empty());
}

TEST_CASE_METHOD(Fixture, "crdt type: outputs of one call do not leak into the next", "[unit][host]") {
  std::string text(3u << 20, 'x');  // more than is kept between calls
  fake.mutate = [&](const auto&, const auto&, crdtd_mutate_out& out, auto&) -> crdtd_status {
    CHECK(out.delta->size == 0);
    CHECK(out.delta->capacity <= 1u << 20);
    out.counters_used = 1;
    put(*out.delta, text);
    return CRDTD_OK;
  };
  auto one = state();
  for (int round = 0; round < 3; ++round) {
    const auto made = one.mutate({});
    REQUIRE(made);
    CHECK(made->delta == text);
    CHECK(made->result_json.empty());
    text = "short" + std::to_string(round);
  }
}

TEST_CASE_METHOD(Fixture, "crdt type: a refused op becomes an error that points at it", "[unit][host]") {
  const auto invalid = refused(CRDTD_INVALID, 3, "/elem", 0);
  CHECK(invalid.code == Code::kInvalidOp);
  CHECK(invalid.pointer == "/ops/3/elem");
  CHECK(invalid.detail == "no");
  CHECK(refused(CRDTD_INVALID, CRDTD_NO_INDEX, "", 0).pointer == "/ops");
  const auto limit = refused(CRDTD_LIMIT, 0, "/elem", 4096);
  CHECK(limit.code == Code::kLimitExceeded);
  CHECK(limit.value == 4096);
  CHECK(limit.pointer == "/ops/0/elem");
  const auto drift = refused(CRDTD_CLOCK_DRIFT, 1, "/ts_unix_ns", 61'000'000'000);
  CHECK(drift.code == Code::kClockDrift);
  CHECK(drift.value == 61'000'000'000);
  CHECK(refused(CRDTD_GAP, CRDTD_NO_INDEX, "", 12).code == Code::kGap);
  CHECK(refused(CRDTD_UNSUPPORTED, 0, "/type", 0).code == Code::kInvalidOp);
  CHECK(refused(CRDTD_NO_MEMORY, CRDTD_NO_INDEX, "", 0).code == Code::kInternal);
  CHECK(refused(CRDTD_INTERNAL, CRDTD_NO_INDEX, "", 0).detail == "no");
}

TEST_CASE_METHOD(Fixture, "crdt type: a plugin that breaks the contract is named, and its state is spoilt", "[unit][host]") {
  auto one = state();
  SECTION("counters without a delta") {
    fake.mutate = [](const auto&, const auto&, crdtd_mutate_out& out, auto&) -> crdtd_status {
      out.counters_used = 1;
      return CRDTD_OK;
    };
    must_break(one.mutate({}), one, "the delta is empty");
  }
  SECTION("a delta without counters") {
    fake.mutate = [](const auto&, const auto&, crdtd_mutate_out& out, auto&) -> crdtd_status {
      put(*out.delta, "D");
      return CRDTD_OK;
    };
    must_break(one.mutate({}), one, "no counter was used");
  }
  SECTION("an unknown status") {
    fake.mutate = [](const auto&, const auto&, auto&, auto&) -> crdtd_status { return 99; };
    must_break(one.mutate({}), one, "status 99");
  }
  SECTION("a status of a storage") {
    fake.mutate = [](const auto&, const auto&, auto&, auto&) -> crdtd_status { return CRDTD_CONFLICT; };
    must_break(one.mutate({}), one, "status 26");
  }
  SECTION("a message without an end") {
    fake.mutate = [](const auto&, const auto&, auto&, crdtd_error& err) -> crdtd_status {
      std::memset(err.message, 'x', sizeof err.message);
      return CRDTD_INVALID;
    };
    must_break(one.mutate({}), one, "does not end");
  }
  SECTION("a pointer without an end") {
    fake.mutate = [](const auto&, const auto&, auto&, crdtd_error& err) -> crdtd_status {
      std::memset(err.pointer, 'x', sizeof err.pointer);
      return CRDTD_INVALID;
    };
    must_break(one.mutate({}), one, "does not end");
  }
  SECTION("a buffer that holds more than it can") {
    fake.mutate = [](const auto&, const auto&, crdtd_mutate_out& out, auto&) -> crdtd_status {
      out.counters_used = 1;
      process_host().realloc(out.delta->data, out.delta->capacity, 0);
      out.delta->data = nullptr;
      out.delta->capacity = 0;
      out.delta->size = 10;
      return CRDTD_OK;
    };
    must_break(one.mutate({}), one, "more than its capacity");
  }
  const auto again = one.mutate({});
  REQUIRE_FALSE(again);
  CHECK_THAT(again.error().detail, Catch::Contains("spoilt"));
}

TEST_CASE_METHOD(Fixture, "crdt type: texts of a plugin are made valid UTF-8", "[unit][host]") {
  fake.mutate = [](const auto&, const auto&, auto&, crdtd_error& err) -> crdtd_status {
    return refuse(err, CRDTD_INVALID, "gr\xc3\xbc\xc3\x9f \xed\xa0\x80 \xf0\x9f\x98\x80 cut \xc3", "", 0);
  };
  auto one = state();
  CHECK(one.mutate({}).error().detail == "gr\xc3\xbc\xc3\x9f ??? \xf0\x9f\x98\x80 cut ?");
}

TEST_CASE_METHOD(Fixture, "crdt type: an error without a text says who refused", "[unit][host]") {
  fake.mutate = [](const auto&, const auto&, auto&, auto&) -> crdtd_status { return CRDTD_INVALID; };
  auto one = state();
  CHECK(one.mutate({}).error().detail == "type \"fake\" refused mutate without giving a reason");
}

TEST_CASE_METHOD(Fixture, "crdt type: an op is never resolved against a heal", "[unit][host]") {
  auto one = state();
  const std::vector<RowPtr> recent{row(5, 1), row(6, 0)};
  const auto made = one.mutate({"[]", {}, 0, false, false, recent});
  REQUIRE_FALSE(made);
  CHECK(made.error().code == Code::kInternal);
  CHECK_FALSE(one.spoilt());
}

TEST_CASE_METHOD(Fixture, "crdt type: merge passes the envelope and the gate", "[unit][host]") {
  crdtd_ctx seen{};
  fake.merge = [&](const crdtd_bytes& delta, const crdtd_ctx& ctx, crdtd_merge_out& out, auto&) -> crdtd_status {
    CHECK(view(delta) == "D");
    seen = ctx;
    out.changed = 1;
    if (out.effect != nullptr) put(*out.effect, "[1]");
    return CRDTD_OK;
  };
  auto one = state();
  const auto admitted = one.merge({"D", 1, {1, 2, 3, "ada"}, 4, true, true, 99, true});
  REQUIRE(admitted);
  CHECK(admitted->changed);
  CHECK(admitted->effect_json == "[1]");
  CHECK(seen.flags == (CRDTD_FLAG_ADMIT | CRDTD_FLAG_HEAL | CRDTD_FLAG_WANT_EFFECT));
  CHECK(seen.count == 4);
  CHECK(seen.format == 1);
  CHECK(seen.wall_unix_ns == 99);
  CHECK(seen.first_counter == 2);
  const auto replayed = one.merge({"D", 2, {}, 4, false, true, 99, false});
  REQUIRE(replayed);
  CHECK(replayed->effect_json.empty());
  CHECK(seen.flags == 0);  // a heal flag means nothing without the gate, nor does the clock
  CHECK(seen.wall_unix_ns == 0);
}

TEST_CASE_METHOD(Fixture, "crdt type: refusals of merge", "[unit][host]") {
  crdtd_status status = CRDTD_OK;
  fake.merge = [&](const auto&, const auto&, auto&, crdtd_error& err) {
    return refuse(err, status, "no", "", CRDTD_NO_INDEX, 5);
  };
  auto one = state();
  const auto code = [&](crdtd_status answer, bool admit) {
    status = answer;
    const auto merged = one.merge({"D", 2, {}, 1, admit, false, 0, false});
    REQUIRE_FALSE(merged);
    CHECK(merged.error().pointer.empty());
    return std::pair(merged.error().code, merged.error().value);
  };
  CHECK(code(CRDTD_GAP, true) == std::pair(Code::kGap, std::int64_t{5}));
  CHECK(code(CRDTD_GAP, false).first == Code::kGap);
  CHECK(code(CRDTD_MALFORMED, true).first == Code::kMalformedDelta);
  CHECK(code(CRDTD_MALFORMED, false).first == Code::kMalformedDelta);
  CHECK(code(CRDTD_UNSUPPORTED, true).first == Code::kMalformedDelta);
  CHECK(code(CRDTD_ENVELOPE, true).first == Code::kMalformedDelta);
  CHECK(code(CRDTD_LIMIT, true) == std::pair(Code::kLimitExceeded, std::int64_t{5}));
  CHECK(code(CRDTD_CLOCK_DRIFT, true).first == Code::kClockDrift);
  CHECK_FALSE(one.spoilt());
  SECTION("a limit outside of the gate breaks the contract: everyone must merge what was admitted once") {
    CHECK(code(CRDTD_LIMIT, false).first == Code::kInternal);
    CHECK(one.spoilt());
  }
  SECTION("a format that the type does not read never reaches it") {
    status = CRDTD_OK;
    const auto merged = one.merge({"D", 9, {}, 1, true, false, 0, false});
    REQUIRE_FALSE(merged);
    CHECK(merged.error().code == Code::kMalformedDelta);
    CHECK_THAT(merged.error().detail, Catch::Contains("format 9"));
  }
}

TEST_CASE_METHOD(Fixture, "crdt type: query and encode give what the plugin wrote", "[unit][host]") {
  fake.output = [](crdtd_buffer& out, auto&) -> crdtd_status {
    put(out, "[1,");
    put(out, "2]");
    return CRDTD_OK;
  };
  auto one = state();
  CHECK(*one.query("", true) == "[1,2]");
  CHECK(fake.query_flags == CRDTD_FLAG_UTF16);
  CHECK(*one.query("{}", false) == "[1,2]");
  CHECK(fake.query_flags == 0);
  CHECK(*one.encode() == "[1,2]");
  CHECK(*type.inspect("D", 2) == "[1,2]");
  CHECK(one.footprint().element_count == 30);
}

TEST_CASE_METHOD(Fixture, "crdt type: refusals of query, encode and inspect", "[unit][host]") {
  crdtd_status status = CRDTD_INVALID;
  fake.output = [&](auto&, crdtd_error& err) { return refuse(err, status, "no", "/from"); };
  auto one = state();
  const auto bad = one.query("{}", false);
  REQUIRE_FALSE(bad);
  CHECK(bad.error().code == Code::kInvalidRequest);
  CHECK(bad.error().pointer == "/from");
  status = CRDTD_UNSUPPORTED;
  CHECK(one.query("{}", false).error().code == Code::kInvalidRequest);
  status = CRDTD_MALFORMED;
  CHECK(type.inspect("D", 2).error().code == Code::kMalformedDelta);
  CHECK_FALSE(one.spoilt());
  status = CRDTD_OK;
  CHECK_THAT(one.query("", false).error().detail, Catch::Contains("answered no JSON"));
  status = CRDTD_NO_MEMORY;
  CHECK(one.encode().error().code == Code::kInternal);
  CHECK(one.spoilt());
  CHECK(one.query("", false).error().code == Code::kInternal);
  CHECK(one.footprint().memory_bytes == 0);
}

TEST_CASE_METHOD(Fixture, "crdt type: a stored state that does not load is quarantined, never empty", "[unit][host]") {
  fake.load = [](crdtd_error& err) { return refuse(err, CRDTD_MALFORMED, "torn"); };
  const auto damaged = type.load("bytes", 2);
  REQUIRE_FALSE(damaged);
  CHECK(damaged.error().code == Code::kQuarantined);
  CHECK(fake.destroyed == fake.created);
  CHECK(type.load("bytes", 3).error().code == Code::kQuarantined);
  fake.load = [](crdtd_error&) -> crdtd_status { return CRDTD_NO_MEMORY; };
  CHECK(type.load("bytes", 2).error().code == Code::kInternal);
  fake.load = [](crdtd_error&) -> crdtd_status { return CRDTD_OK; };
  CHECK(type.load("bytes", 1));
  CHECK(fake.destroyed == fake.created);
}

TEST_CASE_METHOD(Fixture, "crdt type: create answers an error or a state", "[unit][host]") {
  fake.create = [](crdtd_crdt_state**, crdtd_error&) -> crdtd_status { return CRDTD_OK; };
  CHECK_THAT(type.create().error().detail, Catch::Contains("without a state"));
  fake.create = [](crdtd_crdt_state**, crdtd_error& err) { return refuse(err, CRDTD_NO_MEMORY, "none left"); };
  CHECK(type.create().error().detail == "none left");
  CHECK(fake.destroyed == 0);
}

TEST_CASE_METHOD(Fixture, "crdt type: a state is destroyed once, wherever it moved", "[unit][host]") {
  {
    auto one = state();
    auto two = std::move(one);
    auto three = state();
    three = std::move(two);
  }
  CHECK(fake.created == 2);
  CHECK(fake.destroyed == 2);
}

TEST_CASE_METHOD(Fixture, "crdt type: compact spoils only what failed for good", "[unit][host]") {
  auto one = state();
  fake.compact = [](crdtd_error&) -> crdtd_status { return CRDTD_OK; };
  one.compact();
  CHECK_FALSE(one.spoilt());
  fake.compact = [](crdtd_error&) -> crdtd_status { return CRDTD_INTERNAL; };
  one.compact();
  CHECK(one.spoilt());
}
