// The bytes of a connection, through the head gate and the message parser, as the server's connection reads them.
//
//   - However the bytes are cut into reads, the same requests and the same refusal come out.
//   - Where a request ends and what its body is agrees with a slow reading of the same framing.
//   - The parser never finds another head than the gate did; what the gate lets pass has a Host.
//   - The fields with a grammar of their own read whatever came, and refusals are sentences.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "crdtd/wire/json_gate.hpp"
#include "net/head_gate.hpp"
#include "net/header_values.hpp"
#include "net/message_parser.hpp"
#include "oracle.hpp"

using namespace crdtd::net;
using crdtd_fuzz::Exact;

namespace {

constexpr std::uint64_t kBodyBytesMax = 300;
constexpr std::size_t kWaitingMax = kHeadBytesMax;

// All that came out of a connection, as text that can be compared.
struct Story {
  std::string told;
  std::vector<std::size_t> ends;  // of each request, in bytes from the start
  std::vector<std::string> bodies;
  bool refused = false;
};

void note_problem(Story& story, const crdtd::wire::Problem& problem) {
  FUZZ_CHECK(crdtd_fuzz::is_one_line(problem.detail), "a refusal is one sentence", problem.detail);
  FUZZ_CHECK(problem.detail.find("ambiguous") == std::string::npos, "gate and parser agree on where a head ends", problem.detail);
  std::string json;
  append_problem(json, problem, "/x");
  FUZZ_CHECK(!crdtd::wire::check_json(json, {}), "a problem is written as JSON", json);
  story.told += "refused: " + problem.detail + "\n";
  story.refused = true;
}

void note_request(Story& story, const Request& request) {
  story.told += request.method_text + " " + request.target + (request.keep_alive ? " keep\n" : " close\n");
  story.told += "twice: " + std::string(request.doubled) + "\n";
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (request.has(static_cast<Field>(i))) story.told += std::string(kFieldNames[i]) + "=" + request.fields[i] + "\n";
  }
  story.told += request.body + "\n";
  story.bodies.push_back(request.body);
  FUZZ_CHECK(request.has(Field::kHost) && !request.field(Field::kHost).empty(), "the gate lets no request without a Host pass");
  FUZZ_CHECK(request.body.size() <= kBodyBytesMax, "a body is bounded");

  const int quality = accept_quality(request, "application/json");
  FUZZ_CHECK(quality >= 0 && quality <= 1000, "a quality is one");
  std::optional<std::string> match;
  bool create_only = false;
  for (const auto& problem :
       {check_json_content(request), read_if_match(request, match), read_create_only(request, create_only)}) {
    FUZZ_CHECK(!problem || crdtd_fuzz::is_one_line(problem->detail), "a refusal is one sentence", problem->detail);
  }
  FUZZ_CHECK(!match || !match->empty(), "an entity tag that is taken names something");
  if (match && *match != "*") {
    Request tagged = request;
    tagged.fields[static_cast<std::size_t>(Field::kIfNoneMatch)] = '"' + *match + '"';
    tagged.present |= 1u << static_cast<unsigned>(Field::kIfNoneMatch);
    FUZZ_CHECK(none_match_hits(tagged, *match), "a tag that If-Match takes is found by If-None-Match", *match);
  }
  story.told += std::to_string(quality) + (prefers_minimal(request) ? " minimal" : "") + match.value_or("") + "\n";
}

// A connection without sockets: what has come and is not yet used up, and the state between two reads.
class Connection {
 public:
  void receive(std::string_view bytes) {
    waiting_ += bytes;
    while (!story_.refused && advance()) {
    }
  }
  Story take() { return std::move(story_); }

 private:
  // One step; false when more must come.
  bool advance() { return in_body_ ? advance_body() : advance_head(); }

  bool advance_head() {
    const Exact bytes(waiting_);
    const HeadEnd end = find_head_end(bytes.view(), scanned_);
    if (end.state == HeadEnd::State::kBroken) return refuse("a line ends without carriage return");
    if (end.state == HeadEnd::State::kIncomplete) {
      scanned_ = waiting_.size();
      return false;
    }
    const Exact head(bytes.view().substr(0, end.size));
    if (const auto refusal = gate_check(head.view())) return refuse(refusal->detail);
    request_.clear();
    if (const auto problem = parser_.read_head(head.view(), kBodyBytesMax, request_)) {
      note_problem(story_, *problem);
      return false;
    }
    use_up(end.size);
    scanned_ = 0;
    in_body_ = true;
    if (parser_.done()) finish();
    return true;
  }

  bool advance_body() {
    const Exact bytes(waiting_);
    const auto fed = parser_.read_body(bytes.view());
    FUZZ_CHECK(fed.consumed <= waiting_.size(), "no more is used up than there is");
    use_up(fed.consumed);
    if (fed.problem) note_problem(story_, *fed.problem);
    if (story_.refused) return false;
    if (parser_.done()) return finish();
    FUZZ_CHECK(waiting_.size() < kWaitingMax, "what waits for more is bounded");
    return false;
  }

  bool finish() {
    story_.ends.push_back(used_);
    note_request(story_, request_);
    in_body_ = false;
    if (!request_.keep_alive) story_.refused = true;  // what follows is not read
    return true;
  }
  bool refuse(std::string_view detail) {
    FUZZ_CHECK(crdtd_fuzz::is_one_line(detail), "a refusal is one sentence", detail);
    story_.told += "refused: " + std::string(detail) + "\n";
    story_.refused = true;
    return false;
  }
  void use_up(std::size_t size) {
    waiting_.erase(0, size);
    used_ += size;
  }

  MessageParser parser_;
  Request request_;
  Story story_;
  std::string waiting_;
  std::size_t scanned_ = 0, used_ = 0;
  bool in_body_ = false;
};

// The framing as RFC 9112 tells it, slowly: for a head that the gate has let pass, where its request ends and what its body is.
struct Framing {
  bool whole = false;
  std::size_t end = 0;
  std::string body;
};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

Framing slow_framing(std::string_view bytes) {
  const std::size_t head_end = bytes.find("\r\n\r\n") + 4;
  std::size_t length = 0;
  bool chunked = false;
  for (std::size_t at = bytes.find("\r\n") + 2; at + 2 < head_end; at = bytes.find("\r\n", at) + 2) {
    const std::string line = lower(bytes.substr(at, bytes.find("\r\n", at) - at));
    const std::string value = line.substr(line.find(':') + 1);
    if (line.starts_with("content-length:")) length = std::stoull(value);
    if (line.starts_with("transfer-encoding:")) chunked = value.find("chunked") != std::string::npos;
  }
  Framing framing;
  std::size_t at = head_end;
  if (!chunked) {
    if (bytes.size() - at < length) return framing;
    return {true, at + length, std::string(bytes.substr(at, length))};
  }
  while (true) {
    const std::size_t line_end = bytes.find("\r\n", at);
    if (line_end == std::string_view::npos) return framing;
    const std::size_t size = std::stoull(std::string(bytes.substr(at, line_end - at)), nullptr, 16);
    at = line_end + 2;
    if (size == 0) break;
    framing.body += bytes.substr(at, size);
    at += size + 2;
  }
  while (bytes.substr(at, 2) != "\r\n") at = bytes.find("\r\n", at) + 2;  // trailers
  return {true, at + 2, framing.body};
}

void check_framing(std::string_view bytes, const Story& story) {
  std::size_t start = 0;
  for (std::size_t i = 0; i < story.ends.size(); ++i) {
    const Framing slow = slow_framing(bytes.substr(start));
    FUZZ_CHECK(slow.whole && start + slow.end == story.ends[i], "a request ends where its framing says", story.told);
    FUZZ_CHECK(slow.body == story.bodies[i], "a body is what its framing says", story.told);
    start = story.ends[i];
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Connection whole;
  whole.receive(bytes);
  const Story story = whole.take();
  check_framing(bytes, story);

  Connection dripping;
  for (std::size_t i = 0; i < bytes.size(); ++i) dripping.receive(bytes.substr(i, 1));
  FUZZ_CHECK(dripping.take().told == story.told, "bytes that come one by one mean the same", story.told);

  // Cut at places that the bytes themselves choose.
  Connection cut;
  std::uint32_t dice = 1;
  for (std::size_t at = 0; at < bytes.size();) {
    dice = (dice ^ static_cast<unsigned char>(bytes[at])) * 16777619u + 12345u;
    const std::size_t piece = std::min<std::size_t>(bytes.size() - at, 1 + (dice >> 16) % 40);
    cut.receive(bytes.substr(at, piece));
    at += piece;
  }
  FUZZ_CHECK(cut.take().told == story.told, "bytes mean the same however they are cut", story.told);
  return 0;
}
