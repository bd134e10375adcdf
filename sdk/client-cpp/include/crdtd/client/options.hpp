// What a RemoteDocs is told when it is opened: where the server is, who calls, how long to wait, how often to try.
//
// Plain values. Everything but `url`, `tenant` and `node` has a default that suits a program with a person in front of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace crdtd::client {

struct Timeouts {
  std::chrono::milliseconds connect{5'000};   // to find the name, connect and agree on TLS
  std::chrono::milliseconds attempt{15'000};  // one request with its reply, the connecting not counted
  std::chrono::milliseconds call{30'000};     // a whole call, all attempts and the pauses between them
};

// Pauses are drawn at random between 0 and min(pause_max, pause_first * 2^n), on top of what the server asks for by Retry-After.
struct RetryOptions {
  std::uint32_t attempts_max = 10;  // 1: never try again
  std::chrono::milliseconds pause_first{100};
  std::chrono::milliseconds pause_max{5'000};
};

struct Options {
  std::string url;     // "http://127.0.0.1:8080", "https://docs.example.org", "http://[::1]:8080/behind/a/path"
  std::string tenant;  // whose documents; 1 to 128 of A-Z a-z 0-9 . _ ~ -
  // Which client; likewise. Give each program that runs at the same time its own: the server takes what a node wrote for
  // something that this node has seen.
  std::string node;
  // Asked before each attempt, so that keys can be renewed; on the thread that calls. Empty function or text: no key is sent.
  std::function<std::string()> api_key = {};
  Timeouts timeouts = {};
  RetryOptions retry = {};
  std::uint64_t reply_bytes_max = 64ull << 20;  // of one reply's body; a larger one is refused unread
  std::uint32_t idle_connections_max = 4;       // kept open between calls
  std::string user_agent = {};                  // put before the library's own name
  // With https: who is trusted. Empty: the system's authorities (or SSL_CERT_FILE, SSL_CERT_DIR).
  std::string tls_authorities_file = {};
};

}  // namespace crdtd::client
