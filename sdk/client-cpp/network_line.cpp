// Lines over TCP and TLS: the one place of the client that knows Asio, Beast and OpenSSL.
//
// A line has an io_context of its own, which runs only within exchange(), on the calling thread: each step starts one
// asynchronous operation and runs it until it is done or its time is over; then the socket is closed, which ends the operation.
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <charconv>

#include "seams.hpp"

namespace crdtd::client {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using TlsStream = asio::ssl::stream<tcp::socket>;
using Parser = http::response_parser<http::string_body>;

constexpr std::uint32_t kHeaderBytesMax = 64 * 1024;
constexpr std::size_t kReadBytes = 64 * 1024;
constexpr int kInterimMax = 8;  // 1xx answers before the real one

struct Endpoint {
  Url url;
  std::uint64_t reply_bytes_max = 0;
  std::shared_ptr<asio::ssl::context> tls;  // with https
};

// Beast's own limits and syntax errors; what is left is the connection's fault.
bool is_syntax(const error_code& error) {
  return error.category() == make_error_code(http::error::bad_version).category() && error != http::error::end_of_stream &&
         error != http::error::partial_message;
}

bool is_end(const error_code& error) { return error == asio::error::eof || error == asio::ssl::error::stream_truncated; }

class NetworkLine final : public Line {
 public:
  explicit NetworkLine(std::shared_ptr<const Endpoint> endpoint) : endpoint_(std::move(endpoint)), resolver_(io_) {}

  bool is_open() const noexcept override { return open_; }

  LineResult exchange(const HttpRequest& request, const LineTimes& times) override {
    failure_ = {};
    HttpAnswer answer;
    const auto last = Clock::now() + times.whole;
    if ((open_ || connect(times.connect)) && talk(request, std::min(Clock::now() + times.exchange, last), answer)) {
      if (!keep_alive_) close();
      return answer;
    }
    close();
    return failure_;
  }

 private:
  // Runs what was started until `done` is set or the time is over.
  bool run(const bool& done) {
    io_.restart();
    io_.run_until(end_);
    if (done) return true;
    error_code ignored;
    resolver_.cancel();
    socket().close(ignored);
    io_.restart();
    io_.run();
    return false;
  }

  bool fail(Cause cause, std::string detail, bool worth_retrying = true) {
    failure_.cause = cause;
    failure_.detail = std::move(detail);
    failure_.worth_retrying = worth_retrying;
    return false;
  }

  tcp::socket& socket() { return tls_ ? tls_->next_layer() : *plain_; }

  void close() {
    open_ = false;
    tls_.reset();
    plain_.reset();
    held_.clear();
  }

  bool connect(Milliseconds time) {
    close();
    end_ = Clock::now() + time;
    if (endpoint_->tls) {
      tls_.emplace(io_, *endpoint_->tls);
    } else {
      plain_.emplace(io_);
    }
    error_code error;
    std::vector<tcp::endpoint> places;
    const auto address = asio::ip::make_address(endpoint_->url.host, error);
    if (!error) {
      places.emplace_back(address, endpoint_->url.port);
    } else if (!resolve(places)) {
      return false;
    }
    bool done = false;
    asio::async_connect(socket(), places, [&](const error_code& result, const tcp::endpoint&) {
      error = result;
      done = true;
    });
    if (!run(done)) return fail(Cause::kTimeout, "while connecting");
    if (error) return fail(Cause::kRefused, error.message());
    socket().set_option(tcp::no_delay(true), error);
    open_ = !tls_ || agree_on_tls();
    return open_;
  }

  bool resolve(std::vector<tcp::endpoint>& places) {
    bool done = false;
    error_code error;
    resolver_.async_resolve(endpoint_->url.host, std::to_string(endpoint_->url.port), tcp::resolver::numeric_service,
                            [&](const error_code& result, const tcp::resolver::results_type& found) {
                              error = result;
                              for (const auto& entry : found) places.push_back(entry.endpoint());
                              done = true;
                            });
    if (!run(done)) return fail(Cause::kTimeout, "while looking up the host's name");
    if (!error && !places.empty()) return true;
    return fail(Cause::kResolve, error.message(), error == asio::error::host_not_found_try_again);
  }

  bool agree_on_tls() {
    const auto& host = endpoint_->url.host;
    error_code error;
    auto* wanted = SSL_get0_param(tls_->native_handle());
    if (asio::ip::make_address(host, error); !error) {
      X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str());
    } else {
      SSL_set_tlsext_host_name(tls_->native_handle(), host.c_str());
      X509_VERIFY_PARAM_set1_host(wanted, host.data(), host.size());
    }
    bool done = false;
    tls_->async_handshake(asio::ssl::stream_base::client, [&](const error_code& result) {
      error = result;
      done = true;
    });
    if (!run(done)) return fail(Cause::kTimeout, "while agreeing on TLS");
    if (!error) return true;
    const long verdict = SSL_get_verify_result(tls_->native_handle());
    if (verdict != X509_V_OK) {
      return fail(Cause::kTls, std::string("the certificate is refused: ") + X509_verify_cert_error_string(verdict), false);
    }
    if (error.category() == asio::error::get_ssl_category()) return fail(Cause::kTls, error.message(), false);
    return fail(Cause::kBroken, is_end(error) ? "it was closed while agreeing on TLS" : error.message());
  }

  // --- one request and its reply ---

  std::string head_of(const HttpRequest& request) const {
    std::string head;
    head.append(request.method).append(" ").append(request.target).append(" HTTP/1.1\r\n");
    for (const auto& [name, value] : request.fields) head.append(name).append(": ").append(value).append("\r\n");
    if (request.has_body) head.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
    return head.append("\r\n");
  }

  bool talk(const HttpRequest& request, Clock::time_point end, HttpAnswer& answer) {
    end_ = end;
    const std::string head = head_of(request);
    const std::array<asio::const_buffer, 2> parts{asio::buffer(head), asio::buffer(request.body)};
    bool done = false;
    error_code error;
    const auto sent = [&](const error_code& result, std::size_t) {
      error = result;
      done = true;
    };
    failure_.sent = true;
    if (tls_) {
      asio::async_write(*tls_, parts, sent);
    } else {
      asio::async_write(*plain_, parts, sent);
    }
    if (!run(done)) return fail(Cause::kTimeout, "while sending");
    // Who refuses a request early may answer and close before all of it is sent: look for that answer.
    if (error) {
      const std::string why = error.message();
      return read(answer) || (failure_.cause == Cause::kBroken && fail(Cause::kBroken, why));
    }
    return read(answer);
  }

  bool read(HttpAnswer& answer) {
    for (int interim = 0; interim <= kInterimMax; ++interim) {
      Parser parser;
      parser.header_limit(kHeaderBytesMax);
      parser.body_limit(endpoint_->reply_bytes_max);
      parser.eager(true);
      if (!read_message(parser)) return false;
      if (parser.get().result_int() / 100 == 1) continue;
      take(parser, answer);
      return true;
    }
    return fail(Cause::kMalformed, "it goes on announcing a reply", false);
  }

  bool read_message(Parser& parser) {
    error_code error;
    while (!parser.is_done()) {
      if (!held_.empty()) {
        const std::size_t used = parser.put(asio::buffer(held_), error);
        held_.erase(0, used);
        if (error && error != http::error::need_more) return judge(error);
        if (parser.is_done()) break;
        if (!error && used > 0 && !held_.empty()) continue;
      }
      if (held_.size() > kHeaderBytesMax) return fail(Cause::kMalformed, "the header is too long", false);
      if (!receive(error)) return false;
      if (is_end(error) && parser.got_some()) {
        parser.put_eof(error);  // a body without a length ends with its connection
        if (error) return fail(Cause::kBroken, "it was closed within the reply");
        break;
      }
      if (error) return fail(Cause::kBroken, is_end(error) ? "it was closed before the reply" : error.message());
    }
    return true;
  }

  bool judge(const error_code& error) {
    if (error == http::error::body_limit || error == http::error::buffer_overflow)
      return fail(Cause::kTooLarge, error.message(), false);
    if (is_syntax(error)) return fail(Cause::kMalformed, error.message(), false);
    return fail(Cause::kBroken, error.message());
  }

  // Appends what comes next. False when nothing came in time.
  bool receive(error_code& error) {
    const std::size_t before = held_.size();
    held_.resize(before + kReadBytes);
    std::size_t got = 0;
    bool done = false;
    const auto came = [&](const error_code& result, std::size_t size) {
      error = result;
      got = size;
      done = true;
    };
    const auto room = asio::buffer(held_.data() + before, kReadBytes);
    if (tls_) {
      tls_->async_read_some(room, came);
    } else {
      plain_->async_read_some(room, came);
    }
    const bool in_time = run(done);
    held_.resize(before + got);
    if (got > 0) failure_.reply_begun = true;
    if (!in_time) return fail(Cause::kTimeout, failure_.reply_begun ? "within the reply" : "while waiting for the reply");
    return true;
  }

  void take(Parser& parser, HttpAnswer& answer) {
    auto& message = parser.get();
    answer.status = static_cast<std::uint16_t>(message.result_int());
    answer.content_type = std::string(message[http::field::content_type]);
    answer.etag = std::string(message[http::field::etag]);
    answer.location = std::string(message[http::field::location]);
    answer.replayed = message["Idempotency-Replayed"] == "true";
    const auto later = message[http::field::retry_after];
    std::uint32_t seconds = 0;
    const auto parsed = std::from_chars(later.data(), later.data() + later.size(), seconds);
    if (!later.empty() && parsed.ec == std::errc{} && parsed.ptr == later.data() + later.size()) {
      answer.retry_after = std::chrono::seconds(seconds);
    }
    // What follows a reply that nobody asked for is nobody's: such a line is not used again.
    keep_alive_ = message.keep_alive() && held_.empty();
    answer.body = std::move(message.body());
  }

  const std::shared_ptr<const Endpoint> endpoint_;
  asio::io_context io_{1};
  tcp::resolver resolver_;
  std::optional<tcp::socket> plain_;  // one of the two while connected
  std::optional<TlsStream> tls_;
  Clock::time_point end_;
  std::string held_;  // received, not yet read
  bool open_ = false;
  bool keep_alive_ = false;
  LineFailure failure_;
};

}  // namespace

Result<LineMaker> make_network_lines(const Url& url, const Options& options) {
  auto endpoint = std::make_shared<Endpoint>();
  endpoint->url = url;
  endpoint->reply_bytes_max = options.reply_bytes_max;
  if (url.tls) {
    endpoint->tls = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
    SSL_CTX_set_min_proto_version(endpoint->tls->native_handle(), TLS1_2_VERSION);
    endpoint->tls->set_verify_mode(asio::ssl::verify_peer);
    error_code error;
    if (options.tls_authorities_file.empty()) {
      endpoint->tls->set_default_verify_paths(error);
    } else {
      endpoint->tls->load_verify_file(options.tls_authorities_file, error);
    }
    if (error) {
      Failure failure;
      failure.message = "the trusted authorities cannot be read";
      if (!options.tls_authorities_file.empty()) failure.message.append(" from ").append(options.tls_authorities_file);
      failure.message.append(": ").append(error.message());
      return failure;
    }
  }
  std::shared_ptr<const Endpoint> shared = std::move(endpoint);
  return LineMaker([shared] { return std::make_unique<NetworkLine>(shared); });
}

}  // namespace crdtd::client
