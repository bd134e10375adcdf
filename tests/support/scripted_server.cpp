#include "scripted_server.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

namespace crdtd::testing {

ScriptedServer::ScriptedServer(std::vector<ScriptStep> script) : script_(std::move(script)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  stop_ = ::eventfd(0, EFD_CLOEXEC);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, raw, size) != 0 || ::listen(listener_, 16) != 0 || ::getsockname(listener_, raw, &size) != 0) {
    throw std::runtime_error("no port for a scripted server");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

ScriptedServer::~ScriptedServer() {
  ::eventfd_write(stop_, 1);
  thread_.join();
  ::close(listener_);
  ::close(stop_);
}

std::vector<std::string> ScriptedServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::uint32_t ScriptedServer::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_;
}

namespace {

bool readable(int socket, int stop) {
  pollfd both[2] = {{socket, POLLIN, 0}, {stop, POLLIN, 0}};
  return ::poll(both, 2, -1) > 0 && both[1].revents == 0;
}

}  // namespace

void ScriptedServer::serve() {
  std::size_t step = 0;
  while (readable(listener_, stop_)) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) continue;
    {
      const std::lock_guard lock(mutex_);
      ++connections_;
    }
    while (play(socket, step)) continue;
    ::close(socket);
  }
}

// Whether the connection stays.
bool ScriptedServer::play(int socket, std::size_t& step) {
  std::string request;
  if (step == script_.size() || !read_request(socket, request)) return false;
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(std::move(request));
  }
  const ScriptStep& now = script_[step++];
  for (std::string_view rest = now.bytes; !rest.empty();) {
    const auto sent = ::send(socket, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
  if (now.then == ScriptStep::Then::kReset) {
    const linger at_once{1, 0};
    ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  if (now.then == ScriptStep::Then::kHold) {
    char byte = 0;
    while (readable(socket, stop_) && ::recv(socket, &byte, 1, 0) > 0) continue;
  }
  return now.then == ScriptStep::Then::kStay;
}

bool ScriptedServer::read_request(int socket, std::string& request) {
  std::size_t wanted = std::string::npos;
  while (request.size() < wanted) {
    char bytes[4096];
    if (!readable(socket, stop_)) return false;
    const auto got = ::recv(socket, bytes, sizeof bytes, 0);
    if (got <= 0) return false;
    request.append(bytes, static_cast<std::size_t>(got));
    const auto head_end = request.find("\r\n\r\n");
    if (wanted != std::string::npos || head_end == std::string::npos) continue;
    const auto length = request.find("Content-Length: ");
    wanted = head_end + 4 + (length < head_end ? static_cast<std::size_t>(std::atol(request.c_str() + length + 16)) : 0);
  }
  return true;
}

std::string scripted_reply(int status, std::string_view content_type, std::string_view body, std::string_view fields) {
  std::string out = "HTTP/1.1 " + std::to_string(status) + " Something\r\nContent-Type: ";
  out.append(content_type).append("\r\nContent-Length: ").append(std::to_string(body.size())).append("\r\n");
  return out.append(fields).append("\r\n").append(body);
}

std::string scripted_json(std::string_view body, std::string_view fields) {
  return scripted_reply(200, "application/json", body, fields);
}

}  // namespace crdtd::testing
