// The observed-remove set: its promises one by one. Random histories against a model are in tests/conformance.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "crdtd/plugin/type_table.hpp"
#include "models/seeds.hpp"
#include "models/type_instance.hpp"
#include "models/vectors.hpp"
#include "orset/orset.hpp"

using namespace crdtd_test;

namespace {

const crdtd_crdt_type kSet = crdtd::detail::type_table<crdtd::orset::OrSet>("orset", 1, 1);

std::string add_op(const std::string& elem) { return R"({"type":"add","elem":)" + elem + "}"; }
std::string remove_op(const std::string& elem) { return R"({"type":"remove","elem":)" + elem + "}"; }

// A replica that keeps its own counters.
struct Replica {
  explicit Replica(std::uint64_t id_) : id(id_), state(kSet) {}

  LogRow edit(const std::string& ops, std::vector<LogRow> recent = {}) {
    const Result made = state.mutate("[" + ops + "]", call(std::move(recent)));
    REQUIRE(made.message == "");
    LogRow row{id, next, made.counters, 0, "node", made.delta};
    next += made.counters;
    return row;
  }
  Call call(std::vector<LogRow> recent = {}) const {
    Call it;
    it.replica = id;
    it.first = next;
    it.recent = std::move(recent);
    return it;
  }
  void receive(const LogRow& row) { REQUIRE(state.merge(row).message == ""); }

  std::uint64_t id;
  TypeInstance state;
  std::uint64_t next = 1;
};

Call limited(std::uint64_t element, std::uint64_t elements, std::uint64_t first = 1, std::uint32_t count = 0) {
  Call call;
  call.limits = {element, elements};
  call.first = first;
  call.count = count;
  call.flags = CRDTD_FLAG_ADMIT;
  return call;
}

}  // namespace

TEST_CASE("orset: concurrent add wins over remove", "[unit][orset]") {
  Replica a(1), b(2);
  b.receive(a.edit(add_op("\"milk\"")));
  const LogRow again = b.edit(add_op("\"milk\"")), gone = a.edit(remove_op("\"milk\""));
  CHECK(a.state.value() == "[]");
  a.receive(again);
  b.receive(gone);
  CHECK(a.state.value() == R"(["milk"])");
  CHECK(a.state.encode() == b.state.encode());
}

TEST_CASE("orset: a remove takes only what its author saw", "[unit][orset]") {
  Replica server(9);
  server.edit(add_op("\"x\""));
  const LogRow again = server.edit(add_op("\"x\""));  // by B; A still sees the version before
  const Result removed = server.state.mutate("[" + remove_op("\"x\"") + "]", server.call({again}));
  CHECK(removed.counters == 0);
  CHECK(removed.delta.empty());
  CHECK(server.state.value() == R"(["x"])");
  CHECK(server.edit(remove_op("\"x\"")).count == 1);
  CHECK(server.state.value() == "[]");
}

TEST_CASE("orset: an add leaves the dots that its author did not see", "[unit][orset]") {
  Replica a(1), b(2);
  const LogRow unseen = b.edit(add_op("1"));
  a.receive(unseen);
  const LogRow mine = a.edit(add_op("1"), {unseen});
  const LogRow gone = b.edit(remove_op("1"));
  a.receive(gone);
  CHECK(a.state.value() == "[1]");
  b.receive(mine);
  CHECK(a.state.encode() == b.state.encode());
}

TEST_CASE("orset: later ops of a batch see earlier ones", "[unit][orset]") {
  Replica a(1), b(2);
  const LogRow row = a.edit(add_op("1") + "," + add_op("2") + "," + remove_op("1") + "," + remove_op("7") + "," + add_op("2"));
  CHECK(row.count == 4);  // the remove of 7 found nothing
  CHECK(a.state.value() == "[2]");
  b.receive(row);
  CHECK(b.state.encode() == a.state.encode());
  CHECK(a.state.inspect(row.delta) ==
        R"({"covers":[{"first":"0000000000000001:1","count":"4"}],"removes":[],"adds":[{"dot":"0000000000000001:4","elem":2}]})");
}

TEST_CASE("orset: what finds nothing to do uses no counter and makes no delta", "[unit][orset]") {
  Replica a(1);
  for (const std::string& ops : {std::string(), remove_op("1"), std::string(R"({"assign":[]})")}) CHECK(a.edit(ops).count == 0);
  CHECK(a.state.encode() == std::string(1, '\0'));
  a.edit(add_op("1"));
  CHECK(a.edit(R"({"assign":[1,1]})").count == 0);
}

TEST_CASE("orset: assign keeps what is common, removes the rest with one counter, adds what is missing", "[unit][orset]") {
  Replica a(1), b(2);
  b.receive(a.edit(add_op("\"a\"") + "," + add_op("\"b\"") + "," + add_op("\"c\"")));
  const LogRow row = a.edit(R"({"assign":["d","b","e","d"]})");
  CHECK(row.count == 3);
  CHECK(a.state.value() == R"(["b","d","e"])");
  b.receive(row);
  CHECK(a.state.encode() == b.state.encode());
  const LogRow unseen = b.edit(add_op("\"z\""));
  a.receive(unseen);
  CHECK(a.edit(R"({"assign":["q"]})", {unseen}).count == 2);
  CHECK(a.state.value() == R"(["q","z"])");
}

TEST_CASE("orset: the value is sorted by canonical bytes, and equal values are one element", "[unit][orset]") {
  Replica a(1);
  std::string ops;
  for (const char* elem :
       {"1.0", "10e-1", "\"b\"", "\"a!\"", "\"a\"", "\"aa\"", "\"\"", "true", "null", "[1]", R"({"b":1,"a":2})",
        R"({"a":2,"b":1.0})", "-5", "\"\\u0061\"", "\"a\\nb\"", "\"abcdefgh\"", "\"abcdefg\"", "\"abcdefgh!\""}) {
    ops += (ops.empty() ? "" : ",") + add_op(elem);
  }
  a.edit(ops);
  CHECK(a.state.value() == R"(["","a!","a","a\nb","aa","abcdefg","abcdefgh!","abcdefgh","b",-5,1,[1],null,true,{"a":2,"b":1}])");
  CHECK(a.state.query(R"({"count":true})").result == "15");
}

TEST_CASE("orset: answers contains and count, and names the queries that it knows", "[unit][orset]") {
  Replica a(1);
  a.edit(add_op(R"({"k":1})"));
  CHECK(a.state.query(R"({"contains":{"k":1.0}})").result == "true");
  CHECK(a.state.query(R"({"contains":2})").result == "false");
  CHECK(a.state.query(R"({"count":true})").result == "1");
  for (const char* query :
       {"{}", R"({"count":false})", R"({"size":true})", R"({"contains":1,"count":true})", "[", "1", R"({"count":true}x)"}) {
    INFO(query);
    const Result answer = a.state.query(query);
    CHECK(answer.status == CRDTD_INVALID);
    CHECK(answer.result.empty());
    CHECK_FALSE(answer.message.empty());
  }
  CHECK(a.state.query("{}").message.find("contains") != std::string::npos);
}

TEST_CASE("orset: a bad op is refused with its place, and nothing of its batch happens", "[unit][orset]") {
  Replica a(1);
  a.edit(add_op("1"));
  const std::string before = a.state.encode();
  const auto refusal = [&](const std::string& op) {
    const Result made = a.state.mutate("[" + add_op("2") + "," + remove_op("1") + "," + op + "]", a.call());
    CHECK(made.status == CRDTD_INVALID);
    CHECK(made.op_index == 2);
    CHECK(made.delta.empty());
    CHECK(a.state.encode() == before);
    return made.pointer;
  };
  CHECK(refusal(R"({"type":"toggle","elem":1})") == "/type");
  CHECK(refusal(R"({"elem":1})") == "/type");
  CHECK(refusal(R"({"type":"add"})") == "/elem");
  CHECK(refusal(R"({"type":"add","elem":1e1000})") == "/elem");
  CHECK(refusal(R"({"type":"add","elem":1,"ts":2})") == "/ts");
  CHECK(refusal(R"({"type":"add","elem":1,"assign":[]})") != "");
  CHECK(refusal(R"({"assign":{"a":1}})") == "/assign");
  CHECK(refusal("7") == "");
}

TEST_CASE("orset: the element limit holds for authors and at the gate, not for what was admitted", "[unit][orset]") {
  TypeInstance a(kSet), b(kSet);
  const Result refused = a.mutate(R"([{"type":"add","elem":1},{"type":"add","elem":"1234567"}])", limited(8, 100));
  CHECK(refused.status == CRDTD_LIMIT);
  CHECK(refused.op_index == 1);
  CHECK(refused.pointer == "/elem");
  CHECK(refused.detail == 8);
  CHECK(a.mutate(R"([{"assign":["1234567"]}])", limited(8, 100)).pointer == "/assign");
  const Result made = a.mutate(R"([{"type":"add","elem":"1234567"}])", limited(9, 100));
  REQUIRE(made.counters == 1);
  Call gate = limited(8, 100, 1, 1);
  CHECK(b.merge(made.delta, gate).status == CRDTD_LIMIT);
  CHECK(b.value() == "[]");
  gate.flags = 0;
  CHECK(b.merge(made.delta, gate).status == CRDTD_OK);
  CHECK(b.mutate(R"([{"type":"remove","elem":"1234567"}])", limited(8, 100, 2)).counters == 1);
}

TEST_CASE("orset: the count limit undoes a batch and a join, and never stops a remove", "[unit][orset]") {
  Replica a(1), full(2);
  Call call = limited(100, 3);
  REQUIRE(a.state.mutate(R"([{"assign":[1,2,3]}])", call).counters == 3);
  const std::string before = a.state.encode();
  call.first = 4;
  const Result refused = a.state.mutate(
      R"([{"type":"add","elem":1},{"type":"remove","elem":2},{"type":"add","elem":4},{"type":"add","elem":5}])", call);
  CHECK(refused.status == CRDTD_LIMIT);
  CHECK(refused.op_index == 3);
  CHECK(refused.detail == 3);
  CHECK(a.state.encode() == before);
  CHECK(a.state.mutate(R"([{"type":"remove","elem":2},{"type":"add","elem":4},{"type":"add","elem":4}])", call).counters == 3);
  CHECK(a.state.value() == "[1,3,4]");

  const LogRow row = full.edit(add_op("7"));
  const std::string three = a.state.encode();
  Call gate = limited(100, 3, 1, 1);
  gate.replica = 2;
  CHECK(a.state.merge(row.delta, gate).status == CRDTD_LIMIT);
  CHECK(a.state.encode() == three);
  CHECK(a.state.merge(row.delta, limited(100, 4, 1, 1)).status == CRDTD_ENVELOPE);
  gate.limits = {100, 4};
  CHECK(a.state.merge(row.delta, gate).status == CRDTD_OK);
  gate.limits = {100, 1};  // lowered later: what is there may be added again or removed
  call = limited(100, 1, 7);
  CHECK(a.state.mutate(R"([{"type":"add","elem":1},{"type":"remove","elem":3}])", call).counters == 2);
}

TEST_CASE("orset: a delta whose cause is missing is a gap with the counter expected", "[unit][orset]") {
  Replica a(1), b(2), c(3);
  const LogRow one = a.edit(add_op("1")), two = a.edit(add_op("2")), three = a.edit(remove_op("1"));
  b.receive(one);
  const LogRow gone = b.edit(remove_op("1"));
  for (const std::uint32_t flags : {std::uint32_t{0}, std::uint32_t{CRDTD_FLAG_ADMIT}}) {
    const Result late = c.state.merge(two, flags);
    CHECK(late.status == CRDTD_GAP);
    CHECK(late.detail == 1);
    CHECK(c.state.merge(gone, flags).status == CRDTD_GAP);  // it removes a dot that was not received
    CHECK(c.state.encode() == std::string(1, '\0'));
  }
  c.receive(one);
  CHECK(c.state.merge(three).detail == 2);
  for (const LogRow& row : {two, three, gone}) c.receive(row);
  CHECK(c.state.value() == "[2]");
  Call early = a.call();
  early.first = 9;
  const Result wrong = a.state.mutate("[" + add_op("3") + "]", early);
  CHECK(wrong.status == CRDTD_GAP);
  CHECK(wrong.detail == 4);
}

TEST_CASE("orset: the gate refuses new dots outside the envelope, unless it heals", "[unit][orset]") {
  Replica a(1), b(2);
  b.receive(a.edit(add_op("1")));
  const LogRow row = b.edit(add_op("2") + "," + add_op("3"));
  const std::string whole = b.state.encode();
  const auto gate = [&](const std::string& delta, std::uint64_t replica, std::uint64_t first, std::uint32_t count,
                        std::uint32_t flags) {
    TypeInstance server = TypeInstance::loaded(kSet, a.state.encode());
    Call call;
    call.flags = flags;
    call.replica = replica;
    call.first = first;
    call.count = count;
    return server.merge(delta, call).status;
  };
  const std::uint32_t admit = CRDTD_FLAG_ADMIT, heal = admit | CRDTD_FLAG_HEAL;
  CHECK(gate(row.delta, 2, 1, 2, admit) == CRDTD_OK);
  CHECK(gate(row.delta, 2, 1, 1, admit) == CRDTD_ENVELOPE);
  CHECK(gate(row.delta, 2, 1, 3, admit) == CRDTD_ENVELOPE);  // the envelope promises a counter that is not there
  CHECK(gate(row.delta, 3, 1, 2, admit) == CRDTD_ENVELOPE);
  CHECK(gate(row.delta, 2, 2, 2, admit) == CRDTD_ENVELOPE);
  CHECK(gate(row.delta, 3, 1, 2, 0) == CRDTD_OK);
  CHECK(gate(whole, 3, 1, 0, admit) == CRDTD_ENVELOPE);
  CHECK(gate(whole, 2, 1, 2, admit) == CRDTD_OK);  // all that is new in it is covered
  CHECK(gate(whole, 3, 1, 0, heal) == CRDTD_OK);
}

TEST_CASE("orset: bytes cut or changed anywhere are refused, or are the one encoding of another set", "[unit][orset]") {
  Replica a(1), b(2);
  b.receive(a.edit(add_op("\"a\"") + "," + add_op("1") + "," + add_op("\"\xC3\xA9\"") + "," + remove_op("1") + "," +
                   add_op("{\"k\":\"v\"}")));
  a.receive(b.edit(add_op("\"a\"") + "," + add_op("2")));
  const std::string delta = b.edit(remove_op("\"a\"") + "," + add_op("3")).delta;
  const std::string whole = b.state.encode(), before = a.state.encode();
  std::vector<std::string> damaged;
  for (const std::string& bytes : {whole, delta}) {
    for (std::size_t size = 0; size < bytes.size(); ++size) damaged.push_back(bytes.substr(0, size));
    damaged.push_back(bytes + std::string(1, '\0'));
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      for (int value = 0; value < 256; ++value) damaged.push_back(bytes), damaged.back()[at] = static_cast<char>(value);
    }
  }
  for (const std::string& bytes : damaged) {
    TypeInstance fresh(kSet);
    const Result loaded = fresh.load(bytes);
    if (loaded.status == CRDTD_OK)
      REQUIRE(fresh.encode() == bytes);
    else
      REQUIRE(loaded.status == CRDTD_MALFORMED);
    TypeInstance other = TypeInstance::loaded(kSet, before);
    const Result merged = other.merge(bytes, Call());
    if (merged.status == CRDTD_OK) {
      REQUIRE(TypeInstance::loaded(kSet, other.encode()).encode() == other.encode());
    } else {
      REQUIRE((merged.status == CRDTD_MALFORMED || merged.status == CRDTD_GAP));
      REQUIRE(other.encode() == before);
    }
  }
  Call unknown;
  unknown.format = 2;
  CHECK(a.state.merge(delta, unknown).status == CRDTD_UNSUPPORTED);
  CHECK(TypeInstance(kSet).load(whole, 2).status == CRDTD_UNSUPPORTED);
}

TEST_CASE("orset: a delta of one op is joined as any other, whether or not an effect is wanted", "[unit][orset]") {
  const std::uint64_t seed = first_seed();
  INFO("CRDTD_TEST_SEED=" << seed);
  std::mt19937_64 dice(seed);
  const std::vector<std::string> elements = {"\"a\"", "\"\"", "\"\xC3\xA9 \\n\"", "1",
                                             "-2.5",  "null", R"({"k":[1]})",     "\"" + std::string(60, 'x') + "\""};
  const auto join_both = [](TypeInstance& quiet, TypeInstance& telling, const std::string& delta, Call call) {
    call.flags &= ~std::uint32_t{CRDTD_FLAG_WANT_EFFECT};
    const Result one = quiet.merge(delta, call);
    call.flags |= CRDTD_FLAG_WANT_EFFECT;
    const Result other = telling.merge(delta, call);
    REQUIRE(one.status == other.status);
    REQUIRE(one.message == other.message);
    REQUIRE(one.detail == other.detail);
    REQUIRE(one.changed == other.changed);
    REQUIRE(quiet.encode() == telling.encode());
    return one.status;
  };
  Replica authors[] = {Replica(1), Replica(0xfedcba9876543210u)};
  TypeInstance quiet(kSet), telling(kSet);
  for (int step = 0; step < 400 * test_scale(); ++step) {
    Replica& author = authors[dice() % 2];
    const std::string elem = elements[dice() % elements.size()];
    const LogRow row = author.edit(dice() % 3 == 0 ? remove_op(elem) : add_op(elem));
    if (row.count == 0) continue;
    authors[author.id == 1 ? 1 : 0].receive(row);
    Call call;
    call.flags = dice() % 2 == 0 ? 0 : CRDTD_FLAG_ADMIT;
    call.replica = row.replica;
    call.first = row.first;
    call.count = row.count;
    for (int kind = 0; kind < 12; ++kind) {  // bytes changed, another envelope, limits that are met or not
      TypeInstance one = TypeInstance::loaded(kSet, quiet.encode()), other = TypeInstance::loaded(kSet, quiet.encode());
      Call strange = call;
      std::string delta = row.delta;
      if (kind < 8) delta[dice() % delta.size()] = static_cast<char>(dice());
      if (kind == 8) strange.count = static_cast<std::uint32_t>(dice() % 3);
      if (kind == 9) strange.first += dice() % 3;
      if (kind == 10) strange.replica = dice() % 2;
      if (kind == 11) strange.limits = {dice() % 64, dice() % 8};
      join_both(one, other, delta, strange);
    }
    REQUIRE(join_both(quiet, telling, row.delta, call) == CRDTD_OK);
    REQUIRE(quiet.encode() == author.state.encode());
    if (dice() % 8 == 0) join_both(quiet, telling, row.delta, call);  // once more
  }
}

TEST_CASE("orset: nothing is kept for what was removed", "[unit][orset]") {
  Replica a(1);
  a.edit(add_op("\"stays\""));
  a.state.compact();
  const auto small = a.state.footprint();
  std::uint64_t most = 0;
  for (int round = 0; round < 20; ++round) {
    std::string ops;
    for (int i = 0; i < 500; ++i)
      ops += (i == 0 ? "" : ",") + add_op("\"" + std::string(i % 97, 'x') + std::to_string(round * 500 + i) + "\"");
    a.edit(ops);
    most = std::max(most, a.state.footprint().memory_bytes);
    ops.clear();
    for (int i = 0; i < 500; ++i)
      ops += (i == 0 ? "" : ",") + remove_op("\"" + std::string(i % 97, 'x') + std::to_string(round * 500 + i) + "\"");
    a.edit(ops);
    CHECK(a.state.encode().size() < 30);
  }
  a.state.compact();
  CHECK(a.state.footprint().memory_bytes < small.memory_bytes + 4096);
  CHECK(a.state.footprint().element_count == 1);
  CHECK(most < 1000 * 1000);
}

TEST_CASE("orset: an entry costs at most four bytes beside its key", "[unit][orset]") {
  Replica a(1);
  std::size_t keys = 0;
  for (int i = 0; i < 2000; ++i) {
    const std::string key = "item " + std::to_string(i * 7919);
    keys += key.size();
    a.edit(add_op("\"" + key + "\"") + (i % 3 == 0 ? "," + remove_op("\"" + key + "\"") + "," + add_op("\"" + key + "\"") : ""));
  }
  CHECK(a.state.encode().size() <= keys + 4 * 2000);
  const auto print = a.state.footprint();
  CHECK(print.element_count == 2000);
  CHECK(print.encoded_bytes > a.state.encode().size() * 9 / 10);
  CHECK(print.encoded_bytes < a.state.encode().size() * 11 / 10);
}

TEST_CASE("orset: large sets that grow and shrink keep their promises", "[unit][orset]") {
  for (int round = 0; round < 2 * test_scale(); ++round) {
    const std::uint64_t seed = first_seed() + static_cast<std::uint64_t>(round);
    INFO("CRDTD_TEST_SEED=" << seed);
    std::mt19937_64 dice(seed);
    Replica a(1), b(2);
    std::set<std::string> model;
    std::vector<std::string> keys;  // short, longer than a slot holds, a few of the size that lies alone
    for (int i = 0; i < 12000; ++i) {
      const std::size_t size = i % 1000 == 0 ? 20000 : i % 3 == 0 ? 60 + dice() % 100 : 3;
      keys.push_back("\"" + std::to_string(i) + std::string(size, 'k') + "\"");
    }
    for (int phase = 0; phase < 6; ++phase) {
      const unsigned adds = phase % 2 == 0 ? 9 : 1;  // of ten
      for (int batch = 0; batch < 200; ++batch) {
        Replica& me = dice() % 2 == 0 ? a : b;
        Replica& other = &me == &a ? b : a;
        std::string ops;
        for (int i = 0; i < 40; ++i) {
          const std::string& key = keys[dice() % keys.size()];
          const bool adding = dice() % 10 < adds;
          ops += (i == 0 ? "" : ",") + (adding ? add_op(key) : remove_op(key));
          adding ? (void)model.insert(key) : (void)model.erase(key);
        }
        const LogRow row = me.edit(ops);
        if (row.count != 0) other.receive(row);
      }
      std::string value;
      for (const std::string& key : model) value += (value.empty() ? "" : ",") + key;
      REQUIRE(a.state.query(R"({"count":true})").result == std::to_string(model.size()));
      const std::string encoded = a.state.encode();
      REQUIRE(encoded == b.state.encode());
      REQUIRE(TypeInstance::loaded(kSet, encoded).encode() == encoded);
      std::set<std::string> told;
      crdtd::for_each_item(a.state.value(), [&](std::string_view item) { return told.insert(std::string(item)).second; });
      REQUIRE(told == model);
    }
  }
}

TEST_CASE("orset: the log of dots agrees with a map, dense and sparse, and gives its room back", "[unit][orset]") {
  const std::uint64_t seed = first_seed();
  INFO("CRDTD_TEST_SEED=" << seed);
  for (const std::uint64_t spread : {1u, 3u, 100u, 5000u}) {
    std::mt19937_64 dice(seed + spread);
    crdtd::orset::DotLog log;
    std::map<std::uint64_t, std::uint32_t> model;
    std::uint64_t newest = 0;
    for (int step = 0; step < 6000 * test_scale(); ++step) {
      const bool growing = step / 1500 % 2 == 0;
      const std::uint64_t counter = dice() % 8 == 0 ? 1 + dice() % (newest + 1) : newest + 1 + dice() % spread;
      const auto slot = static_cast<std::uint32_t>(dice() % 1000);
      if (dice() % 4 == (growing ? 0u : 1u) || (!growing && dice() % 2 == 0)) {
        const auto victim = model.lower_bound(dice() % (newest + 1));
        if (victim == model.end()) continue;
        log.erase(victim->first);
        model.erase(victim);
      } else if (model.emplace(counter, slot).second) {
        log.insert(counter, slot);
        newest = std::max(newest, counter);
      }
      REQUIRE(log.size() == model.size());
      const auto known = model.find(counter);
      REQUIRE(log.find(counter) == (known == model.end() ? crdtd::orset::kNoSlot : known->second));
      if (step % 50 != 0) continue;
      const std::uint64_t from = dice() % (newest + 2);
      auto expected = model.lower_bound(from);
      for (crdtd::orset::DotLog::Cursor at(log, from); !at.at_end(); at.next(), ++expected) {
        REQUIRE(expected != model.end());
        REQUIRE(at.counter() == expected->first);
        REQUIRE(at.slot() == expected->second);
      }
      REQUIRE(expected == model.end());
    }
    while (!model.empty()) {
      log.erase(model.begin()->first);
      model.erase(model.begin());
    }
    CHECK(log.memory_bytes() == 0);
  }
}

TEST_CASE("orset: the published vectors hold", "[unit][orset]") { check_vectors(kSet, CRDTD_VECTORS "/orset/vectors"); }
