#include "retry_plan.hpp"

#include <algorithm>

namespace crdtd::client {
namespace {

constexpr Milliseconds kPauseMost = std::chrono::hours(1);  // whatever is asked for; keeps the arithmetic in range

}  // namespace

std::optional<Milliseconds> RetryPlan::begin(Clock::time_point now) noexcept {
  const auto left = std::chrono::duration_cast<Milliseconds>(deadline_ - now);
  if (left <= Milliseconds(0)) return {};
  ++attempts_;
  return left;
}

std::optional<Milliseconds> RetryPlan::pause(Clock::time_point now, std::optional<std::chrono::seconds> retry_after,
                                             std::uint64_t random) const noexcept {
  if (attempts_ >= options_.attempts_max) return {};
  auto most = std::clamp(options_.pause_first, Milliseconds(0), kPauseMost);
  for (std::uint32_t i = 1; i < attempts_ && most < options_.pause_max; ++i) most = std::min(most * 2, kPauseMost);
  most = std::min(most, options_.pause_max);
  Milliseconds pause(random % (static_cast<std::uint64_t>(std::max<std::int64_t>(most.count(), 0)) + 1));
  if (retry_after) pause += std::clamp<std::chrono::seconds>(*retry_after, std::chrono::seconds(0), std::chrono::hours(1));
  if (now + pause >= deadline_) return {};
  return pause;
}

}  // namespace crdtd::client
