// One call: lines, attempts, pauses, and in the end an answer or the reason why there is none.
//
// Threads: call() is [any]. Idle lines are kept under a mutex, which is held only to take one out or put one back.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "crdtd/client/remote_docs.hpp"
#include "seams.hpp"

namespace crdtd::client {

// How a request behaves when it is sent more than once.
enum class Repeat : std::uint8_t {
  kRead,   // changes nothing
  kKeyed,  // takes effect once, under its Idempotency-Key
  kErase,  // takes effect on what is there each time
};

struct Answered {
  HttpAnswer http;
  std::uint32_t attempts = 1;
  bool repeated = false;  // an attempt before this one may have taken effect
};

class RemoteDocs::Caller {
 public:
  Caller(Options options, const Url& url, LineMaker lines, std::unique_ptr<Surroundings> surroundings);

  // Answers with 2xx and 304; other answers become failures. Adds the fields that every request has.
  Result<Answered> call(HttpRequest request, Repeat repeat);
  // 128 random bits in hex; empty when the system has none.
  std::string draw_key();
  const Options& options() const noexcept { return options_; }
  // A failure of this call that `why` explains, about what a good answer held.
  Failure malformed(const Answered& answered, const std::string& why, bool is_write) const;

 private:
  bool add_api_key(HttpRequest& request, Failure& failure);
  LineResult exchange(const HttpRequest& request, Milliseconds time, bool& maybe_done);
  std::unique_ptr<Line> take_line();
  void keep_line(std::unique_ptr<Line> line);
  void explain(const LineFailure& failure, Failure& out) const;
  void explain(const HttpAnswer& answer, Failure& out, bool& worth_retrying) const;

  const Options options_;
  const std::string server_;     // the URL, for messages
  const std::string path_;       // of the URL
  const std::string authority_;  // for Host
  const std::string agent_;
  const LineMaker make_line_;
  const std::unique_ptr<Surroundings> surroundings_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Line>> idle_;  // guarded by mutex_; bounded by Options::idle_connections_max
};

// Printable ASCII, as a header field's value may be.
bool is_field_value(std::string_view text) noexcept;

Failure usage_failure(std::string message);

}  // namespace crdtd::client
