#include "net/http_server.hpp"

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <vector>

#include "base/log.hpp"
#include "base/random.hpp"
#include "net/http_connection.hpp"

namespace crdtd::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::steady_clock;

constexpr int kBacklog = 1024;

// Deadlines are met within a quarter of the shortest, at most a quarter of a second late.
steady_clock::duration tick_period(const settings::Http& http) {
  using namespace std::chrono_literals;
  const auto shortest = std::min({http.header_timeout, http.body_timeout, http.idle_timeout, http.shutdown_timeout});
  return std::clamp<steady_clock::duration>(std::chrono::duration_cast<steady_clock::duration>(shortest / 4), 5ms, 250ms);
}

}  // namespace

// Everything but the connections themselves lives on the first loop.
struct HttpServer::Impl : std::enable_shared_from_this<HttpServer::Impl> {
  Impl(IoLoops& all, document::DocumentHub& hub, NetOptions options)
      : loops(all),
        loop(all.first()),
        acceptor(loop.io().get_executor()),
        ticker(loop.io().get_executor()),
        state(std::make_shared<ServerState>(hub, std::move(options))) {
    state->request_id_seed = base::SystemRandom().next_u64();
  }

  IoLoops& loops;
  IoLoop& loop;
  asio::basic_socket_acceptor<tcp, LoopExecutor> acceptor;
  asio::basic_waitable_timer<steady_clock, asio::wait_traits<steady_clock>, LoopExecutor> ticker;
  const std::shared_ptr<ServerState> state;
  std::vector<std::weak_ptr<HttpConnection>> connections;
  bool accepting = false;  // an accept is under way
  bool full_logged = false;
  base::Task done;
  steady_clock::time_point force_at{};

  error_code open(const tcp::endpoint& endpoint, bool dual) {
    error_code error;
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error && endpoint.address().is_v6()) acceptor.set_option(asio::ip::v6_only(!dual), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(kBacklog, error);
    if (error) {
      error_code ignored;
      acceptor.close(ignored);
    }
    return error;
  }

  // All interfaces: one socket for both address families, or IPv4 alone where there is no IPv6.
  error_code open_all(std::uint16_t port) {
    const error_code error = open({tcp::v6(), port}, true);
    return error == asio::error::address_family_not_supported ? open({tcp::v4(), port}, false) : error;
  }

  bool may_accept() const {
    return acceptor.is_open() && !accepting &&
           state->connection_count.load() < static_cast<std::int64_t>(state->options.http.connections_max);
  }

  void accept() {
    if (!may_accept()) {
      if (acceptor.is_open() && !accepting && !std::exchange(full_logged, true)) {
        base::log(base::LogLevel::kWarning, "http.connections_max reached, further clients wait",
                  {{"connections", state->connection_count.load()}});
      }
      return;
    }
    full_logged = false;
    accepting = true;
    auto& its_loop = loops.next();
    acceptor.async_accept(its_loop.io().get_executor(),
                          [self = shared_from_this(), &its_loop](const error_code& error, ConnectionSocket socket) {
                            self->accepting = false;
                            if (error == asio::error::operation_aborted || self->state->stopping) return;
                            // Out of descriptors or memory: the next tick tries again, when others may have left.
                            if (error && error != asio::error::connection_aborted) {
                              base::log(base::LogLevel::kWarning, "accept failed", {{"reason", error.message()}});
                              return;
                            }
                            if (!error) self->add(its_loop, std::move(socket));
                            self->accept();
                          });
  }

  void add(IoLoop& its_loop, ConnectionSocket socket) {
    state->connection_count += 1;
    auto on_end = [shared = state, weak = weak_from_this()] {
      shared->connection_count -= 1;
      if (const auto self = weak.lock()) self->loop.post([self] { self->on_connection_end(); });
    };
    auto connection = std::make_shared<HttpConnection>(its_loop, std::move(socket), state, std::move(on_end));
    connections.push_back(connection);
    connection->start();
  }

  void on_connection_end() {
    if (!state->stopping) return accept();
    if (state->connection_count == 0 && done) {
      ticker.cancel();
      std::exchange(done, {})();
    }
  }

  void tick() {
    ticker.expires_after(tick_period(state->options.http));
    ticker.async_wait([weak = weak_from_this()](const error_code& error) {
      const auto self = weak.lock();
      if (error || !self) return;
      const auto now = steady_clock::now();
      const std::int64_t now_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count();
      const bool force = self->state->stopping && now >= self->force_at;
      std::erase_if(self->connections, [&](const std::weak_ptr<HttpConnection>& entry) {
        const auto connection = entry.lock();
        if (!connection) return true;
        force ? connection->stop(true) : connection->check_deadline(now_ns);
        return false;
      });
      if (!self->state->stopping) self->accept();
      self->tick();
    });
  }

  void stop(base::Task when_done) {
    if (state->stopping.exchange(true)) return;
    done = std::move(when_done);
    force_at = steady_clock::now() + std::chrono::duration_cast<steady_clock::duration>(state->options.http.shutdown_timeout);
    error_code ignored;
    acceptor.close(ignored);
    for (const auto& entry : connections) {
      if (const auto connection = entry.lock()) connection->stop(false);
    }
    on_connection_end();
  }
};

HttpServer::HttpServer(IoLoops& loops, document::DocumentHub& hub, NetOptions options)
    : impl_(std::make_shared<Impl>(loops, hub, std::move(options))) {}

HttpServer::~HttpServer() = default;

base::Result<settings::Address> HttpServer::start() {
  const auto& listen = impl_->state->options.listen;
  error_code error;
  if (listen.host.empty()) {
    error = impl_->open_all(listen.port);
  } else {
    const auto address = asio::ip::make_address(listen.host, error);
    if (!error) error = impl_->open({address, listen.port}, false);
  }
  settings::Address taken = listen;
  if (!error) taken.port = impl_->acceptor.local_endpoint(error).port();
  if (error) {
    std::string detail = "cannot listen on " + (listen.host.empty() ? std::string("all interfaces") : listen.host);
    detail.append(", port ").append(std::to_string(listen.port)).append(": ").append(error.message());
    return base::make_error(base::Code::kInvalidRequest, std::move(detail));
  }
  impl_->loop.post([self = impl_] {
    self->accept();
    self->tick();
  });
  return taken;
}

void HttpServer::stop(base::Task done) {
  impl_->loop.post([self = impl_, done = std::move(done)]() mutable { self->stop(std::move(done)); });
}

std::int64_t HttpServer::connection_count() const noexcept { return impl_->state->connection_count.load(); }

}  // namespace crdtd::net
