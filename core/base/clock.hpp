// The seam for time. Wall time jumps and is only ever stored or compared with a tolerance; waiting uses monotonic time.
#pragma once

#include <chrono>
#include <cstdint>

namespace crdtd::base {

using Duration = std::chrono::nanoseconds;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Duration monotonic() const = 0;          // since some start; never goes back [any]
  virtual std::uint64_t wall_unix_ns() const = 0;  // since 1970-01-01 UTC; may jump [any]
};

class SystemClock final : public Clock {
 public:
  Duration monotonic() const override { return std::chrono::steady_clock::now().time_since_epoch(); }
  std::uint64_t wall_unix_ns() const override {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
  }
};

}  // namespace crdtd::base
