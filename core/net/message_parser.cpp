#include "net/message_parser.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/verb.hpp>
#include <string>

#include "base/assert.hpp"
#include "net/head_gate.hpp"

namespace crdtd::net {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;

constexpr std::size_t kBodyReserveMax = 64 * 1024;  // what a Content-Length alone makes us allocate
// A chunked body ends with at least "0\r\n\r\n". Beast asserts that it sees as much once it has met the last chunk's size.
constexpr std::size_t kChunkedBytesMin = 5;

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool same_name(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

// Lists may come in several lines; of the others a second one would leave open which counts.
constexpr bool is_list(Field field) {
  return field == Field::kPrefer || field == Field::kIfMatch || field == Field::kIfNoneMatch || field == Field::kAccept ||
         field == Field::kContentEncoding;
}

Method method_of(http::verb verb) {
  switch (verb) {
    case http::verb::get:
      return Method::kGet;
    case http::verb::head:
      return Method::kHead;
    case http::verb::put:
      return Method::kPut;
    case http::verb::post:
      return Method::kPost;
    case http::verb::delete_:
      return Method::kDelete;
    case http::verb::options:
      return Method::kOptions;
    default:
      return Method::kOther;
  }
}

class RequestParser final : public http::basic_parser<true> {
 public:
  explicit RequestParser(Request& request) : request_(request) {}

  bool is_current() const noexcept { return version_ == 11; }

 private:
  template <class Text>
  static std::string_view view(const Text& text) {
    return {text.data(), text.size()};
  }

  void on_request_impl(http::verb verb, boost::beast::string_view method, boost::beast::string_view target, int version,
                       error_code&) override {
    request_.method = method_of(verb);
    request_.method_text = view(method);
    request_.target = view(target);
    version_ = version;
  }

  void on_response_impl(int, boost::beast::string_view, int, error_code&) override {}

  void on_field_impl(http::field, boost::beast::string_view name, boost::beast::string_view value, error_code&) override {
    if (head_done_) return;  // trailers are read and dropped
    for (std::size_t i = 0; i < kFieldCount; ++i) {
      const auto field = static_cast<Field>(i);
      if (!same_name(view(name), kFieldNames[i])) continue;
      auto& text = request_.fields[i];
      if (request_.has(field)) {
        if (!is_list(field)) request_.doubled = field_name(field);
        text += ", ";
      }
      text += view(value);
      request_.present |= 1u << i;
      return;
    }
  }

  void on_header_impl(error_code&) override { head_done_ = true; }

  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override {
    if (length) request_.body.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*length, kBodyReserveMax)));
  }

  std::size_t on_body_impl(boost::beast::string_view bytes, error_code&) override {
    request_.body += view(bytes);
    return bytes.size();
  }

  void on_chunk_header_impl(std::uint64_t, boost::beast::string_view, error_code&) override {}

  std::size_t on_chunk_body_impl(std::uint64_t, boost::beast::string_view bytes, error_code&) override {
    request_.body += view(bytes);
    return bytes.size();
  }

  void on_finish_impl(error_code&) override {}

  Request& request_;
  bool head_done_ = false;
  int version_ = 0;
};

wire::Problem problem_of(const error_code& error, std::uint64_t body_bytes_max) {
  if (error == http::error::body_limit) {
    return wire::make_problem(wire::ProblemCode::kBodyTooLarge,
                              "the body has more than " + std::to_string(body_bytes_max) + " bytes: send it in parts", {},
                              static_cast<std::int64_t>(body_bytes_max));
  }
  if (error == http::error::header_limit) {
    return wire::make_problem(wire::ProblemCode::kHeadersTooLarge, "the headers or trailers have more than 16 KiB");
  }
  return wire::make_problem(wire::ProblemCode::kInvalidRequest, "the request is not HTTP/1.1: " + error.message());
}

}  // namespace

struct MessageParser::Reader {
  std::optional<RequestParser> parser;
  std::uint64_t body_bytes_max = 0;
};

MessageParser::MessageParser() : reader_(std::make_unique<Reader>()) {}
MessageParser::~MessageParser() = default;

std::optional<wire::Problem> MessageParser::read_head(std::string_view head, std::uint64_t body_bytes_max, Request& request) {
  auto& parser = reader_->parser.emplace(request);
  reader_->body_bytes_max = body_bytes_max;
  parser.header_limit(static_cast<std::uint32_t>(kHeadBytesMax));
  parser.body_limit(body_bytes_max);
  error_code error;
  const std::size_t consumed = parser.put(boost::asio::const_buffer(head.data(), head.size()), error);
  if (error && error != http::error::need_more) return problem_of(error, body_bytes_max);
  // The gate has found the end of the head. A parser that finds another one must not be trusted with the rest.
  if (!parser.is_header_done() || consumed != head.size()) {
    return wire::make_problem(wire::ProblemCode::kInvalidRequest, "the head of the request is ambiguous");
  }
  request.keep_alive = parser.keep_alive() && parser.is_current();
  parser.eager(true);
  return {};
}

MessageParser::Fed MessageParser::read_body(std::string_view bytes) {
  CRDTD_ASSERT(reader_->parser.has_value());
  Fed fed;
  while (!done() && fed.consumed < bytes.size()) {
    const auto rest = bytes.substr(fed.consumed);
    const bool maybe_last_chunk = reader_->parser->chunked() && (rest[0] == '0' || rest[0] == '\r');
    if (maybe_last_chunk && rest.size() < kChunkedBytesMin) break;
    error_code error;
    const std::size_t consumed = reader_->parser->put(boost::asio::const_buffer(rest.data(), rest.size()), error);
    fed.consumed += consumed;
    if (error == http::error::need_more || (!error && consumed == 0)) break;
    if (error) {
      fed.problem = problem_of(error, reader_->body_bytes_max);
      break;
    }
  }
  return fed;
}

bool MessageParser::done() const noexcept { return reader_->parser.has_value() && reader_->parser->is_done(); }

}  // namespace crdtd::net
