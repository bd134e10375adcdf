// kill -9 under load, again and again: no acknowledged op is lost, none takes effect twice.
//
// Eight clients add unique elements to four documents, each request under a key of its own. In the middle of that the server is
// killed. What had no answer is sent again under its key after the restart. In the end every key stands in exactly one row.
#include <catch2/catch.hpp>

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <iostream>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "json_view.hpp"
#include "running_server.hpp"

using namespace crdtd::testing;

namespace {

constexpr int kClients = 8;
constexpr int kDocuments = 4;

int cycles() {
  const char* scale = std::getenv("CRDTD_TEST_SCALE");
  return 25 * (scale == nullptr ? 1 : std::max(1, std::atoi(scale)));
}

// What all clients know together.
struct Ledger {
  std::mutex mutex;
  std::condition_variable changed;
  std::set<std::string> acknowledged;  // guarded by mutex

  void acknowledge(const std::string& name) {
    const std::lock_guard lock(mutex);
    acknowledged.insert(name);
    changed.notify_all();
  }
  void wait_for(std::size_t count) {
    std::unique_lock lock(mutex);
    REQUIRE(changed.wait_for(lock, std::chrono::seconds(60), [&] { return acknowledged.size() >= count; }));
  }
};

std::string document_of(int number) { return "doc-" + std::to_string(number % kDocuments); }

class Client {
 public:
  Client(int id, Ledger& ledger) : id_(id), ledger_(ledger) {}

  // Sends what is pending first, then new elements, until the connection breaks.
  void run(const std::string& address) {
    HttpClient http(address);
    while (true) {
      if (!pending_) pending_ = next_++;
      const std::string name = "c" + std::to_string(id_) + "-" + std::to_string(*pending_);
      const auto reply = http.request("POST", "/v1/docs/" + document_of(*pending_) + "/ops",
                                      {{"X-Tenant-ID", "t"},
                                       {"X-Node-ID", "c" + std::to_string(id_)},
                                       {"Content-Type", "application/json"},
                                       {"Prefer", "return=minimal"},
                                       {"Idempotency-Key", name}},
                                      R"({"type":"orset","ops":[{"type":"add","elem":")" + name + R"("}]})");
      if (!reply) return;
      if (reply->status != 200) {
        if (reply->status < 500) unexpected_ = reply->body;
        return;
      }
      ledger_.acknowledge(name);
      pending_.reset();
    }
  }
  const std::string& unexpected() const { return unexpected_; }

 private:
  int id_;
  Ledger& ledger_;
  int next_ = 0;
  std::optional<int> pending_;
  std::string unexpected_;
};

// Every key of the log, with how many rows have it.
std::map<std::string, int> keys_in(HttpClient& http, const std::string& document) {
  std::map<std::string, int> keys;
  std::string since = "0";
  while (true) {
    const auto reply = http.request("GET", "/v1/docs/" + document + "/ops?limit=1000&since=" + since,
                                    {{"X-Tenant-ID", "t"}, {"X-Node-ID", "checker"}});
    REQUIRE(reply);
    if (reply->status == 404) return keys;
    REQUIRE(reply->status == 200);
    const JsonView json(reply->body);
    const auto rows = json.size("/rows");
    if (rows == 0) return keys;
    for (std::size_t i = 0; i < rows; ++i) ++keys[json.at("/rows/" + std::to_string(i) + "/key")];
    since = json.at("/cursor");
  }
}

}  // namespace

TEST_CASE("crash: kill -9 under load loses and doubles nothing", "[crash]") {
  const unsigned seed = std::getenv("CRDTD_TEST_SEED") != nullptr
                            ? static_cast<unsigned>(std::atoi(std::getenv("CRDTD_TEST_SEED")))
                            : std::random_device{}();
  std::cout << "seed " << seed << std::endl;
  std::mt19937 random(seed);
  RunningServer server(storage_under_test());
  Ledger ledger;
  std::vector<Client> clients;
  for (int id = 0; id < kClients; ++id) clients.emplace_back(id, ledger);

  for (int cycle = 0; cycle < cycles(); ++cycle) {
    const auto before = ledger.acknowledged.size();
    std::vector<std::thread> threads;
    for (auto& client : clients) threads.emplace_back([&] { client.run(server.address()); });
    ledger.wait_for(before + 1 + random() % 400);
    server.kill();
    for (auto& thread : threads) thread.join();
    for (const auto& client : clients) REQUIRE(client.unexpected().empty());
    server.start();
  }

  HttpClient http(server.address());
  std::map<std::string, int> keys;
  std::set<std::string> elements;
  for (int i = 0; i < kDocuments; ++i) {
    keys.merge(keys_in(http, document_of(i)));
    const auto value = http.request("GET", "/v1/docs/" + document_of(i), {{"X-Tenant-ID", "t"}, {"X-Node-ID", "checker"}});
    REQUIRE(value);
    if (value->status == 404) continue;
    const JsonView json(value->body);
    for (std::size_t e = 0; e < json.size("/value"); ++e) elements.insert(json.at("/value/" + std::to_string(e)));
  }
  std::size_t lost = 0;
  std::size_t doubled = 0;
  for (const auto& name : ledger.acknowledged) lost += keys.count(name) == 0 || elements.count(name) == 0 ? 1 : 0;
  for (const auto& [name, rows] : keys) doubled += rows > 1 ? 1 : 0;
  std::cout << cycles() << " kills, " << ledger.acknowledged.size() << " acknowledged, " << lost << " lost, " << doubled
            << " doubled\n";
  CHECK(lost == 0);
  CHECK(doubled == 0);
}
