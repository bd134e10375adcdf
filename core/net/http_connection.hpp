// One client's connection: reads requests one after another, has each answered, writes the answers in order.
//
// What may wait is bounded: one head (16 KiB), one body (http.body_max), one answer. A pipelined request stays in the socket
// until the one before it is answered. Every phase but the handling has an absolute deadline, looked at by the server's tick.
// Threads: all state lives on the connection's loop; the public functions are [any].
// Lifetime: shared by what is under way for it: a read, a write or an exchange; it ends when none is left.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "net/exchange.hpp"
#include "net/io_loops.hpp"
#include "net/message_parser.hpp"
#include "net/net_options.hpp"

namespace crdtd::net {

using LoopExecutor = boost::asio::io_context::executor_type;
using ConnectionSocket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, LoopExecutor>;

class HttpConnection final : public Answerer, public std::enable_shared_from_this<HttpConnection> {
 public:
  // `socket` belongs to `loop`. `on_end`: called by the destructor, on whatever thread.
  HttpConnection(IoLoop& loop, ConnectionSocket socket, std::shared_ptr<ServerState> state, std::function<void()> on_end);
  ~HttpConnection() override;

  void start();
  void answer(Response&& response) override;
  // Ends the connection if the deadline of its phase has passed; cheap when it has not.
  void check_deadline(std::int64_t now_ns);
  // Ends after the request under way; at once if there is none, or with `force`.
  void stop(bool force);

 private:
  enum class Phase { kIdle, kHead, kBody, kHandling, kWriting, kDraining, kClosed };

  void enter(Phase phase, base::Duration wait_max);
  void read_more();
  void on_read(const boost::system::error_code& error, std::size_t size);
  void advance();
  void advance_head();
  void begin_body(std::size_t head_size);
  void advance_body();
  bool charge_body();
  void release_body();
  void handle_request();
  void refuse(const wire::Problem& problem);
  void begin_answer(Response&& response);
  void write();
  void write_more();
  void on_written();
  void on_deadline();
  void send_continue();
  void next_request();
  void drain();
  void close();
  void log_request();
  std::string_view buffered() const noexcept { return {in_.data() + in_begin_, in_end_ - in_begin_}; }

  IoLoop& loop_;
  ConnectionSocket socket_;
  const std::shared_ptr<ServerState> state_;
  const std::function<void()> on_end_;
  std::atomic<std::int64_t> deadline_ns_{0};  // monotonic; 0: none

  Phase phase_ = Phase::kIdle;
  bool reading_ = false;         // a read is under way
  bool stopping_ = false;        // no request after this one
  bool refused_ = false;         // before its end: the client may still be sending
  bool caller_checked_ = false;  // before a body that takes more than one read
  std::size_t charged_ = 0;      // of the budget for bodies
  MessageParser parser_;
  Request request_;
  std::string in_;  // its size is its capacity; bytes in_begin_ to in_end_ wait
  std::size_t in_begin_ = 0;
  std::size_t in_end_ = 0;
  std::size_t scanned_ = 0;  // of the waiting bytes, while looking for the end of a head
  Response response_;
  std::string head_;         // of the answer
  std::size_t written_ = 0;  // of head and body together
  std::size_t drained_ = 0;
  std::int64_t started_ns_ = 0;  // when the request was complete
};

}  // namespace crdtd::net
