// config/crdtd.yaml is the reference: it is good as it stands, gives every default as it is built in, and names every key.
#include <fstream>
#include <sstream>

#include "settings/dev_config.hpp"
#include "settings/schema.hpp"
#include "settings_fixture.hpp"

using namespace crdtd;
using namespace crdtd::settings;

namespace {

std::string read_config(const std::string& name) {
  std::ifstream in(CRDTD_CONFIG_FOLDER "/" + name);
  REQUIRE(in.is_open());
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// The lines that begin with # and no space are settings that are not set: with all of them set.
std::string with_all_set(const std::string& text) {
  std::istringstream in(text);
  std::string out, line;
  while (std::getline(in, line)) {
    const std::size_t mark = line.find_first_not_of(' ');
    const bool unset = mark != std::string::npos && line[mark] == '#' && mark + 1 < line.size() && line[mark + 1] != ' ';
    if (unset) line.erase(mark, 1);
    out += line + "\n";
  }
  return out;
}

// Whether the tree holds `path`, whose `*` stands for any name and `[]` for any item.
bool holds(const Node& node, std::string_view path) {
  if (path.empty()) return true;
  const std::size_t end = path.find_first_of(".[");
  const std::string_view name = path.substr(0, end);
  std::string_view rest = end == std::string_view::npos ? "" : path.substr(end);
  const bool items = rest.starts_with("[]");
  if (items) rest.remove_prefix(2);
  if (rest.starts_with(".")) rest.remove_prefix(1);
  for (const Node& child : node.children) {
    if (name != "*" && child.key != name) continue;
    if (!items && holds(child, rest)) return true;
    for (const Node& item : items ? child.children : std::vector<Node>{}) {
      if (holds(item, rest)) return true;
    }
  }
  return false;
}

}  // namespace

TEST_CASE("reference: it is valid, and each default in it is the built-in one", "[unit][settings]") {
  const Settings reference = load_good(read_config("crdtd.yaml"));
  Settings expected;  // types and storage have no defaults
  expected.types = reference.types;
  expected.storage = reference.storage;
  CHECK(reference == expected);
  CHECK(reference.storage.unknown_timeout == Storage{}.unknown_timeout);
}

TEST_CASE("reference: it is valid with every setting set", "[unit][settings]") {
  const Settings all = load_good(with_all_set(read_config("crdtd.yaml")));
  CHECK_FALSE(all.plugins_directory.empty());
  CHECK(all.types.size() == 4);
  CHECK(all.api_keys.size() == 1);
  CHECK_FALSE(all.storage.library_path.empty());
}

TEST_CASE("reference: every key of the schema stands in it, those with a default set", "[unit][settings]") {
  const std::string text = read_config("crdtd.yaml");
  Findings findings("crdtd.yaml");
  const Node as_it_is = parse_tree(text, findings);
  const Node all = parse_tree(with_all_set(text), findings);
  REQUIRE(findings.empty());
  for (const Key& key : schema()) {
    CAPTURE(key.path);
    CHECK(holds(all, key.path));
    if (key.set != nullptr) CHECK(holds(as_it_is, key.path));
  }
  CHECK_FALSE(holds(all, "http.no_such_key"));
}

TEST_CASE("reference: every bound that it states is the one that is enforced", "[unit][settings]") {
  const std::string text = read_config("crdtd.yaml");
  for (const char* stated :
       {"1KiB to 64MiB", "1 to 256", "1s to 10m", "100ms to 1d", "1 to 1000000", "4MiB to 1TiB", "15m to 3650d"}) {
    CAPTURE(stated);
    CHECK(text.find(stated) != std::string::npos);
  }
  for (const char* good :
       {"http: { body_max: 64MiB }\nengine: { waiting_bytes_max: 64GiB }", "threads: 256", "http: { idle_timeout: 1d }",
        "http: { batch_ops_max: 1000000 }", "engine: { memory_max: 1024GiB }", "engine: { window_age: 3650d }"}) {
    load_good(kLeast + good + "\n");
  }
  for (const char* bad :
       {"http: { body_max: 65MiB }", "threads: 257", "http: { idle_timeout: 25h }", "http: { batch_ops_max: 1000001 }",
        "engine: { memory_max: 1025GiB }", "engine: { window_age: 3651d }"}) {
    one_finding(kLeast + bad + "\n");
  }
}

TEST_CASE("dev configuration: the program holds config/dev.yaml, and it is valid", "[unit][settings]") {
  CHECK(dev_config_text() == read_config("dev.yaml"));
  const Settings dev = load_good(std::string(dev_config_text()));
  CHECK(dev.listen == Address{"127.0.0.1", 8080});
  CHECK(dev.plugins_directory.empty());
  CHECK(dev.http.origins.size() == 3);
}
