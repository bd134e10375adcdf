// Lanes and timers of production: a base::Scheduler whose lanes are strands on the I/O threads.
//
// With one I/O thread a post is a push on that thread's own queue. Tasks must not throw.
// Threads: all functions [any]. Lifetime: the io_context outlives the scheduler, and every lane made by it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>

#include "base/lane.hpp"

namespace crdtd::net {

class AsioScheduler final : public base::Scheduler {
 public:
  explicit AsioScheduler(boost::asio::io_context& io) noexcept : io_(io) {}

  // What is posted to a lane runs even if the lane's last owner lets go of it first.
  std::shared_ptr<base::Lane> make_lane() override;

 private:
  boost::asio::io_context& io_;
};

}  // namespace crdtd::net
