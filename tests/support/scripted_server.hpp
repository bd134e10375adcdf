// A server of a test's own that answers as it is told, badly too: it accepts connections one after another, reads whole requests,
// and plays what the script says. Bytes are sent as they are.
//
// Threads: constructed and destroyed by the test; requests() [any]. The script must be as long as the exchanges that come; what
// comes beyond it is closed at once.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace crdtd::testing {

struct ScriptStep {
  enum class Then : std::uint8_t {
    kStay,   // the connection is kept for the next step
    kClose,  // it is closed
    kReset,  // it is closed with a reset
    kHold,   // nothing more comes until the client closes it
  };
  std::string bytes;  // sent after a whole request has come
  Then then = Then::kStay;
};

class ScriptedServer {
 public:
  explicit ScriptedServer(std::vector<ScriptStep> script);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::uint16_t port() const noexcept { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  // What has come so far, each request with its head and body.
  std::vector<std::string> requests() const;
  std::uint32_t connections() const;

 private:
  void serve();
  bool play(int socket, std::size_t& step);
  bool read_request(int socket, std::string& request);

  const std::vector<ScriptStep> script_;
  int listener_ = -1;
  int stop_ = -1;  // an eventfd that ends every wait
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;  // guarded by mutex_
  std::uint32_t connections_ = 0;      // guarded by mutex_
  std::thread thread_;
};

// A reply with a length, as a crdtd sends it. `fields`: whole lines, each with its end.
std::string scripted_reply(int status, std::string_view content_type, std::string_view body, std::string_view fields = {});
std::string scripted_json(std::string_view body, std::string_view fields = {});

}  // namespace crdtd::testing
