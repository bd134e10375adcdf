// What a call needs of the world outside: time, chance, and lines to the server. Tests bring their own.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "crdtd/client/options.hpp"
#include "crdtd/client/result.hpp"
#include "retry_plan.hpp"
#include "url.hpp"

namespace crdtd::client {

// Every member is [any].
class Surroundings {
 public:
  virtual ~Surroundings() = default;
  virtual Clock::time_point now() = 0;
  virtual void sleep(Milliseconds time) = 0;
  // Unpredictable bytes. False when the system has none.
  virtual bool fill_random(std::span<unsigned char> out) = 0;
};
std::unique_ptr<Surroundings> make_system_surroundings();

// Borrows its texts; the values hold no line end (checked before they get here).
struct HttpRequest {
  std::string_view method;
  std::string target;  // path and query
  std::vector<std::pair<std::string_view, std::string>> fields;
  std::string body;
  bool has_body = false;
};

struct HttpAnswer {
  std::uint16_t status = 0;
  std::string content_type;
  std::string etag;
  std::string location;
  std::optional<std::chrono::seconds> retry_after;
  bool replayed = false;  // Idempotency-Replayed: true
  std::string body;
};

struct LineFailure {
  Cause cause = Cause::kBroken;
  std::string detail;
  bool worth_retrying = true;
  bool sent = false;         // the server may have received the request
  bool reply_begun = false;  // some of the reply came
};

using LineResult = std::variant<HttpAnswer, LineFailure>;

struct LineTimes {
  Milliseconds connect;   // where a connection has to be made first
  Milliseconds exchange;  // from then on
  Milliseconds whole;     // both together
};

// A connection to the server that is opened when it is needed and kept open while both sides want it. Used by one call at a time.
class Line {
 public:
  virtual ~Line() = default;
  // After a failure the line is closed; the next exchange opens it anew.
  virtual LineResult exchange(const HttpRequest& request, const LineTimes& times) = 0;
  virtual bool is_open() const noexcept = 0;
};

using LineMaker = std::function<std::unique_ptr<Line>()>;

// Lines over TCP, and TLS where `url` says so. Fails when the trusted authorities cannot be read.
Result<LineMaker> make_network_lines(const Url& url, const Options& options);

}  // namespace crdtd::client
