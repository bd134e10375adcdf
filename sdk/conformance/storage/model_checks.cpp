#include <optional>
#include <set>

#include "storage/checks.hpp"
#include "storage/model.hpp"

namespace crdtd::conformance {

namespace {

// Random steps against the model: a few documents, so that all that can meet does meet.
class ModelRun {
 public:
  explicit ModelRun(Bench& bench) : bench_(bench), session_(bench.writer()) {}

  void run(std::uint32_t steps, bool reopen) {
    for (step_ = 1; step_ <= steps; ++step_) {
      try {
        one_step();
        if (step_ % 64 == 0) compare_everything();
        if (reopen && bench_.random_below(150) == 0) reopen_store();
      } catch (const Failed& failed) {
        throw Failed{failed.message + ", in step " + std::to_string(step_) + " (" + what_ + ")"};
      }
    }
    compare_everything();
  }

 private:
  std::uint64_t below(std::uint64_t bound) { return bench_.random_below(bound); }
  bool one_in(std::uint64_t n) { return below(n) == 0; }

  Doc random_doc() { return {numbered("t", below(2)), std::string(1 + below(3), 'd').append(one_in(4) ? "\xf0" : "")}; }

  void one_step() {
    const std::uint64_t dice = below(100);
    if (dice < 50)
      append();
    else if (dice < 60)
      load();
    else if (dice < 70)
      read_rows();
    else if (dice < 78)
      find_key();
    else if (dice < 86)
      put_checkpoint();
    else if (dice < 93)
      trim();
    else if (dice < 95)
      erase();
    else
      list();
  }

  Row random_row(std::uint64_t version) {
    Row row = make_row(version, bench_.random_bytes(one_in(50) ? below(20'000) : below(200)));
    row.replica = below(5);
    row.hlc_unix_ns = below(1'000'000);
    row.check = static_cast<std::uint32_t>(bench_.random());
    row.count = static_cast<std::uint32_t>(below(3));
    row.key = one_in(2) ? random_key().key : "";
    return row;
  }

  Key random_key() {
    Key key{numbered("node", below(3)), numbered("key", below(40)), below(100), below(2'000), {}};
    for (auto& byte : key.digest) byte = static_cast<std::uint8_t>(bench_.random());
    return key;
  }

  Entry random_entry(const Doc& doc) {
    const ModelDocument* document = model_.find(doc);
    Entry entry;
    entry.doc = doc;
    entry.create = one_in(12) ? one_in(2) : document == nullptr;
    entry.birth = document != nullptr && !one_in(15) ? document->head.birth : 1 + below(6);
    entry.version_expected = document == nullptr ? 0 : document->head.version;
    if (one_in(15)) entry.version_expected += below(3);
    if (entry.create) {
      entry.type = one_in(2) ? "orset" : "lww";
      entry.check_create = static_cast<std::uint32_t>(bench_.random());
    }
    for (std::uint64_t i = below(4); i > 0; --i) entry.rows.push_back(random_row(entry.version_expected + entry.rows.size() + 1));
    for (std::uint64_t i = below(3); i > 0; --i) {
      const Key key = random_key();
      bool repeated = false;
      for (const Key& other : entry.keys) repeated |= other.node == key.node && other.key == key.key;
      if (!repeated) entry.keys.push_back(key);
    }
    if (one_in(2)) entry.known.push_back({below(4), bench_.random(), bench_.random(), numbered("node", below(3))});
    if (one_in(4)) entry.known.push_back({4 + below(4), bench_.random(), bench_.random(), ""});
    return entry;
  }

  void append() {
    what_ = "append";
    std::vector<Entry> entries;
    std::set<Doc> docs;
    for (std::uint64_t i = 1 + below(4); i > 0; --i) {
      const Doc doc = random_doc();
      if (docs.insert(doc).second) entries.push_back(random_entry(doc));
    }
    const std::vector<Verdict> verdicts = session_->append(entries);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const Verdict wanted = model_.append(entries[i]);
      if (verdicts[i].status != wanted.status) {
        fail(__FILE__, __LINE__, "verdict " + status_name(verdicts[i].status) + ", wanted " + status_name(wanted.status));
      }
      EXPECT(verdicts[i].version == wanted.version || (wanted.status != CRDTD_OK && verdicts[i].version == 0));
    }
  }

  static void expect_equal(const Loaded& got, const Loaded& wanted) {
    if (got.status != wanted.status) fail(__FILE__, __LINE__, status_name(got.status) + ", wanted " + status_name(wanted.status));
    EXPECT(got.status == CRDTD_OK || got.detail == wanted.detail);
    if (got.status != CRDTD_OK) return;
    EXPECT(got.head == wanted.head);
    EXPECT(got.known == wanted.known);
    EXPECT(got.checkpoint == wanted.checkpoint);
    EXPECT(got.rows == wanted.rows);
  }

  void load() {
    what_ = "load";
    const Doc doc = random_doc();
    const std::uint64_t until = one_in(2) ? 0 : below(60);
    expect_equal(session_->load(doc, until), model_.load(doc, until));
  }

  void read_rows() {
    what_ = "read_rows";
    const Doc doc = random_doc();
    const Range range{below(60), one_in(2) ? 0 : below(60), one_in(2) ? 0 : static_cast<std::uint32_t>(below(20)),
                      one_in(2) ? 0 : below(1'000)};
    expect_equal(session_->read_rows(doc, range), model_.read_rows(doc, range));
  }

  void find_key() {
    what_ = "find_key";
    const Doc doc = random_doc();
    Key got = random_key();
    Key wanted = got;
    const crdtd_status status = session_->find_key(doc, got);
    EXPECT(status == model_.find_key(doc, wanted));
    EXPECT(status != CRDTD_OK || got == wanted);
  }

  void put_checkpoint() {
    what_ = "put_checkpoint";
    const Doc doc = random_doc();
    const ModelDocument* document = model_.find(doc);
    const std::uint64_t version = document == nullptr ? 1 : below(document->head.version + (one_in(10) ? 3 : 1));
    const std::uint64_t birth = document == nullptr || one_in(20) ? below(9) : document->head.birth;
    const Checkpoint checkpoint{birth, version, 1, static_cast<std::uint32_t>(bench_.random()),
                                bench_.random_bytes(below(3'000))};
    EXPECT(session_->put_checkpoint(doc, checkpoint) == model_.put_checkpoint(doc, checkpoint));
  }

  void trim() {
    what_ = "trim";
    const Doc doc = random_doc();
    const ModelDocument* document = model_.find(doc);
    const std::uint64_t first_version = document == nullptr ? 1 : below(document->head.version + 3);
    const std::uint64_t now = one_in(2) ? 0 : below(1'000);
    EXPECT(session_->trim(doc, first_version, now) == model_.trim(doc, first_version, now));
  }

  void erase() {
    what_ = "erase";
    const Doc doc = random_doc();
    const ModelDocument* document = model_.find(doc);
    const std::uint64_t birth = document == nullptr ? 1 : document->head.birth + (one_in(8) ? 1 : 0);
    const std::uint64_t version = document == nullptr ? 1 : document->head.version + (one_in(8) ? 1 : 0);
    EXPECT(session_->erase(doc, birth, version) == model_.erase(doc, birth, version));
  }

  void list() {
    what_ = "list";
    const Doc after = random_doc();
    const auto count = static_cast<std::uint32_t>(below(7));
    const std::string id = one_in(2) ? "" : after.id;
    EXPECT(session_->list(after.tenant, id, count) == model_.list(after.tenant, id, count));
  }

  void compare_everything() {
    what_ = "comparison of everything";
    for (const char* tenant : {"t0", "t1"}) {
      const std::vector<Item> items = model_.list(tenant, "", 100);
      EXPECT(session_->list(tenant, "", 100) == items);
      for (const Item& item : items) {
        const Doc doc{tenant, item.id};
        expect_equal(session_->load(doc), model_.load(doc, 0));
        const std::uint64_t after = model_.find(doc)->head.first_version - 1;
        expect_equal(session_->read_rows(doc, {after, 0, 0, 0}), model_.read_rows(doc, {after, 0, 0, 0}));
      }
    }
  }

  void reopen_store() {
    what_ = "reopen";
    session_.reset();
    bench_.reopen();
    session_.emplace(bench_.writer());
    compare_everything();
  }

  Bench& bench_;
  std::optional<Session> session_;
  StorageModel model_;
  std::uint32_t step_ = 0;
  const char* what_ = "";
};

void follows_the_model(Bench& bench) { ModelRun(bench).run(bench.options().model_steps, bench.options().durable); }

}  // namespace

std::vector<StorageCheck> model_checks() { return {{"random-steps-as-the-model", follows_the_model}}; }

}  // namespace crdtd::conformance
