// When a call that failed is tried again: a state machine without clock or chance of its own.
//
// The pause before attempt n + 1 is what the server asked for (Retry-After), and on top a random part of
// min(pause_max, pause_first * 2^(n-1)): full jitter, so that clients that failed together do not come back together.
// One plan a call; not shared.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "crdtd/client/options.hpp"

namespace crdtd::client {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

class RetryPlan {
 public:
  RetryPlan(const RetryOptions& options, Clock::time_point deadline) noexcept : options_(options), deadline_(deadline) {}

  // Before each attempt: the time that is left. None when the deadline has passed.
  std::optional<Milliseconds> begin(Clock::time_point now) noexcept;
  // After an attempt that is worth another: how long to pause first, drawn by `random`. None: give up, as there are no attempts
  // left, or the pause would not end before the deadline.
  std::optional<Milliseconds> pause(Clock::time_point now, std::optional<std::chrono::seconds> retry_after,
                                    std::uint64_t random) const noexcept;

  std::uint32_t attempts() const noexcept { return attempts_; }

 private:
  const RetryOptions options_;
  const Clock::time_point deadline_;
  std::uint32_t attempts_ = 0;
};

}  // namespace crdtd::client
