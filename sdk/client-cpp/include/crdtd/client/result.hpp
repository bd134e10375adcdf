// The outcome of a call: what was asked for, or why there is nothing, by cause.
//
// No call throws for what a server, a network or an argument does. Plain values; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "crdtd/wire/problem.hpp"
#include "crdtd/wire/read_reply.hpp"

namespace crdtd::client {

using wire::ProblemCode;
using wire::Retry;

// A problem as the server described it: `code` (compare it with ProblemCode::kStale …; none when this library does not know it),
// `slug`, `status`, `title`, `detail`, `pointer` into the request, `value` (the limit, the expected counter, the clock's offset),
// `enabled` types, `retry`: what the table of problems says about sending it again, `instance`: the request's id in the server's
// log.
using Problem = wire::ProblemReply;

enum class Cause : std::uint8_t {
  kUsage,      // an argument or an option is unusable; nothing was sent
  kProblem,    // the server answered with a problem: see `problem`
  kResolve,    // the host's name is not known
  kRefused,    // nobody answers at that address
  kTls,        // the other side is not who the URL names, or speaks no TLS
  kTimeout,    // no reply in time
  kBroken,     // the connection ended before the reply did
  kMalformed,  // what came is no reply of a crdtd
  kTooLarge,   // the reply exceeds Options::reply_bytes_max
};

// "refused", "timeout" …; for logs.
const char* cause_name(Cause cause) noexcept;

struct Failure {
  Cause cause = Cause::kUsage;
  std::string message;             // one sentence for a person: what happened, where, what to do
  std::optional<Problem> problem;  // with kProblem
  std::uint16_t status = 0;        // HTTP; 0 if no status line came
  std::uint32_t attempts = 0;      // that were made
  // The request may have taken effect although no reply says so. A write is finished safely by making the same call, with the
  // same arguments and `key`, until it answers: it then takes effect once.
  bool outcome_unknown = false;
  std::string key;  // of a write

  bool is(ProblemCode code) const noexcept { return problem && problem->code == code; }
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}
  Result(Failure failure) : held_(std::in_place_index<1>, std::move(failure)) {}

  explicit operator bool() const noexcept { return held_.index() == 0; }
  // Of a Result that is false: std::bad_variant_access, as it is a mistake of the program.
  T& operator*() & { return std::get<0>(held_); }
  const T& operator*() const& { return std::get<0>(held_); }
  T&& operator*() && { return std::get<0>(std::move(held_)); }
  T* operator->() { return &std::get<0>(held_); }
  const T* operator->() const { return &std::get<0>(held_); }
  // Of a Result that is true: likewise.
  const Failure& failure() const& { return std::get<1>(held_); }
  Failure&& failure() && { return std::get<1>(std::move(held_)); }

 private:
  std::variant<T, Failure> held_;
};

// For calls that answer nothing more than that they are done.
struct Done {};

}  // namespace crdtd::client
