// The last-writer-wins register: its promises one by one. Random histories against a model are in tests/conformance.
#include <catch2/catch.hpp>
#include <string>

#include "crdtd/plugin/type_table.hpp"
#include "lww/lww.hpp"
#include "models/type_instance.hpp"
#include "models/vectors.hpp"

using namespace crdtd_test;

namespace {

const crdtd_crdt_type kRegister = crdtd::detail::type_table<crdtd::lww::Lww>("lww", 1, 1);

constexpr std::uint64_t kSecond = 1'000'000'000;

Call at(std::uint64_t hlc, std::uint64_t first = 1, std::uint64_t replica = 1, const std::string& node = "node") {
  Call call;
  call.hlc = hlc;
  call.first = first;
  call.replica = replica;
  call.node = node;
  return call;
}

// One write, and its delta.
std::string write(TypeInstance& state, const std::string& op, const Call& call) {
  const Result made = state.mutate("[" + op + "]", call);
  REQUIRE(made.message == "");
  return made.delta;
}

// What is left when two writes meet, in both orders.
std::string meet(const std::string& one, const std::string& two) {
  TypeInstance a(kRegister), b(kRegister);
  REQUIRE(a.merge(one).status == CRDTD_OK);
  REQUIRE(a.merge(two).status == CRDTD_OK);
  REQUIRE(b.merge(two).status == CRDTD_OK);
  REQUIRE(b.merge(one).status == CRDTD_OK);
  REQUIRE(a.encode() == b.encode());
  return a.value();
}
std::string lone(const std::string& op, const Call& call) {
  TypeInstance state(kRegister);
  return write(state, op, call);
}

}  // namespace

TEST_CASE("lww: never written is null, and is an encoding of its own", "[unit][lww]") {
  TypeInstance state(kRegister);
  CHECK(state.value() == "null");
  CHECK(state.encode() == std::string(1, '\0'));
  CHECK(state.footprint().element_count == 0);
  CHECK(state.mutate("[]").counters == 0);
  CHECK(state.merge(state.encode()).status == CRDTD_OK);
  CHECK(state.mutate(R"([{"set":null}])", at(5)).effect == "[]");
  CHECK(state.footprint().element_count == 1);
}

TEST_CASE("lww: greatest stamp wins, then node bytes, then dot", "[unit][lww]") {
  const auto set = [](const char* value, const char* ts) {
    return std::string(R"({"set":)") + value + R"(,"ts_unix_ns":)" + ts + "}";
  };
  CHECK(meet(lone(set("1", "10"), at(0, 1, 9, "z")), lone(set("2", "11"), at(0, 1, 1, "a"))) == "2");
  CHECK(meet(lone(set("1", "10"), at(0, 1, 9, "ab")), lone(set("2", "10"), at(0, 1, 1, "b"))) == "2");
  CHECK(meet(lone(set("1", "10"), at(0, 1, 9, "\x7f")), lone(set("2", "10"), at(0, 1, 1, "\xC3\xA9"))) == "2");
  CHECK(meet(lone(set("1", "10"), at(0, 1, 9, "n")), lone(set("2", "10"), at(0, 5, 8, "n"))) == "1");
  CHECK(meet(lone(set("1", "10"), at(0, 4, 9, "n")), lone(set("2", "10"), at(0, 5, 9, "n"))) == "2");
}

TEST_CASE("lww: a write without a stamp beats what it overwrote", "[unit][lww]") {
  TypeInstance state(kRegister);
  write(state, R"({"set":"old","ts_unix_ns":5000})", at(1));
  for (const char* op :
       {R"({"set":"a"})", R"({"set":"b","ts_unix_ns":0})", R"({"set":"c","ts_unix_ns":"0"})", R"({"assign":"d"})"}) {
    const Result made = state.mutate(std::string("[") + op + "]", at(1, 2));
    CHECK(made.counters == 1);
    CHECK(made.result == "null");
  }
  CHECK(state.value() == R"("d")");
  CHECK(state.inspect(state.encode()) == R"({"ts_unix_ns":"5004","node":"node","dot":"0000000000000001:2","value":"d"})");
  write(state, R"({"set":"e"})", at(9000, 3));
  CHECK(state.inspect(state.encode()).find(R"("ts_unix_ns":"9000")") != std::string::npos);
}

TEST_CASE("lww: a write without a stamp does not beat what its author did not see", "[unit][lww]") {
  TypeInstance state(kRegister);
  LogRow unseen{7, 3, 2, 0, "b", {}};
  write(state, R"({"set":"theirs"})", at(5000, 4, 7, "b"));
  Call late = at(1000, 1, 1, "a");
  late.recent = {unseen};
  const Result lost = state.mutate(R"([{"set":"mine"}])", late);
  CHECK(lost.counters == 0);
  CHECK(lost.delta.empty());
  CHECK(lost.effect == "[]");
  CHECK(lost.result == R"({"lost":[0],"winner":{"ts_unix_ns":"5000","node":"b","dot":"0000000000000007:4"}})");
  CHECK(state.value() == R"("theirs")");
  late.recent[0].count = 1;  // it ends before the winning dot: that one was seen
  CHECK(state.mutate(R"([{"set":"mine"}])", late).counters == 1);
  CHECK(state.value() == R"("mine")");
}

TEST_CASE("lww: a batch uses one counter a write, and its delta carries the winner", "[unit][lww]") {
  TypeInstance a(kRegister), b(kRegister);
  const Result made = a.mutate(R"([{"set":1,"ts_unix_ns":30},{"set":2,"ts_unix_ns":10},{"set":3,"ts_unix_ns":"30"}])", at(5));
  CHECK(made.counters == 3);
  CHECK(made.result == R"({"lost":[1],"winner":{"ts_unix_ns":"30","node":"node","dot":"0000000000000001:3"}})");
  CHECK(made.effect == R"([{"set":3}])");
  CHECK(b.merge(made.delta).effect == made.effect);
  CHECK(b.encode() == a.encode());
  CHECK_FALSE(b.merge(made.delta).changed);
  CHECK(a.mutate(R"([{"set":1,"ts_unix_ns":29},{"set":2,"ts_unix_ns":10}])", at(5, 4)).counters == 0);
}

TEST_CASE("lww: the effect is told only when the value changed", "[unit][lww]") {
  TypeInstance state(kRegister);
  write(state, R"({"set":{"b":1,"a":2}})", at(5));
  const Result same = state.mutate(R"([{"set":{"a":2.0,"b":1}}])", at(6, 2));
  CHECK(same.counters == 1);
  CHECK(same.effect == "[]");
  CHECK(state.value() == R"({"a":2,"b":1})");
}

TEST_CASE("lww: a stamp too far ahead is refused with its offset", "[unit][lww]") {
  TypeInstance state(kRegister);
  Call gate = at(0);
  gate.flags = CRDTD_FLAG_ADMIT;
  gate.wall = 1000 * kSecond;
  const auto set = [](std::uint64_t stamp) { return R"([{"set":1,"ts_unix_ns":")" + std::to_string(stamp) + "\"}]"; };
  const Result refused = state.mutate(set(1061 * kSecond), gate);
  CHECK(refused.status == CRDTD_CLOCK_DRIFT);
  CHECK(refused.detail == static_cast<std::int64_t>(61 * kSecond));
  CHECK(refused.pointer == "/ts_unix_ns");
  CHECK(refused.op_index == 0);
  CHECK(state.value() == "null");
  CHECK(state.mutate(set(UINT64_MAX), gate).detail == INT64_MAX);
  CHECK(state.mutate(set(1060 * kSecond), gate).counters == 1);

  // Beyond the clock, but only as far as writes in a row after the winning one lead.
  TypeInstance ahead(kRegister);
  const std::string far = lone(R"({"set":0,"ts_unix_ns":"5000000000000"})", at(0));
  REQUIRE(ahead.merge(far).status == CRDTD_OK);
  gate.first = 2;
  CHECK(ahead.mutate(R"([{"set":1},{"set":2}])", gate).counters == 2);
  gate.first = 4;
  CHECK(ahead.mutate(set(5000 * kSecond + 3), gate).counters == 1);
  gate.first = 5;
  CHECK(ahead.mutate(set(5000 * kSecond + 5), gate).status == CRDTD_CLOCK_DRIFT);

  // At the gate for deltas likewise; without it, and for what is there already, never.
  TypeInstance server(kRegister);
  Call push = at(0, 1);
  push.flags = CRDTD_FLAG_ADMIT;
  push.wall = 1000 * kSecond;
  push.count = 1;
  const Result late = server.merge(far, push);
  CHECK(late.status == CRDTD_CLOCK_DRIFT);
  CHECK(late.detail == static_cast<std::int64_t>(4000 * kSecond));
  push.flags |= CRDTD_FLAG_HEAL;
  CHECK(server.merge(far, push).status == CRDTD_CLOCK_DRIFT);
  push.flags = 0;
  CHECK(server.merge(far, push).status == CRDTD_OK);
  push.flags = CRDTD_FLAG_ADMIT;
  CHECK(server.merge(far, push).status == CRDTD_OK);
}

TEST_CASE("lww: the gate refuses a write outside its envelope, unless it heals", "[unit][lww]") {
  const std::string delta = lone(R"({"set":1})", at(5, 3, 7, "ada"));
  const auto gate = [&](std::uint64_t replica, std::uint64_t first, std::uint32_t count, const char* node, std::uint32_t flags) {
    TypeInstance server(kRegister);
    Call call = at(0, first, replica, node);
    call.count = count;
    call.flags = flags;
    return server.merge(delta, call).status;
  };
  const std::uint32_t admit = CRDTD_FLAG_ADMIT;
  CHECK(gate(7, 2, 2, "ada", admit) == CRDTD_OK);
  CHECK(gate(7, 4, 1, "ada", admit) == CRDTD_ENVELOPE);
  CHECK(gate(7, 1, 2, "ada", admit) == CRDTD_ENVELOPE);
  CHECK(gate(8, 3, 1, "ada", admit) == CRDTD_ENVELOPE);
  CHECK(gate(7, 3, 1, "bob", admit) == CRDTD_ENVELOPE);
  CHECK(gate(8, 1, 0, "bob", admit | CRDTD_FLAG_HEAL) == CRDTD_OK);
  CHECK(gate(8, 1, 0, "bob", 0) == CRDTD_OK);
}

TEST_CASE("lww: the value limit holds for authors and at the gate, not for what was admitted", "[unit][lww]") {
  TypeInstance state(kRegister);
  Call call = at(5);
  call.limits = {6};
  const Result refused = state.mutate(R"([{"set":1},{"set":"12345"}])", call);
  CHECK(refused.status == CRDTD_LIMIT);
  CHECK(refused.op_index == 1);
  CHECK(refused.pointer == "/set");
  CHECK(refused.detail == 6);
  CHECK(state.value() == "null");
  const std::string delta = lone(R"({"set":"12345"})", at(5));
  call.count = 1;
  call.flags = CRDTD_FLAG_ADMIT;
  CHECK(state.merge(delta, call).status == CRDTD_LIMIT);
  call.flags = 0;
  CHECK(state.merge(delta, call).status == CRDTD_OK);
}

TEST_CASE("lww: a bad op is refused with its place, and nothing of its batch happens", "[unit][lww]") {
  TypeInstance state(kRegister);
  const auto refusal = [&](const std::string& op) {
    const Result made = state.mutate(R"([{"set":1},)" + op + "]", at(5));
    CHECK(made.status == CRDTD_INVALID);
    CHECK(made.op_index == 1);
    CHECK(state.value() == "null");
    return made.pointer;
  };
  CHECK(refusal("{}") == "");
  CHECK(refusal(R"({"put":1})") == "");
  CHECK(refusal(R"({"set":1,"ts":1})") == "/ts");
  CHECK(refusal(R"({"assign":1,"ts_unix_ns":1})") == "/ts_unix_ns");
  CHECK(refusal(R"({"set":"\ud800"})") == "/set");
  for (const char* stamp : {"-1", "1.5", "\"\"", "\"1.0\"", "\"01\"", "null", "true", "18446744073709551616", "1e30", "[1]"}) {
    INFO(stamp);
    CHECK(refusal(std::string(R"({"set":1,"ts_unix_ns":)") + stamp + "}") == "/ts_unix_ns");
  }
  CHECK(write(state, R"({"set":1,"ts_unix_ns":18446744073709551615})", at(5)) != "");
  CHECK(state.query("{}").status == CRDTD_INVALID);
}

TEST_CASE("lww: bytes cut or changed anywhere are refused, or are the one encoding of another write", "[unit][lww]") {
  const std::string whole = lone(R"({"set":{"k":[1,"\u00e9"]}})", at(kSecond, 300, 7, "ada"));
  const auto check = [](const std::string& bytes) {
    TypeInstance fresh(kRegister);
    const Result loaded = fresh.load(bytes);
    if (loaded.status == CRDTD_OK)
      REQUIRE(fresh.encode() == bytes);
    else
      REQUIRE(loaded.status == CRDTD_MALFORMED);
    TypeInstance other(kRegister);
    if (other.merge(bytes).status == CRDTD_OK)
      REQUIRE(other.encode() == bytes);
    else
      REQUIRE(other.value() == "null");
    return loaded.status;
  };
  for (std::size_t size = 0; size < whole.size(); ++size) CHECK(check(whole.substr(0, size)) == CRDTD_MALFORMED);
  CHECK(check(whole + " ") == CRDTD_MALFORMED);
  for (std::size_t at_byte = 0; at_byte < whole.size(); ++at_byte) {
    for (int value = 0; value < 256; ++value) {
      std::string changed = whole;
      changed[at_byte] = static_cast<char>(value);
      check(changed);
    }
  }
  Call unknown;
  unknown.format = 2;
  CHECK(TypeInstance(kRegister).merge(whole, unknown).status == CRDTD_UNSUPPORTED);
}

TEST_CASE("lww: the published vectors hold", "[unit][lww]") { check_vectors(kRegister, CRDTD_VECTORS "/lww/vectors"); }
