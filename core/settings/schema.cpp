#include "settings/schema.hpp"

#include <algorithm>
#include <filesystem>
#include <limits>

#include "settings/origin.hpp"
#include "settings/scalars.hpp"
#include "settings/sections.hpp"

namespace crdtd::settings {
namespace {

constexpr std::uint64_t kKiB = 1 << 10, kMiB = 1 << 20, kGiB = 1 << 30;
constexpr std::uint64_t kSecond = 1000, kMinute = 60 * kSecond, kDay = 1440 * kMinute;
constexpr std::uint64_t kAny = std::numeric_limits<std::int64_t>::max();

using U = std::uint64_t;
base::Duration ms(U value) { return std::chrono::milliseconds(value); }

constexpr Key kSchema[] = {
    {"listen", Kind::kAddress},
    {"threads", Kind::kThreads, 1, 256, [](Settings& s, U v) { s.threads = v; }},
    {"plugins.directory", Kind::kPath},
    {"types", Kind::kTypes},
    {"types.*.type"},
    {"types.*.plugin"},
    {"types.*.sha256"},
    {"types.*.limits.*", Kind::kInside, 1, kAny},
    {"storage", Kind::kStorage},
    {"storage.plugin"},
    {"storage.library"},
    {"storage.sha256"},
    {"storage.unknown_timeout", Kind::kDuration, kSecond, 10 * kMinute,
     [](Settings& s, U v) { s.storage.unknown_timeout = ms(v); }},
    {"auth", Kind::kAuth},
    {"auth.keys[].name"},
    {"auth.keys[].sha256"},
    {"auth.keys[].tenants"},
    {"http.origins", Kind::kOrigins},
    {"http.hosts", Kind::kHosts},
    {"http.body_max", Kind::kSize, kKiB, 64 * kMiB, [](Settings& s, U v) { s.http.body_max = v; }},
    {"http.batch_ops_max", Kind::kCount, 1, 1'000'000, [](Settings& s, U v) { s.http.batch_ops_max = v; }},
    {"http.header_timeout", Kind::kDuration, 100, 10 * kMinute, [](Settings& s, U v) { s.http.header_timeout = ms(v); }},
    {"http.body_timeout", Kind::kDuration, 100, 60 * kMinute, [](Settings& s, U v) { s.http.body_timeout = ms(v); }},
    {"http.idle_timeout", Kind::kDuration, 100, kDay, [](Settings& s, U v) { s.http.idle_timeout = ms(v); }},
    {"http.shutdown_timeout", Kind::kDuration, 100, 10 * kMinute, [](Settings& s, U v) { s.http.shutdown_timeout = ms(v); }},
    {"http.connections_max", Kind::kCount, 1, 1'000'000, [](Settings& s, U v) { s.http.connections_max = v; }},
    {"http.access_log", Kind::kBoolean, 0, 1, [](Settings& s, U v) { s.http.access_log = v != 0; }},
    {"engine.memory_max", Kind::kSize, 4 * kMiB, 1024 * kGiB, [](Settings& s, U v) { s.engine.memory_max = v; }},
    {"engine.waiting_bytes_max", Kind::kSize, kMiB, 64 * kGiB, [](Settings& s, U v) { s.engine.waiting_bytes_max = v; }},
    {"engine.tenant_waiting_percent", Kind::kCount, 1, 100, [](Settings& s, U v) { s.engine.tenant_waiting_percent = v; }},
    {"engine.commit_bytes_max", Kind::kSize, 64 * kKiB, kGiB, [](Settings& s, U v) { s.engine.commit_bytes_max = v; }},
    {"engine.commit_rows_max", Kind::kCount, 1, 100'000, [](Settings& s, U v) { s.engine.commit_rows_max = v; }},
    {"engine.window_age", Kind::kDuration, 15 * kMinute, 3650 * kDay, [](Settings& s, U v) { s.engine.window_age = ms(v); }},
    {"engine.window_rows", Kind::kCount, 100, 1'000'000'000, [](Settings& s, U v) { s.engine.window_rows = v; }},
    {"engine.key_age", Kind::kDuration, kMinute, 365 * kDay, [](Settings& s, U v) { s.engine.key_age = ms(v); }},
    {"log.level", Kind::kChoice, 0, 3, [](Settings& s, U v) { s.log.level = static_cast<base::LogLevel>(v); },
     "debug|info|warning|error"},
    {"log.format", Kind::kChoice, 0, 1, [](Settings& s, U v) { s.log.format = static_cast<base::LogFormat>(v); }, "text|json"},
};

// The index of `word` among the words of "a|b|c".
std::optional<U> index_of(std::string_view choices, std::string_view word) {
  for (U index = 0;; ++index) {
    const std::size_t end = choices.find('|');
    if (choices.substr(0, end) == word) return index;
    if (end == std::string_view::npos) return std::nullopt;
    choices.remove_prefix(end + 1);
  }
}

std::string wanted(const Key& key) {
  const auto between = [&](auto format) { return format(key.min) + (key.max == kAny ? " or more" : " to " + format(key.max)); };
  const auto plain = [](U value) { return std::to_string(value); };
  switch (key.kind) {
    case Kind::kSize:
      return "a size of " + between(format_size) + ", such as 512, 4KiB, 64MiB or 1GiB";
    case Kind::kDuration:
      return "a duration of " + between(format_duration_ms) + ", such as 500ms, 10s, 5m, 12h or 7d";
    case Kind::kCount:
      return "a number from " + between(plain);
    case Kind::kThreads:
      return "auto, or a number from " + between(plain);
    case Kind::kBoolean:
      return "true or false";
    case Kind::kAddress:
      return "host:port, [v6]:port or :port, where the host is an IP address or localhost";
    case Kind::kPath:
      return "a path";
    case Kind::kOrigins:
      return "a list of origins";
    case Kind::kHosts:
      return "a list of host names";
    default:
      break;
  }
  std::string words(key.choices);
  for (std::size_t at = 0; (at = words.find('|', at)) != std::string::npos;) words.replace(at, 1, ", ");
  return "one of " + words;
}

std::optional<U> parse_number(const Key& key, std::string_view text) {
  switch (key.kind) {
    case Kind::kSize:
      return parse_size(text);
    case Kind::kDuration:
      return parse_duration_ms(text);
    case Kind::kBoolean:
      return parse_boolean(text);
    case Kind::kChoice:
      return index_of(key.choices, text);
    default:
      return parse_count(text);
  }
}

// `normal` gives an item in its one form, or nothing.
void read_list(Context& context, const Node& node, std::string_view path, std::string_view item_wanted,
               std::optional<std::string> (*normal)(std::string_view), std::vector<std::string>& out) {
  if (node.kind != Node::Kind::kList && node.kind != Node::Kind::kNull) {
    context.findings.add(node.place, path, "is " + shown(node) + "; wanted a list, each item " + std::string(item_wanted));
    return;
  }
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    const std::string item_path = std::string(path) + "[" + std::to_string(i) + "]";
    std::string text;
    if (!read_text(context, node.children[i], item_path, item_wanted, text)) continue;
    if (auto item = normal(text)) {
      out.push_back(std::move(*item));
    } else {
      context.findings.add(node.children[i].place, item_path, "is " + shown(text) + "; wanted " + std::string(item_wanted));
    }
  }
}

void read_key(Context& context, const Node& node, const Key& key, Settings& settings) {
  std::string text;
  switch (key.kind) {
    case Kind::kTypes:
      return read_types(context, node, settings);
    case Kind::kStorage:
      return read_storage(context, node, settings);
    case Kind::kAuth:
      return read_auth(context, node, settings);
    case Kind::kOrigins:
      return read_list(context, node, key.path, "an origin such as https://app.example.com or http://localhost:*",
                       normal_origin_pattern, settings.http.origins);
    case Kind::kHosts:
      return read_list(context, node, key.path, "a host name without a port, such as crdt.example.com", normal_host,
                       settings.http.hosts);
    case Kind::kPath:
      if (read_text(context, node, key.path, wanted(key), text)) settings.plugins_directory = absolute_path(context, text);
      return;
    case Kind::kAddress:
      if (!read_text(context, node, key.path, wanted(key), text)) return;
      if (const auto address = parse_address(text)) {
        settings.listen = *address;
      } else {
        context.findings.add(node.place, key.path, "is " + shown(text) + "; wanted " + wanted(key));
      }
      return;
    default:
      break;
  }
  U value = 0;
  if (read_number(context, node, key.path, key, value)) key.set(settings, value);
}

void read_section(Context& context, const Node& section, std::string_view path, Settings& settings) {
  if (!expect_mapping(context, section, path)) return;
  for (const Node& child : section.children) {
    const std::string child_path = join(path, child.key);
    if (const Key* key = find_key(child_path); key != nullptr && key->kind != Kind::kInside) {
      read_key(context, child, *key, settings);
    } else if (!names_below(child_path).empty()) {
      read_section(context, child, child_path, settings);
    } else {
      add_unknown(context, child, path, child_path);
    }
  }
}

}  // namespace

std::span<const Key> schema() { return kSchema; }

const Key* find_key(std::string_view path) {
  const auto found = std::find_if(std::begin(kSchema), std::end(kSchema), [&](const Key& key) { return key.path == path; });
  return found == std::end(kSchema) ? nullptr : &*found;
}

std::vector<std::string> names_below(std::string_view section) {
  std::vector<std::string> names;
  const std::string prefix = section.empty() ? "" : std::string(section) + ".";
  for (const Key& key : kSchema) {
    if (!key.path.starts_with(prefix)) continue;
    std::string_view rest = key.path.substr(prefix.size());
    rest = rest.substr(0, rest.find_first_of(".["));
    if (std::find(names.begin(), names.end(), rest) == names.end()) names.emplace_back(rest);
  }
  return names;
}

std::string join(std::string_view path, std::string_view name) {
  const bool plain = !name.empty() && name.size() <= 60 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  return std::string(path) + (path.empty() ? "" : ".") + (plain ? std::string(name) : shown(name));
}

std::string absolute_path(const Context& context, std::string_view path) {
  return (std::filesystem::path(context.base_directory) / path).lexically_normal().string();
}

bool expect_mapping(Context& context, const Node& node, std::string_view path) {
  if (node.kind == Node::Kind::kMapping || node.kind == Node::Kind::kNull) return true;
  context.findings.add(node.place, path, "is " + shown(node) + "; wanted a mapping of keys to values");
  return false;
}

void add_unknown(Context& context, const Node& node, std::string_view section, std::string_view path) {
  const std::vector<std::string> names = names_below(section);
  std::string advice = suggestion(node.key, names);
  if (nearest(node.key, names).empty()) {
    // Right name, wrong place?
    for (const Key& key : kSchema) {
      if (key.path.substr(key.path.rfind('.') + 1) == node.key) advice = "did you mean " + std::string(key.path) + "?";
    }
  }
  context.findings.add(node.key_place, path, "unknown key; " + advice);
}

bool read_number(Context& context, const Node& node, std::string_view path, const Key& key, std::uint64_t& out) {
  if (key.kind == Kind::kThreads && node.kind == Node::Kind::kScalar && node.text == "auto") {
    out = 0;
    return true;
  }
  const auto value = node.kind == Node::Kind::kScalar ? parse_number(key, node.text) : std::nullopt;
  if (value && *value >= key.min && *value <= key.max) {
    out = *value;
    return true;
  }
  const bool slip =
      key.kind == Kind::kSize && node.kind == Node::Kind::kScalar && node.text.find_first_of("kKmMgGtT") != std::string::npos;
  context.findings.add(
      node.place, path,
      "is " + shown(node) + "; wanted " + wanted(key) + (slip && !value ? " (the units are KiB, MiB and GiB)" : ""));
  return false;
}

bool read_text(Context& context, const Node& node, std::string_view path, std::string_view wanted, std::string& out) {
  if (node.kind == Node::Kind::kScalar && !node.text.empty()) {
    out = node.text;
    return true;
  }
  context.findings.add(node.place, path, "is " + shown(node) + "; wanted " + std::string(wanted));
  return false;
}

void read_settings(Context& context, const Node& root, Settings& settings) {
  read_section(context, root, "", settings);
  if (root.find("types") == nullptr) {
    context.findings.add({{}, 1, 1}, "types", "is missing; wanted the document types to enable, each under its name");
  }
  if (root.find("storage") == nullptr) {
    context.findings.add({{}, 1, 1}, "storage", "is missing; wanted { plugin: name } of the storage backend, and its settings");
  }
}

}  // namespace crdtd::settings
