// The framing gate: a table of hostile heads, cuts at every byte, random mutations.
#include "net/head_gate.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

using namespace crdtd::net;
using namespace std::string_literals;
using crdtd::wire::ProblemCode;

namespace {

const std::string kGood = "POST /v1/docs/a/ops HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nX-Tenant-ID: acme\r\n\r\n";

std::string with(std::string_view fields) { return "POST /a HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n"; }

struct Hostile {
  std::string head;
  ProblemCode code;
};

std::vector<Hostile> hostile_heads() {
  const auto k400 = ProblemCode::kInvalidRequest;
  const auto k501 = ProblemCode::kFramingUnsupported;
  std::vector<Hostile> heads = {
      {"GET / HTTP/1.1\r\n\r\n", k400},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", k400},
      {"GET / HTTP/1.1\r\nHost:\r\n\r\n", k400},
      {"GET / HTTP/1.1\r\nhost: a\r\nHOST: b\r\n\r\n", k400},
      {with("X: a\r\n b\r\n"), k400},
      {with("X: a\r\n\tb\r\n"), k400},
      {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", k400},
      {with("Content-Length: 1\r\nContent-Length: 1\r\n"), k400},
      {with("Content-Length: 1\r\ncontent-length: 2\r\n"), k400},
      {with("Content-Length: +1\r\n"), k400},
      {with("Content-Length: -1\r\n"), k400},
      {with("Content-Length: 1, 1\r\n"), k400},
      {with("Content-Length: 1 1\r\n"), k400},
      {with("Content-Length: 0x1\r\n"), k400},
      {with("Content-Length:\r\n"), k400},
      {with("Content-Length: 99999999999999999999\r\n"), ProblemCode::kBodyTooLarge},
      {with("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"), k400},
      {with("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n"), k400},
      {with("Transfer-Encoding: gzip\r\n"), k501},
      {with("Transfer-Encoding: gzip, chunked\r\n"), k501},
      {with("Transfer-Encoding: chunked, chunked\r\n"), k501},
      {with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), k501},
      {with("Transfer-Encoding: identity\r\n"), k501},
      {with("Transfer-Encoding: xchunked\r\n"), k501},
      {with("Transfer-Encoding: chunked;q=1\r\n"), k501},
      {with("Transfer-Encoding: \"chunked\"\r\n"), k501},
      {with("Transfer-Encoding:\r\n"), k501},
      {with("Transfer-Encoding : chunked\r\n"), k400},
      {with("Transfer-Encoding: \x0b"
            "chunked\r\n"),
       k400},
      {with("Transfer-Encoding: chunked\0\r\n"s), k400},
      {with("X: a\0b\r\n"s), k400},
      {with("X\0: a\r\n"s), k400},
      {with("X: a\rb\r\n"), k400},
      {with("X: a\x01\r\n"), k400},
      {with("X: a\x7f\r\n"), k400},
      {with("X Y: a\r\n"), k400},
      {with("X : a\r\n"), k400},
      {with(": a\r\n"), k400},
      {with("no colon\r\n"), k400},
      {with("\xC3\xA9: a\r\n"), k400},
      {"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", k400},
      {"GET /\r\nHost: a\r\n\r\n", k400},
      {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", k400},
      {"GET / x HTTP/1.1\r\nHost: a\r\n\r\n", k400},
      {"GET /\t HTTP/1.1\r\nHost: a\r\n\r\n", k400},
      {" GET / HTTP/1.1\r\nHost: a\r\n\r\n", k400},
      {"G@T / HTTP/1.1\r\nHost: a\r\n\r\n", k400},
      {std::string(33, 'A') + " / HTTP/1.1\r\nHost: a\r\n\r\n", k400},
      {"GET /\xC3\xA9 HTTP/1.1\r\nHost: a\r\n\r\n", k400},
      {"GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", k400},
      {"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", k400},
      {"GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n", k400},
      {"GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", k400},
      {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", ProblemCode::kVersionUnsupported},
      {"GET / HTTP/0.9\r\nHost: a\r\n\r\n", ProblemCode::kVersionUnsupported},
      {"GET / HTTP/1.2\r\nHost: a\r\n\r\n", ProblemCode::kVersionUnsupported},
      {"GET / HTTP/1.10\r\nHost: a\r\n\r\n", k400},
      {"GET / http/1.1\r\nHost: a\r\n\r\n", k400},
      {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", k400},
      {"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", k400},
      {"GET /" + std::string(kTargetBytesMax, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", ProblemCode::kUriTooLong},
      {with("X: " + std::string(kHeadBytesMax, 'a') + "\r\n"), ProblemCode::kHeadersTooLarge},
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET", k400},
  };
  std::string many;
  for (std::size_t i = 0; i < kFieldCountMax; ++i) many += "X: a\r\n";
  heads.push_back({with(many), ProblemCode::kHeadersTooLarge});
  return heads;
}

}  // namespace

TEST_CASE("head_gate: ordinary heads pass", "[unit][net]") {
  for (const auto& head : {kGood, "GET / HTTP/1.0\r\nHost: a\r\n\r\n"s, "OPTIONS * HTTP/1.1\r\nhost: [::1]:80\r\n\r\n"s,
                           with("Transfer-Encoding: chunked\r\n"), with("transfer-encoding:\t Chunked \r\n"),
                           with("Content-Length: 0\r\n"), with("Content-Length:  12\t\r\n"), with("X:\r\nY: \xC3\xA9\ta\r\n"),
                           "GET /" + std::string(kTargetBytesMax - 1, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n"}) {
    INFO(head);
    const auto refusal = gate_check(head);
    CHECK_FALSE(refusal);
  }
}

TEST_CASE("head_gate: hostile heads are refused with their own answer", "[unit][net]") {
  for (const auto& hostile : hostile_heads()) {
    INFO(hostile.head.substr(0, 200));
    const auto refusal = gate_check(hostile.head);
    REQUIRE(refusal);
    CHECK(refusal->code == hostile.code);
    CHECK_FALSE(std::string(refusal->detail).empty());
  }
}

TEST_CASE("head_gate: a head cut at any byte has no end and does not pass", "[unit][net]") {
  for (std::size_t size = 0; size < kGood.size(); ++size) {
    const std::vector<char> cut(kGood.begin(), kGood.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK(find_head_end({cut.data(), cut.size()}, 0).state == HeadEnd::State::kIncomplete);
    CHECK(gate_check({cut.data(), cut.size()}));
  }
  const auto end = find_head_end(kGood + "{}", 0);
  CHECK(end.state == HeadEnd::State::kComplete);
  CHECK(end.size == kGood.size());
}

TEST_CASE("head_gate: the end is found however the bytes drip in", "[unit][net]") {
  std::string got;
  std::size_t scanned = 0;
  for (const char c : kGood) {
    got += c;
    const auto end = find_head_end(got, scanned);
    CHECK((end.state == HeadEnd::State::kComplete) == (got.size() == kGood.size()));
    scanned = got.size();
  }
}

TEST_CASE("head_gate: a bare line feed is seen before the head ends", "[unit][net]") {
  for (const auto* head :
       {"GET / HTTP/1.1\nHost: a\n\n", "\n", "GET / HTTP/1.1\r\nHost: a\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\n"}) {
    CHECK(find_head_end(head, 0).state == HeadEnd::State::kBroken);
  }
}

TEST_CASE("head_gate: no mutation gets two hosts, two lengths or another coding past it", "[unit][net]") {
  const char* given = std::getenv("CRDTD_TEST_SEED");
  const std::uint32_t seed =
      given != nullptr ? static_cast<std::uint32_t>(std::strtoul(given, nullptr, 10)) : std::random_device{}();
  INFO("CRDTD_TEST_SEED=" << seed);
  std::mt19937 random(seed);
  const auto pick = [&random](std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(random); };
  const std::vector<std::string> lines = {"Host: a\r\n", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "X: y\r\n",
                                          "\r\n"};
  constexpr std::string_view kAlphabet = "\r\n\t :,;0159+-aHhcCtT\x00\x01\x7f\x80\"";
  for (int round = 0; round < 50'000; ++round) {
    std::string head = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (std::size_t i = pick(4); i > 0; --i) head += lines[pick(lines.size())];
    head += "\r\n";
    for (std::size_t i = pick(3); i > 0; --i) {
      const std::size_t at = pick(head.size());
      pick(2) == 0          ? head[at] = kAlphabet[pick(kAlphabet.size())],
                     void() : void(head.insert(at, 1, kAlphabet[pick(kAlphabet.size())]));
    }
    if (gate_check(head)) continue;
    // What passed is plain: lines with a name, one Host, and one way to say where the body ends.
    int hosts = 0;
    int lengths = 0;
    std::size_t at = head.find("\r\n") + 2;
    for (std::size_t end; (end = head.find("\r\n", at)) > at; at = end + 2) {
      auto name = head.substr(at, std::min(head.find(':', at), end) - at);
      for (auto& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      hosts += name == "host" ? 1 : 0;
      lengths += name == "content-length" || name == "transfer-encoding" ? 1 : 0;
    }
    INFO(head);
    REQUIRE(hosts == 1);
    REQUIRE(lengths <= 1);
    REQUIRE(at + 2 == head.size());
    REQUIRE(head.find_first_of("\0\x01\x7f"s) == std::string::npos);
  }
}
