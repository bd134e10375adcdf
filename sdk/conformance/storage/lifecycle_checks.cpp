#include <algorithm>
#include <cstring>

#include "storage/checks.hpp"

namespace crdtd::conformance {

namespace {

const Doc kDoc{"tenant", "doc"};

void erases_and_leaves_a_grave(Bench& bench) {
  Session session = bench.writer();
  EXPECT_STATUS(session.erase(kDoc, 5, 0), CRDTD_NOT_FOUND);
  Entry creation = make_creation(kDoc, 5, 3);
  creation.keys = {{"node", "key", 1, 1'000, {}}};
  creation.known = {{1, 1, 1, "node"}};
  EXPECT_STATUS(session.append(creation).status, CRDTD_OK);
  EXPECT_STATUS(session.put_checkpoint(kDoc, {5, 2, 1, 1, "state"}), CRDTD_OK);
  EXPECT_STATUS(session.erase(kDoc, 5, 2), CRDTD_CONFLICT);
  EXPECT_STATUS(session.erase(kDoc, 6, 3), CRDTD_CONFLICT);
  EXPECT_STATUS(session.erase(kDoc, 5, 3), CRDTD_OK);

  const Loaded gone = session.load(kDoc);
  EXPECT_STATUS(gone.status, CRDTD_GONE);
  EXPECT(gone.detail == 5);
  EXPECT_STATUS(session.read_rows(kDoc).status, CRDTD_GONE);
  EXPECT_STATUS(session.trim(kDoc, 1), CRDTD_GONE);
  EXPECT_STATUS(session.erase(kDoc, 5, 3), CRDTD_GONE);
  EXPECT_STATUS(session.put_checkpoint(kDoc, {5, 2, 1, 1, "state"}), CRDTD_GONE);
  EXPECT_STATUS(session.append(creation).status, CRDTD_GONE);
  EXPECT_STATUS(session.append(make_append(kDoc, 5, 3)).status, CRDTD_GONE);
  Key key{"node", "key", 0, 0, {}};
  EXPECT_STATUS(session.find_key(kDoc, key), CRDTD_NOT_FOUND);
  EXPECT(session.list("tenant", "", 10).empty());
}

void creates_again_after_erase(Bench& bench) {
  Session session = bench.writer();
  Entry creation = make_creation(kDoc, 5, 3);
  creation.keys = {{"node", "key", 1, 1'000, {}}};
  creation.known = {{1, 1, 1, "node"}};
  EXPECT_STATUS(session.append(creation).status, CRDTD_OK);
  EXPECT_STATUS(session.put_checkpoint(kDoc, {5, 1, 1, 1, "state"}), CRDTD_OK);
  EXPECT_STATUS(session.erase(kDoc, 5, 3), CRDTD_OK);
  Entry again = make_creation(kDoc, 6, 2);
  again.type = "lww";
  EXPECT_STATUS(session.append(again).status, CRDTD_OK);
  const Loaded loaded = session.load(kDoc);
  EXPECT_STATUS(loaded.status, CRDTD_OK);
  EXPECT(loaded.head.birth == 6 && loaded.head.version == 2 && loaded.head.type == "lww");
  EXPECT(loaded.known.empty() && !loaded.checkpoint && loaded.rows.size() == 2);
  Key key{"node", "key", 0, 0, {}};
  EXPECT_STATUS(session.find_key(kDoc, key), CRDTD_NOT_FOUND);
  EXPECT_STATUS(session.append(make_append(kDoc, 5, 2)).status, CRDTD_GONE);  // a graved birth stays one
  EXPECT_STATUS(session.erase(kDoc, 6, 2), CRDTD_OK);
  EXPECT(session.load(kDoc).detail == 6);
  EXPECT_STATUS(session.append(make_creation(kDoc, 5)).status, CRDTD_GONE);
  EXPECT_STATUS(session.append(make_creation({"tenant2", "doc"}, 5)).status, CRDTD_OK);  // graves are a document's own
}

void lists_in_order(Bench& bench) {
  Session session = bench.writer();
  const std::vector<std::string> ids = {"a", "a.b", "a0", "aa", "b", "z\x7f", "z\x80", "z\xff"};  // in order of their bytes
  std::vector<std::string> shuffled = ids;
  for (std::size_t i = shuffled.size(); i > 1; --i) std::swap(shuffled[i - 1], shuffled[bench.random_below(i)]);
  std::uint64_t birth = 0;
  for (const std::string& id : shuffled) {
    EXPECT_STATUS(session.append(make_creation({"t", id}, ++birth, 2)).status, CRDTD_OK);
  }
  for (const char* tenant : {"s", "t0", "u"}) EXPECT_STATUS(session.append(make_creation({tenant, "m"}, 9)).status, CRDTD_OK);

  for (std::uint32_t page = 1; page <= ids.size() + 1; ++page) {
    std::vector<std::string> seen;
    for (std::string after;;) {
      const std::vector<Item> items = session.list("t", after, page);
      EXPECT(items.size() <= page);
      for (const Item& item : items) {
        seen.push_back(item.id);
        EXPECT(item.version == 2 && item.type == "orset");
        EXPECT(item.birth >= 1 && shuffled.at(item.birth - 1) == item.id);
      }
      EXPECT(seen.size() <= ids.size());  // a storage that pages wrongly must not keep this check for ever
      if (items.size() < page) break;
      after = items.back().id;
    }
    EXPECT(seen == ids);
  }
  EXPECT(session.list("t", "aa", 1).at(0).id == "b");
  EXPECT(session.list("t", "ab", 1).at(0).id == "b");
  EXPECT(session.list("nobody", "", 5).empty());
  EXPECT(session.list("s", "", 5).size() == 1);
}

void keeps_meta(Bench& bench) {
  Session session = bench.writer();
  std::string value;
  EXPECT_STATUS(session.meta_get("generation", value), CRDTD_NOT_FOUND);
  const std::string binary("\0\xff\0x", 4);
  EXPECT_STATUS(session.meta_put("generation", binary), CRDTD_OK);
  EXPECT_STATUS(session.meta_put("empty", ""), CRDTD_OK);
  EXPECT_STATUS(session.meta_get("generation", value), CRDTD_OK);
  EXPECT(value == binary);
  EXPECT_STATUS(session.meta_get("empty", value), CRDTD_OK);
  EXPECT(value.empty());
  EXPECT_STATUS(session.meta_put("generation", "second"), CRDTD_OK);
  Session reader = bench.reader();
  EXPECT_STATUS(reader.meta_get("generation", value), CRDTD_OK);
  EXPECT(value == "second");
}

void keeps_everything_over_reopen(Bench& bench) {
  Entry creation = make_creation(kDoc, 5, 6);
  creation.keys = {{"node", "key", 1, 1'000, {7}}};
  creation.known = {{1, 1, 1, "node"}};
  const Doc erased{"tenant", "erased"}, empty{"tenant", "empty"};
  {
    Session session = bench.writer();
    EXPECT_STATUS(session.append({creation, make_creation(erased, 6, 2), make_creation(empty, 8)})[0].status, CRDTD_OK);
    EXPECT_STATUS(session.put_checkpoint(kDoc, {5, 3, 1, 1, "state"}), CRDTD_OK);
    EXPECT_STATUS(session.trim(kDoc, 3), CRDTD_OK);
    EXPECT_STATUS(session.append(make_append(kDoc, 5, 6, 2)).status, CRDTD_OK);
    EXPECT_STATUS(session.erase(erased, 6, 2), CRDTD_OK);
    EXPECT_STATUS(session.meta_put("generation", "42"), CRDTD_OK);
  }
  for (int round = 0; round < 2; ++round) {
    bench.reopen();
    Session session = bench.writer();
    const Loaded loaded = session.load(kDoc);
    EXPECT_STATUS(loaded.status, CRDTD_OK);
    EXPECT((loaded.head == Head{"orset", 5, 8, 1, 1'008, make_row(8).check}));
    EXPECT(loaded.known == creation.known);
    EXPECT(loaded.checkpoint && loaded.checkpoint->encoded == "state" && loaded.rows.size() == 5);
    EXPECT(session.load(empty).head.check == 99);
    EXPECT_STATUS(session.load(erased).status, CRDTD_GONE);
    Key key{"node", "key", 0, 0, {}};
    EXPECT_STATUS(session.find_key(kDoc, key), CRDTD_OK);
    EXPECT(key == creation.keys[0]);
    std::string value;
    EXPECT_STATUS(session.meta_get("generation", value), CRDTD_OK);
    EXPECT(value == "42");
    EXPECT_STATUS(session.append(make_append(kDoc, 5, 7)).status, CRDTD_CONFLICT);
    EXPECT(session.list("tenant", "", 10).size() == 2);
  }
}

void refuses_unknown_settings(Bench& bench) {
  crdtd_error err{};
  std::string settings = bench.settings_json();
  const bool empty = settings.find('"') == std::string::npos;
  settings.insert(settings.find('{') + 1, empty ? R"("no_such_setting": 1)" : R"("no_such_setting": 1, )");
  EXPECT_STATUS(bench.open_with(settings, err), CRDTD_INVALID);
  EXPECT(std::strstr(err.pointer, "no_such_setting") != nullptr);
  EXPECT_STATUS(bench.open_with("not JSON", err), CRDTD_INVALID);
}

}  // namespace

std::vector<StorageCheck> lifecycle_checks() {
  return {{"erase-leaves-grave", erases_and_leaves_a_grave},
          {"erase-then-create", creates_again_after_erase},
          {"list-order-paging", lists_in_order},
          {"meta-values", keeps_meta},
          {"reopen-keeps-everything", keeps_everything_over_reopen, true},
          {"settings-refused", refuses_unknown_settings}};
}

}  // namespace crdtd::conformance
