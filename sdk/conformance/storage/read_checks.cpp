#include "storage/checks.hpp"

namespace crdtd::conformance {

namespace {

const Doc kDoc{"tenant", "doc"};

std::vector<std::uint64_t> versions(const Loaded& loaded) {
  std::vector<std::uint64_t> out;
  for (const Row& row : loaded.rows) out.push_back(row.version);
  return out;
}
using Versions = std::vector<std::uint64_t>;

Checkpoint checkpoint_at(std::uint64_t version) {
  return {5, version, 3, static_cast<std::uint32_t>(version + 100), "state " + std::to_string(version)};
}

void loads_from_the_right_checkpoint(Bench& bench) {
  Session session = bench.writer();
  EXPECT_STATUS(session.append(make_creation(kDoc, 5, 10)).status, CRDTD_OK);
  for (const std::uint64_t version : {7, 3}) EXPECT_STATUS(session.put_checkpoint(kDoc, checkpoint_at(version)), CRDTD_OK);
  const Loaded at_head = session.load(kDoc);
  EXPECT(at_head.checkpoint == checkpoint_at(7));
  EXPECT((versions(at_head) == Versions{8, 9, 10}));
  const Loaded at_six = session.load(kDoc, 6);
  EXPECT(at_six.checkpoint == checkpoint_at(3));
  EXPECT((versions(at_six) == Versions{4, 5, 6}));
  EXPECT(at_six.head.version == 10);
  const Loaded at_seven = session.load(kDoc, 7);
  EXPECT(at_seven.checkpoint == checkpoint_at(7) && at_seven.rows.empty());
  const Loaded at_two = session.load(kDoc, 2);
  EXPECT(!at_two.checkpoint);
  EXPECT((versions(at_two) == Versions{1, 2}));
  EXPECT((versions(session.load(kDoc, 1'000)) == Versions{8, 9, 10}));

  Checkpoint replaced = checkpoint_at(7);
  replaced.encoded = "another encoding";
  EXPECT_STATUS(session.put_checkpoint(kDoc, replaced), CRDTD_OK);
  EXPECT(session.load(kDoc).checkpoint == replaced);
}

void refuses_checkpoints_that_do_not_fit(Bench& bench) {
  Session session = bench.writer();
  EXPECT_STATUS(session.put_checkpoint(kDoc, checkpoint_at(1)), CRDTD_NOT_FOUND);
  EXPECT_STATUS(session.append(make_creation(kDoc, 5, 2)).status, CRDTD_OK);
  EXPECT_STATUS(session.put_checkpoint(kDoc, checkpoint_at(3)), CRDTD_CONFLICT);
  Checkpoint other_birth = checkpoint_at(2);
  other_birth.birth = 6;
  EXPECT_STATUS(session.put_checkpoint(kDoc, other_birth), CRDTD_CONFLICT);
  EXPECT(!session.load(kDoc).checkpoint);
  EXPECT_STATUS(session.put_checkpoint(kDoc, checkpoint_at(2)), CRDTD_OK);
}

void reads_ranges(Bench& bench) {
  Session session = bench.writer();
  EXPECT_STATUS(session.read_rows(kDoc).status, CRDTD_NOT_FOUND);
  EXPECT_STATUS(session.append(make_creation(kDoc, 5, 4)).status, CRDTD_OK);
  for (std::uint64_t version = 4; version < 10; ++version) {
    EXPECT_STATUS(session.append(make_append(kDoc, 5, version)).status, CRDTD_OK);
  }
  EXPECT((versions(session.read_rows(kDoc)) == Versions{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
  EXPECT((versions(session.read_rows(kDoc, {8, 0, 0, 0})) == Versions{9, 10}));
  EXPECT((versions(session.read_rows(kDoc, {2, 5, 0, 0})) == Versions{3, 4, 5}));
  EXPECT((versions(session.read_rows(kDoc, {2, 0, 3, 0})) == Versions{3, 4, 5}));
  EXPECT((versions(session.read_rows(kDoc, {2, 100, 100, 0})) == Versions{3, 4, 5, 6, 7, 8, 9, 10}));
  for (const std::uint64_t after : {10, 11, 1'000}) {
    const Loaded nothing = session.read_rows(kDoc, {after, 0, 0, 0});
    EXPECT_STATUS(nothing.status, CRDTD_OK);
    EXPECT(nothing.rows.empty() && nothing.head.version == 10);
  }
  EXPECT(session.read_rows(kDoc, {5, 3, 0, 0}).rows.empty());
  // Each delta here has 7 bytes up to version 9: "delta 1".
  EXPECT((versions(session.read_rows(kDoc, {0, 0, 0, 1})) == Versions{1}));
  EXPECT((versions(session.read_rows(kDoc, {0, 0, 0, 7})) == Versions{1}));
  EXPECT((versions(session.read_rows(kDoc, {0, 0, 0, 8})) == Versions{1, 2}));
  EXPECT((versions(session.read_rows(kDoc, {3, 0, 2, 21})) == Versions{4, 5}));
  EXPECT((versions(session.read_rows(kDoc, {3, 0, 9, 21})) == Versions{4, 5, 6}));
}

void ends_a_read_when_the_sink_says_so(Bench& bench) {
  Session session = bench.writer();
  EXPECT_STATUS(session.append(make_creation(kDoc, 5, 5)).status, CRDTD_OK);
  EXPECT_STATUS(session.load_stopped(kDoc, CRDTD_LIMIT), CRDTD_LIMIT);
  EXPECT_STATUS(session.append(make_append(kDoc, 5, 5)).status, CRDTD_OK);  // the session is as good as before
  EXPECT(session.load(kDoc).rows.size() == 6);
}

void trims_what_a_checkpoint_covers(Bench& bench) {
  Session session = bench.writer();
  EXPECT_STATUS(session.trim(kDoc, 1), CRDTD_NOT_FOUND);
  EXPECT_STATUS(session.append(make_creation(kDoc, 5, 10)).status, CRDTD_OK);
  EXPECT_STATUS(session.trim(kDoc, 8), CRDTD_OK);  // no checkpoint: every row is needed
  EXPECT(session.read_rows(kDoc).rows.size() == 10);
  for (const std::uint64_t version : {2, 5, 9}) EXPECT_STATUS(session.put_checkpoint(kDoc, checkpoint_at(version)), CRDTD_OK);
  EXPECT_STATUS(session.trim(kDoc, 8), CRDTD_OK);  // 6 and 7 stay: from checkpoint 5 on, every version can be rebuilt

  const Loaded rows = session.read_rows(kDoc, {5, 0, 0, 0});
  EXPECT((versions(rows) == Versions{6, 7, 8, 9, 10}));
  EXPECT(rows.head.first_version == 6);
  const Loaded behind = session.read_rows(kDoc, {4, 0, 0, 0});
  EXPECT_STATUS(behind.status, CRDTD_BEHIND);
  EXPECT(behind.detail == 6);
  EXPECT_STATUS(session.read_rows(kDoc).status, CRDTD_BEHIND);
  const Loaded at_five = session.load(kDoc, 5);
  EXPECT_STATUS(at_five.status, CRDTD_OK);
  EXPECT(at_five.checkpoint == checkpoint_at(5) && at_five.rows.empty());
  EXPECT((versions(session.load(kDoc, 8)) == Versions{6, 7, 8}));
  const Loaded too_old = session.load(kDoc, 4);
  EXPECT_STATUS(too_old.status, CRDTD_BEHIND);
  EXPECT(too_old.detail == 5);
  EXPECT(session.load(kDoc).checkpoint == checkpoint_at(9));

  EXPECT_STATUS(session.append(make_append(kDoc, 5, 10, 2)).status, CRDTD_OK);
  EXPECT_STATUS(session.put_checkpoint(kDoc, checkpoint_at(12)), CRDTD_OK);
  EXPECT_STATUS(session.trim(kDoc, 1'000), CRDTD_OK);
  const Loaded all_trimmed = session.load(kDoc);
  EXPECT(all_trimmed.head.first_version == 13 && all_trimmed.head.version == 12);
  EXPECT(all_trimmed.head.hlc_unix_ns == 1'012 && all_trimmed.head.check == make_row(12).check);
  EXPECT(all_trimmed.checkpoint == checkpoint_at(12) && all_trimmed.rows.empty());
  EXPECT_STATUS(session.append(make_append(kDoc, 5, 12)).status, CRDTD_OK);
  EXPECT((versions(session.load(kDoc)) == Versions{13}));
}

void forgets_expired_keys(Bench& bench) {
  Session session = bench.writer();
  Entry entry = make_creation(kDoc, 5, 1);
  entry.keys = {{"node", "old", 1, 100, {1}}, {"node", "edge", 1, 200, {2}}, {"node", "young", 1, 300, {3}}};
  EXPECT_STATUS(session.append(entry).status, CRDTD_OK);
  EXPECT_STATUS(session.trim(kDoc, 0, 200), CRDTD_OK);
  const auto find = [&](const char* name) {
    Key key{"node", name, 0, 0, {}};
    return session.find_key(kDoc, key);
  };
  EXPECT_STATUS(find("old"), CRDTD_NOT_FOUND);
  EXPECT_STATUS(find("edge"), CRDTD_OK);
  EXPECT_STATUS(find("young"), CRDTD_OK);
  EXPECT(session.load(kDoc).rows.size() == 1);
}

}  // namespace

std::vector<StorageCheck> read_checks() {
  return {{"checkpoint-newest-before", loads_from_the_right_checkpoint},
          {"checkpoint-refused", refuses_checkpoints_that_do_not_fit},
          {"read-rows-ranges", reads_ranges},
          {"sink-ends-read", ends_a_read_when_the_sink_says_so},
          {"trim-behind-checkpoint", trims_what_a_checkpoint_covers},
          {"trim-expired-keys", forgets_expired_keys}};
}

}  // namespace crdtd::conformance
