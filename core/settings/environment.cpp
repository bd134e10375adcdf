#include "settings/environment.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>

#include "settings/scalars.hpp"
#include "settings/schema.hpp"

namespace crdtd::settings {
namespace {

constexpr std::string_view kPrefix = "CRDTD_";
constexpr std::string_view kStoragePrefix = "CRDTD_STORAGE__";
constexpr std::string_view kFileSuffix = "_FILE";
constexpr std::size_t kValueBytesMax = 64 << 10;

bool settable(const Key& key) {
  return key.path == "storage.unknown_timeout" || (key.kind < Kind::kTypes) || key.kind == Kind::kAuth;
}

std::string variable_of(std::string_view path) {
  std::string out(kPrefix);
  for (const char c : path) {
    if (c == '.') {
      out += "__";
    } else {
      out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
  }
  return out;
}

std::vector<std::string> known_variables() {
  std::vector<std::string> names{"ADDR"};
  for (const Key& key : schema()) {
    if (settable(key) || key.path.starts_with("storage.")) names.push_back(variable_of(key.path));
  }
  return names;
}

// The key that a variable (without _FILE) sets; empty if it sets none. Below `storage` any name may be a backend's.
std::string key_of(std::string_view variable) {
  if (variable == "ADDR") return "listen";
  for (const Key& key : schema()) {
    if (settable(key) && variable_of(key.path) == variable) return std::string(key.path);
  }
  if (variable.starts_with(kStoragePrefix) && variable.size() > kStoragePrefix.size()) {
    return "storage." + to_lower(variable.substr(kStoragePrefix.size()));
  }
  return {};
}

std::optional<std::string> read_value_file(const std::string& variable, const std::string& path, Findings& findings) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  std::string text(kValueBytesMax + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || (in.gcount() == 0 && !in.eof())) {
    findings.add({variable, 0, 0}, {}, "the file " + shown(path) + " cannot be read: " + std::strerror(errno));
    return std::nullopt;
  }
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kValueBytesMax) {
    findings.add({variable, 0, 0}, {}, "the file " + shown(path) + " is larger than " + format_size(kValueBytesMax));
    return std::nullopt;
  }
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

// A list is written with commas; all else as it is.
Node value_node(const std::string& where, const std::string& path, const std::string& value, bool quoted) {
  const Place place{where, 0, 0};
  Node node;
  node.kind = Node::Kind::kScalar;
  node.place = place;
  node.text = value;
  node.quoted = quoted;
  const Key* key = find_key(path);
  if (key == nullptr || (key->kind != Kind::kOrigins && key->kind != Kind::kHosts)) return node;
  Node list;
  list.kind = Node::Kind::kList;
  list.place = place;
  for (std::size_t start = 0; start < value.size();) {
    const std::size_t end = std::min(value.find(',', start), value.size());
    const std::size_t first = value.find_first_not_of(' ', start);
    const std::size_t last = value.find_last_not_of(' ', end - 1);
    node.text = first < end ? value.substr(first, last - first + 1) : "";
    list.children.push_back(node);
    start = end + 1;
  }
  return list;
}

// Sets section.key, or key. A section that the file gave another shape stays: that is reported when it is read.
void place(Node& root, const std::string& path, Node value) {
  Node* section = &root;
  std::string name = path;
  if (const std::size_t dot = path.find('.'); dot != std::string::npos) {
    name = path.substr(dot + 1);
    section = root.find(path.substr(0, dot));
    if (section == nullptr) {
      Node made;
      made.key = path.substr(0, dot);
      made.place = made.key_place = value.place;
      section = &root.children.emplace_back(std::move(made));
    }
    if (section->kind == Node::Kind::kNull) section->kind = Node::Kind::kMapping;
    if (section->kind != Node::Kind::kMapping) return;
  }
  value.key = name;
  value.key_place = value.place;
  if (Node* present = section->find(name)) {
    *present = std::move(value);
  } else {
    section->children.push_back(std::move(value));
  }
}

bool is_text(const std::string& value) {
  return value.size() <= kValueBytesMax &&
         std::none_of(value.begin(), value.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

class Layer {
 public:
  Layer(Node& root, Findings& findings) : root_(root), findings_(findings) {}

  void variable(const std::string& name, const std::string& value) {
    const bool is_file = name.ends_with(kFileSuffix);
    const std::string plain = is_file ? name.substr(0, name.size() - kFileSuffix.size()) : name;
    const std::string key = key_of(plain);
    if (key.empty()) {
      const bool shaped = name.starts_with("CRDTD_TYPES") || name.starts_with("CRDTD_AUTH__");
      findings_.add({name, 0, 0}, {},
                    shaped ? "cannot be given by a variable; write it in the configuration file"
                           : "unknown variable; " + suggestion(plain, known_variables()));
      return;
    }
    std::string text = value;
    if (is_file) {
      auto read = read_value_file(name, value, findings_);
      if (!read) return;
      text = std::move(*read);
    }
    set(name, key, text, is_file);
  }

  void set(const std::string& where, const std::string& key, const std::string& value, bool quoted) {
    if (!is_text(value)) {
      findings_.add({where, 0, 0}, key, "holds a line break or another control character; wanted one line of text");
      return;
    }
    const auto [earlier, fresh] = given_.try_emplace(key, where, value);
    if (!fresh && earlier->second.second != value) {
      findings_.add({where, 0, 0}, key, "differs from " + earlier->second.first + "; wanted one of the two");
      return;
    }
    place(root_, key, value_node(where, key, value, quoted));
  }

  void forget() { given_.clear(); }

 private:
  Node& root_;
  Findings& findings_;
  std::map<std::string, std::pair<std::string, std::string>> given_;  // by key: who, what
};

}  // namespace

void lay_over(Node& root, const Overrides& overrides, Findings& findings) {
  Layer layer(root, findings);
  for (const auto& [name, value] : overrides.environment) {
    if (name == "ADDR" ? !value.empty() : name.starts_with(kPrefix) && !name.starts_with("CRDTD_TEST_"))
      layer.variable(name, value);
  }
  layer.forget();  // an option may contradict a variable
  for (const Override& option : overrides.command_line) layer.set(option.where, option.key, option.value, false);
}

Environment environment_from(const char* const* variables) {
  Environment environment;
  for (; variables != nullptr && *variables != nullptr; ++variables) {
    const std::string_view variable = *variables;
    const std::size_t equals = variable.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = variable.substr(0, equals);
    if (name == "ADDR" || name.starts_with(kPrefix)) environment.emplace(name, variable.substr(equals + 1));
  }
  return environment;
}

}  // namespace crdtd::settings
