// Stands between a client and a server on this machine, and drops replies that the server has already sent: the request took
// effect, and its client does not learn it. The server behind it may be replaced, so that a client's URL survives a restart.
//
// Threads: one for each connection; all members are [any].
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace crdtd::testing {

class CuttingProxy {
 public:
  // `target`: "127.0.0.1:8080".
  explicit CuttingProxy(std::string target);
  ~CuttingProxy();
  CuttingProxy(const CuttingProxy&) = delete;
  CuttingProxy& operator=(const CuttingProxy&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  void set_target(std::string target);
  // Of the next `count` replies `bytes` are let through, then the connection is closed.
  void cut(std::uint32_t count, std::size_t bytes);
  std::uint32_t cut_count() const noexcept { return cut_count_; }

 private:
  void serve();
  void relay(int client);
  bool exchange(int client, int& server, std::string& target);
  bool read_message(int from, std::string& out) const;

  int listener_ = -1;
  int stop_ = -1;  // an eventfd that ends every wait
  std::uint16_t port_ = 0;
  std::atomic<std::uint32_t> cut_count_{0};  // replies dropped so far
  mutable std::mutex mutex_;
  std::string target_;               // guarded by mutex_
  std::uint32_t to_cut_ = 0;         // guarded by mutex_
  std::size_t cut_bytes_ = 0;        // guarded by mutex_
  std::vector<std::thread> relays_;  // only the accepting thread, and the destructor after it
  std::thread thread_;
};

}  // namespace crdtd::testing
