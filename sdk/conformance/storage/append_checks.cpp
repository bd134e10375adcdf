#include "storage/checks.hpp"

namespace crdtd::conformance {

namespace {

const Doc kDoc{"tenant", "doc"};

void creates_and_appends(Bench& bench) {
  Session session = bench.writer();
  EXPECT_STATUS(session.load(kDoc).status, CRDTD_NOT_FOUND);
  EXPECT_STATUS(session.append(make_creation(kDoc, 5)).status, CRDTD_OK);
  const Loaded empty = session.load(kDoc);
  EXPECT_STATUS(empty.status, CRDTD_OK);
  EXPECT((empty.head == Head{"orset", 5, 0, 1, 0, 99}));
  EXPECT(empty.rows.empty() && empty.known.empty() && !empty.checkpoint);

  const Verdict verdict = session.append(make_append(kDoc, 5, 0, 3));
  EXPECT_STATUS(verdict.status, CRDTD_OK);
  EXPECT(verdict.version == 3);
  const Loaded loaded = session.load(kDoc);
  EXPECT((loaded.head == Head{"orset", 5, 3, 1, 1'003, make_row(3).check}));
  EXPECT((loaded.rows == std::vector<Row>{make_row(1), make_row(2), make_row(3)}));

  const Doc other{"tenant", "other"};
  EXPECT(session.append(make_creation(other, 6, 2)).version == 2);
  EXPECT(session.load(other).rows.size() == 2);
}

// Versions that continue the head are stored, others are not, and the verdict tells where the head is.
void refuses_unexpected_version(Bench& bench) {
  Session session = bench.writer();
  EXPECT_STATUS(session.append(make_append(kDoc, 5, 0)).status, CRDTD_CONFLICT);
  EXPECT_STATUS(session.load(kDoc).status, CRDTD_NOT_FOUND);
  EXPECT_STATUS(session.append(make_creation(kDoc, 5, 2)).status, CRDTD_OK);
  for (const std::uint64_t expected : {0, 1, 3}) {
    const Verdict verdict = session.append(make_append(kDoc, 5, expected));
    EXPECT_STATUS(verdict.status, CRDTD_CONFLICT);
    EXPECT(verdict.version == 2);
  }
  EXPECT_STATUS(session.append(make_append(kDoc, 6, 2)).status, CRDTD_CONFLICT);  // another birth
  EXPECT_STATUS(session.append(make_creation(kDoc, 5)).status, CRDTD_CONFLICT);   // exists
  EXPECT_STATUS(session.append(make_creation(kDoc, 77)).status, CRDTD_CONFLICT);
  Entry hole = make_append(kDoc, 5, 2, 2);
  hole.rows[1].version = 5;
  EXPECT_STATUS(session.append(hole).status, CRDTD_INVALID);
  const Loaded loaded = session.load(kDoc);
  EXPECT(loaded.head.version == 2 && loaded.head.birth == 5 && loaded.rows.size() == 2);
}

// One entry that conflicts leaves the good ones of its batch alone, and stores nothing of itself.
void gives_a_verdict_per_entry(Bench& bench) {
  Session session = bench.writer();
  const Doc b{"tenant", "b"}, c{"tenant2", "doc"};
  EXPECT_STATUS(session.append(make_creation(b, 2, 4)).status, CRDTD_OK);
  Entry bad = make_append(b, 2, 3, 2);
  bad.keys = {{"node", "bad", 5, 1'000, {}}};
  bad.known = {{9, 9, 9, "node"}};
  const std::vector<Verdict> verdicts =
      session.append({make_creation(kDoc, 1, 2), bad, make_creation(c, 3, 1), make_append({"tenant", "absent"}, 1, 0)});
  EXPECT_STATUS(verdicts[0].status, CRDTD_OK);
  EXPECT_STATUS(verdicts[1].status, CRDTD_CONFLICT);
  EXPECT_STATUS(verdicts[2].status, CRDTD_OK);
  EXPECT_STATUS(verdicts[3].status, CRDTD_CONFLICT);
  EXPECT(verdicts[0].version == 2 && verdicts[1].version == 4 && verdicts[2].version == 1);
  EXPECT(session.load(kDoc).rows.size() == 2);
  EXPECT(session.load(c).rows.size() == 1);
  EXPECT(session.load(b).head.version == 4);
  EXPECT(session.load(b).known.empty());
  Key key{"node", "bad", 0, 0, {}};
  EXPECT_STATUS(session.find_key(b, key), CRDTD_NOT_FOUND);
  EXPECT_STATUS(session.load({"tenant", "absent"}).status, CRDTD_NOT_FOUND);
  EXPECT(session.append(std::vector<Entry>{}).empty());
}

void keeps_every_field(Bench& bench) {
  Session session = bench.writer();
  Entry entry = make_creation(kDoc, ~0ULL, 0);
  Row row;
  row.version = 1;
  row.replica = ~0ULL;
  row.first_counter = 1ULL << 63;
  row.hlc_unix_ns = ~0ULL - 1;
  row.count = ~0U;
  row.format = ~0U - 2;
  row.check = ~0U - 3;
  row.node = std::string("n\0de", 4);
  row.key = std::string(128, 'k');
  row.delta = "delta";
  entry.rows = {row};
  entry.known = {{~0ULL, ~0ULL - 1, ~0ULL - 2, "node"}};
  Key key{"node", "key", ~0ULL, ~0ULL - 4, {}};
  key.digest.fill(0xff);
  entry.keys = {key};
  EXPECT_STATUS(session.append(entry).status, CRDTD_OK);
  const Loaded loaded = session.load(kDoc);
  EXPECT(loaded.rows.at(0) == row);
  EXPECT(loaded.known == entry.known);
  EXPECT(loaded.head.hlc_unix_ns == row.hlc_unix_ns && loaded.head.birth == ~0ULL);
  Key found{"node", "key", 0, 0, {}};
  EXPECT_STATUS(session.find_key(kDoc, found), CRDTD_OK);
  EXPECT(found == key);
}

// Keys are found by node and document alone; a key may come without a row.
void finds_keys_in_their_scope(Bench& bench) {
  Session session = bench.writer();
  const Doc other_tenant{"tenant2", "doc"}, other_doc{"tenant", "doc2"};
  for (const Doc& doc : {kDoc, other_tenant, other_doc}) EXPECT_STATUS(session.append(make_creation(doc, 1)).status, CRDTD_OK);
  Entry entry = make_append(kDoc, 1, 0, 2);
  entry.keys = {{"ann", "k", 1, 500, {1}}, {"bob", "k", 2, 600, {2}}};
  EXPECT_STATUS(session.append(entry).status, CRDTD_OK);
  Entry keys_only = make_append(kDoc, 1, 2, 0);
  keys_only.keys = {{"ann", "same", 2, 700, {3}}};
  const Verdict verdict = session.append(keys_only);
  EXPECT_STATUS(verdict.status, CRDTD_OK);
  EXPECT(verdict.version == 2);

  for (const Key& wanted : {entry.keys[0], entry.keys[1], keys_only.keys[0]}) {
    Key found{wanted.node, wanted.key, 0, 0, {}};
    EXPECT_STATUS(session.find_key(kDoc, found), CRDTD_OK);
    EXPECT(found == wanted);
    EXPECT_STATUS(session.find_key(other_tenant, found), CRDTD_NOT_FOUND);
    EXPECT_STATUS(session.find_key(other_doc, found), CRDTD_NOT_FOUND);
  }
  for (const auto& [node, key] : {std::pair("carl", "k"), std::pair("ann", "kk"), std::pair("annk", ""), std::pair("an", "nk")}) {
    Key absent{node, key, 0, 0, {}};
    EXPECT_STATUS(session.find_key(kDoc, absent), CRDTD_NOT_FOUND);
  }
}

void replaces_known_entries(Bench& bench) {
  Session session = bench.writer();
  Entry entry = make_creation(kDoc, 1, 1);
  entry.known = {{1, 1, 11, "a"}, {2, 1, 12, "b"}};
  EXPECT_STATUS(session.append(entry).status, CRDTD_OK);
  entry = make_append(kDoc, 1, 1, 1);
  entry.known = {{2, 5, 52, "b2"}, {3, 1, 13, ""}};
  EXPECT_STATUS(session.append(entry).status, CRDTD_OK);
  entry = make_append(kDoc, 1, 2, 0);
  entry.known = {{1, 0, 0, "reset"}};  // a lower counter replaces too: the host knows why
  EXPECT_STATUS(session.append(entry).status, CRDTD_OK);
  EXPECT((session.load(kDoc, 1).known == std::vector<Known>{{1, 0, 0, "reset"}, {2, 5, 52, "b2"}, {3, 1, 13, ""}}));
}

void read_sessions_do_not_write(Bench& bench) {
  Session writer = bench.writer();
  EXPECT_STATUS(writer.append(make_creation(kDoc, 1, 1)).status, CRDTD_OK);
  Session reader = bench.reader();
  crdtd_status status = CRDTD_OK;
  reader.append({make_append(kDoc, 1, 1)}, &status);
  EXPECT(status != CRDTD_OK);
  EXPECT(reader.put_checkpoint(kDoc, {1, 1, 1, 0, "state"}) != CRDTD_OK);
  EXPECT(reader.trim(kDoc, 2) != CRDTD_OK);
  EXPECT(reader.erase(kDoc, 1, 1) != CRDTD_OK);
  EXPECT(reader.meta_put("name", "value") != CRDTD_OK);
  EXPECT(reader.load(kDoc).head.version == 1);
}

}  // namespace

std::vector<StorageCheck> append_checks() {
  return {{"create-append-load", creates_and_appends},       {"version-expected", refuses_unexpected_version},
          {"verdict-per-entry", gives_a_verdict_per_entry},  {"every-field-kept", keeps_every_field},
          {"keys-scoped", finds_keys_in_their_scope},        {"known-replaced", replaces_known_entries},
          {"read-session-reads", read_sessions_do_not_write}};
}

}  // namespace crdtd::conformance
