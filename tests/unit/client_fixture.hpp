// A client on a clock that only pauses move: nothing in these tests sleeps.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "caller.hpp"

namespace crdtd::testing {

// What the fake surroundings have seen; shared with the test.
struct FakeWorld {
  client::Clock::time_point now{};
  std::vector<client::Milliseconds> pauses;
  unsigned char random = 0;  // of every byte drawn; counts up
  bool has_random = true;
};

class FakeSurroundings final : public client::Surroundings {
 public:
  explicit FakeSurroundings(std::shared_ptr<FakeWorld> world) : world_(std::move(world)) {}
  client::Clock::time_point now() override { return world_->now; }
  void sleep(client::Milliseconds time) override {
    world_->pauses.push_back(time);
    world_->now += time;
  }
  bool fill_random(std::span<unsigned char> out) override {
    for (auto& byte : out) byte = world_->random++;
    return world_->has_random;
  }

 private:
  std::shared_ptr<FakeWorld> world_;
};

inline client::Options test_options(std::string url) {
  client::Options options;
  options.url = std::move(url);
  options.tenant = "acme";
  options.node = "laptop";
  options.retry.attempts_max = 3;
  return options;
}

// Real sockets, false time.
inline client::RemoteDocs open_docs(const client::Options& options, std::shared_ptr<FakeWorld> world) {
  client::Url url;
  std::string why;
  if (!client::parse_url(options.url, url, why)) throw std::runtime_error(why);
  auto lines = client::make_network_lines(url, options);
  if (!lines) throw std::runtime_error(lines.failure().message);
  return client::RemoteDocs(std::make_unique<client::RemoteDocs::Caller>(options, url, *std::move(lines),
                                                                         std::make_unique<FakeSurroundings>(std::move(world))));
}

}  // namespace crdtd::testing
