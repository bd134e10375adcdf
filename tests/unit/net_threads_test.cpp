#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <functional>
#include <future>
#include <thread>
#include <vector>

#include "net/io_loops.hpp"
#include "net/storage_threads.hpp"

using namespace crdtd;
using namespace std::chrono_literals;

namespace {

// Runs the loops on threads of their own until stop(), or until the end.
class Running {
 public:
  explicit Running(std::size_t count) : loops(count), thread_([this] { loops.run(); }) {}
  ~Running() { stop(); }
  void stop() {
    if (!thread_.joinable()) return;
    loops.stop();
    thread_.join();
  }
  net::IoLoops loops;

 private:
  std::thread thread_;
};

}  // namespace

TEST_CASE("io_loops: a lane runs in order and one at a time, whoever posts", "[unit][net]") {
  Running running(3);
  const auto lane = running.loops.make_lane();
  const auto other = running.loops.make_lane();
  constexpr int kPosters = 3, kEach = 1000;
  std::vector<std::pair<int, int>> order;  // poster, number; guarded by the lane alone
  std::atomic<int> inside{0};
  std::atomic<bool> wrong{false};
  std::promise<void> done;
  std::vector<std::thread> posters;
  for (int p = 0; p < kPosters; ++p) {
    posters.emplace_back([&, p] {
      for (int i = 0; i < kEach; ++i) {
        lane->post([&, p, i] {
          if (inside.fetch_add(1) != 0 || !lane->runs_here() || other->runs_here()) wrong = true;
          order.emplace_back(p, i);
          inside.fetch_sub(1);
          if (order.size() == kPosters * kEach) done.set_value();
        });
      }
    });
  }
  for (auto& poster : posters) poster.join();
  done.get_future().wait();
  CHECK_FALSE(lane->runs_here());
  running.stop();
  CHECK_FALSE(wrong);
  std::array<int, kPosters> next{};
  for (const auto& [p, i] : order) CHECK(next[static_cast<std::size_t>(p)]++ == i);
}

TEST_CASE("io_loops: what a task posts runs after it, and after what was posted before", "[unit][net]") {
  Running running(1);
  const auto first = running.loops.make_lane();
  const auto second = running.loops.make_lane();
  std::vector<int> order;
  std::promise<void> done;
  first->post([&] {
    second->post([&] { order.push_back(1); });
    first->post([&] {
      order.push_back(2);
      second->post([&] {
        order.push_back(4);
        done.set_value();
      });
      order.push_back(3);
    });
    order.push_back(0);
  });
  done.get_future().wait();
  running.stop();
  CHECK(order == std::vector<int>{0, 1, 2, 3, 4});
}

TEST_CASE("io_loops: a lane that posts for ever keeps no timer waiting", "[unit][net]") {
  Running running(1);
  const auto lane = running.loops.make_lane();
  std::atomic<bool> enough{false};
  std::promise<void> done;
  std::function<void()> again = [&] { enough ? done.set_value() : lane->post([&] { again(); }); };
  lane->post([&] { again(); });
  lane->post_after(1ms, [&] { enough = true; });
  CHECK(done.get_future().wait_for(20s) == std::future_status::ready);
  running.stop();
}

TEST_CASE("io_loops: delays end in their order and on their lane, also after its owner left", "[unit][net]") {
  Running running(2);
  const auto start = std::chrono::steady_clock::now();
  std::vector<int> order;
  std::promise<void> done;
  {
    const auto lane = running.loops.make_lane();
    lane->post_after(20ms, [&] {
      order.push_back(2);
      done.set_value();
    });
    lane->post_after(1ms, [&, raw = lane.get()] { order.push_back(raw->runs_here() ? 1 : -1); });
    lane->post([&order] { order.push_back(0); });
    std::promise<void> first;
    lane->post_after(2ms, [&] { first.set_value(); });
    first.get_future().wait();
  }
  done.get_future().wait();
  running.stop();
  CHECK(order == std::vector<int>{0, 1, 2});
  CHECK(std::chrono::steady_clock::now() - start >= 20ms);
}

TEST_CASE("io_loops: what waits is freed with the loops, and may post while it goes", "[unit][net]") {
  auto witness = std::make_shared<int>(1);
  {
    net::IoLoops loops(2);
    const auto lane = loops.make_lane();
    struct Parting {
      std::shared_ptr<base::Lane> lane;
      std::shared_ptr<int> held;
      Parting(std::shared_ptr<base::Lane> l, std::shared_ptr<int> h) : lane(std::move(l)), held(std::move(h)) {}
      Parting(Parting&&) = default;
      ~Parting() {
        if (lane) lane->post([held = std::move(held)] {});
      }
    };
    lane->post([parting = Parting(loops.make_lane(), witness)] {});
    lane->post([witness] {});
    lane->post_after(1h, [witness] {});
    // Each loop's timer holds what posts to the other loop.
    const auto other = loops.make_lane();
    lane->post_after(1h, [parting = Parting(other, witness)] {});
    other->post_after(1h, [parting = Parting(lane, witness)] {});
    CHECK(witness.use_count() == 6);
  }
  CHECK(witness.use_count() == 1);
}

TEST_CASE("storage_threads: jobs run elsewhere, done on the lane, reads pass a blocked write", "[unit][net]") {
  Running running(1);
  const auto lane = running.loops.make_lane();
  net::StorageThreads storage({1, 1});
  std::promise<void> release;
  auto released = release.get_future().share();
  std::vector<std::string> events;  // on the lane
  std::thread::id worker;
  std::atomic<bool> elsewhere{true};
  std::promise<void> done;
  storage.run(
      base::StorageWork::kWrite, [&, released] { released.wait(); }, lane,
      [&] {
        events.push_back("write");
        done.set_value();
      });
  storage.run(
      base::StorageWork::kRead, [&] { worker = std::this_thread::get_id(); }, lane,
      [&] {
        elsewhere = worker != std::this_thread::get_id();
        events.push_back(lane->runs_here() ? "read" : "read elsewhere");
        release.set_value();
      });
  done.get_future().wait();
  CHECK(elsewhere);
  CHECK(events == std::vector<std::string>{"read", "write"});
  CHECK(storage.stop(10s));
}

TEST_CASE("storage_threads: stop finishes what was given and drops what comes later", "[unit][net]") {
  Running running(1);
  const auto lane = running.loops.make_lane();
  net::StorageThreads storage({2, 1});
  std::atomic<int> ran{0};
  for (int i = 0; i < 100; ++i)
    storage.run(
        i % 2 == 0 ? base::StorageWork::kRead : base::StorageWork::kWrite, [&] { ++ran; }, lane, [] {});
  CHECK(storage.stop(10s));
  CHECK(ran == 100);
  storage.run(
      base::StorageWork::kRead, [&] { ++ran; }, lane, [] {});
  CHECK(storage.stop(10s));
  CHECK(ran == 100);
}

TEST_CASE("storage_threads: stop gives up on a job that never ends", "[unit][net]") {
  Running running(1);
  const auto lane = running.loops.make_lane();
  // Shared, since the thread that was given up outlives the test's frame.
  struct Gate {
    std::promise<void> release;
    std::promise<void> left;
  };
  auto gate = std::make_shared<Gate>();
  auto left = gate->left.get_future();
  {
    net::StorageThreads storage({1, 1});
    storage.run(
        base::StorageWork::kWrite, [gate] { gate->release.get_future().wait(); }, lane, [gate] { gate->left.set_value(); });
    CHECK_FALSE(storage.stop(10ms));
  }
  gate->release.set_value();
  left.wait();
}
