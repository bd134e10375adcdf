#include <catch2/catch.hpp>

#include "store/waiting_budget.hpp"

using namespace crdtd;
using base::Code;

TEST_CASE("waiting budget: refuses beyond the whole and beyond a tenant's share, and takes back", "[unit][store]") {
  store::WaitingBudget budget(1000, 50);
  {
    auto a = budget.reserve("a", 400);
    REQUIRE(a.ok());
    CHECK(budget.reserve("a", 200).error().code == Code::kQuotaExceeded);
    auto b = budget.reserve("b", 400);
    REQUIRE(b.ok());
    CHECK(budget.reserve("c", 300).error().code == Code::kOverloaded);
    CHECK(budget.reserve("c", 200).ok());
    CHECK(budget.waiting_bytes() == 800);
    b->release();
    b->release();
    CHECK(budget.waiting_bytes() == 400);
    auto moved = std::move(*a);
    CHECK(budget.waiting_bytes() == 400);
    store::Reservation other;
    other = std::move(moved);
    CHECK(budget.waiting_bytes() == 400);
  }
  CHECK(budget.waiting_bytes() == 0);
}

TEST_CASE("waiting budget: a single request larger than the share is let in when nothing else waits", "[unit][store]") {
  store::WaitingBudget budget(1000, 10);
  auto large = budget.reserve("a", 700);
  REQUIRE(large.ok());
  CHECK_FALSE(budget.reserve("a", 1).ok());
  large->release();
  CHECK(budget.reserve("a", 5000).ok());  // alone in the whole server, too
}

TEST_CASE("waiting budget: what an answer grows to counts, though it is never refused", "[unit][store]") {
  store::WaitingBudget budget(1000, 100);
  auto a = budget.reserve("a", 100);
  REQUIRE(a.ok());
  a->grow(5000);
  CHECK(budget.waiting_bytes() == 5100);
  CHECK(budget.reserve("b", 1).error().code == Code::kOverloaded);
  a->release();
  CHECK(budget.waiting_bytes() == 0);
  CHECK(budget.reserve("b", 1).ok());
}
