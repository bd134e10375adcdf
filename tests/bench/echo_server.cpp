// The least that an HTTP server on Boost.Beast does: reads a request, answers 200 with the request's body. The peer of crdtd's
// figures: what HTTP itself costs on this machine. One io_context, run by as many threads as crdtd runs (one a processor), and a
// strand for each connection, as Beast's own examples do it. Prints `listening on 127.0.0.1:PORT`; SIGTERM ends it.
#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <iostream>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

class EchoSession : public std::enable_shared_from_this<EchoSession> {
 public:
  explicit EchoSession(tcp::socket socket) : stream_(std::move(socket)) {}

  void read() {
    request_ = {};
    http::async_read(stream_, buffer_, request_, [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (!error) self->write();
    });
  }

 private:
  void write() {
    reply_ = {http::status::ok, request_.version()};
    reply_.set(http::field::content_type, "application/json");
    reply_.keep_alive(request_.keep_alive());
    reply_.body() = std::move(request_.body());
    reply_.prepare_payload();
    http::async_write(stream_, reply_, [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (!error) self->read();
    });
  }

  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  http::request<http::string_body> request_;
  http::response<http::string_body> reply_;
};

void accept(asio::io_context& io, tcp::acceptor& acceptor) {
  acceptor.async_accept(asio::make_strand(io), [&io, &acceptor](beast::error_code error, tcp::socket socket) {
    if (error) return;
    socket.set_option(tcp::no_delay(true));
    std::make_shared<EchoSession>(std::move(socket))->read();
    accept(io, acceptor);
  });
}

}  // namespace

int main() try {
  const unsigned threads = std::max(1u, std::thread::hardware_concurrency());
  asio::io_context io(static_cast<int>(threads));
  tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
  asio::signal_set signals(io, SIGTERM, SIGINT);
  signals.async_wait([&io](beast::error_code, int) { io.stop(); });
  accept(io, acceptor);
  std::cout << "listening on 127.0.0.1:" << acceptor.local_endpoint().port() << std::endl;
  std::vector<std::jthread> workers;
  for (unsigned i = 1; i < threads; ++i) workers.emplace_back([&io] { io.run(); });
  io.run();
  return 0;
} catch (const std::exception& error) {
  std::cerr << "bench_echo_server: " << error.what() << '\n';
  return 1;
}
