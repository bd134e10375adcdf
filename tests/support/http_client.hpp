// A plain blocking HTTP/1.1 client for tests: one keep-alive connection to a server on this machine, nothing clever.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace crdtd::testing {

struct HttpReply {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

using Headers = std::vector<std::pair<std::string, std::string>>;

class HttpClient {
 public:
  // `address`: "127.0.0.1:8080".
  explicit HttpClient(std::string address, int timeout_milliseconds = 10'000)
      : address_(std::move(address)), timeout_milliseconds_(timeout_milliseconds) {}
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // None when the connection broke, or nothing came in time: the outcome of the request is then not known.
  std::optional<HttpReply> request(std::string_view method, std::string_view target, const Headers& headers = {},
                                   std::string_view body = {});
  // Bytes as they are, then one reply.
  std::optional<HttpReply> raw(std::string_view bytes);
  void close();

 private:
  bool connect();
  bool send(std::string_view bytes);
  bool receive();
  std::optional<HttpReply> read_reply(bool without_body);

  std::string address_;
  int timeout_milliseconds_;
  int socket_ = -1;
  std::string buffer_;
};

}  // namespace crdtd::testing
