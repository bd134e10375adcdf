// Thousands of random requests from several nodes over several documents, with random faults, orders of events and crashes,
// against a model that knows only which text was acknowledged, refused, or left open.
//
// Oracles: what was acknowledged is in the final state exactly once, what was refused as not stored is not, nothing is there
// twice; versions never go back for a client; everybody who sees a version sees the same value; logs and counters have no hole; a
// fresh engine on the same store builds the same bytes.
#include <catch2/catch.hpp>

#include <map>
#include <set>

#include "document/cursor.hpp"
#include "engine_fixture.hpp"

using namespace crdtd;
using namespace crdtd::testing;

namespace {

enum class Fate { kStored, kNotStored, kOpen };

struct Request {
  base::DocKey doc;
  std::string text;  // empty: a read
  document::WriteRequest write;
  bool keyed = false;
  std::pair<std::uint64_t, std::uint64_t> seen;  // birth and version that this client had seen before it asked
  WriteAnswer written;
  ReadAnswer read;
};

struct Client {
  std::string node;
  TestServer* server;
  std::vector<Request> under_way;
  std::map<base::DocKey, std::string> cursors;
  std::map<base::DocKey, std::pair<std::uint64_t, std::uint64_t>> seen;  // birth, version
};

class RandomRun {
 public:
  RandomRun(std::uint64_t seed, unsigned servers, unsigned fault_percent)
      : world_(seed), random_(seed * 2 + 1), fault_percent_(fault_percent) {
    ServerOptions options;
    options.settings.memory_bytes_max = 20'000;
    options.settings.checkpoint_log_bytes_min = 600;
    options.commits.writers = 1 + static_cast<unsigned>(seed % 2);
    options.commits.batch_entries_max = 4;
    for (unsigned i = 0; i < servers; ++i) servers_.push_back(std::make_unique<TestServer>(world_, disk_, options));
    for (auto& server : servers_) inject(server->storage);
    for (unsigned i = 0; i < 6; ++i) clients_.push_back({numbered("node", i), servers_[i % servers].get(), {}, {}, {}});
    world_.interleave_at_random(true);
    world_.executor.set_delay(std::chrono::milliseconds(3));
  }

  void run(unsigned steps) {
    for (unsigned step = 0; step < steps; ++step) {
      auto& client = clients_[random_.below(clients_.size())];
      collect(client);
      if (client.under_way.size() < 4) send(client);
      for (auto events = random_.below(12); events > 0; --events) world_.step();
      if (random_.chance(20)) world_.advance(std::chrono::milliseconds(random_.below(4)));
      if (random_.below(400) == 0) crash();
    }
    faults_on_ = false;
    // Those with a key are sent again until they are answered well.
    for (int round = 0; round < 50; ++round) {
      REQUIRE(world_.settle());
      bool all = true;
      for (auto& client : clients_) {
        collect(client);
        all = all && client.under_way.empty();
      }
      if (all) break;
    }
    for (const auto& client : clients_) REQUIRE(client.under_way.empty());
    check_end();
  }

  std::uint64_t acknowledged = 0;

 private:
  void inject(FaultyStorage& storage) {
    storage.on_entry = [this](const crdtd_append_entry&) -> std::optional<EntryFault> {
      if (!faults_on_ || !random_.chance(fault_percent_)) return std::nullopt;
      switch (random_.below(5)) {
        case 0:
          return EntryFault{CRDTD_RETRY, false};
        case 1:
          return EntryFault{CRDTD_FULL, false};
        case 2:
          return EntryFault{CRDTD_CONFLICT, false};
        case 3:
          return EntryFault{CRDTD_UNKNOWN, false};
        default:
          return EntryFault{CRDTD_UNKNOWN, true};
      }
    };
    storage.on_call = [this](StoreCall call) -> crdtd_status {
      if (!faults_on_ || !random_.chance(fault_percent_) || call == StoreCall::kAppend) return CRDTD_OK;
      return random_.chance(50) ? CRDTD_RETRY : call == StoreCall::kPutCheckpoint ? CRDTD_FULL : CRDTD_UNKNOWN;
    };
  }

  base::DocKey draw_doc() {
    // Documents "x…" are erased now and then.
    return doc(numbered(random_.chance(80) ? "d" : "x", random_.below(4)), numbered("t", random_.below(2)));
  }

  void send(Client& client) {
    Request request;
    request.doc = draw_doc();
    if (const auto seen = client.seen.find(request.doc); seen != client.seen.end()) request.seen = seen->second;
    if (request.doc.id[0] == 'x' && random_.chance(5)) {
      (void)client.server->erase(request.doc);
      return;
    }
    if (random_.chance(25)) {
      request.read = client.server->read(request.doc);
    } else {
      request.text = numbered("text", ++texts_);
      fates_[request.doc][request.text] = Fate::kOpen;
      request.write = write_request(request.doc, {"noop", "add:" + request.text}, client.node);
      request.keyed = random_.chance(50);
      if (request.keyed) request.write.key = request_key("key-" + request.text);
      if (random_.chance(30) && client.cursors.count(request.doc) > 0)
        request.write.since = since_cursor(client.cursors[request.doc]);
      request.write.want_value = random_.chance(70);
      request.written = client.server->write(request.write);
    }
    client.under_way.push_back(std::move(request));
  }

  void collect(Client& client) {
    std::vector<Request> still;
    for (auto& request : client.under_way) {
      const bool is_read = request.text.empty();
      if (is_read ? request.read.waits() : request.written.waits()) {
        still.push_back(std::move(request));
      } else if (is_read) {
        if (request.read.ok()) note(client, request, request.read->version, request.read->cursor, request.read->value_json);
      } else if (request.written.ok()) {
        ++acknowledged;
        fates_[request.doc][request.text] = Fate::kStored;
        CHECK(request.written->applied <= request.written->version);
        note(client, request, request.written->version, request.written->cursor, request.written->value_json);
      } else if (refused(request)) {
        still.push_back(std::move(request));
      }
    }
    client.under_way = std::move(still);
  }

  // True: it has been sent again.
  bool refused(Request& request) {
    const auto& written = request.written;
    INFO(request.text << ": " << written.error());
    const bool place_lost = written.is(Code::kStale) || written.is(Code::kGone);
    if (place_lost) CHECK(request.doc.id[0] == 'x');  // only what was erased loses its place
    CHECK((place_lost || written.is(Code::kStorageFull) || written.is(Code::kStorageFailed) || written.is(Code::kOverloaded) ||
           written.is(Code::kConflict) || written.is(Code::kDocumentNotFound)));
    if (request.keyed && !place_lost) {
      for (auto& client : clients_) {
        if (client.node == request.write.node) request.written = client.server->write(request.write);
      }
      return true;
    }
    auto& fate = fates_[request.doc][request.text];
    if (!written.is(Code::kStorageFailed) && fate != Fate::kStored && !(request.keyed && place_lost)) fate = Fate::kNotStored;
    return false;
  }

  void note(Client& client, const Request& request, std::uint64_t version, const std::string& cursor, const std::string& value) {
    if (cursor.empty()) return;
    const auto parsed = document::parse_cursor(cursor);
    REQUIRE(parsed);
    CHECK(parsed->version == version);
    auto& seen = client.seen[request.doc];
    if (request.seen.first == parsed->birth) CHECK(version >= request.seen.second);
    if (seen.first != parsed->birth || seen.second < version) {
      seen = {parsed->birth, version};
      client.cursors[request.doc] = cursor;
    }
    const auto [known, fresh] = values_.emplace(std::pair(parsed->birth, version), value);
    if (!fresh) CHECK(known->second == value);
  }

  void crash() {
    faults_on_ = false;
    for (auto& server : servers_) server->restart();
    faults_on_ = true;
    for (auto& client : clients_) {
      std::vector<Request> again;
      for (auto& request : client.under_way) {
        // A read or an unkeyed write without an answer is left as it is: open.
        if (request.text.empty() ? !request.read.waits() : !request.written.waits()) {
          again.push_back(std::move(request));
        } else if (request.keyed) {
          request.written = client.server->write(request.write);
          again.push_back(std::move(request));
        }
      }
      client.under_way = std::move(again);
    }
  }

  void check_end() {
    for (const auto& [key, stored] : disk_.documents) {
      INFO(key.tenant << "/" << key.id);
      check_log(stored);
      document::ReadRequest request;
      request.doc = key;
      request.encoded = true;
      // The same bytes from whoever has it in memory (that server may not know yet what another one stored) and from the store.
      const auto hot = servers_.front()->read(request);
      world_.settle();
      const auto control = bag_control();
      VirtualWorld elsewhere(1);
      TestServer fresh(elsewhere, disk_);
      const auto cold = fresh.read(request);
      const auto value = fresh.read(key);
      elsewhere.settle();
      bag_control() = control;
      REQUIRE(hot.ok());
      REQUIRE(cold.ok());
      if (hot->version == cold->version) CHECK(hot->encoded == cold->encoded);
      if (servers_.size() == 1) CHECK(hot->version == cold->version);
      check_fates(key, value->value_json);
    }
    for (const auto& [key, fates] : fates_) {
      if (key.id[0] == 'x' || disk_.documents.count(key) > 0) continue;
      for (const auto& [text, fate] : fates) CHECK(fate != Fate::kStored);
    }
  }

  static void check_log(const VirtualDisk::Document& stored) {
    std::uint64_t version = stored.head.first_version - 1;
    std::map<std::uint64_t, std::uint64_t> counters;
    for (const auto& [at, row] : stored.rows) {
      CHECK(at == ++version);
      CHECK(row->first_counter == counters[row->replica] + 1);
      counters[row->replica] = row->first_counter + row->count - 1;
    }
    CHECK(version == stored.head.version);
    for (const auto& [replica, counter] : counters) CHECK(stored.known.at(replica).counter == counter);
  }

  void check_fates(const base::DocKey& key, const std::string& value) {
    for (const auto& [text, fate] : fates_[key]) {
      const std::string quoted = '"' + text + '"';
      const auto first = value.find(quoted);
      const bool there = first != std::string::npos;
      INFO(text);
      if (there) CHECK(value.find(quoted, first + 1) == std::string::npos);  // once
      if (key.id[0] == 'x') continue;
      if (fate == Fate::kStored) CHECK(there);
      if (fate == Fate::kNotStored) CHECK_FALSE(there);
    }
  }

  VirtualWorld world_;
  SeededRandom random_;
  const unsigned fault_percent_;
  VirtualDisk disk_;
  std::vector<std::unique_ptr<TestServer>> servers_;
  std::vector<Client> clients_;
  bool faults_on_ = true;
  std::uint64_t texts_ = 0;
  std::map<base::DocKey, std::map<std::string, Fate>> fates_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::string> values_;  // by birth and version
};

}  // namespace

TEST_CASE("engine: random requests, faults, orders and crashes against a model", "[unit][engine][random]") {
  const auto first = test_seed("engine random", 1000);
  const unsigned servers = GENERATE(1u, 2u);
  const unsigned faults = GENERATE(0u, 5u, 25u);
  std::uint64_t acknowledged = 0;
  for (std::uint64_t seed = first; seed < first + 6 * test_scale(); ++seed) {
    INFO("seed " << seed << ", " << servers << " servers, faults " << faults << " %");
    RandomRun run(seed, servers, faults);
    run.run(1500);
    acknowledged += run.acknowledged;
  }
  CHECK(acknowledged > 500 * test_scale());
}
