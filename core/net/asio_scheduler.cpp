#include "net/asio_scheduler.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <utility>

namespace crdtd::net {
namespace {

namespace asio = boost::asio;

class StrandLane final : public base::Lane {
 public:
  explicit StrandLane(asio::io_context& io) : strand_(asio::make_strand(io.get_executor())) {}

  void post(base::Task task) override {
    asio::post(strand_, [task = std::move(task)]() mutable { task(); });
  }

  void post_after(base::Duration delay, base::Task task) override {
    // The timer lives in its own handler: one allocation, nothing to look after, gone with the io_context.
    auto timer =
        std::make_unique<asio::steady_timer>(strand_, std::chrono::duration_cast<std::chrono::steady_clock::duration>(delay));
    auto& waiting = *timer;
    waiting.async_wait([timer = std::move(timer), task = std::move(task)](const boost::system::error_code& error) mutable {
      if (!error) task();
    });
  }

  bool runs_here() const noexcept override { return strand_.running_in_this_thread(); }

 private:
  asio::strand<asio::io_context::executor_type> strand_;
};

}  // namespace

std::shared_ptr<base::Lane> AsioScheduler::make_lane() { return std::make_shared<StrandLane>(io_); }

}  // namespace crdtd::net
