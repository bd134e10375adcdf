// A server on port 0 with a fake engine, and a client that sends raw bytes and reads answers.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "net/http_server.hpp"
#include "net/io_loops.hpp"

namespace crdtd::net {

// Answers what the test puts into its functions; records what it was asked. Answers come from a lane, as the engine's do.
class FakeHub final : public document::DocumentHub {
 public:
  explicit FakeHub(IoLoops& loops) : lane_(loops.make_lane()) {}

  std::function<base::Result<document::WriteReply>(const document::WriteRequest&)> on_write = [](const auto& request) {
    document::WriteReply reply;
    reply.version = reply.applied = 1;
    reply.cursor = "AQ-1";
    if (request.want_value) reply.value_json = request.ops_json;
    return reply;
  };
  std::function<base::Result<document::ReadReply>(const document::ReadRequest&)> on_read;
  std::function<base::Result<document::RowsReply>(const document::RowsRequest&)> on_rows;
  std::function<base::Result<document::ListReply>(const document::ListRequest&)> on_list;
  std::function<base::Result<document::Nothing>(const document::EraseRequest&)> on_erase;
  bool hold = false;  // keep write callbacks instead of answering

  void write(document::WriteRequest request, document::Done<document::WriteReply> done) override {
    const std::lock_guard lock(mutex_);
    writes_.push_back(request);
    if (hold) {
      held_.push_back(std::move(done));
      return;
    }
    answer(on_write, std::move(request), std::move(done));
  }
  void read(document::ReadRequest request, document::Done<document::ReadReply> done) override {
    answer(on_read, std::move(request), std::move(done));
  }
  void rows(document::RowsRequest request, document::Done<document::RowsReply> done) override {
    answer(on_rows, std::move(request), std::move(done));
  }
  void erase(document::EraseRequest request, document::Done<document::Nothing> done) override {
    answer(on_erase, std::move(request), std::move(done));
  }
  void list(document::ListRequest request, document::Done<document::ListReply> done) override {
    answer(on_list, std::move(request), std::move(done));
  }

  std::vector<document::WriteRequest> writes() const {
    const std::lock_guard lock(mutex_);
    return writes_;
  }
  std::vector<document::Done<document::WriteReply>> take_held() {
    const std::lock_guard lock(mutex_);
    return std::move(held_);
  }

 private:
  template <class Handler, class Ask, class Done>
  void answer(Handler& handler, Ask request, Done done) {
    lane_->post([&handler, request = std::move(request), done = std::move(done)]() mutable { done(handler(request)); });
  }

  mutable std::mutex mutex_;
  std::shared_ptr<base::Lane> lane_;
  std::vector<document::WriteRequest> writes_;
  std::vector<document::Done<document::WriteReply>> held_;
};

class TestServer {
 public:
  explicit TestServer(NetOptions options = {}, std::size_t threads = 1) : loops_(threads), hub(loops_) {
    options.listen = {"127.0.0.1", 0};
    options.http.access_log = false;
    server.emplace(loops_, hub, std::move(options));
    auto taken = server->start();
    REQUIRE(taken);
    port = taken->port;
    thread_ = std::thread([this] { loops_.run(); });
  }
  ~TestServer() {
    stop();
    loops_.stop();
    thread_.join();
  }
  // Waits for the graceful stop.
  void stop() { begin_stop().wait(); }
  std::shared_future<void> begin_stop() {
    if (!stopped_.valid()) {
      auto promise = std::make_shared<std::promise<void>>();
      stopped_ = promise->get_future().share();
      server->stop([promise] { promise->set_value(); });
    }
    return stopped_;
  }

 private:
  IoLoops loops_;
  std::thread thread_;
  std::shared_future<void> stopped_;

 public:
  FakeHub hub;
  std::optional<HttpServer> server;
  std::uint16_t port = 0;
};

struct Answer {
  int status = 0;
  std::map<std::string, std::string> fields;  // by lower-case name
  std::string body;
  bool has(const std::string& text) const { return body.find(text) != std::string::npos; }
};

class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{20, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    REQUIRE(::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  ~RawClient() { ::close(socket_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;  // the server has closed: what it said is read next
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  // `head_only`: the answer to HEAD. An answer of status 0: the server closed first.
  Answer receive(bool head_only = false) {
    Answer answer;
    std::size_t end;
    while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
      if (!fill()) return answer;
    }
    const std::string head = received_.substr(0, end + 2);
    received_.erase(0, end + 4);
    answer.status = std::stoi(head.substr(9, 3));
    std::size_t at = head.find("\r\n") + 2;
    while (at < head.size()) {
      const std::size_t colon = head.find(':', at);
      const std::size_t stop = head.find("\r\n", at);
      std::string name = head.substr(at, colon - at);
      for (auto& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      answer.fields[name] = head.substr(colon + 2, stop - colon - 2);
      at = stop + 2;
    }
    const std::size_t size =
        answer.fields.count("content-length") != 0 && !head_only ? std::stoul(answer.fields["content-length"]) : 0;
    while (received_.size() < size) {
      if (!fill()) break;
    }
    answer.body = received_.substr(0, size);
    received_.erase(0, size);
    return answer;
  }

  Answer ask(std::string_view bytes, bool head_only = false) {
    send(bytes);
    return receive(head_only);
  }

  int socket() const { return socket_; }

  // True once the server has closed, with nothing more said.
  bool closed() { return received_.empty() && !fill(); }

 private:
  bool fill() {
    char bytes[4096];
    const auto got = ::recv(socket_, bytes, sizeof bytes, 0);
    if (got <= 0) return false;
    received_.append(bytes, static_cast<std::size_t>(got));
    return true;
  }

  int socket_;
  std::string received_;
};

// A request with the headers that documents need; `fields`: further lines, each with its CRLF.
inline std::string message(std::string_view method, std::string_view target, std::string_view body = {},
                           std::string_view fields = {}) {
  std::string text(method);
  text.append(" ").append(target).append(" HTTP/1.1\r\nHost: localhost\r\nX-Tenant-ID: acme\r\nX-Node-ID: n1\r\n").append(fields);
  if (!body.empty())
    text.append("Content-Type: application/json\r\nContent-Length: ").append(std::to_string(body.size())).append("\r\n");
  return text.append("\r\n").append(body);
}

constexpr std::string_view kBatch = R"({"since":0,"type":"t","ops":[{"add":1}]})";

}  // namespace crdtd::net
