#include <atomic>
#include <mutex>
#include <thread>

#include "storage/checks.hpp"

namespace crdtd::conformance {

namespace {

const Doc kDoc{"tenant", "doc"};

void keeps_large_deltas(Bench& bench) {
  Session session = bench.writer();
  const std::size_t sizes[] = {1'048'576, 3'000'001, 65'536, 4'096, 1};
  Entry entry = make_creation(kDoc, 1);
  std::vector<std::string> deltas;
  for (const std::size_t size : sizes) {
    deltas.push_back(bench.random_bytes(size));
    entry.rows.push_back(make_row(deltas.size(), deltas.back()));
  }
  EXPECT_STATUS(session.append(entry).status, CRDTD_OK);
  const std::string state = bench.random_bytes(5'000'000);
  EXPECT_STATUS(session.put_checkpoint(kDoc, {1, 1, 1, 1, state}), CRDTD_OK);
  const Loaded loaded = session.load(kDoc);
  EXPECT(loaded.checkpoint && loaded.checkpoint->encoded == state);
  EXPECT(loaded.rows.size() == 4);
  const Loaded rows = session.read_rows(kDoc);
  for (std::size_t i = 0; i < deltas.size(); ++i) EXPECT(rows.rows.at(i).delta == deltas[i]);
  EXPECT(session.read_rows(kDoc, {0, 0, 0, 1'048'577}).rows.size() == 2);
}

// Bytes are bytes: NUL, high bits, quotes and nothing at all, in every field that holds text.
void keeps_binary_bytes(Bench& bench) {
  Session session = bench.writer();
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  const Doc doc{std::string("t\0'\"", 4), all.substr(0, 120)};
  const Doc twin{std::string("t\0'", 3), "\"" + all.substr(0, 120)};  // the same bytes, cut elsewhere
  Entry entry = make_creation(doc, 1);
  entry.type = all.substr(100, 60);
  entry.rows = {make_row(1, all), make_row(2, std::string(300, '\0'))};
  entry.rows[1].node = all.substr(128);
  entry.rows[1].key = all.substr(0, 32);
  Row bare = make_row(3);
  bare.delta = bare.node = "";
  entry.rows.push_back(bare);
  entry.keys = {{all.substr(0, 90), all.substr(200), 2, 9, {}}};
  entry.known = {{1, 1, 1, all}};
  EXPECT_STATUS(session.append(entry).status, CRDTD_OK);
  EXPECT_STATUS(session.load(twin).status, CRDTD_NOT_FOUND);
  EXPECT_STATUS(session.append(make_creation(twin, 2)).status, CRDTD_OK);
  const Loaded loaded = session.load(doc);
  EXPECT(loaded.rows == entry.rows && loaded.known == entry.known && loaded.head.type == entry.type);
  Key key{entry.keys[0].node, entry.keys[0].key, 0, 0, {}};
  EXPECT_STATUS(session.find_key(doc, key), CRDTD_OK);
  EXPECT(session.list(doc.tenant, "", 5).at(0).id == doc.id);
}

void keeps_many_documents(Bench& bench) {
  constexpr std::uint64_t kDocuments = 3'000, kPerBatch = 100;
  Session session = bench.writer();
  const auto name = [](std::uint64_t i) { return Doc{numbered("t", i % 3), numbered("doc", 100'000 + i)}; };
  for (int round = 0; round < 2; ++round) {
    for (std::uint64_t start = 0; start < kDocuments; start += kPerBatch) {
      std::vector<Entry> entries;
      for (std::uint64_t i = start; i < start + kPerBatch; ++i) {
        entries.push_back(round == 0 ? make_creation(name(i), i + 1, 1) : make_append(name(i), i + 1, 1, 1 + i % 3));
      }
      for (const Verdict& verdict : session.append(entries)) EXPECT_STATUS(verdict.status, CRDTD_OK);
    }
  }
  for (std::uint64_t i = 0; i < kDocuments; i += 7) {
    const Loaded loaded = session.load(name(i));
    EXPECT(loaded.head.birth == i + 1 && loaded.rows.size() == 2 + i % 3);
  }
  EXPECT(session.list("t1", "", 5'000).size() == kDocuments / 3);
}

// What the writer has been told is stored, as readers may check it.
struct Shared {
  static constexpr std::size_t kDocuments = 4;
  std::atomic<std::uint64_t> acknowledged[kDocuments] = {};
  std::atomic<bool> done = false;
  std::mutex mutex;
  std::string first_failure;

  void report(const std::string& message) {
    const std::lock_guard lock(mutex);
    if (first_failure.empty()) first_failure = message;
    done = true;
  }
};

Doc shared_doc(std::size_t index) { return {"tenant", numbered("shared", index)}; }

void check_one_moment(const Loaded& loaded, std::uint64_t at_least, std::uint64_t& seen) {
  EXPECT_STATUS(loaded.status, CRDTD_OK);
  EXPECT(loaded.head.version >= at_least);  // all that was acknowledged before the read
  EXPECT(loaded.head.version >= seen);      // never back in time
  seen = loaded.head.version;
  std::uint64_t version = loaded.checkpoint ? loaded.checkpoint->version : 0;
  for (const Row& row : loaded.rows) EXPECT(row == make_row(++version));
  EXPECT(version == loaded.head.version);
  EXPECT(loaded.head.check == (version == 0 ? 99 : make_row(version).check));
  // The writer sets the counter of replica 1 to the version with each append.
  EXPECT(loaded.known.size() == 1 && loaded.known[0].counter == version);
}

void read_while_written(Bench& bench, Shared& shared, std::uint64_t seed) {
  try {
    Session session = bench.reader();
    std::mt19937_64 random(seed);
    std::uint64_t seen[Shared::kDocuments] = {};
    while (!shared.done) {
      const std::size_t index = random() % Shared::kDocuments;
      const std::uint64_t at_least = shared.acknowledged[index];
      if (random() % 2 == 0) {
        check_one_moment(session.load(shared_doc(index)), at_least, seen[index]);
        continue;
      }
      const Loaded tail = session.read_rows(shared_doc(index), {at_least, 0, 0, 0});
      EXPECT(tail.status == CRDTD_OK || tail.status == CRDTD_BEHIND);
      std::uint64_t version = at_least;
      for (const Row& row : tail.rows) EXPECT(row == make_row(++version));
      if (tail.status == CRDTD_OK) EXPECT(version == tail.head.version && version >= at_least);
    }
  } catch (const Failed& failed) {
    shared.report(failed.message);
  }
}

void write_while_read(Bench& bench, Shared& shared) {
  constexpr int kAppends = 400;
  Session session = bench.writer();
  for (int i = 0; i < kAppends && !shared.done; ++i) {
    std::vector<Entry> entries;
    for (std::size_t index = 0; index < Shared::kDocuments; ++index) {
      Entry entry = make_append(shared_doc(index), index + 1, shared.acknowledged[index], 1 + bench.random_below(3));
      entry.known = {{1, entry.rows.back().version, 0, "node"}};
      entries.push_back(std::move(entry));
    }
    const std::vector<Verdict> verdicts = session.append(entries);
    for (std::size_t index = 0; index < Shared::kDocuments; ++index) {
      EXPECT_STATUS(verdicts[index].status, CRDTD_OK);
      shared.acknowledged[index] = verdicts[index].version;
    }
    if (i % 20 != 19) continue;
    const std::size_t index = bench.random_below(Shared::kDocuments);
    const std::uint64_t version = shared.acknowledged[index];
    EXPECT_STATUS(session.put_checkpoint(shared_doc(index), {index + 1, version, 1, 1, "state"}), CRDTD_OK);
    EXPECT_STATUS(session.trim(shared_doc(index), version + 1), CRDTD_OK);
  }
}

void reads_one_moment_while_written(Bench& bench) {
  Shared shared;
  {
    Session session = bench.writer();
    for (std::size_t index = 0; index < Shared::kDocuments; ++index) {
      Entry entry = make_creation(shared_doc(index), index + 1);
      entry.known = {{1, 0, 0, "node"}};
      EXPECT_STATUS(session.append(entry).status, CRDTD_OK);
    }
  }
  std::vector<std::thread> readers;
  for (std::uint32_t i = 0; i < std::min(bench.readers_max(), 3U); ++i) {
    readers.emplace_back([&, seed = bench.random()] { read_while_written(bench, shared, seed); });
  }
  try {
    write_while_read(bench, shared);
  } catch (const Failed& failed) {
    shared.report(failed.message);
  }
  shared.done = true;
  for (std::thread& reader : readers) reader.join();
  if (!shared.first_failure.empty()) throw Failed{shared.first_failure};
}

}  // namespace

std::vector<StorageCheck> load_checks() {
  return {{"large-deltas", keeps_large_deltas},
          {"binary-bytes", keeps_binary_bytes},
          {"many-documents", keeps_many_documents},
          {"readers-while-appending", reads_one_moment_while_written}};
}

}  // namespace crdtd::conformance
