#include "settings/sections.hpp"

#include <algorithm>

#include "base/ids.hpp"
#include "settings/scalars.hpp"

namespace crdtd::settings {
namespace {

constexpr std::string_view kNameWanted = "a name of at most 128 of A-Z a-z 0-9 . _ ~ -";

bool read_name(Context& context, const Node& node, std::string_view path, std::string& out) {
  if (!read_text(context, node, path, kNameWanted, out)) return false;
  if (base::is_name(out)) return true;
  context.findings.add(node.place, path, "is " + shown(out) + "; wanted " + std::string(kNameWanted));
  return false;
}

// Digest in lower-case hex; `of` says what it is the digest of, and how a person gets it.
void read_sha256(Context& context, const Node& node, std::string_view path, std::string_view of, std::string& out) {
  const std::string wanted = "64 hex digits, the SHA-256 of " + std::string(of);
  std::string text;
  if (!read_text(context, node, path, wanted, text)) return;
  if (parse_sha256(text)) {
    out = to_lower(text);
  } else {
    // Not shown: somebody may have put the secret itself here.
    context.findings.add(node.place, path, "is not a digest; wanted " + wanted);
  }
}

void read_limits(Context& context, const Node& node, const std::string& path, Type& type) {
  if (!expect_mapping(context, node, path)) return;
  const Key& key = *find_key("types.*.limits.*");
  for (const Node& child : node.children) {
    // A limit counts bytes or things; only the plugin knows which, so both are written alike.
    const auto value = child.kind == Node::Kind::kScalar ? parse_size(child.text) : std::nullopt;
    if (value && *value >= key.min && *value <= key.max) {
      type.limits[child.key] = *value;
    } else {
      context.findings.add(child.place, join(path, child.key),
                           "is " + shown(child) + "; wanted a count such as 1000, or a size such as 4KiB");
    }
  }
}

void read_type(Context& context, const Node& node, Settings& settings) {
  const std::string path = join("types", node.key);
  if (!base::is_name(node.key)) {
    context.findings.add(node.key_place, path, "is not a usable name; wanted " + std::string(kNameWanted));
  }
  if (!expect_mapping(context, node, path)) return;
  Type type;
  type.name = node.key;
  type.type_id = node.key;
  for (const Node& child : node.children) {
    const std::string child_path = join(path, child.key);
    if (child.key == "type") {
      read_name(context, child, child_path, type.type_id);
    } else if (child.key == "plugin") {
      std::string file;
      if (read_text(context, child, child_path, "the path of a plugin's .so file", file))
        type.plugin_path = absolute_path(context, file);
    } else if (child.key == "sha256") {
      read_sha256(context, child, child_path, "the plugin file (sha256sum FILE)", type.sha256);
    } else if (child.key == "limits") {
      read_limits(context, child, child_path, type);
    } else {
      add_unknown(context, child, "types.*", child_path);
    }
  }
  settings.types.push_back(std::move(type));
}

// A value for the backend as JSON: what looks like a number or a boolean is one, unless it is in quotes.
std::string json_value(const Node& node) {
  if (!node.quoted && (is_json_number(node.text) || parse_boolean(node.text))) return node.text;
  return json_string(node.text);
}

void read_tenants(Context& context, const Node& node, const std::string& path, ApiKey& key) {
  if (node.kind == Node::Kind::kScalar && node.text == "*") {
    key.all_tenants = true;
    return;
  }
  if (node.kind != Node::Kind::kList || node.children.empty()) {
    context.findings.add(node.place, path, "is " + shown(node) + "; wanted a list of tenants, or \"*\" for all");
    return;
  }
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    std::string tenant;
    if (read_name(context, node.children[i], path + "[" + std::to_string(i) + "]", tenant)) key.tenants.push_back(tenant);
  }
}

void read_api_key(Context& context, const Node& node, const std::string& path, Settings& settings) {
  if (!expect_mapping(context, node, path)) return;
  ApiKey key;
  for (const Node& child : node.children) {
    const std::string child_path = join(path, child.key);
    if (child.key == "name") {
      if (!read_name(context, child, child_path, key.name)) continue;
    } else if (child.key == "sha256") {
      std::string hex;
      read_sha256(context, child, child_path, "the key (printf %s KEY | sha256sum)", hex);
      if (const auto digest = parse_sha256(hex)) key.sha256 = *digest;
    } else if (child.key == "tenants") {
      read_tenants(context, child, child_path, key);
    } else {
      add_unknown(context, child, "auth.keys[]", child_path);
    }
  }
  for (const char* needed : {"name", "sha256", "tenants"}) {
    if (node.find(needed) == nullptr) {
      context.findings.add(node.place, path, std::string("lacks ") + needed + "; wanted { name: …, sha256: …, tenants: [ … ] }");
    }
  }
  for (const ApiKey& other : settings.api_keys) {
    const bool same_digest = other.sha256 == key.sha256 && key.sha256 != ApiKey{}.sha256;
    if (!same_digest && (key.name.empty() || other.name != key.name)) continue;
    context.findings.add(node.place, path,
                         "has the same " + std::string(same_digest ? "key" : "name") + " as an earlier one; wanted each once");
  }
  settings.api_keys.push_back(std::move(key));
}

}  // namespace

void read_types(Context& context, const Node& node, Settings& settings) {
  if (!expect_mapping(context, node, "types")) return;
  if (node.children.empty()) {
    context.findings.add(node.place, "types", "is empty; wanted at least one document type, each under its name");
  }
  for (const Node& child : node.children) read_type(context, child, settings);
  std::sort(settings.types.begin(), settings.types.end(), [](const Type& a, const Type& b) { return a.name < b.name; });
}

void read_storage(Context& context, const Node& node, Settings& settings) {
  if (!expect_mapping(context, node, "storage")) return;
  Storage& storage = settings.storage;
  std::string json;
  for (const Node& child : node.children) {
    const std::string path = join("storage", child.key);
    if (child.key == "plugin") {
      std::string name;
      if (!read_text(context, child, path, kNameWanted, name)) continue;
      if (base::is_name(name)) {
        storage.plugin = name;
      } else {
        context.findings.add(child.place, path,
                             "is " + shown(name) + "; wanted the backend's name; a file's path belongs in storage.library");
      }
    } else if (child.key == "library") {
      std::string file;
      if (read_text(context, child, path, "the path of a plugin's .so file", file))
        storage.library_path = absolute_path(context, file);
    } else if (child.key == "sha256") {
      read_sha256(context, child, path, "the plugin file (sha256sum FILE)", storage.sha256);
    } else if (child.key == "unknown_timeout") {
      const Key& key = *find_key("storage.unknown_timeout");
      std::uint64_t value = 0;
      if (read_number(context, child, path, key, value)) key.set(settings, value);
    } else if (child.kind != Node::Kind::kScalar) {
      context.findings.add(child.place, path, "is " + shown(child) + "; wanted a text, a number, true or false");
    } else {
      json += (json.empty() ? "" : ",") + json_string(child.key) + ":" + json_value(child);
    }
  }
  storage.settings_json = "{" + json + "}";
  if (node.find("plugin") == nullptr) {
    context.findings.add(node.place, "storage.plugin", "is missing; wanted the name of a storage backend");
  }
}

void read_auth(Context& context, const Node& node, Settings& settings) {
  constexpr std::string_view kWanted = "none, or { keys: [ … ] }";
  if (node.kind == Node::Kind::kScalar && node.text == "none") return;
  if (node.kind != Node::Kind::kMapping) {
    context.findings.add(node.place, "auth", "is " + shown(node) + "; wanted " + std::string(kWanted));
    return;
  }
  for (const Node& child : node.children) {
    if (child.key != "keys") {
      add_unknown(context, child, "auth", join("auth", child.key));
    } else if (child.kind != Node::Kind::kList || child.children.empty()) {
      context.findings.add(child.place, "auth.keys",
                           "is " + (child.kind == Node::Kind::kList ? "empty" : shown(child)) +
                               "; wanted a list of keys, or auth: none to serve without keys");
    } else {
      for (std::size_t i = 0; i < child.children.size(); ++i) {
        read_api_key(context, child.children[i], "auth.keys[" + std::to_string(i) + "]", settings);
      }
    }
  }
  if (node.children.empty()) context.findings.add(node.place, "auth", "is empty; wanted " + std::string(kWanted));
}

}  // namespace crdtd::settings
