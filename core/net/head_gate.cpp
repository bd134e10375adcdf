// head        = request-line *( field CRLF ) CRLF
// request-line = method SP target SP "HTTP/1." ( "0" / "1" ) CRLF
// field       = token ":" *( HTAB / %x20-7E / %x80-FF )
#include "net/head_gate.hpp"

#include <algorithm>
#include <array>

namespace crdtd::net {
namespace {

using wire::ProblemCode;

constexpr std::size_t kMethodBytesMax = 32;
constexpr std::size_t kLengthDigitsMax = 18;

constexpr auto kTokenChars = [] {
  std::array<bool, 256> table{};
  for (const char c : std::string_view("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}();

constexpr bool is_token(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return kTokenChars[static_cast<unsigned char>(c)]; });
}

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

// `wanted` in lower case.
constexpr bool is_name(std::string_view name, std::string_view wanted) {
  return name.size() == wanted.size() &&
         std::equal(name.begin(), name.end(), wanted.begin(), [](char a, char b) { return lower(a) == b; });
}

constexpr std::string_view trim(std::string_view value) {
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
  return value;
}

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr GateRefusal bad(const char* detail) { return {ProblemCode::kInvalidRequest, detail}; }

// The line at the start of `rest`, without its end; the caller knows that there is one.
std::string_view take_line(std::string_view& rest) {
  const std::size_t end = rest.find("\r\n");
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(rest.size(), line.size() + 2));
  return line;
}

std::optional<GateRefusal> check_request_line(std::string_view line, bool& old_version) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return bad("the request line is not `method target version`");
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (method.size() > kMethodBytesMax || !is_token(method)) return bad("the method is not a short token");
  if (target.size() > kTargetBytesMax) return GateRefusal{ProblemCode::kUriTooLong, "the target has more than 2048 bytes"};
  const bool printable = std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7F; });
  if (!printable) return bad("the target has a space, a control or a non-ASCII character: percent-encode it");
  if (target.empty() || (target[0] != '/' && target != "*")) return bad("the target is not a path");
  if (target.find('#') != std::string_view::npos) return bad("the target has a fragment");
  if (version.size() != 8 || version.substr(0, 5) != "HTTP/" || !is_digit(version[5]) || version[6] != '.' ||
      !is_digit(version[7])) {
    return bad("the request line does not end in an HTTP version");
  }
  if (version != "HTTP/1.1" && version != "HTTP/1.0")
    return GateRefusal{ProblemCode::kVersionUnsupported, "only HTTP/1.1 is spoken"};
  old_version = version == "HTTP/1.0";
  return {};
}

// What the fields together say about the framing.
struct Framing {
  std::size_t fields = 0;
  std::size_t hosts = 0;
  std::size_t lengths = 0;
  std::size_t codings = 0;
  bool coding_known = true;

  std::optional<GateRefusal> add(std::string_view line) {
    if (++fields > kFieldCountMax) return GateRefusal{ProblemCode::kHeadersTooLarge, "there are more than 100 headers"};
    if (line.front() == ' ' || line.front() == '\t') return bad("a header is folded over two lines");
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return bad("a header has no colon");
    const std::string_view name = line.substr(0, colon);
    if (!is_token(name)) return bad("a header's name is not a token, or has a space before its colon");
    const std::string_view value = trim(line.substr(colon + 1));
    const bool clean = std::all_of(value.begin(), value.end(), [](char c) {
      const auto byte = static_cast<unsigned char>(c);
      return byte == '\t' || (byte >= 0x20 && byte != 0x7F);
    });
    if (!clean) return bad("a header has a control character");
    if (is_name(name, "host")) return add_host(value);
    if (is_name(name, "content-length")) return add_length(value);
    if (is_name(name, "transfer-encoding")) add_coding(value);
    return {};
  }

  std::optional<GateRefusal> add_host(std::string_view value) {
    if (++hosts > 1) return bad("there are two Host headers");
    if (value.empty()) return bad("the Host header is empty");
    return {};
  }

  std::optional<GateRefusal> add_length(std::string_view value) {
    if (++lengths > 1) return bad("there are two Content-Length headers");
    if (value.empty() || !std::all_of(value.begin(), value.end(), is_digit)) return bad("Content-Length takes digits only");
    if (value.size() > kLengthDigitsMax) return GateRefusal{ProblemCode::kBodyTooLarge, "Content-Length is far beyond the limit"};
    return {};
  }

  void add_coding(std::string_view value) {
    codings += 1;
    if (!is_name(value, "chunked")) coding_known = false;
  }

  std::optional<GateRefusal> check(bool old_version) const {
    if (hosts == 0) return bad("the Host header is missing");
    if (codings > 0 && lengths > 0) return bad("there are both Transfer-Encoding and Content-Length");
    if (codings > 0 && old_version) return bad("HTTP/1.0 has no Transfer-Encoding");
    if (codings > 1 || !coding_known) {
      return GateRefusal{ProblemCode::kFramingUnsupported, "Transfer-Encoding takes exactly `chunked`"};
    }
    return {};
  }
};

}  // namespace

HeadEnd find_head_end(std::string_view bytes, std::size_t from) noexcept {
  while (from < bytes.size()) {
    const std::size_t at = bytes.find('\n', from);
    if (at == std::string_view::npos) break;
    if (at == 0 || bytes[at - 1] != '\r') return {HeadEnd::State::kBroken, 0};
    if (at >= 3 && bytes[at - 2] == '\n' && bytes[at - 3] == '\r') return {HeadEnd::State::kComplete, at + 1};
    from = at + 1;
  }
  return {};
}

std::optional<GateRefusal> gate_check(std::string_view head) noexcept {
  if (head.size() > kHeadBytesMax) return GateRefusal{ProblemCode::kHeadersTooLarge, "the headers have more than 16 KiB"};
  if (!head.ends_with("\r\n\r\n")) return bad("the head has no end");
  bool old_version = false;
  if (auto refusal = check_request_line(take_line(head), old_version)) return refusal;
  Framing framing;
  while (true) {
    const std::string_view line = take_line(head);
    if (line.empty()) break;
    if (auto refusal = framing.add(line)) return refusal;
  }
  if (!head.empty()) return bad("something follows the empty line");
  return framing.check(old_version);
}

}  // namespace crdtd::net
