#include "http_load.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "process_usage.hpp"

namespace crdtd::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kSilenceMilliseconds = 10'000;
constexpr std::size_t kReplyBytesMax = 8192;
constexpr std::size_t kShownBytes = 400;

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }
[[noreturn]] void fail_errno(const std::string& what) { fail(what + ": " + std::strerror(errno)); }

int connect_to(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) fail_errno("socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(socket);
    fail_errno("connect to port " + std::to_string(port));
  }
  return socket;
}

// The value of Content-Length in a reply's head; replies of both servers have one.
std::size_t content_length(std::string_view head) {
  constexpr std::string_view kName = "\r\ncontent-length:";
  for (std::size_t at = head.find('\r'); at + kName.size() < head.size(); at = head.find('\r', at + 1)) {
    if (::strncasecmp(head.data() + at, kName.data(), kName.size()) != 0) continue;
    std::size_t length = 0;
    for (std::size_t i = at + kName.size(); i < head.size() && head[i] != '\r'; ++i) {
      if (head[i] != ' ') length = length * 10 + static_cast<std::size_t>(head[i] - '0');
    }
    return length;
  }
  fail("a reply without Content-Length:\n" + std::string(head.substr(0, kShownBytes)));
}

}  // namespace

struct HttpLoad::Connection {
  int socket = -1;
  RequestBytes request;
  Clock::time_point sent_at;
  std::size_t received = 0;
  std::array<char, kReplyBytesMax> reply;
};

HttpLoad::HttpLoad(std::uint16_t port, std::vector<RequestBytes> requests, Numbers numbers)
    : numbers_(numbers), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_ < 0) fail_errno("epoll_create1");
  for (RequestBytes& request : requests) {
    auto connection = std::make_unique<Connection>();
    connection->request = std::move(request);
    connection->socket = connect_to(port);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = connection.get();
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection->socket, &event) != 0) fail_errno("epoll_ctl");
    connections_.push_back(std::move(connection));
  }
}

HttpLoad::~HttpLoad() {
  for (const auto& connection : connections_) ::close(connection->socket);
  ::close(epoll_);
}

LoadResult HttpLoad::run(Until until) {
  result_ = {};
  left_to_send_ = until.requests;
  outstanding_ = 0;
  const double cpu_before = thread_cpu_seconds();
  const auto start = now_ = Clock::now();
  end_ = start + until.time;
  for (const auto& connection : connections_) {
    if (left_to_send_ != 0) send(*connection);
  }
  std::array<epoll_event, 64> events;
  while (outstanding_ != 0) {
    const int ready = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), kSilenceMilliseconds);
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) fail_errno("epoll_wait");
    if (ready == 0) fail("no reply for " + std::to_string(kSilenceMilliseconds) + " ms");
    for (int i = 0; i < ready; ++i) receive(*static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr));
  }
  result_.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  result_.client_cpu_seconds = thread_cpu_seconds() - cpu_before;
  return std::move(result_);
}

void HttpLoad::send(Connection& connection) {
  std::string& bytes = connection.request.bytes;
  std::uint64_t number = numbers_.take();
  for (std::size_t i = RequestBytes::kDigits; i-- > 0; number /= 10) {
    bytes[connection.request.number_at + i] = static_cast<char>('0' + number % 10);
  }
  const auto sent = ::send(connection.socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent < 0) fail_errno("send");
  if (static_cast<std::size_t>(sent) != bytes.size()) fail("a request does not fit the socket's buffer");
  connection.sent_at = now_;
  ++outstanding_;
  --left_to_send_;
}

void HttpLoad::receive(Connection& connection) {
  const auto got = ::recv(connection.socket, connection.reply.data() + connection.received,
                          connection.reply.size() - connection.received, MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got < 0) fail_errno("recv");
  if (got == 0) fail("the server closed a connection, or a reply is longer than " + std::to_string(kReplyBytesMax) + " bytes");
  connection.received += static_cast<std::size_t>(got);
  if (!has_reply(connection)) return;
  connection.received = 0;
  --outstanding_;
  ++result_.replies;
  now_ = Clock::now();
  const auto waited = std::chrono::duration_cast<std::chrono::microseconds>(now_ - connection.sent_at).count();
  result_.latencies_us.push_back(static_cast<std::uint32_t>(waited));
  if (left_to_send_ != 0 && now_ < end_) send(connection);
}

// Whether the one reply that is outstanding has come whole.
bool HttpLoad::has_reply(Connection& connection) const {
  const std::string_view received(connection.reply.data(), connection.received);
  const std::size_t head_end = received.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return false;
  if (!received.starts_with("HTTP/1.1 200 ")) {
    fail("a reply that is not 200:\n" + std::string(received.substr(0, kShownBytes)));
  }
  const std::size_t length = head_end + 4 + content_length(received.substr(0, head_end + 2));
  if (received.size() > length) fail("more than one reply to one request");
  return received.size() == length;
}

}  // namespace crdtd::bench
