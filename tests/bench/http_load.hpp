// The load: keep-alive connections to a server on this machine, each with one request outstanding.
//
// Meant to cost little beside the server, with which it shares the processors: one thread, epoll, requests that are built
// beforehand and differ in a number only, and of a reply no more read than its status and its length.
// Any reply but 200, a broken connection and 10 s of silence throw std::runtime_error with what came.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace crdtd::bench {

// The bytes of a request, with a decimal number of kDigits at `number_at` that is overwritten before each send.
struct RequestBytes {
  static constexpr std::size_t kDigits = 10;
  std::string bytes;
  std::size_t number_at = 0;
};

// The numbers that requests get, over all connections: first, first + step, first + 2 step …, modulo.
struct Numbers {
  std::uint64_t next = 0;
  std::uint64_t step = 1;
  std::uint64_t modulus = 10'000'000'000;

  std::uint64_t take() {
    const std::uint64_t number = next;
    next = (next + step) % modulus;
    return number;
  }
};

// A run ends when either is reached; what is outstanding then is waited for and counts.
struct Until {
  std::chrono::nanoseconds time = std::chrono::hours(1);
  std::uint64_t requests = UINT64_MAX;
};

struct LoadResult {
  std::uint64_t replies = 0;
  double seconds = 0;
  double client_cpu_seconds = 0;
  std::vector<std::uint32_t> latencies_us;  // one a reply
};

class HttpLoad {
 public:
  // Connects once for each request; connection i sends the i-th.
  HttpLoad(std::uint16_t port, std::vector<RequestBytes> requests, Numbers numbers);
  ~HttpLoad();
  HttpLoad(const HttpLoad&) = delete;
  HttpLoad& operator=(const HttpLoad&) = delete;

  LoadResult run(Until until);

 private:
  struct Connection;
  void send(Connection& connection);
  void receive(Connection& connection);
  bool has_reply(Connection& connection) const;

  std::vector<std::unique_ptr<Connection>> connections_;
  Numbers numbers_;
  int epoll_ = -1;
  // Of the run under way.
  std::uint64_t left_to_send_ = 0;
  std::uint64_t outstanding_ = 0;
  std::chrono::steady_clock::time_point now_;
  std::chrono::steady_clock::time_point end_;
  LoadResult result_;
};

}  // namespace crdtd::bench
