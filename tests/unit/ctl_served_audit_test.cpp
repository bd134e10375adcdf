// The audit of a document that a server holds: the same faults, seen from outside.
#include <catch2/catch.hpp>

#include "ctl/audit.hpp"
#include "document/cursor.hpp"
#include "document/integrity.hpp"
#include "engine_fixture.hpp"

using namespace crdtd::testing;
using namespace crdtd;

namespace {

// Answers as a server does: from a log in memory, checks only in cursors. Tests change what it says.
class ScriptedServer final : public ctl::DocumentSource {
 public:
  explicit ScriptedServer(std::uint64_t rows) {
    auto state = type.create();
    std::uint32_t check = document::check_start(kBirth);
    std::uint64_t chain = document::kChainStart;
    for (std::uint64_t version = 1; version <= rows; ++version) {
      auto made = state->mutate(
          {R"(["add:)" + std::to_string(version) + R"("])", {kReplica, version, version, "n"}, 0, false, false, {}});
      REQUIRE(made);
      host::Row row{version, kReplica, version, version, 1, 1, 0, "n", "", made->delta};
      check = row.check = document::check_next(check, row);
      chain = document::chain_next(chain, row.delta);
      log.push_back(row);
    }
    answer = {"bag", 1, rows, document::cursor_text({kBirth, 5, rows, check}), {{kReplica, rows, chain, ""}}, *state->encode()};
  }

  ctl::Outcome<wire::ListReply> list(const std::string&, std::uint32_t) override { return wire::ListReply{}; }
  ctl::Outcome<wire::ReadReply> read(const std::string&, std::optional<std::uint64_t>, const std::string&) override {
    return wire::ReadReply{};
  }
  ctl::Outcome<wire::SnapshotReply> encoded(const std::string&, std::optional<std::uint64_t>) override { return answer; }
  ctl::Outcome<ctl::LogPage> rows(const std::string&, const std::string& since, std::uint32_t limit) override {
    if (broken) return ctl::Failure{ctl::kExitServer, "the connection broke"};
    const auto cursor = document::parse_cursor(since);
    const std::uint64_t after = cursor ? cursor->version : std::stoull(since);
    if (after + 1 < first_version) return ctl::Failure{ctl::kExitFailed, "stale"};
    ctl::LogPage page{"bag", {}, after, since, log.size()};
    for (std::uint64_t version = after + 1; version <= log.size() && page.rows.size() < std::min(limit, page_rows); ++version) {
      page.rows.push_back({log[version - 1], false, ""});
      page.version = version;
    }
    if (!page.rows.empty()) {
      page.rows.back().has_check = true;
      page.cursor = document::cursor_text({kBirth, 5, page.version, page.rows.back().row.check});
    }
    return page;
  }

  std::string found() {
    const auto audited = ctl::audit_served(*this, document::TypeTable({&type}), "d");
    if (!audited) return "failed: " + audited.error().message;
    std::string lines;
    for (const auto& finding : audited->findings.kept()) lines += finding.text() + '\n';
    return lines;
  }

  static constexpr std::uint64_t kBirth = 77;
  static constexpr std::uint64_t kReplica = 9;
  const host::CrdtType type{"bag", bag_type(), {1}, {}};
  std::vector<host::Row> log;
  wire::SnapshotReply answer;
  std::uint64_t first_version = 1;
  std::uint32_t page_rows = 7;
  bool broken = false;
};

bool begins(const std::string& text, const std::string& begin) { return text.rfind(begin, 0) == 0; }

}  // namespace

TEST_CASE("served audit: a sound document has no finding, wherever its log begins", "[unit][ctl]") {
  bag_control() = {};
  ScriptedServer server(40);
  for (const std::uint64_t first : {1, 2, 7, 20, 39, 40, 41}) {
    INFO("first row kept: " << first);
    server.first_version = first;
    const auto audited = ctl::audit_served(server, document::TypeTable({&server.type}), "d");
    REQUIRE(audited);
    CHECK(audited->findings.count() == 0);
    CHECK(audited->first_version == first);
    CHECK(audited->rows == 41 - first);
  }
}

TEST_CASE("served audit: rows that were made since the encoded state are left out", "[unit][ctl]") {
  bag_control() = {};
  ScriptedServer longer(45);
  ScriptedServer server(40);
  server.log = longer.log;
  CHECK(server.found() == "");
}

TEST_CASE("served audit: catches what does not fit", "[unit][ctl]") {
  bag_control() = {};
  ScriptedServer server(40);
  SECTION("a changed row, by the cursor at its page's end") {
    server.log[9].node = "x";
    CHECK(begins(server.found(), "check at row 14: "));
  }
  SECTION("a changed delta, by state and chain too") {
    server.log[9].delta.back() ^= 1;
    const auto lines = server.found();
    INFO(lines);
    CHECK(lines.find("check at row 14: ") != std::string::npos);
    CHECK(lines.find("state at version 40: ") != std::string::npos);
    CHECK(lines.find("chain at replica 0000000000000009: ") != std::string::npos);
  }
  SECTION("a state that lacks a row, though its beginning is gone") {
    server.first_version = 10;
    server.answer.encoded = ScriptedServer(39).answer.encoded;
    CHECK(begins(server.found(), "state at version 40: expected to hold what row 40 brings"));
  }
  SECTION("an encoded state in other bytes than its own") {
    server.answer.encoded.replace(0, 4, std::string("\x01\0\0\0?", 5));
    CHECK(server.found().find("very bytes") != std::string::npos);
  }
  SECTION("a known table of another counter") {
    ++server.answer.known.front().counter;
    CHECK(begins(server.found(), "known at replica "));
  }
  SECTION("a cursor with another check") {
    server.answer.cursor = document::cursor_text({ScriptedServer::kBirth, 5, 40, 1});
    CHECK(begins(server.found(), "check at the cursor of the encoded state: "));
  }
  SECTION("a cursor of another version") {
    server.answer.cursor = document::cursor_text({ScriptedServer::kBirth, 5, 39, 1});
    CHECK(begins(server.found(), "cursor at the encoded state: "));
  }
  SECTION("a log that ends early") {
    server.log.resize(30);
    CHECK(begins(server.found(), "row at row 31: "));
  }
  SECTION("rows out of order") {
    std::swap(server.log[4].version, server.log[5].version);
    CHECK(begins(server.found(), "row at row 5: "));
  }
}

TEST_CASE("served audit: a server that cannot be reached is a failure, not a finding", "[unit][ctl]") {
  ScriptedServer server(3);
  server.broken = true;
  CHECK(server.found() == "failed: the connection broke");
}
