#include "seams.hpp"

#include <sys/random.h>

#include <cerrno>
#include <thread>

namespace crdtd::client {
namespace {

class SystemSurroundings final : public Surroundings {
 public:
  Clock::time_point now() override { return Clock::now(); }
  void sleep(Milliseconds time) override { std::this_thread::sleep_for(time); }
  bool fill_random(std::span<unsigned char> out) override {
    while (!out.empty()) {
      const auto got = ::getrandom(out.data(), out.size(), 0);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      out = out.subspan(static_cast<std::size_t>(got));
    }
    return true;
  }
};

}  // namespace

std::unique_ptr<Surroundings> make_system_surroundings() { return std::make_unique<SystemSurroundings>(); }

}  // namespace crdtd::client
