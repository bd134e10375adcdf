// The phases of a connection:
//   idle -> head -> body -> handling -> writing -> idle …, or at the end writing -> draining -> closed.
// A refusal of head or body goes straight to writing. Draining reads what such a client still sends, since closing a socket with
// unread bytes would reset the connection and could destroy the answer on its way.
#include "net/http_connection.hpp"

#include <array>
#include <boost/asio/write.hpp>
#include <chrono>
#include <cstring>
#include <ctime>
#include <exception>
#include <utility>

#include "base/ids.hpp"
#include "base/log.hpp"
#include "crdtd/wire/json_text.hpp"
#include "net/head_gate.hpp"
#include "net/router.hpp"

namespace crdtd::net {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using boost::system::error_code;

constexpr std::size_t kBufferBytesStart = 2 * 1024;
constexpr std::size_t kBufferBytesBody = 64 * 1024;  // while a body comes in
constexpr std::size_t kCopiedBodyBytes = 4 * 1024;
constexpr std::size_t kDrainBytesMax = 1024 * 1024;
constexpr base::Duration kDrainWait = 1s;
constexpr base::Duration kWriteWait = 30s;
constexpr std::size_t kPathBytesLogged = 256;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// Good to a few milliseconds, which is enough for deadlines and logs, and much cheaper than the exact time.
std::int64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

// Ids need to differ, not to be unguessable: a mixed counter.
void append_request_id(std::string& out, ServerState& state) {
  std::uint64_t x = state.request_id_seed + state.request_count.fetch_add(1, std::memory_order_relaxed) * 0x9E3779B97F4A7C15ULL;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  wire::append_hex16(out, x ^ (x >> 31));
}

}  // namespace

HttpConnection::HttpConnection(IoLoop& loop, ConnectionSocket socket, std::shared_ptr<ServerState> state,
                               std::function<void()> on_end)
    : loop_(loop), socket_(std::move(socket)), state_(std::move(state)), on_end_(std::move(on_end)) {}

HttpConnection::~HttpConnection() {
  release_body();
  on_end_();
}

void HttpConnection::start() {
  loop_.post([self = shared_from_this()] {
    error_code ignored;
    self->socket_.non_blocking(true, ignored);
    self->socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    // The first head is awaited no longer than any other: whoever connects has something to say.
    self->enter(Phase::kIdle, self->state_->options.http.header_timeout);
    self->read_more();
  });
}

void HttpConnection::enter(Phase phase, base::Duration wait_max) {
  phase_ = phase;
  deadline_ns_.store(wait_max.count() == 0 ? 0 : now_ns() + wait_max.count(), std::memory_order_relaxed);
}

void HttpConnection::read_more() {
  if (reading_) return;
  if (in_begin_ == in_end_) in_begin_ = in_end_ = 0;
  if (in_end_ == in_.size()) {
    if (in_begin_ > 0) {
      std::memmove(in_.data(), in_.data() + in_begin_, in_end_ - in_begin_);
      in_end_ -= in_begin_;
      in_begin_ = 0;
    } else {
      in_.resize(std::max(kBufferBytesStart, in_.size() * 2));  // bounded by the callers, who stop reading at their limit
    }
  }
  reading_ = true;
  socket_.async_read_some(asio::buffer(in_.data() + in_end_, in_.size() - in_end_),
                          [self = shared_from_this()](const error_code& error, std::size_t size) { self->on_read(error, size); });
}

void HttpConnection::on_read(const error_code& error, std::size_t size) {
  reading_ = false;
  if (phase_ == Phase::kDraining) {
    drained_ += size;
    in_begin_ = in_end_ = 0;
    return error || drained_ > kDrainBytesMax ? close() : read_more();
  }
  if (phase_ != Phase::kIdle && phase_ != Phase::kHead && phase_ != Phase::kBody) return;  // refused meanwhile, or closed
  if (error) return close();
  in_end_ += size;
  advance();
}

void HttpConnection::advance() {
  if (phase_ == Phase::kBody) return advance_body();
  if (phase_ == Phase::kIdle) enter(Phase::kHead, state_->options.http.header_timeout);
  advance_head();
}

void HttpConnection::advance_head() {
  const auto bytes = buffered();
  const auto end = find_head_end(bytes, scanned_);
  if (end.state == HeadEnd::State::kBroken) {
    return refuse(wire::make_problem(wire::ProblemCode::kInvalidRequest, "a line ends without carriage return"));
  }
  if (end.state == HeadEnd::State::kIncomplete) {
    scanned_ = bytes.size();
    const bool in_first_line = bytes.substr(0, kTargetBytesMax + 64).find('\n') == std::string_view::npos;
    if (in_first_line && bytes.size() >= kTargetBytesMax + 64) {
      return refuse(
          wire::make_problem(wire::ProblemCode::kUriTooLong, "the target has more than 2048 bytes", {}, kTargetBytesMax));
    }
    if (bytes.size() >= kHeadBytesMax) {
      return refuse(
          wire::make_problem(wire::ProblemCode::kHeadersTooLarge, "the headers have more than 16 KiB", {}, kHeadBytesMax));
    }
    return read_more();
  }
  if (auto refusal = gate_check(bytes.substr(0, end.size))) {
    return refuse(wire::make_problem(refusal->code, refusal->detail));
  }
  begin_body(end.size);
}

void HttpConnection::begin_body(std::size_t head_size) {
  request_.clear();
  const auto head = buffered().substr(0, head_size);
  if (auto problem = parser_.read_head(head, state_->options.http.body_max, request_)) return refuse(*problem);
  if (base::is_name(request_.field(Field::kRequestId))) {
    request_.id = request_.field(Field::kRequestId);
  } else {
    append_request_id(request_.id, *state_);
  }
  in_begin_ += head_size;
  scanned_ = 0;
  if (parser_.done()) return handle_request();
  enter(Phase::kBody, state_->options.http.body_timeout);
  caller_checked_ = false;
  advance_body();
}

void HttpConnection::send_continue() {
  asio::async_write(socket_, asio::buffer(kContinue), [self = shared_from_this()](const error_code& error, std::size_t) {
    if (self->phase_ != Phase::kBody) return;
    error ? self->close() : self->read_more();
  });
}

void HttpConnection::advance_body() {
  const auto fed = parser_.read_body(buffered());
  in_begin_ += fed.consumed;
  if (fed.problem) return refuse(*fed.problem);
  if (parser_.done()) return handle_request();
  if (in_end_ - in_begin_ >= kHeadBytesMax) {
    return refuse(
        wire::make_problem(wire::ProblemCode::kInvalidRequest, "the head of a chunk or the trailers have more than 16 KiB"));
  }
  if (!std::exchange(caller_checked_, true)) {
    if (auto problem = check_caller(*state_, request_)) return refuse(*problem);  // who may not call need not send it all
    if (request_.has(Field::kExpect) && request_.body.empty()) return send_continue();
  }
  if (!charge_body())
    return refuse(wire::make_problem(wire::ProblemCode::kOverloaded, "too many large requests arrive at the same time"));
  if (in_.size() < kBufferBytesBody && in_begin_ == in_end_) in_.resize(kBufferBytesBody);
  read_more();
}

// Bodies that take more than one read share a budget, so that many clients with large ones cannot fill the memory.
bool HttpConnection::charge_body() {
  const std::size_t held = request_.body.capacity();
  const std::size_t total = state_->body_bytes += held - charged_;  // wraps when it shrinks, as unsigned sums may
  charged_ = held;
  return total <= state_->body_bytes_max;
}

void HttpConnection::release_body() {
  if (charged_ == 0) return;
  request_.body = std::string();
  state_->body_bytes -= std::exchange(charged_, 0);
}

void HttpConnection::handle_request() {
  enter(Phase::kHandling, base::Duration::zero());
  started_ns_ = now_ns();
  try {
    route(*state_, Exchange(shared_from_this(), request_));
  } catch (const std::exception& error) {  // the exchange has answered while it was unwound
    base::log(base::LogLevel::kError, "a request handler failed",
              {{"id", request_.id}, {"reason", std::string_view(error.what())}});
  }
}

void HttpConnection::refuse(const wire::Problem& problem) {
  if (phase_ != Phase::kBody) request_.clear();  // what is left in it belongs to the request before
  if (request_.id.empty()) append_request_id(request_.id, *state_);
  started_ns_ = now_ns();
  stopping_ = refused_ = true;
  release_body();
  begin_answer(problem_response(problem, request_.id));
}

void HttpConnection::answer(Response&& response) {
  if (loop_.runs_here()) {
    if (phase_ == Phase::kHandling) begin_answer(std::move(response));
    return;
  }
  loop_.post([self = shared_from_this(), response = std::move(response)]() mutable {
    if (self->phase_ == Phase::kHandling) self->begin_answer(std::move(response));
  });
}

void HttpConnection::begin_answer(Response&& response) {
  response_ = std::move(response);
  response_.close = response_.close || stopping_ || !request_.keep_alive || state_->stopping.load(std::memory_order_relaxed);
  head_.clear();
  append_head(head_, request_, response_);
  if (request_.method == Method::kHead) response_.body.clear();
  written_ = 0;
  if (response_.body.size() <= kCopiedBodyBytes) {  // one buffer is cheaper to send than two
    head_ += response_.body;
    response_.body.clear();
  }
  enter(Phase::kWriting, kWriteWait);
  write();
}

// Most answers fit the socket's buffer: they are sent at once, without an operation to wait for.
void HttpConnection::write() {
  if (response_.body.empty()) {
    error_code error;
    written_ = socket_.write_some(asio::buffer(head_), error);
    if (error && error != asio::error::would_block) return close();
    if (written_ == head_.size()) return on_written();
  }
  write_more();
}

void HttpConnection::write_more() {
  const std::size_t from_head = std::min(written_, head_.size());
  const std::size_t from_body = written_ - from_head;
  const std::array<asio::const_buffer, 2> rest = {
      asio::buffer(head_.data() + from_head, head_.size() - from_head),
      asio::buffer(response_.body.data() + from_body, response_.body.size() - from_body)};
  socket_.async_write_some(rest, [self = shared_from_this()](const error_code& error, std::size_t size) {
    if (self->phase_ != Phase::kWriting) return;
    if (error) return self->close();
    self->written_ += size;
    self->written_ < self->head_.size() + self->response_.body.size() ? self->write_more() : self->on_written();
  });
}

void HttpConnection::on_written() {
  if (state_->options.http.access_log) log_request();
  const bool last = response_.close;
  response_ = {};
  last || stopping_ || state_->stopping.load(std::memory_order_relaxed) ? drain() : next_request();
}

void HttpConnection::next_request() {
  release_body();
  if (in_.size() > kHeadBytesMax && in_end_ - in_begin_ <= kBufferBytesStart) {  // an idle connection keeps little
    std::string smaller(kBufferBytesStart, '\0');
    std::memcpy(smaller.data(), in_.data() + in_begin_, in_end_ - in_begin_);
    in_ = std::move(smaller);
    in_end_ -= in_begin_;
    in_begin_ = 0;
    request_.clear();
  }
  if (in_begin_ < in_end_) {
    // Later: a client that sends many requests at once must neither keep others waiting nor fill the stack.
    enter(Phase::kHead, state_->options.http.header_timeout);
    return loop_.post([self = shared_from_this()] {
      if (self->phase_ == Phase::kHead) self->advance_head();
    });
  }
  enter(Phase::kIdle, state_->options.http.idle_timeout);
  read_more();
}

void HttpConnection::drain() {
  error_code error;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, error);
  const bool unread = refused_ || in_begin_ < in_end_ || (!error && socket_.available(error) > 0);
  if (error || !unread) return close();
  enter(Phase::kDraining, kDrainWait);
  in_begin_ = in_end_ = 0;
  read_more();
}

void HttpConnection::close() {
  enter(Phase::kClosed, base::Duration::zero());
  error_code ignored;
  socket_.close(ignored);
}

void HttpConnection::check_deadline(std::int64_t now) {
  const std::int64_t deadline = deadline_ns_.load(std::memory_order_relaxed);
  if (deadline == 0 || now < deadline) return;
  loop_.post([self = shared_from_this()] { self->on_deadline(); });
}

void HttpConnection::on_deadline() {
  const std::int64_t deadline = deadline_ns_.load(std::memory_order_relaxed);
  if (deadline == 0 || now_ns() < deadline) return;  // the phase changed on the way here
  if (phase_ != Phase::kHead && phase_ != Phase::kBody) return close();
  const char* detail = phase_ == Phase::kHead ? "the headers did not arrive in time" : "the body did not arrive in time";
  refuse(wire::make_problem(wire::ProblemCode::kRequestTimeout, detail));
}

void HttpConnection::stop(bool force) {
  loop_.post([self = shared_from_this(), force] {
    self->stopping_ = true;
    if (force || self->phase_ == Phase::kIdle) self->close();
  });
}

void HttpConnection::log_request() {
  if (!base::log_enabled(base::LogLevel::kInfo)) return;
  base::log(base::LogLevel::kInfo, "request",
            {{"id", request_.id},
             {"method", request_.method_text},
             {"path", request_.path().substr(0, kPathBytesLogged)},
             {"tenant", request_.field(Field::kTenant)},
             {"doc", request_.doc_id},
             {"status", std::uint64_t{response_.status}},
             {"ms", static_cast<double>(now_ns() - started_ns_) / 1e6}});
}

}  // namespace crdtd::net
