// The laws of CRDT types hold for what comes with the server, and each of them is caught when it is broken.
#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <set>

#include "crdtd/plugin/type_table.hpp"
#include "law_fixture.hpp"
#include "lww/lww.hpp"
#include "orset/orset.hpp"

using namespace crdtd;
using conformance::CheckResult;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint32_t kRoundsPart = 2;  // a round takes ten times as long
#else
constexpr std::uint32_t kRoundsPart = 1;
#endif

void expect_all_laws(test::TriedType tried) {
  tried.options.rounds /= kRoundsPart;
  for (const CheckResult& result : conformance::run_crdt_laws(*tried.table, tried.options)) {
    INFO(result.name << ": " << result.message);
    CHECK(result.passed);
  }
}

// The table of a type that is linked into this program.
template <class T>
test::TriedType linked_type(const char* name) {
  static const crdtd_crdt_type table = crdtd::detail::type_table<T>(name, 1, 1);
  test::TriedType tried = test::tried_type(CRDTD_PLUGIN_DIRECTORY, name);
  tried.table = &table;
  tried.options.rounds /= 4;
  crdtd::detail::host_table = tried.options.host;
  return tried;
}

std::size_t lines_of(const std::string& text) { return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')); }

void expect_caught(test::TriedType tried, const std::string& law) {
  const CheckResult caught = conformance::run_crdt_law(*tried.table, tried.options, law);
  CHECK(caught.name == law);
  CHECK_FALSE(caught.passed);
  if (caught.passed) return;
  INFO(caught.message);
  CHECK(caught.message.find(conformance::crdt_law_summary(law)) == 0);
  CHECK(caught.message.find("\nseed " + std::to_string(caught.seed)) != std::string::npos);
  CHECK(caught.message.size() < 4096);
  CHECK(lines_of(caught.message) < 14);  // shrunk to a few steps
  tried.options.seed = caught.seed;
  tried.options.rounds = 1;
  const CheckResult again = conformance::run_crdt_law(*tried.table, tried.options, law);
  CHECK_FALSE(again.passed);
  CHECK(again.seed == caught.seed);
  if (law != "deterministic") CHECK(again.message == caught.message);
}

}  // namespace

TEST_CASE("crdt laws: lww keeps them", "[conformance][laws][lww]") {
  expect_all_laws(test::tried_type(CRDTD_PLUGIN_DIRECTORY, "lww"));
}

TEST_CASE("crdt laws: orset keeps them", "[conformance][laws][orset]") {
  expect_all_laws(test::tried_type(CRDTD_PLUGIN_DIRECTORY, "orset"));
}

TEST_CASE("crdt laws: tables that are linked in can be judged", "[conformance][laws]") {
  expect_all_laws(linked_type<lww::Lww>("lww"));
  expect_all_laws(linked_type<orset::OrSet>("orset"));
}

TEST_CASE("crdt laws: a type without context keeps them", "[conformance][laws]") {
  expect_all_laws(test::tried_type(CRDTD_LAW_BREAKER_DIRECTORY, "greatest"));
}

TEST_CASE("crdt laws: the example type keeps them", "[conformance][laws][examples]") {
  expect_all_laws(test::tried_type(CRDTD_LAW_BREAKER_DIRECTORY, "max-register-tried"));
}

TEST_CASE("crdt laws: the breakers' type keeps them when it breaks none", "[conformance][laws]") {
  expect_all_laws(test::tried_type(CRDTD_LAW_BREAKER_DIRECTORY, "breaks-none"));
}

TEST_CASE("crdt laws: each broken law is caught by its name, with a seed that shows it again", "[conformance][laws]") {
  std::set<std::string> caught;
  for (const auto& entry : std::filesystem::directory_iterator(CRDTD_LAW_BREAKER_DIRECTORY)) {
    const std::string plugin = entry.path().stem().string();
    if (!plugin.starts_with("breaks-") || plugin == "breaks-none") continue;
    const std::string law = plugin.substr(7, plugin.find('+') - 7);
    INFO(plugin);
    expect_caught(test::tried_type(CRDTD_LAW_BREAKER_DIRECTORY, plugin), law);
    caught.insert(law);
  }
  for (const std::string& law : conformance::crdt_law_names()) {
    INFO("a law without a plugin that breaks it: " << law);
    CHECK(caught.count(law) == 1);
  }
}

TEST_CASE("crdt laws: without op templates none is judged, and the reason is told", "[conformance][laws]") {
  test::TriedType tried = test::tried_type(CRDTD_PLUGIN_DIRECTORY, "lww");
  tried.options.ops_json.clear();
  const CheckResult none = conformance::run_crdt_law(*tried.table, tried.options, "merge-commutative");
  CHECK_FALSE(none.passed);
  CHECK(none.message.find("MANIFEST.md") != std::string::npos);
  tried.options.ops_json = R"([{"set":{"$vlaue":3}}])";
  const CheckResult wrong = conformance::run_crdt_law(*tried.table, tried.options, "merge-commutative");
  CHECK_FALSE(wrong.passed);
  CHECK(wrong.message.find("ops[0].set.$vlaue") != std::string::npos);
}

TEST_CASE("crdt laws: templates whose ops are never taken are told", "[conformance][laws]") {
  test::TriedType tried = test::tried_type(CRDTD_PLUGIN_DIRECTORY, "lww");
  tried.options.ops_json = R"([{"set":{"$value":3}},{"put":1}])";
  const CheckResult result = conformance::run_crdt_law(*tried.table, tried.options, "ops-taken");
  CHECK_FALSE(result.passed);
  CHECK(result.message.find("ops[1]") != std::string::npos);
  tried.options.ops_json = R"([{"put":1}])";
  CHECK_FALSE(conformance::run_crdt_law(*tried.table, tried.options, "ops-taken").passed);
}

TEST_CASE("crdt laws: those about memory are left out with another host", "[conformance][laws]") {
  test::TriedType tried = test::tried_type(CRDTD_LAW_BREAKER_DIRECTORY, "breaks-leak-exact");
  const crdtd_host other = conformance::counting_host();
  tried.options.host = &other;
  const CheckResult result = conformance::run_crdt_law(*tried.table, tried.options, "leak-exact");
  CHECK(result.passed);
  CHECK(result.message.find("left out") == 0);
}

TEST_CASE("crdt laws: an unknown law is named with those that there are", "[conformance][laws]") {
  const test::TriedType tried = test::tried_type(CRDTD_PLUGIN_DIRECTORY, "lww");
  const CheckResult result = conformance::run_crdt_law(*tried.table, tried.options, "no-such-law");
  CHECK_FALSE(result.passed);
  CHECK(result.message.find("merge-commutative") != std::string::npos);
}
