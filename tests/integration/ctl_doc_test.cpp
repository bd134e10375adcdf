// crdtctl doc list, get, ops and verify: against a running server, and on its store once it has stopped.
#include <sqlite3.h>

#include <filesystem>
#include <set>

#include "ctl_run.hpp"

using namespace crdtd::testing;

namespace {

// A server with a few documents, and both ways to them.
struct Served {
  explicit Served(const std::string& more_yaml = "types: { lww: {}, orset: {}, shopping: { type: orset } }\n",
                  std::vector<std::string> with = {})
      : server("sqlite", more_yaml), more(std::move(with)) {}

  void fill() {
    HttpClient http(server.address());
    const auto send = [&](const char* method, const std::string& target, const std::string& body) {
      const auto reply = http.request(method, target,
                                      {{"X-Tenant-ID", "acme"},
                                       {"X-Node-ID", "laptop"},
                                       {"Content-Type", "application/json"},
                                       {"Idempotency-Key", "key-" + std::to_string(++sent)}},
                                      body);
      REQUIRE(reply);
      INFO(reply->body);
      REQUIRE(reply->status == 200);
    };
    send("PUT", "/v1/docs/profile", R"({"type":"lww","value":{"name":"Ada"}})");
    send("PUT", "/v1/docs/groceries", R"({"type":"shopping","value":["milk","bread"]})");
    for (int i = 1; i <= 12; ++i) {
      send("POST", "/v1/docs/todos/ops", R"({"type":"orset","ops":[{"type":"add","elem":"item )" + std::to_string(i) + R"("}]})");
    }
    send("POST", "/v1/docs/todos/ops", R"({"type":"orset","ops":[{"type":"remove","elem":"item 1"}]})");
  }

  CtlRun online(std::vector<std::string> words) const {
    words.insert(words.end(), {"--url", "http://" + server.address(), "--tenant", "acme"});
    words.insert(words.end(), more.begin(), more.end());
    return crdtctl(words);
  }
  CtlRun offline(std::vector<std::string> words) const {
    words.insert(words.end(), {"--config", config(), "--tenant", "acme"});
    return crdtctl(words);
  }
  std::string config() const { return server.folder().file("crdtd.yaml"); }
  std::string database() const { return server.folder().file("data/crdtd.db"); }

  // Runs SQL on the store's file, which nobody holds.
  void sql(const std::string& text) const {
    sqlite3* raw = nullptr;
    REQUIRE(sqlite3_open(database().c_str(), &raw) == SQLITE_OK);
    const int code = sqlite3_exec(raw, text.c_str(), nullptr, nullptr, nullptr);
    INFO(sqlite3_errmsg(raw));
    const int changed = sqlite3_changes(raw);
    sqlite3_close(raw);
    REQUIRE(code == SQLITE_OK);
    REQUIRE(changed > 0);
  }

  RunningServer server;
  std::vector<std::string> more;
  int sent = 0;
};

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("crdtctl doc: a server and its store tell the same", "[integration][ctl]") {
  Served served;
  served.fill();
  const TempFolder folder;
  const std::vector<std::vector<std::string>> questions = {
      {"doc", "list", "--output", "json"},
      {"doc", "list", "--limit", "2", "--output", "json"},
      {"doc", "list", "--after", "groceries", "--output", "json"},
      {"doc", "get", "profile"},
      {"doc", "get", "todos", "--output", "json"},
      {"doc", "get", "todos", "--version", "3", "--raw"},
      {"doc", "get", "groceries", "--query", R"({"contains":"milk"})", "--output", "json"},
      {"doc", "get", "groceries", "--encoded", folder.file("state"), "--output", "json"}};
  std::vector<std::string> answers;
  for (const auto& question : questions) {
    const auto answer = served.online(question);
    INFO(answer.out << answer.err);
    CHECK(answer.code == 0);
    answers.push_back(answer.out);
  }
  CHECK(answers[0] == R"({"docs":[{"id":"groceries","type":"shopping","version":1},{"id":"profile","type":"lww","version":1},)"
                      R"({"id":"todos","type":"orset","version":13}],"next":null})"
                      "\n");
  CHECK(answers[1].find(R"("next":"profile")") != std::string::npos);
  CHECK(answers[5] == "[\"item 1\",\"item 2\",\"item 3\"]\n");
  const auto state = bytes_of(folder.file("state"));
  CHECK(state.rfind("crdtsnap", 0) == 0);

  REQUIRE(served.server.stop() == 0);
  for (std::size_t i = 0; i < questions.size(); ++i) {
    const auto answer = served.offline(questions[i]);
    INFO(answer.out << answer.err);
    CHECK(answer.code == 0);
    CHECK(answer.out == answers[i]);
  }
  CHECK(bytes_of(folder.file("state")) == state);
}

TEST_CASE("crdtctl doc ops: rows, their dots and times, and deltas that plugin inspect reads", "[integration][ctl]") {
  Served served;
  served.fill();
  const auto online = served.online({"doc", "ops", "todos", "--since", "10", "--delta", "--output", "json"});
  INFO(online.out << online.err);
  REQUIRE(online.code == 0);
  const auto json = online.json();
  REQUIRE(json.size("/rows") == 3);
  CHECK(json.at("/rows/0/version") == "11");
  CHECK(json.at("/rows/0/node") == "laptop");
  CHECK(json.at("/rows/0/key") == "key-13");
  CHECK(json.at("/rows/0/time").size() == 30);
  CHECK(json.at("/rows/0/time").back() == 'Z');
  CHECK(json.at("/rows/0/ops").find("item 11") != std::string::npos);
  CHECK_FALSE(json.has("/rows/0/check/x"));
  CHECK(json.at("/rows/2/check").size() == 8);  // the last row's, from the cursor
  CHECK(json.at("/head") == "13");

  // What is printed can be pasted.
  const auto shown =
      crdtctl({"plugin", "inspect", plugin_file("orset"), "--delta", json.at("/rows/0/delta_hex"), "--output", "json"});
  CHECK(shown.code == 0);
  CHECK(shown.json().at("") == json.at("/rows/0/ops"));

  const auto page = served.online({"doc", "ops", "todos", "--limit", "5"});
  CHECK(page.says(":1×1"));
  CHECK(page.complains("more: the head is 13"));
  const auto cursor = served.online({"doc", "ops", "todos", "--limit", "5", "--output", "json"}).json().at("/cursor");
  const auto next = served.online({"doc", "ops", "todos", "--since", cursor, "--output", "json"});
  CHECK(next.json().at("/rows/0/version") == "6");

  REQUIRE(served.server.stop() == 0);
  const auto offline = served.offline({"doc", "ops", "todos", "--since", cursor, "--delta", "--output", "json"});
  INFO(offline.out << offline.err);
  REQUIRE(offline.code == 0);
  CHECK(offline.json().size("/rows") == 8);
  for (int i = 0; i < 8; ++i) {
    const auto row = "/rows/" + std::to_string(i);
    CHECK(offline.json().at(row + "/check").size() == 8);  // of every row, from the store
  }
  CHECK(offline.json().at("/rows/7/check") == json.at("/rows/2/check"));
  CHECK(offline.json().at("/rows/5/ops") == json.at("/rows/0/ops"));
  CHECK(served.offline({"doc", "ops", "todos", "--since", "99"}).code == 1);
  CHECK(served.offline({"doc", "ops", "profile", "--since", cursor}).code == 1);
  CHECK(served.offline({"doc", "ops", "todos", "--since", "rubbish"}).code == 2);
}

TEST_CASE("crdtctl doc: a store that a server holds is refused, and who holds it is said", "[integration][ctl]") {
  Served served;
  for (const char* verb : {"list", "verify"}) {
    std::vector<std::string> words = {"doc", verb};
    if (words[1] == "verify") words.push_back("--all");
    const auto run = served.offline(words);
    CHECK(run.code == 4);
    CHECK(run.complains("is in use by process " + std::to_string(served.server.process().pid())));
  }
}

TEST_CASE("crdtctl doc: what is not there, wrong or unreachable has its exit code", "[integration][ctl]") {
  Served served;
  served.fill();
  const auto absent = served.online({"doc", "get", "nothing"});
  CHECK(absent.code == 1);
  CHECK(absent.complains("does not exist"));
  CHECK(served.online({"doc", "get", "todos", "--version", "99"}).code == 1);
  CHECK(served.online({"doc", "verify", "nothing"}).code == 1);
  const auto address = served.server.address();
  REQUIRE(served.server.stop() == 0);
  const auto stopped = crdtctl({"doc", "list", "--url", "http://" + address, "--tenant", "acme", "--timeout", "2000"});
  CHECK(stopped.code == 6);
  CHECK(stopped.complains(address));
  CHECK(served.offline({"doc", "get", "nothing"}).code == 1);
  CHECK(served.offline({"doc", "get", "todos", "--version", "99"}).code == 1);
  CHECK(crdtctl({"doc", "list", "--url", "nonsense", "--tenant", "acme"}).code == 2);

  const TempFolder folder;
  std::ofstream(folder.file("c.yaml")) << "types: { orset: {} }\nstorge: { plugin: sqlite }\n";
  const auto config = crdtctl({"doc", "list", "--config", folder.file("c.yaml"), "--tenant", "acme"});
  CHECK(config.code == 3);
  CHECK(config.complains("storge"));
}

TEST_CASE("crdtctl doc: calls with an API key from an option, a file or the environment", "[integration][ctl]") {
  // printf %s foo | sha256sum
  Served served(
      "auth: { keys: [ { name: web, sha256: \"2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae\", tenants: "
      "[acme] } ] }\n");
  const TempFolder folder;
  std::ofstream(folder.file("key")) << "foo\n";
  const std::vector<std::string> words = {"doc", "list", "--url", "http://" + served.server.address(), "--tenant", "acme"};
  const auto with = [&](std::vector<std::string> options, const std::vector<std::string>& environment = {}) {
    options.insert(options.begin(), words.begin(), words.end());
    return crdtctl(options, environment);
  };
  const auto refused = with({});
  CHECK(refused.code == 6);
  CHECK(refused.complains("API key"));
  CHECK(with({"--api-key", "bar"}).code == 6);
  CHECK(with({"--api-key", "foo"}).code == 0);
  CHECK(with({"--api-key-file", folder.file("key")}).code == 0);
  CHECK(with({}, {"CRDTCTL_API_KEY=foo"}).code == 0);
  CHECK(with({}, {"CRDTCTL_API_KEY_FILE=" + folder.file("key")}).code == 0);
  CHECK(with({"--api-key-file", folder.file("absent")}).code == 2);
  REQUIRE(served.server.stop() == 0);
  // The variable is this program's: a configuration is read without it.
  CHECK(crdtctl({"doc", "list", "--config", served.config(), "--tenant", "acme"}, {"CRDTCTL_API_KEY=foo"}).code == 0);
}

TEST_CASE("crdtctl doc verify: sound documents are proven, from outside and in the store", "[integration][ctl]") {
  Served served;
  served.fill();
  const auto online = served.online({"doc", "verify", "--all", "--config", served.config(), "--output", "json"});
  INFO(online.out << online.err);
  CHECK(online.code == 0);
  CHECK(online.json().at("/verified") == "3");
  CHECK(online.json().at("/findings") == "0");
  CHECK(online.json().at("/documents/2/rows") == "13");
  CHECK(served.online({"doc", "verify", "todos", "--directory", plugin_directory()}).code == 0);
  // An alias is known to the configuration only.
  const auto alias = served.online({"doc", "verify", "groceries", "--directory", plugin_directory()});
  CHECK(alias.code == 1);
  CHECK(alias.says("type at the document"));

  REQUIRE(served.server.stop() == 0);
  const auto offline = served.offline({"doc", "verify", "--all"});
  INFO(offline.out << offline.err);
  CHECK(offline.code == 0);
  CHECK(offline.says("ok      todos  orset, version 13, 13 rows from 1 on"));
  CHECK(offline.says("3 documents verified, 0 findings"));
}

TEST_CASE("crdtctl doc verify: finds bytes that were changed in the file, and proves the others", "[integration][ctl]") {
  Served served;
  served.fill();
  REQUIRE(served.server.stop() == 0);
  // One byte in the middle of the record of an append, in the document with the most of them.
  served.sql(
      "UPDATE log SET record = CAST(substr(record, 1, length(record) - 40) || x'5A' || substr(record, length(record) - 38) AS "
      "BLOB) "
      "WHERE seq = (SELECT max(seq) - 3 FROM log)");
  const auto run = served.offline({"doc", "verify", "--all", "--output", "json"});
  INFO(run.out << run.err);
  CHECK(run.code == 1);
  const auto json = run.json();
  CHECK(json.at("/verified") == "3");
  std::set<std::string> damaged;
  for (int i = 0; i < 3; ++i) {
    const auto at = "/documents/" + std::to_string(i);
    if (json.at(at + "/finding_count") == "0") continue;
    damaged.insert(json.at(at + "/id"));
    CHECK(json.at(at + "/findings/0/what") == "storage");
  }
  CHECK(damaged == std::set<std::string>{"todos"});
  const auto table = served.offline({"doc", "verify", "todos"});
  CHECK(table.code == 1);
  CHECK(table.says("NOT OK  todos"));
  CHECK(table.says("storage at "));
  CHECK(served.offline({"doc", "get", "todos"}).code == 4);
  CHECK(served.offline({"doc", "get", "profile"}).code == 0);
}

TEST_CASE("crdtctl doc: reading a store leaves its file as it is", "[integration][ctl]") {
  Served served;
  served.fill();
  REQUIRE(served.server.stop() == 0);
  CHECK(served.offline({"doc", "list"}).code == 0);  // what opening does is done
  const auto before = bytes_of(served.database());
  CHECK(served.offline({"doc", "get", "todos"}).code == 0);
  CHECK(served.offline({"doc", "get", "todos", "--version", "2"}).code == 0);
  CHECK(served.offline({"doc", "ops", "todos", "--delta"}).code == 0);
  CHECK(served.offline({"doc", "verify", "--all"}).code == 0);
  CHECK(bytes_of(served.database()) == before);
  // And the server goes on from there.
  served.server.start();
  CHECK(served.online({"doc", "verify", "--all", "--config", served.config()}).code == 0);
}
