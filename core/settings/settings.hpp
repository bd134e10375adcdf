// What the operator decided: one YAML file and the environment, checked and turned into one value that never changes.
//
// Loading finds all mistakes at once; each says where it is, what is wrong and what is wanted. A key that is left out has the
// default given here; config/crdtd.yaml documents every key. Sizes are bytes. Relative paths become absolute: they start at the
// directory of the configuration file, also when the environment gives them.
// Threads: load [main]; a Settings is a value.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/result.hpp"

namespace crdtd::settings {

using namespace std::chrono_literals;

struct Address {
  std::string host = "127.0.0.1";  // an IP address without brackets; empty: all interfaces
  std::uint16_t port = 8080;       // 0: any free one
  bool operator==(const Address&) const = default;
};

// Whether only programs on this machine can reach it.
bool is_loopback(const Address& address);

// One key under `types`.
struct Type {
  std::string name;                             // as documents call it
  std::string type_id;                          // the plugin's type; equals `name` unless aliased
  std::string plugin_path;                      // absolute; empty: found by type_id in the plugin directory
  std::string sha256;                           // lower-case hex; empty: not pinned
  std::map<std::string, std::uint64_t> limits;  // by the names in the plugin's manifest
  bool operator==(const Type&) const = default;
};

struct Storage {
  std::string plugin;                    // the backend's name
  std::string library_path;              // absolute; empty: found by name in the plugin directory
  std::string sha256;                    // lower-case hex; empty: not pinned
  std::string settings_json = "{}";      // the backend's own keys: strings, numbers as written, booleans
  std::string base_directory;            // absolute; where relative paths in settings_json start
  base::Duration unknown_timeout = 30s;  // how long an append of unknown outcome may stay unsettled before the server stops
  bool operator==(const Storage&) const = default;
};

struct ApiKey {
  std::string name;  // for the log
  std::array<std::uint8_t, 32> sha256{};
  bool all_tenants = false;
  std::vector<std::string> tenants;  // unless all_tenants
  bool operator==(const ApiKey&) const = default;
};

struct Http {
  std::vector<std::string> origins;  // what browsers may call from; see origin.hpp
  std::vector<std::string> hosts;    // names in `Host`, besides IP addresses and localhost
  std::uint64_t body_max = 4 << 20;
  std::uint64_t batch_ops_max = 10'000;
  base::Duration header_timeout = 10s;
  base::Duration body_timeout = 30s;
  base::Duration idle_timeout = 60s;
  base::Duration shutdown_timeout = 10s;
  std::uint64_t connections_max = 4096;
  bool access_log = true;
  bool operator==(const Http&) const = default;
};

struct Engine {
  std::uint64_t memory_max = 256 << 20;
  std::uint64_t waiting_bytes_max = 64 << 20;
  std::uint64_t tenant_waiting_percent = 25;
  std::uint64_t commit_bytes_max = 4 << 20;
  std::uint64_t commit_rows_max = 1024;
  base::Duration window_age = 168h;
  std::uint64_t window_rows = 100'000;
  base::Duration key_age = 168h;
  bool operator==(const Engine&) const = default;
};

struct Log {
  base::LogLevel level = base::LogLevel::kInfo;
  base::LogFormat format = base::LogFormat::kText;
  bool operator==(const Log&) const = default;
};

struct Settings {
  Address listen;
  std::uint64_t threads = 0;      // that serve requests; 0: one for each processor but one, at least 1
  std::string plugins_directory;  // absolute; empty: the program's own, ../lib/crdtd/plugins beside its folder
  std::vector<Type> types;        // by name; at least one
  Storage storage;
  std::vector<ApiKey> api_keys;  // empty: everyone who can connect is served
  Http http;
  Engine engine;
  Log log;
  bool operator==(const Settings&) const = default;
};

// One mistake. `where` is a file, an environment variable or an option of the command line; line and column are 0 where there is
// none.
struct Finding {
  std::string where;
  int line = 0;
  int column = 0;
  std::string key;  // "http.body_max"; empty where no key is meant
  std::string message;

  std::string text() const;  // "crdtd.yaml:3:5: http.body_max: what is wrong, what is wanted"
  bool operator==(const Finding&) const = default;
};

// A setting that the command line gives; it wins over environment and file.
struct Override {
  std::string where;  // "--listen"
  std::string key;    // "listen"
  std::string value;
};

using Environment = std::map<std::string, std::string>;

// What is laid over the file. Of the environment only ADDR and CRDTD_* are looked at: CRDTD_SECTION__KEY is `section.key`, lists
// are separated by commas, and CRDTD_SECTION__KEY_FILE names a file that holds the value. CRDTD_TEST_* belong to the tests.
struct Overrides {
  Environment environment;
  std::vector<Override> command_line;
};

// Text that is a configuration already, such as the one built into the program.
struct Source {
  std::string name;  // stands in findings where a file's name would
  std::string text;
  std::string base_directory;  // where relative paths start
};

using Loaded = base::Result<Settings, std::vector<Finding>>;

// Findings come in the order of the file, then by variable; at most a hundred.
Loaded load_file(const std::string& path, const Overrides& overrides);
Loaded load_text(const Source& source, const Overrides& overrides);

// The part of a process's environment (as main gets it) that load looks at.
Environment environment_from(const char* const* variables);

}  // namespace crdtd::settings
