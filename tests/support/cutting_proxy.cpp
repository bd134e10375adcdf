#include "cutting_proxy.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

namespace crdtd::testing {
namespace {

int connect_to(const std::string& target) {
  const auto colon = target.rfind(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(std::atoi(target.c_str() + colon + 1)));
  ::inet_pton(AF_INET, target.substr(0, colon).c_str(), &to.sin_addr);
  const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(made, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) return made;
  ::close(made);
  return -1;
}

bool send_all(int to, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace

CuttingProxy::CuttingProxy(std::string target) : target_(std::move(target)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  stop_ = ::eventfd(0, EFD_CLOEXEC);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, raw, size) != 0 || ::listen(listener_, 64) != 0 || ::getsockname(listener_, raw, &size) != 0) {
    throw std::runtime_error("no port for a proxy");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

CuttingProxy::~CuttingProxy() {
  ::eventfd_write(stop_, 1);
  thread_.join();
  for (auto& relay : relays_) relay.join();
  ::close(listener_);
  ::close(stop_);
}

void CuttingProxy::set_target(std::string target) {
  const std::lock_guard lock(mutex_);
  target_ = std::move(target);
}

void CuttingProxy::cut(std::uint32_t count, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  to_cut_ = count;
  cut_bytes_ = bytes;
}

void CuttingProxy::serve() {
  while (true) {
    pollfd both[2] = {{listener_, POLLIN, 0}, {stop_, POLLIN, 0}};
    if (::poll(both, 2, -1) > 0 && both[1].revents != 0) return;
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client >= 0) relays_.emplace_back([this, client] { relay(client); });
  }
}

void CuttingProxy::relay(int client) {
  int server = -1;
  std::string target;
  while (exchange(client, server, target)) continue;
  ::close(client);
  if (server >= 0) ::close(server);
}

// Whether the connection stays.
bool CuttingProxy::exchange(int client, int& server, std::string& target) {
  std::string message;
  if (!read_message(client, message)) return false;
  std::string now;
  {
    const std::lock_guard lock(mutex_);
    now = target_;
  }
  if (server >= 0 && now != target) ::close(std::exchange(server, -1));
  target = now;
  if (server < 0) server = connect_to(target);
  if (server < 0 || !send_all(server, message) || !read_message(server, message)) return false;
  const std::lock_guard lock(mutex_);
  if (to_cut_ == 0) return send_all(client, message);
  --to_cut_;
  ++cut_count_;
  send_all(client, std::string_view(message).substr(0, cut_bytes_));
  return false;
}

// One message with its Content-Length; nothing follows it before it is answered.
bool CuttingProxy::read_message(int from, std::string& out) const {
  out.clear();
  std::size_t wanted = std::string::npos;
  while (out.size() < wanted) {
    pollfd both[2] = {{from, POLLIN, 0}, {stop_, POLLIN, 0}};
    if (::poll(both, 2, -1) <= 0 || both[1].revents != 0) return false;
    char bytes[16384];
    const auto got = ::recv(from, bytes, sizeof bytes, 0);
    if (got <= 0) return false;
    out.append(bytes, static_cast<std::size_t>(got));
    const auto head_end = out.find("\r\n\r\n");
    if (wanted != std::string::npos || head_end == std::string::npos) continue;
    const auto length = out.find("Content-Length: ");
    wanted = head_end + 4 + (length < head_end ? static_cast<std::size_t>(std::atol(out.c_str() + length + 16)) : 0);
  }
  return true;
}

}  // namespace crdtd::testing
