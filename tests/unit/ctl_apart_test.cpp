// A check in a process of its own: its result comes back whole, and what ends the process fails the check.
#include "ctl/apart.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <stdexcept>

using crdtd::conformance::CheckResult;
using crdtd::ctl::run_apart;

TEST_CASE("apart: a result comes back as it was made", "[unit][ctl]") {
  const auto parent = ::getpid();
  const auto passed = run_apart("a", [&] { return CheckResult{"a", ::getpid() != parent, "", 0}; });
  CHECK(passed.passed);
  CHECK(passed.name == "a");
  CHECK(passed.message.empty());

  const std::string long_message = std::string(200'000, 'x') + "\nsecond line";
  const auto failed = run_apart("b", [&] { return CheckResult{"b", false, long_message, ~std::uint64_t{0}}; });
  CHECK_FALSE(failed.passed);
  CHECK(failed.message == long_message);
  CHECK(failed.seed == ~std::uint64_t{0});
}

TEST_CASE("apart: what ends the process fails the check, and says how", "[unit][ctl]") {
  const auto killed = run_apart("a", []() -> CheckResult {
    std::raise(SIGKILL);
    return {};
  });
  CHECK_FALSE(killed.passed);
  CHECK(killed.name == "a");
  CHECK(killed.message.find("signal 9") != std::string::npos);

  const auto ended = run_apart("a", []() -> CheckResult { ::_exit(0); });
  CHECK_FALSE(ended.passed);
  CHECK(ended.message.find("without a result") != std::string::npos);
  CHECK(run_apart("a", []() -> CheckResult { ::_exit(3); }).message.find("code 3") != std::string::npos);

  const auto thrown = run_apart("a", []() -> CheckResult { throw std::runtime_error("no folder"); });
  CHECK_FALSE(thrown.passed);
  CHECK(thrown.message == "no folder");
}
