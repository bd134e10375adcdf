#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "settings/environment.hpp"
#include "settings_fixture.hpp"

using namespace crdtd;
using namespace crdtd::settings;
using Catch::Matchers::Contains;

namespace {

// A folder of the test's own, gone when it ends.
class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "crdtd-settings-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return (path_ / name).string();
  }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace

TEST_CASE("environment: variables win over the file", "[unit][settings]") {
  const Settings s = load_good(kLeast + "listen: 127.0.0.1:1\nhttp: { body_max: nonsense }\n",
                               {{"ADDR", "127.0.0.1:2"},
                                {"CRDTD_HTTP__BODY_MAX", "2MiB"},
                                {"CRDTD_HTTP__ORIGINS", "https://a.example, http://localhost:*"},
                                {"CRDTD_STORAGE__PATH", "/srv/x"},
                                {"CRDTD_STORAGE__POOL", "5"},
                                {"CRDTD_STORAGE__UNKNOWN_TIMEOUT", "5s"},
                                {"CRDTD_LOG__LEVEL", "debug"},
                                {"CRDTD_PLUGINS__DIRECTORY", "p"},
                                {"CRDTD_TEST_SCALE", "3"},
                                {"HOME", "/root"}});
  CHECK(s.listen.port == 2);
  CHECK(s.http.body_max == 2 << 20);
  CHECK(s.http.origins == std::vector<std::string>{"https://a.example", "http://localhost:*"});
  CHECK(s.storage.settings_json == R"({"path":"/srv/x","pool":5})");
  CHECK(s.storage.unknown_timeout == std::chrono::seconds(5));
  CHECK(s.log.level == base::LogLevel::kDebug);
  CHECK(s.plugins_directory == "/etc/crdtd/p");
}

TEST_CASE("environment: an empty ADDR is none", "[unit][settings]") {
  CHECK(load_good(kLeast, {{"ADDR", ""}}).listen == Address{});
}

TEST_CASE("environment: an address for others needs auth, whoever gives it", "[unit][settings]") {
  CHECK_THAT(one_finding(kLeast, {{"ADDR", ":8080"}}), Catch::Matchers::StartsWith("ADDR: listen: other machines can reach"));
  CHECK(load_good(kLeast, {{"ADDR", ":8080"}, {"CRDTD_AUTH", "none"}}).listen == Address{"", 8080});
}

TEST_CASE("environment: mistakes name the variable", "[unit][settings]") {
  CHECK_THAT(one_finding(kLeast, {{"CRDTD_HTTP__BODY_MAX", "4MB"}}),
             Catch::Matchers::StartsWith("CRDTD_HTTP__BODY_MAX: http.body_max: is \"4MB\"; wanted a size"));
  CHECK(one_finding(kLeast, {{"CRDTD_HTTP__BODY_MX", "4MiB"}}) ==
        "CRDTD_HTTP__BODY_MX: unknown variable; did you mean CRDTD_HTTP__BODY_MAX?");
  CHECK_THAT(one_finding(kLeast, {{"CRDTD_LISTN_FILE", "/x"}}), Contains("did you mean CRDTD_LISTEN?"));
  CHECK_THAT(one_finding(kLeast, {{"CRDTD_TYPES__COUNTER", "x"}}), Contains("write it in the configuration file"));
  CHECK_THAT(one_finding(kLeast, {{"CRDTD_AUTH__KEYS", "x"}}), Contains("write it in the configuration file"));
  CHECK_THAT(one_finding(kLeast, {{"ADDR", "127.0.0.1:1"}, {"CRDTD_LISTEN", "127.0.0.1:2"}}),
             Contains("CRDTD_LISTEN: listen: differs from ADDR"));
  CHECK(load_good(kLeast, {{"ADDR", "127.0.0.1:1"}, {"CRDTD_LISTEN", "127.0.0.1:1"}}).listen.port == 1);
  CHECK_THAT(one_finding(kLeast, {{"CRDTD_STORAGE__PATH", "a\nb"}}), Contains("control character"));
  CHECK_THAT(one_finding(kLeast + "http: 5\n", {{"CRDTD_HTTP__BODY_MAX", "4MiB"}}), Contains("test.yaml:6:7: http: is \"5\""));
}

TEST_CASE("environment: _FILE reads a secret, as text, without its last line end", "[unit][settings]") {
  const TempFolder folder;
  const std::string secret = folder.write("secret", "12345\n");
  CHECK(load_good(kLeast, {{"CRDTD_STORAGE__PASSWORD_FILE", secret}}).storage.settings_json ==
        R"({"path":"./data/shelf","password":"12345"})");
  CHECK_THAT(one_finding(kLeast, {{"CRDTD_STORAGE__PASSWORD_FILE", folder.path() + "/none"}}),
             Contains("CRDTD_STORAGE__PASSWORD_FILE: the file ") && Contains("cannot be read: No such file"));
  CHECK_THAT(one_finding(kLeast, {{"CRDTD_STORAGE__PASSWORD_FILE", folder.path()}}), Contains("cannot be read"));
  CHECK_THAT(one_finding(kLeast, {{"CRDTD_STORAGE__PASSWORD_FILE", folder.write("big", std::string(70'000, 'x'))}}),
             Contains("larger than 64KiB"));
  CHECK_THAT(one_finding(kLeast, {{"CRDTD_STORAGE__PASSWORD", "a"}, {"CRDTD_STORAGE__PASSWORD_FILE", secret}}),
             Contains("differs from"));
}

TEST_CASE("environment: options of the command line win over variables", "[unit][settings]") {
  const Settings s = load_good(kLeast, {{"ADDR", "127.0.0.1:2"}, {"CRDTD_STORAGE__PATH", "b"}},
                               {{"--listen", "listen", "127.0.0.1:3"}, {"--data", "storage.path", "c"}});
  CHECK(s.listen.port == 3);
  CHECK(s.storage.settings_json == R"({"path":"c"})");
  CHECK_THAT(one_finding(kLeast, {}, {{"--listen", "listen", "here"}}),
             Catch::Matchers::StartsWith("--listen: listen: is \"here\""));
}

TEST_CASE("environment: only the variables that matter are taken from a process", "[unit][settings]") {
  const char* const variables[] = {"HOME=/root", "ADDR=:1", "CRDTD_LISTEN=a=b", "CRDTD_BROKEN", "ADDRESS=x", nullptr};
  CHECK(environment_from(variables) == Environment{{"ADDR", ":1"}, {"CRDTD_LISTEN", "a=b"}});
  CHECK(environment_from(nullptr).empty());
}

TEST_CASE("settings: paths start at the folder of the file", "[unit][settings]") {
  const TempFolder folder;
  const std::string file = folder.write("c.yaml", kLeast + "plugins: { directory: ./plugins }\n");
  const Loaded loaded = load_file(file, {});
  REQUIRE(loaded.ok());
  CHECK(loaded->plugins_directory == folder.path() + "/plugins");
  CHECK(loaded->storage.base_directory == folder.path());
}
