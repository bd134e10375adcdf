// Reader, writer, dots, version vectors, causal contexts, clocks.
#include <catch2/catch.hpp>
#include <cstdint>
#include <random>
#include <set>
#include <string>

#include "crdtd/plugin/causal_context.hpp"
#include "crdtd/plugin/dot.hpp"
#include "crdtd/plugin/hlc.hpp"
#include "crdtd/plugin/reader.hpp"
#include "crdtd/plugin/version_vector.hpp"
#include "crdtd/plugin/writer.hpp"
#include "models/seeds.hpp"

using namespace crdtd;

namespace {

std::string varint_bytes(std::uint64_t value) {
  ByteBuffer out;
  Writer(out).varint(value);
  return std::string(out.view());
}

template <class Thing>
std::string encoded(const Thing& thing) {
  ByteBuffer out;
  Writer writer(out);
  thing.encode(writer);
  return std::string(out.view());
}

}  // namespace

TEST_CASE("writer: a varint takes the fewest bytes and reads back", "[unit][primitives]") {
  CHECK(varint_bytes(0) == std::string(1, '\0'));
  CHECK(varint_bytes(127) == "\x7f");
  CHECK(varint_bytes(128) == "\x80\x01");
  CHECK(varint_bytes(UINT64_MAX) == "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
  for (int bits = 0; bits < 64; ++bits) {
    for (const std::uint64_t value : {std::uint64_t{1} << bits, (std::uint64_t{1} << bits) - 1, (std::uint64_t{1} << bits) + 1}) {
      const std::string bytes = varint_bytes(value);
      CHECK(bytes.size() == varint_size(value));
      Reader in(bytes);
      CHECK(in.varint() == value);
      CHECK(in.at_end());
      CHECK(in.ok());
    }
  }
}

TEST_CASE("reader: a varint that could be shorter, or is longer than 64 bits, is refused", "[unit][primitives]") {
  const std::string bad[] = {std::string("\x80\x00", 2),
                             std::string("\xff\x80\x00", 3),
                             "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",
                             "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
                             "\x80",
                             ""};
  for (const std::string& bytes : bad) {
    Reader in(bytes);
    CHECK(in.varint() == 0);
    CHECK_FALSE(in.ok());
    CHECK(in.offset() == 0);
  }
}

TEST_CASE("reader: its first failure stays, and nothing more is read", "[unit][primitives]") {
  Reader in(
      std::string_view("\x05"
                       "abc",
                       4));
  CHECK(in.block().empty());
  CHECK_FALSE(in.ok());
  CHECK(in.remaining() == 0);
  CHECK(in.u8() == 0);
  CHECK(in.u64() == 0);
  CHECK(in.slice(1).empty());
  CHECK(in.offset() == 1);
}

TEST_CASE("reader: input cut at every byte fails where a whole one does not", "[unit][primitives]") {
  ByteBuffer out;
  Writer writer(out);
  writer.u8(7);
  writer.u64(0x0123456789abcdefu);
  writer.varint(300);
  writer.block("key");
  const std::string whole(out.view());
  CHECK(whole.substr(1, 8) == "\xef\xcd\xab\x89\x67\x45\x23\x01");
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    Reader in(std::string_view(whole).substr(0, size));
    const bool good = in.u8() == 7 && in.u64() == 0x0123456789abcdefu && in.varint() == 300 && in.block() == "key";
    CHECK(good == (size == whole.size()));
    CHECK(in.ok() == (size == whole.size()));
  }
}

TEST_CASE("reader: a count of more things than bytes can hold is refused", "[unit][primitives]") {
  Reader in(
      std::string_view("\x03"
                       "abcdef",
                       7));
  CHECK(in.count(2) == 3);
  Reader more(
      std::string_view("\x04"
                       "abcdef",
                       7));
  CHECK(more.count(2) == 0);
  CHECK_FALSE(more.ok());
}

TEST_CASE("dot: one text form, both ways", "[unit][primitives]") {
  ByteBuffer out;
  append_dot(out, {0xab, 12});
  CHECK(out.view() == "00000000000000ab:12");
  CHECK(parse_dot("00000000000000ab:12") == Dot{0xab, 12});
  for (const char* bad : {"", "ab:12", "00000000000000AB:12", "00000000000000ab:", "00000000000000ab:012", "00000000000000ab:0",
                          "00000000000000ab:-1", "00000000000000ab 12", "00000000000000ab:18446744073709551616"}) {
    CHECK_FALSE(parse_dot(bad));
  }
  CHECK(parse_dot("ffffffffffffffff:18446744073709551615") == Dot{UINT64_MAX, UINT64_MAX});
}

TEST_CASE("version vector: runs follow without holes or say so", "[unit][primitives]") {
  VersionVector seen;
  CHECK(seen.step({1, 2, 1}) == CausalStep::kGap);
  CHECK(seen.step({1, 1, 3}) == CausalStep::kNew);
  seen.raise(1, 3);
  CHECK(seen.step({1, 2, 2}) == CausalStep::kKnown);
  CHECK(seen.step({1, 3, 2}) == CausalStep::kNew);
  CHECK(seen.step({1, 5, 1}) == CausalStep::kGap);
  seen.raise(1, 2);
  CHECK(seen.of(1) == 3);
  CHECK(seen.contains({1, 3}));
  CHECK_FALSE(seen.contains({1, 4}));
  CHECK_FALSE(seen.contains({1, 0}));
  VersionVector other;
  other.raise(0, 9);
  CHECK_FALSE(seen.covers(other));
  seen.merge(other);
  CHECK(seen.covers(other));
  CHECK(seen.begin()->replica == 0);
}

TEST_CASE("version vector: encodes one way, and refuses every other", "[unit][primitives]") {
  VersionVector seen;
  seen.raise(5, 200);
  seen.raise(2, 1);
  const std::string bytes = encoded(seen);
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    Reader in(std::string_view(bytes).substr(0, size));
    const auto back = VersionVector::decode(in);
    CHECK(back.has_value() == (size == bytes.size()));
    if (back) CHECK(*back == seen);
  }
  for (std::size_t at = 0; at < bytes.size() * 8; ++at) {  // each bit flipped: refused, or the one encoding of something else
    std::string flipped = bytes;
    flipped[at / 8] = static_cast<char>(flipped[at / 8] ^ (1 << at % 8));
    Reader in(flipped);
    const auto back = VersionVector::decode(in);
    if (back && in.at_end()) CHECK(encoded(*back) == flipped);
  }
}

TEST_CASE("causal context: is a set of dots, whatever the order they came in", "[unit][primitives]") {
  for (int round = 0; round < 300 * crdtd_test::test_scale(); ++round) {
    const std::uint64_t seed = crdtd_test::first_seed() + static_cast<std::uint64_t>(round);
    INFO("CRDTD_TEST_SEED=" << seed);
    std::mt19937_64 dice(seed);
    CausalContext context, other;
    std::set<Dot> model;
    for (int i = 0; i < 40; ++i) {
      const DotRange range{1 + dice() % 3, 1 + dice() % 30, dice() % 4};
      (dice() % 2 == 0 ? context : other).add(range);
      for (std::uint64_t k = 0; k < range.count; ++k) model.insert({range.replica, range.first + k});
    }
    context.merge(other);
    std::uint64_t dots = 0;
    for (const DotRange& run : context.runs()) dots += run.count;
    REQUIRE(dots == model.size());
    for (std::uint64_t replica = 0; replica < 5; ++replica) {
      for (std::uint64_t counter = 0; counter < 36; ++counter) {
        REQUIRE(context.contains({replica, counter}) == (model.count({replica, counter}) == 1));
      }
    }
    const std::string bytes = encoded(context);
    Reader in(bytes);
    REQUIRE(CausalContext::decode(in) == context);
    VersionVector seen;
    for (std::uint64_t replica = 1; replica <= 3; ++replica) seen.raise(replica, dice() % 30);
    std::optional<Dot> missing;
    for (const Dot dot : model) {
      for (std::uint64_t c = 1; c < dot.counter && !missing; ++c) {
        if (!seen.contains({dot.replica, c}) && model.count({dot.replica, c}) == 0) missing = Dot{dot.replica, c};
      }
    }
    REQUIRE(context.missing_in(seen) == missing);
  }
}

TEST_CASE("causal context: runs that touch, overlap or wrap are not its encoding", "[unit][primitives]") {
  const auto refused = [](std::initializer_list<DotRange> runs) {
    ByteBuffer out;
    Writer writer(out);
    writer.varint(runs.size());
    for (const DotRange& run : runs) {
      writer.u64(run.replica);
      writer.varint(run.first);
      writer.varint(run.count);
    }
    Reader in(out.view());
    return !CausalContext::decode(in) && !in.ok();
  };
  CHECK(refused({{1, 1, 2}, {1, 3, 1}}));
  CHECK(refused({{1, 1, 2}, {1, 2, 1}}));
  CHECK(refused({{2, 1, 1}, {1, 1, 1}}));
  CHECK(refused({{1, 0, 1}}));
  CHECK(refused({{1, 1, 0}}));
  CHECK(refused({{1, 2, UINT64_MAX}}));
  CHECK_FALSE(refused({{1, 1, 2}, {1, 4, 1}, {2, 1, 1}}));
}

TEST_CASE("hlc: never goes back, and does not pass the greatest stamp", "[unit][primitives]") {
  Hlc clock;
  CHECK(clock.tick(100) == 100);
  CHECK(clock.tick(90) == 101);
  clock.observe(500);
  CHECK(clock.tick(200) == 501);
  clock.observe(300);
  CHECK(clock.tick(600) == 600);
  clock.observe(UINT64_MAX);
  CHECK(clock.tick(0) == UINT64_MAX);
}
