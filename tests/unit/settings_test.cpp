#include "settings/settings.hpp"

#include "settings/scalars.hpp"
#include "settings_fixture.hpp"

using namespace crdtd;
using namespace crdtd::settings;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

TEST_CASE("settings: the least configuration has all defaults", "[unit][settings]") {
  const Settings loaded = load_good(kLeast);
  Settings expected;
  expected.types = {{"counter", "counter", "", "", {}}};
  expected.storage.plugin = "shelf";
  expected.storage.settings_json = R"({"path":"./data/shelf"})";
  expected.storage.base_directory = "/etc/crdtd";
  CHECK(loaded == expected);
}

TEST_CASE("settings: every kind of value is read", "[unit][settings]") {
  const std::string digest(64, 'a');
  const Settings s = load_good(
      "listen: '[::]:9000'\n"
      "threads: 3\n"
      "plugins: { directory: plugins }\n"
      "types:\n"
      "  zebra:\n"
      "  basket: { type: set, plugin: ../acme/./set.so, sha256: " +
      std::string(64, 'A') +
      ", limits: { element: 4KiB, elements: 1000 } }\n"
      "storage: { plugin: shelf, library: /opt/shelf.so, sha256: '" +
      digest +
      "', unknown_timeout: 2m }\n"
      "auth: { keys: [ { name: web, sha256: " +
      digest + ", tenants: [acme, zoo] }, { name: ops, sha256: " + std::string(64, 'b') +
      ", tenants: '*' } ] }\n"
      "http: { origins: ['HTTPS://App.example.com:443'], hosts: [Crdt.example.com], body_max: 1MiB, access_log: false, "
      "idle_timeout: 1d }\n"
      "engine: { memory_max: 1GiB, waiting_bytes_max: 8388608, window_age: 15m, window_rows: 500 }\n"
      "log: { level: warning, format: json }\n");
  CHECK(s.listen == Address{"::", 9000});
  CHECK(s.threads == 3);
  CHECK(s.plugins_directory == "/etc/crdtd/plugins");
  REQUIRE(s.types.size() == 2);
  CHECK(s.types[0] == Type{"basket", "set", "/etc/acme/set.so", digest, {{"element", 4096}, {"elements", 1000}}});
  CHECK(s.types[1] == Type{"zebra", "zebra", "", "", {}});
  CHECK(s.storage.library_path == "/opt/shelf.so");
  CHECK(s.storage.sha256 == digest);
  CHECK(s.storage.unknown_timeout == 2min);
  CHECK(s.storage.settings_json == "{}");
  REQUIRE(s.api_keys.size() == 2);
  CHECK(s.api_keys[0].sha256[31] == 0xaa);
  CHECK(s.api_keys[0].tenants == std::vector<std::string>{"acme", "zoo"});
  CHECK_FALSE(s.api_keys[0].all_tenants);
  CHECK(s.api_keys[1].all_tenants);
  CHECK(s.http.origins == std::vector<std::string>{"https://app.example.com"});
  CHECK(s.http.hosts == std::vector<std::string>{"crdt.example.com"});
  CHECK(s.http.body_max == 1 << 20);
  CHECK_FALSE(s.http.access_log);
  CHECK(s.http.idle_timeout == 24h);
  CHECK(s.engine.memory_max == 1 << 30);
  CHECK(s.engine.waiting_bytes_max == 8388608);
  CHECK(s.engine.window_age == 15min);
  CHECK(s.engine.window_rows == 500);
  CHECK(s.log.level == base::LogLevel::kWarning);
  CHECK(s.log.format == base::LogFormat::kJson);
}

TEST_CASE("settings: a backend's own keys keep their JSON types and their spelling", "[unit][settings]") {
  const Settings s = load_good(
      "types: { counter: }\n"
      "storage: { plugin: shelf, path: ./a b, cache: 64MiB, rows: 10, share: -0.50, quoted: '10', sync: true, said: 'true', hex: "
      "0x10,\n"
      "  dotted: 1.2.3, 'odd \"key\\': é }\n");
  CHECK(s.storage.settings_json ==
        R"({"path":"./a b","cache":"64MiB","rows":10,"share":-0.50,"quoted":"10","sync":true,"said":"true","hex":"0x10",)"
        R"("dotted":"1.2.3","odd \"key\\":"é"})");
}

TEST_CASE("settings: all mistakes are found at once, in the order of the file", "[unit][settings]") {
  const auto lines =
      lines_of(load("listen: 8080\n"
                    "htp: {}\n"
                    "http:\n"
                    "  body_mx: 1\n"
                    "  body_max: 4MB\n"
                    "  body_max: 4MiB\n"
                    "  idle_timeout: 60\n"
                    "  access_log: yes\n"
                    "  window_age: 1d\n"
                    "engine: [1]\n"
                    "types: { a b: {}, counter: { limit: 1, limits: { element: -1 } } }\n"
                    "log: { level: warn, zzzzzz: 1 }\n"));
  const std::vector<std::string> expected = {
      "test.yaml:1:1: storage: is missing; wanted { plugin: name } of the storage backend, and its settings",
      "test.yaml:1:9: listen: is \"8080\"; wanted host:port, [v6]:port or :port, where the host is an IP address or localhost",
      "test.yaml:2:1: htp: unknown key; did you mean http?",
      "test.yaml:4:3: http.body_mx: unknown key; did you mean body_max?",
      "test.yaml:5:13: http.body_max: is \"4MB\"; wanted a size of 1KiB to 64MiB, such as 512, 4KiB, 64MiB or 1GiB (the units "
      "are KiB, "
      "MiB and GiB)",
      "test.yaml:6:3: duplicate key \"body_max\", first on line 5; wanted each key once",
      "test.yaml:7:17: http.idle_timeout: is \"60\"; wanted a duration of 100ms to 1d, such as 500ms, 10s, 5m, 12h or 7d",
      "test.yaml:8:15: http.access_log: is \"yes\"; wanted true or false",
      "test.yaml:9:3: http.window_age: unknown key; did you mean engine.window_age?",
      "test.yaml:10:9: engine: is a list; wanted a mapping of keys to values",
      "test.yaml:11:10: types.\"a b\": is not a usable name; wanted a name of at most 128 of A-Z a-z 0-9 . _ ~ -",
      "test.yaml:11:30: types.counter.limit: unknown key; did you mean limits?",
      "test.yaml:11:59: types.counter.limits.element: is \"-1\"; wanted a count such as 1000, or a size such as 4KiB",
      "test.yaml:12:15: log.level: is \"warn\"; wanted one of debug, info, warning, error",
      "test.yaml:12:21: log.zzzzzz: unknown key; known here: level, format",
  };
  CHECK(lines == expected);
}

TEST_CASE("settings: bounds are inclusive, and one beyond is refused", "[unit][settings]") {
  CHECK(load_good(kLeast + "http: { body_max: 1KiB }\n").http.body_max == 1024);
  CHECK_THAT(one_finding(kLeast + "http: { body_max: 1023 }\n"), Contains("is \"1023\"; wanted a size of 1KiB to 64MiB"));
  CHECK(load_good(kLeast + "engine: { window_age: 15m }\n").engine.window_age == 15min);
  CHECK_THAT(one_finding(kLeast + "engine: { window_age: 14m }\n"), Contains("wanted a duration of 15m to 3650d"));
  CHECK(load_good(kLeast + "threads: auto\n").threads == 0);
  CHECK(load_good(kLeast + "threads: 256\n").threads == 256);
  CHECK_THAT(one_finding(kLeast + "threads: 0\n"), Contains("wanted auto, or a number from 1 to 256"));
  CHECK_THAT(one_finding(kLeast + "threads: 257\n"), Contains("wanted auto"));
  for (const char* size : {"18446744073709551616", "99999999999GiB", "4 MiB", "4mib", "1.5MiB", "-1", "", "MiB", "+4", "0x10"}) {
    CHECK_THAT(one_finding(kLeast + "http: { body_max: '" + size + "' }\n"), StartsWith("test.yaml:6:19: http.body_max: is "));
  }
  for (const char* duration : {"10", "10S", "1m30s", "1.5s", "99999999999999999999s", "9999999999999999999d", "s", "10 s"}) {
    CHECK_THAT(one_finding(kLeast + "http: { idle_timeout: '" + duration + "' }\n"),
               StartsWith("test.yaml:6:23: http.idle_timeout: is "));
  }
}

TEST_CASE("settings: a section may be empty, a value may not", "[unit][settings]") {
  CHECK(load_good(kLeast + "http:\nlog: {}\n").http == Http{});
  CHECK_THAT(one_finding(kLeast + "http:\n  body_max:\n"), StartsWith("test.yaml:7:3: http.body_max: is empty; wanted a size"));
  CHECK_THAT(one_finding("types: {}\nstorage: { plugin: shelf }\n"), Contains("types: is empty; wanted at least one"));
  CHECK(lines_of(load("")).size() == 2);
  CHECK(lines_of(load("# nothing\n")).size() == 2);
  CHECK_THAT(one_finding("- a\n"), Contains("is a list; wanted a mapping of keys"));
  CHECK_THAT(one_finding("types: { counter: }\nstorage: { path: x }\n"), Contains("storage.plugin: is missing"));
  CHECK_THAT(one_finding("types: { counter: }\nstorage: { plugin: ./x.so }\n"),
             Contains("a file's path belongs in storage.library"));
  CHECK_THAT(one_finding("types: { counter: }\nstorage: { plugin: x, more: { a: b } }\n"),
             Contains("storage.more: is a mapping"));
}

TEST_CASE("settings: an address that others can reach needs keys, or auth none in words", "[unit][settings]") {
  for (const char* address : {"0.0.0.0:8080", "':8080'", "'[::]:0'", "10.0.0.1:80", "'[2001:db8::1]:80'"}) {
    const std::string text = kLeast + "listen: " + address + "\n";
    CHECK_THAT(one_finding(text), StartsWith("test.yaml:6:9: listen: other machines can reach this address, and no key is set") &&
                                      Contains("auth: none"));
    CHECK(load_good(text + "auth: none\n").api_keys.empty());
    CHECK(load_good(text + "auth: { keys: [ { name: a, sha256: " + std::string(64, '1') + ", tenants: '*' } ] }\n")
              .api_keys.size() == 1);
  }
  for (const char* address : {"127.0.0.1:8080", "127.9.9.9:0", "'[::1]:1'", "localhost:65535"}) {
    CHECK(is_loopback(load_good(kLeast + "listen: " + address + "\n").listen));
  }
  for (const char* address :
       {"localhost", "example.com:80", "1.2.3:80", "'::1:80'", "'[::1]'", "127.0.0.1:65536", "'127.0.0.1:'", "'[]:1'"}) {
    CHECK_THAT(one_finding(kLeast + "listen: " + address + "\n"), Contains("wanted host:port, [v6]:port or :port"));
  }
}

TEST_CASE("address: a port above 65535 is refused", "[unit][settings]") {
  CHECK_FALSE(parse_address("127.0.0.1:65536").has_value());
}

TEST_CASE("settings: a mistake in a key never shows the key", "[unit][settings]") {
  const std::string line = one_finding(kLeast + "auth: { keys: [ { name: a, sha256: s3cret, tenants: '*' } ] }\n");
  CHECK_THAT(line,
             Contains("auth.keys[0].sha256: is not a digest") && Contains("printf %s KEY | sha256sum") && !Contains("s3cret"));
}

TEST_CASE("settings: keys are complete and different", "[unit][settings]") {
  const auto key = [](const std::string& name, char digit) {
    return "{ name: " + name + ", sha256: " + std::string(64, digit) + ", tenants: [t] }";
  };
  CHECK_THAT(one_finding(kLeast + "auth: { keys: [" + key("a", '1') + ", " + key("a", '2') + "] }\n"), Contains("same name"));
  CHECK_THAT(one_finding(kLeast + "auth: { keys: [" + key("a", '1') + ", " + key("b", '1') + "] }\n"), Contains("same key"));
  CHECK_THAT(one_finding(kLeast + "auth: { keys: [ { name: a, sha256: " + std::string(64, '1') + " } ] }\n"),
             Contains("lacks tenants"));
  CHECK_THAT(one_finding(kLeast + "auth: { keys: [ { name: a, sha256: " + std::string(64, '1') + ", tenants: all } ] }\n"),
             Contains("wanted a list of tenants, or \"*\" for all"));
  CHECK_THAT(one_finding(kLeast + "auth: { keys: [] }\n"), Contains("auth.keys: is empty; wanted a list of keys, or auth: none"));
  CHECK_THAT(one_finding(kLeast + "auth: open\n"), Contains("auth: is \"open\"; wanted none, or"));
  CHECK_THAT(one_finding(kLeast + "auth:\n"), Contains("auth: is empty; wanted none, or"));
}

TEST_CASE("settings: a tenant's share must hold a request", "[unit][settings]") {
  CHECK_THAT(one_finding(kLeast + "engine: { waiting_bytes_max: 8MiB }\n"),
             StartsWith("test.yaml:6:30: engine.waiting_bytes_max: leaves a tenant ") && Contains("less than one request"));
  CHECK_THAT(one_finding(kLeast + "http: { body_max: 64MiB }\n"), Contains("engine.waiting_bytes_max"));
}

TEST_CASE("settings: a file that cannot be read says why", "[unit][settings]") {
  const auto missing = lines_of(load_file("no/such/file.yaml", {}));
  CHECK(missing == std::vector<std::string>{"no/such/file.yaml: cannot be read: No such file or directory"});
  CHECK(lines_of(load_file("/", {})) == std::vector<std::string>{"/: is a directory; wanted a configuration file"});
}
