#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include "net/asio_scheduler.hpp"
#include "net/storage_threads.hpp"

using namespace crdtd;
using namespace std::chrono_literals;

TEST_CASE("asio_scheduler: a lane runs in order and one at a time on many threads", "[unit][net]") {
  boost::asio::io_context io;
  net::AsioScheduler scheduler(io);
  const auto lane = scheduler.make_lane();
  std::vector<int> order;  // guarded by the lane alone
  std::atomic<int> inside{0};
  std::atomic<bool> overlapped{false};
  for (int i = 0; i < 1000; ++i) {
    lane->post([&, i] {
      if (inside.fetch_add(1) != 0 || !lane->runs_here()) overlapped = true;
      order.push_back(i);
      inside.fetch_sub(1);
    });
  }
  CHECK_FALSE(lane->runs_here());
  CHECK(order.empty());
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) threads.emplace_back([&io] { io.run(); });
  for (auto& thread : threads) thread.join();
  CHECK_FALSE(overlapped);
  REQUIRE(order.size() == 1000);
  CHECK(std::is_sorted(order.begin(), order.end()));
}

TEST_CASE("asio_scheduler: delays end in their order, also after the lane's owner left", "[unit][net]") {
  boost::asio::io_context io;
  std::vector<int> order;
  {
    const auto lane = net::AsioScheduler(io).make_lane();
    lane->post_after(20ms, [&order] { order.push_back(2); });
    lane->post_after(1ms, [&order] { order.push_back(1); });
    lane->post([&order] { order.push_back(0); });
  }
  const auto start = std::chrono::steady_clock::now();
  io.run();
  CHECK(order == std::vector<int>{0, 1, 2});
  CHECK(std::chrono::steady_clock::now() - start >= 20ms);
}

TEST_CASE("asio_scheduler: what waits is freed with the io_context", "[unit][net]") {
  auto witness = std::make_shared<int>(1);
  {
    boost::asio::io_context io;
    const auto lane = net::AsioScheduler(io).make_lane();
    lane->post([witness] {});
    lane->post_after(1h, [witness] {});
    CHECK(witness.use_count() == 3);
  }
  CHECK(witness.use_count() == 1);
}

TEST_CASE("storage_threads: jobs run elsewhere, done on the lane, reads pass a blocked write", "[unit][net]") {
  boost::asio::io_context io;
  net::AsioScheduler scheduler(io);
  const auto lane = scheduler.make_lane();
  net::StorageThreads storage({1, 1});
  std::promise<void> release;
  auto released = release.get_future().share();
  std::vector<std::string> events;  // on the lane
  const auto me = std::this_thread::get_id();
  std::atomic<bool> elsewhere{true};
  auto work = boost::asio::make_work_guard(io);
  storage.run(
      base::StorageWork::kWrite, [&, released] { released.wait(); }, lane,
      [&] {
        events.push_back("write");
        work.reset();
      });
  storage.run(
      base::StorageWork::kRead, [&] { elsewhere = std::this_thread::get_id() != me; }, lane,
      [&] {
        CHECK(lane->runs_here());
        events.push_back("read");
        release.set_value();
      });
  io.run();
  CHECK(elsewhere);
  CHECK(events == std::vector<std::string>{"read", "write"});
  CHECK(storage.stop(10s));
}

TEST_CASE("storage_threads: stop finishes what was given and drops what comes later", "[unit][net]") {
  boost::asio::io_context io;
  const auto lane = net::AsioScheduler(io).make_lane();
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
  boost::asio::io_context io;
  const auto lane = net::AsioScheduler(io).make_lane();
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
  while (left.wait_for(0s) != std::future_status::ready) {
    io.restart();
    io.run_for(10ms);
  }
}
