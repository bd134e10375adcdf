#include "net/message_parser.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace crdtd::net;
using crdtd::wire::ProblemCode;

namespace {

constexpr std::uint64_t kBodyMax = 64;

std::string chunked_head() { return "POST /x?a=b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"; }

}  // namespace

TEST_CASE("message_parser: fields, target and keep-alive", "[unit][net]") {
  MessageParser parser;
  Request request;
  REQUIRE_FALSE(parser.read_head(
      "GET /x?a=b HTTP/1.1\r\nhost: h\r\nx-tenant-id:  acme \r\nAccept: a\r\nAccept: b\r\nOther: z\r\n\r\n", kBodyMax, request));
  CHECK(parser.done());
  CHECK(request.method == Method::kGet);
  CHECK(request.path() == "/x");
  CHECK(request.query() == "a=b");
  CHECK(request.field(Field::kTenant) == "acme");
  CHECK(request.field(Field::kAccept) == "a, b");
  CHECK(request.keep_alive);
  CHECK(request.doubled.empty());
  CHECK_FALSE(request.has(Field::kOrigin));

  request.clear();
  REQUIRE_FALSE(parser.read_head("BREW / HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\nX-API-Key: 1\r\nx-api-key: 2\r\n\r\n",
                                 kBodyMax, request));
  CHECK(request.method == Method::kOther);
  CHECK(request.method_text == "BREW");
  CHECK_FALSE(request.keep_alive);
  CHECK(request.doubled == "X-API-Key");

  request.clear();
  REQUIRE_FALSE(parser.read_head("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", kBodyMax, request));
  CHECK_FALSE(request.keep_alive);
}

TEST_CASE("message_parser: a body of known length, in any pieces", "[unit][net]") {
  const std::string body = "0123456789";
  for (std::size_t piece = 1; piece <= body.size(); ++piece) {
    MessageParser parser;
    Request request;
    REQUIRE_FALSE(parser.read_head("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n", kBodyMax, request));
    for (std::size_t at = 0; at < body.size(); at += piece) {
      REQUIRE_FALSE(parser.done());
      const auto fed = parser.read_body(std::string_view(body).substr(at, piece));
      REQUIRE_FALSE(fed.problem);
      CHECK(fed.consumed == std::min(piece, body.size() - at));
    }
    CHECK(parser.done());
    CHECK(request.body == body);
  }
}

TEST_CASE("message_parser: a chunked body, cut anywhere, ends where it ends", "[unit][net]") {
  const std::string body = "5\r\nhello\r\n6;name=value\r\n world\r\n0\r\nTrailer: x\r\n\r\n";
  const std::string wire = body + "GET /next";
  for (std::size_t cut = 0; cut <= body.size(); ++cut) {
    MessageParser parser;
    Request request;
    REQUIRE_FALSE(parser.read_head(chunked_head(), kBodyMax, request));
    auto fed = parser.read_body(std::string_view(wire).substr(0, cut));
    REQUIRE_FALSE(fed.problem);
    CHECK(parser.done() == (cut == body.size()));
    const std::size_t consumed = fed.consumed;
    if (!parser.done()) {
      fed = parser.read_body(std::string_view(wire).substr(consumed));
      REQUIRE_FALSE(fed.problem);
      CHECK(consumed + fed.consumed == body.size());
    }
    CHECK(parser.done());
    CHECK(request.body == "hello world");
    CHECK(request.field(Field::kTenant).empty());
  }
}

TEST_CASE("message_parser: trailers do not become headers", "[unit][net]") {
  MessageParser parser;
  Request request;
  REQUIRE_FALSE(parser.read_head(chunked_head(), kBodyMax, request));
  REQUIRE_FALSE(parser.read_body("0\r\nX-API-Key: secret\r\nHost: other\r\n\r\n").problem);
  CHECK(parser.done());
  CHECK_FALSE(request.has(Field::kApiKey));
  CHECK(request.field(Field::kHost) == "h");
}

TEST_CASE("message_parser: a body beyond the limit is refused", "[unit][net]") {
  MessageParser parser;
  Request request;
  const auto told = parser.read_head("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 65\r\n\r\n", kBodyMax, request);
  REQUIRE(told);
  CHECK(told->code == ProblemCode::kBodyTooLarge);
  CHECK(told->value == 64);
  request.clear();
  REQUIRE_FALSE(parser.read_head(chunked_head(), kBodyMax, request));
  const auto fed = parser.read_body("41\r\n" + std::string(65, 'x') + "\r\n0\r\n\r\n");
  REQUIRE(fed.problem);
  CHECK(fed.problem->code == ProblemCode::kBodyTooLarge);
}

TEST_CASE("message_parser: broken chunks are refused", "[unit][net]") {
  for (const auto* body : {"x\r\n", "5\r\nhelloXY\r\n", "-1\r\n", "+1\r\nx\r\n", "ffffffffffffffffff\r\n", "5\nhello\r\n",
                           "5;\x01\r\nhello\r\n", "0\r\n folded\r\n\r\n", " 5\r\nhello\r\n", "0x5\r\nhello\r\n\r\n"}) {
    MessageParser parser;
    Request request;
    INFO(body);
    REQUIRE_FALSE(parser.read_head(chunked_head(), kBodyMax, request));
    const auto fed = parser.read_body(body);
    CHECK((fed.problem && !parser.done()));
  }
}
