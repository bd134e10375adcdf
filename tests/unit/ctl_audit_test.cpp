// The audit of a stored document: a sound one has no finding, and every fault that is planted is found, by its name and place.
#include "ctl/audit.hpp"

#include <catch2/catch.hpp>

#include "ctl/log_audit.hpp"
#include "document/integrity.hpp"
#include "engine_fixture.hpp"

using namespace crdtd::testing;
using namespace crdtd;

namespace {

using ctl::Audited;
using StoredDocument = VirtualDisk::Document;

// What a storage with a lost end of its log would do; the last row that read_rows gives.
std::uint64_t rows_end_at = 0;

crdtd_storage_backend ends_early() {
  auto table = VirtualDisk::table();
  table.read_rows = [](crdtd_storage_session* session, const crdtd_doc_key* doc, const crdtd_read_range* range,
                       const crdtd_load_sink* sink, crdtd_error* err) -> crdtd_status {
    auto shorter = *range;
    shorter.version_until = std::min(range->version_until, rows_end_at);
    return VirtualDisk::table().read_rows(session, doc, &shorter, sink, err);
  };
  return table;
}

// A document that a real engine wrote, with checkpoints at chosen versions, and the disk open for meddling.
struct Stored {
  // `every`: rows from one checkpoint to the next; 0: none.
  explicit Stored(int writes, std::uint64_t every = 10) : one(without_checkpoints()) {
    for (int i = 0; i < writes; ++i) add("element " + std::to_string(i));
    // A second replica goes on where the first one ends.
    one.server.restart();
    for (int i = 0; i < 3; ++i) add("after the restart " + std::to_string(i));
    if (every > 0) put_checkpoints(every);
  }
  static ServerOptions without_checkpoints() {
    ServerOptions options;
    options.settings.checkpoint_log_bytes_min = 1u << 30;
    return options;
  }
  void add(const std::string& text) {
    one.server.add_minimal(kDoc, text);
    one.world.settle();
  }
  void put_checkpoints(std::uint64_t every) {
    const host::CrdtType bag("bag", bag_type(), {1}, {});
    auto state = bag.create();
    for (const auto& [version, row] : document().rows) {
      host::MergeInput input;
      input.delta = row->delta;
      input.format = row->format;
      REQUIRE(state->merge(input));
      if (version % every != 0) continue;
      document().checkpoints[version] = {document().head.birth, version, row->check, 1, *state->encode()};
    }
  }

  StoredDocument& document() { return one.disk.documents.at(kDoc); }
  void change_row(std::uint64_t version, const std::function<void(host::Row&)>& change) {
    auto row = std::make_shared<host::Row>(*document().rows.at(version));
    change(*row);
    document().rows.at(version) = std::move(row);
  }
  // Makes the checks fit what stands there, so that a planted fault shows by itself.
  void reseal() {
    auto check = document::check_start(document().head.birth);
    for (const auto& [version, row] : std::map(document().rows)) {
      check = document::check_next(check, *row);
      change_row(version, [&](host::Row& changed) { changed.check = check; });
      const auto checkpoint = document().checkpoints.find(version);
      if (checkpoint != document().checkpoints.end()) checkpoint->second.check = check;
    }
    document().head.check = check;
  }
  void trim(std::uint64_t first_version) {
    auto store = open(VirtualDisk::table());
    auto session = store.open_session(host::SessionMode::kWrite);
    REQUIRE(session->trim(kDoc, first_version, 0));
  }
  host::Store open(const crdtd_storage_backend& table) {
    auto store = host::Store::open(table, one.disk.settings(), "/");
    REQUIRE(store);
    return std::move(*store);
  }
  Audited audit(const crdtd_storage_backend& table = VirtualDisk::table(), const std::string& type = "bag") {
    const host::CrdtType bag(type, bag_type(), {1}, {});
    auto store = open(table);
    auto session = store.open_session(host::SessionMode::kRead);
    auto audited = ctl::audit_stored(*session, document::TypeTable({&bag}), kDoc);
    if (!audited) FAIL(audited.error().message);
    return std::move(*audited);
  }
  // The findings, one a line.
  std::string found(const crdtd_storage_backend& table = VirtualDisk::table()) {
    std::string lines;
    const auto audited = audit(table);
    for (const auto& finding : audited.findings.kept()) lines += finding.text() + '\n';
    return lines;
  }

  const base::DocKey kDoc = doc("d");
  OneServer one;
};

std::string about(const std::string& what, const std::string& where) { return what + " at " + where + ": "; }

// One finding, and it begins like this.
void only(const std::string& lines, const std::string& begin) {
  INFO(lines);
  CHECK(lines.rfind(begin, 0) == 0);
  CHECK(std::count(lines.begin(), lines.end(), '\n') == 1);
}

}  // namespace

TEST_CASE("audit: a sound document has no finding, and all of it was looked at", "[unit][ctl]") {
  Stored stored(40);
  const auto audited = stored.audit();
  CHECK(audited.findings.count() == 0);
  CHECK(audited.rows == 43);
  CHECK(audited.version == 43);
  CHECK(audited.checkpoints == stored.document().checkpoints.size());
  CHECK(audited.checkpoints == 4);
}

TEST_CASE("audit: a log of several pages is read to its end", "[unit][ctl]") {
  Stored stored(2'500, 0);
  const auto audited = stored.audit();
  CHECK(audited.findings.count() == 0);
  CHECK(audited.rows == 2'503);
  CHECK(audited.checkpoints == 0);
  stored.change_row(2'400, [](host::Row& row) { row.check ^= 1; });
  only(stored.found(), about("check", "row 2400"));
}

TEST_CASE("audit: a trimmed document is proven from its oldest checkpoint", "[unit][ctl]") {
  Stored stored(40);
  stored.trim(30);
  const auto first = stored.document().head.first_version;
  REQUIRE(first > 1);
  const auto audited = stored.audit();
  CHECK(audited.findings.count() == 0);
  CHECK(audited.first_version == first);
  CHECK(audited.rows == 43 - (first - 1));

  SECTION("whose state must load") {
    stored.document().checkpoints.begin()->second.encoded = "no bag";
    CHECK(stored.found().find(about("checkpoint", "checkpoint " + std::to_string(first - 1))) == 0);
  }
  SECTION("whose check the next row continues") {
    stored.document().checkpoints.begin()->second.check ^= 1;
    only(stored.found(), about("check", "row " + std::to_string(first)));
  }
  SECTION("which must be there") {
    stored.document().checkpoints.erase(first - 1);
    CHECK(stored.found().find("checkpoint " + std::to_string(first - 1)) != std::string::npos);
  }
}

TEST_CASE("audit: catches a row whose check or content was changed, as one finding", "[unit][ctl]") {
  Stored stored(20, 0);
  SECTION("the check alone") {
    const auto right = stored.document().rows.at(7)->check;
    stored.change_row(7, [](host::Row& row) { row.check = 0x01020304; });
    const auto audited = stored.audit();
    REQUIRE(audited.findings.count() == 1);
    const auto& finding = audited.findings.kept().front();
    CHECK(finding.what == "check");
    CHECK(finding.where == "row 7");
    CHECK(finding.found == "01020304");
    CHECK(std::stoul(finding.expected, nullptr, 16) == right);
  }
  SECTION("its node") {
    stored.change_row(7, [](host::Row& row) { row.node += "x"; });
    only(stored.found(), about("check", "row 7"));
  }
  SECTION("its clock") {
    stored.change_row(7, [](host::Row& row) { row.hlc_unix_ns -= 1; });
    only(stored.found(), about("check", "row 7"));
  }
  SECTION("the last one's") {
    stored.change_row(23, [](host::Row& row) { row.check ^= 1; });
    const auto lines = stored.found();
    INFO(lines);
    CHECK(lines.find(about("check", "row 23")) == 0);
    CHECK(lines.find("check at the head") != std::string::npos);
  }
}

TEST_CASE("audit: catches a delta that was changed, in checks, chain and state", "[unit][ctl]") {
  Stored stored(20);
  const auto checkpoint = stored.document().checkpoints.lower_bound(5)->first;
  stored.change_row(5, [](host::Row& row) { row.delta.back() ^= 1; });
  const auto lines = stored.found();
  INFO(lines);
  CHECK(lines.find(about("check", "row 5")) != std::string::npos);
  CHECK(lines.find(about("state", "checkpoint " + std::to_string(checkpoint))) != std::string::npos);
  CHECK(lines.find("chain at replica") != std::string::npos);
  // The checkpoint takes over, so that what follows is judged by itself.
  CHECK(std::count(lines.begin(), lines.end(), '\n') == 3);
}

TEST_CASE("audit: catches a delta that does not merge", "[unit][ctl]") {
  Stored stored(20, 0);
  stored.change_row(5, [](host::Row& row) { row.delta = "?"; });
  CHECK(stored.found().find(about("row", "row 5")) != std::string::npos);
}

TEST_CASE("audit: catches a hole in the log", "[unit][ctl]") {
  Stored stored(20, 0);
  stored.document().rows.at(7) = stored.document().rows.at(8);
  const auto lines = stored.found();
  INFO(lines);
  CHECK(lines.find("storage at ") == 0);
  CHECK(lines.find("row 8 came where row 7 was due") != std::string::npos);
}

TEST_CASE("audit: catches a log that ends before its head", "[unit][ctl]") {
  Stored stored(20, 0);
  rows_end_at = 15;
  const auto table = ends_early();
  only(stored.found(table), about("row", "row 16"));
}

TEST_CASE("audit: catches counters with a hole, or used twice", "[unit][ctl]") {
  Stored stored(20, 0);
  const auto replica = stored.document().rows.at(7)->replica;
  const auto shift = [&](std::int64_t by) {
    for (std::uint64_t version = 7; version <= 20; ++version) {
      stored.change_row(version, [&](host::Row& row) { row.first_counter += static_cast<std::uint64_t>(by); });
    }
    stored.reseal();
    auto& known = stored.document().known.at(replica);
    known.counter += static_cast<std::uint64_t>(by);
  };
  SECTION("a hole") { shift(1); }
  SECTION("a repeat") { shift(-1); }
  const auto lines = stored.found();
  only(lines, "dots at row 7, replica ");
  CHECK(lines.find("expected counter 7") != std::string::npos);
}

TEST_CASE("audit: catches a known table that the log does not give", "[unit][ctl]") {
  Stored stored(20);
  auto& known = stored.document().known;
  REQUIRE(known.size() == 2);
  auto& first = known.begin()->second;
  SECTION("another counter") {
    ++first.counter;
    only(stored.found(), "known at replica ");
  }
  SECTION("another chain") {
    first.chain ^= 1;
    only(stored.found(), "chain at replica ");
  }
  SECTION("a replica that is missing") {
    known.erase(known.begin());
    only(stored.found(), "known at replica ");
  }
  SECTION("a replica that wrote nothing") {
    known[42] = {42, 1, 1, ""};
    only(stored.found(), about("known", "replica 000000000000002a"));
  }
  SECTION("another node") {
    first.node = "somebody else";
    only(stored.found(), "known at replica ");
  }
}

TEST_CASE("audit: catches a checkpoint that is not the state of its version", "[unit][ctl]") {
  Stored stored(40);
  auto& checkpoints = stored.document().checkpoints;
  REQUIRE(checkpoints.size() >= 3);
  const auto second = std::next(checkpoints.begin());
  const auto where = "checkpoint " + std::to_string(second->first);
  SECTION("an older state") {
    second->second.encoded = checkpoints.begin()->second.encoded;
    const auto lines = stored.found();
    INFO(lines);
    CHECK(lines.find(about("state", where)) == 0);
  }
  SECTION("bytes that are no state") {
    second->second.encoded = "?";
    only(stored.found(), about("checkpoint", where));
  }
  SECTION("a state in other bytes than its own") {
    second->second.encoded.replace(0, 4, std::string("\x01\0\0\0?", 5));
    const auto lines = stored.found();
    only(lines, about("checkpoint", where));
    CHECK(lines.find("very bytes") != std::string::npos);
  }
  SECTION("another check") {
    second->second.check ^= 1;
    only(stored.found(), about("check", where));
  }
  SECTION("a format that nobody reads") {
    second->second.format = 9;
    only(stored.found(), about("checkpoint", where));
  }
}

TEST_CASE("audit: catches a head that is not the log's end", "[unit][ctl]") {
  Stored stored(20, 0);
  SECTION("another check") {
    stored.document().head.check ^= 1;
    only(stored.found(), about("check", "the head, version 23"));
  }
  SECTION("a clock that went back") {
    stored.document().head.hlc_unix_ns = 1;
    only(stored.found(), about("head", "its clock"));
  }
}

TEST_CASE("audit: a type without a plugin is said, and the log is judged all the same", "[unit][ctl]") {
  Stored stored(20);
  CHECK(stored.audit(VirtualDisk::table(), "other").findings.count() == 1);
  stored.change_row(7, [](host::Row& row) { row.check ^= 1; });
  const auto audited = stored.audit(VirtualDisk::table(), "other");
  REQUIRE(audited.findings.count() == 2);
  CHECK(audited.findings.kept()[0].what == "type");
  CHECK(audited.findings.kept()[1].where == "row 7");
}

TEST_CASE("audit: a document that is not there is a failure, not a finding", "[unit][ctl]") {
  Stored stored(1);
  stored.one.disk.documents.clear();
  auto store = stored.open(VirtualDisk::table());
  auto session = store.open_session(host::SessionMode::kRead);
  const auto audited = ctl::audit_stored(*session, document::TypeTable(std::vector<const host::CrdtType*>{}), stored.kDoc);
  REQUIRE_FALSE(audited);
  CHECK(audited.error().code == ctl::kExitFailed);
}

TEST_CASE("audit: a thousand findings are counted, a hundred kept", "[unit][ctl]") {
  ctl::Findings findings;
  ctl::LogAudit log(findings, 0, document::check_start(1));
  for (std::uint64_t version = 1; version <= 1000; ++version) {
    log.take({version, 7, 2 * version, 1, 1, 1, 0, "n", "", "d"}, std::nullopt);
  }
  CHECK(findings.count() == 1000);
  CHECK(findings.kept().size() == ctl::Findings::kKeptMax);
}

TEST_CASE("audit: behind a heal, counters are taken as they come", "[unit][ctl]") {
  ctl::Findings findings;
  ctl::LogAudit log(findings, 0, std::nullopt);
  log.take({1, 7, 1, 1, 2, 1, 0, "n", "", "d"}, std::nullopt);
  log.take({2, 9, 0, 1, 0, 1, 0, "n", "", "whole state"}, std::nullopt);  // brings counters 3 to 5 of replica 7, say
  log.take({3, 7, 6, 1, 1, 1, 0, "n", "", "d"}, std::nullopt);
  log.compare_known({{7, 6, 123, ""}, {8, 2, 5, ""}});
  CHECK(findings.count() == 0);
  // From there on they must go on without a hole.
  log.take({4, 7, 8, 1, 1, 1, 0, "n", "", "d"}, std::nullopt);
  CHECK(findings.count() == 1);
}

TEST_CASE("audit: counters that overflow are found, not followed", "[unit][ctl]") {
  ctl::Findings findings;
  ctl::LogAudit log(findings, 0, std::nullopt);
  log.take({1, 7, ~std::uint64_t{0}, 1, 2, 1, 0, "n", "", "d"}, std::nullopt);
  log.take({2, 7, 0, 1, 1, 1, 0, "n", "", "d"}, std::nullopt);
  CHECK(findings.count() == 2);
}
