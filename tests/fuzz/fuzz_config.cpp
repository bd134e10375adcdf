// A configuration file, with what the environment and the command line lay over it.
//
// The input is the file itself. Its comments `#env NAME=VALUE` and `#option KEY=VALUE` are also given as environment and options.
//   - Every text is read or refused, in bounded stack; the same way twice.
//   - What is refused names a mistake: a line of the file, or a variable or option that was given; in one line of text.
//   - What is read keeps its bounds, and stays the same under overrides that say again what the file says.
#include <algorithm>
#include <set>
#include <string>

#include "crdtd/wire/json_gate.hpp"
#include "oracle.hpp"
#include "settings/settings.hpp"
#include "settings/tree.hpp"

using namespace crdtd::settings;

namespace {

Overrides overrides_of(std::string_view text) {
  Overrides out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    at = end + 1;
    const bool option = line.starts_with("#option ");
    if (!option && !line.starts_with("#env ")) continue;
    line.remove_prefix(option ? 8 : 5);
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string name(line.substr(0, equals));
    const std::string value(line.substr(equals + 1));
    if (option) {
      if (name == "listen" || name == "storage.path" || name == "log.level")
        out.command_line.push_back({"--" + name, name, value});
    } else if (!name.ends_with("_FILE")) {  // those read a file: not of a fuzzer's choice
      out.environment.emplace(name, value);
    }
  }
  return out;
}

void check_findings(const std::vector<Finding>& findings, const Overrides& overrides, std::string_view text) {
  FUZZ_CHECK(!findings.empty(), "what is refused names a mistake");
  FUZZ_CHECK(findings.size() <= kFindingsMax + 1, "the list of mistakes is bounded");
  const auto lines = std::count(text.begin(), text.end(), '\n') + std::count(text.begin(), text.end(), '\r') + 1;
  std::set<std::string> given{"x.yaml"};
  for (const auto& [name, value] : overrides.environment) given.insert(name);
  for (const Override& option : overrides.command_line) given.insert(option.where);
  for (const Finding& finding : findings) {
    FUZZ_CHECK(crdtd_fuzz::is_one_line(finding.message), "a mistake is told in one line", finding.text());
    FUZZ_CHECK(given.count(finding.where) == 1, "a mistake lies in what was given", finding.text());
    if (finding.where != "x.yaml") continue;
    const bool summary = finding.message.starts_with("and ") && finding.line == 0;
    FUZZ_CHECK(summary || (finding.line >= 1 && finding.column >= 1), "a mistake in the file has a line", finding.text());
    FUZZ_CHECK(finding.line <= lines + 1, "the line is one of the file", finding.text());
  }
}

void check_settings(const Settings& settings) {
  FUZZ_CHECK(!settings.types.empty(), "a configuration enables a type");
  FUZZ_CHECK(!settings.storage.plugin.empty(), "a configuration names a storage");
  FUZZ_CHECK(settings.http.body_max > 0 && settings.engine.memory_max > 0, "bounds are never 0");
  FUZZ_CHECK(settings.engine.tenant_waiting_percent >= 1 && settings.engine.tenant_waiting_percent <= 100, "a percentage is one");
  FUZZ_CHECK(!crdtd::wire::check_json(settings.storage.settings_json, {}), "a backend gets JSON", settings.storage.settings_json);
  for (const Type& type : settings.types) {
    FUZZ_CHECK(!type.name.empty() && !type.type_id.empty(), "a type has a name", type.name);
    FUZZ_CHECK(type.plugin_path.empty() || type.plugin_path.front() == '/', "paths are absolute", type.plugin_path);
  }
}

std::size_t depth_of(const Node& node) {
  std::size_t deepest = 0;
  for (const Node& child : node.children) deepest = std::max(deepest, depth_of(child));
  return deepest + 1;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  Findings findings("x.yaml");
  FUZZ_CHECK(depth_of(parse_tree(text, findings)) <= kDepthMax + 1, "depth is bounded");
  const Overrides overrides = overrides_of(text);
  const Loaded loaded = load_text({"x.yaml", text, "/etc/crdtd"}, overrides);
  const Loaded again = load_text({"x.yaml", text, "/etc/crdtd"}, overrides);
  FUZZ_CHECK(loaded.ok() == again.ok(), "a text is read the same way twice");
  if (!loaded.ok()) {
    check_findings(loaded.error(), overrides, text);
    FUZZ_CHECK(loaded.error() == again.error(), "the same mistakes are found twice");
    return 0;
  }
  FUZZ_CHECK(*loaded == *again, "a text means the same twice");
  check_settings(*loaded);
  Overrides same = overrides;
  const Address& listen = loaded->listen;
  const bool v6 = listen.host.find(':') != std::string::npos;
  same.command_line.push_back(
      {"--listen", "listen", (v6 ? "[" + listen.host + "]" : listen.host) + ":" + std::to_string(listen.port)});
  const bool given = std::any_of(overrides.command_line.begin(), overrides.command_line.end(),
                                 [](const Override& option) { return option.key == "listen"; });
  if (given) return 0;  // twice on one command line is refused when the two differ in how they are written
  const Loaded repeated = load_text({"x.yaml", text, "/etc/crdtd"}, same);
  FUZZ_CHECK(repeated.ok() && *repeated == *loaded, "an address that is said again changes nothing",
             same.command_line.back().value);
  return 0;
}
