#include "http_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace crdtd::testing {

HttpClient::~HttpClient() { close(); }

void HttpClient::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
  buffer_.clear();
}

bool HttpClient::connect() {
  if (socket_ >= 0) return true;
  const auto colon = address_.rfind(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(std::atoi(address_.c_str() + colon + 1)));
  if (::inet_pton(AF_INET, address_.substr(0, colon).c_str(), &to.sin_addr) != 1) return false;
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{timeout_milliseconds_ / 1000, (timeout_milliseconds_ % 1000) * 1000};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) return true;
  close();
  return false;
}

bool HttpClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool HttpClient::receive() {
  char bytes[16384];
  const auto got = ::recv(socket_, bytes, sizeof bytes, 0);
  if (got <= 0) return false;
  buffer_.append(bytes, static_cast<std::size_t>(got));
  return true;
}

std::optional<HttpReply> HttpClient::read_reply(bool without_body) {
  std::size_t head_end = 0;
  while ((head_end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!receive()) return close(), std::nullopt;
  }
  HttpReply reply;
  reply.status = std::atoi(buffer_.c_str() + buffer_.find(' '));
  for (std::size_t at = buffer_.find("\r\n") + 2; at < head_end + 2;) {
    const auto end = buffer_.find("\r\n", at);
    const auto line = buffer_.substr(at, end - at);
    const auto colon = line.find(':');
    std::string name = line.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    const auto value = line.find_first_not_of(' ', colon + 1);
    reply.headers[name] = value == std::string::npos ? "" : line.substr(value);
    at = end + 2;
  }
  buffer_.erase(0, head_end + 4);
  const auto length = reply.headers.find("content-length");
  const std::size_t size =
      without_body || length == reply.headers.end() ? 0 : static_cast<std::size_t>(std::atoll(length->second.c_str()));
  while (buffer_.size() < size) {
    if (!receive()) return close(), std::nullopt;
  }
  reply.body = buffer_.substr(0, size);
  buffer_.erase(0, size);
  if (const auto connection = reply.headers.find("connection");
      connection != reply.headers.end() && connection->second == "close") {
    close();
  }
  return reply;
}

std::optional<HttpReply> HttpClient::request(std::string_view method, std::string_view target, const Headers& headers,
                                             std::string_view body) {
  std::string bytes;
  bytes.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: ").append(address_).append("\r\n");
  for (const auto& [name, value] : headers) bytes.append(name).append(": ").append(value).append("\r\n");
  if (!body.empty() || method == "PUT" || method == "POST") {
    bytes.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  }
  bytes.append("\r\n").append(body);
  if (!connect()) return std::nullopt;
  if (!send(bytes)) return close(), std::nullopt;
  return read_reply(method == "HEAD");
}

std::optional<HttpReply> HttpClient::raw(std::string_view bytes) {
  if (!connect()) return std::nullopt;
  if (!send(bytes)) return close(), std::nullopt;
  return read_reply(false);
}

}  // namespace crdtd::testing
