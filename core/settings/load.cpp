#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "settings/environment.hpp"
#include "settings/scalars.hpp"
#include "settings/schema.hpp"
#include "settings/settings.hpp"

namespace crdtd::settings {
namespace {

Place place_of(const Node& root, std::string_view section, std::string_view name) {
  const Node* node = section.empty() ? &root : root.find(section);
  if (node != nullptr) node = node->find(name);
  return node == nullptr ? Place{{}, 1, 1} : node->place;
}

// What no key alone can tell.
void check_together(const Node& root, const Settings& settings, Findings& findings) {
  if (!is_loopback(settings.listen) && settings.api_keys.empty() && root.find("auth") == nullptr) {
    findings.add(place_of(root, "", "listen"), "listen",
                 "other machines can reach this address, and no key is set; wanted keys under auth.keys, or auth: none to serve "
                 "everyone who can connect");
  }
  const std::uint64_t share = settings.engine.waiting_bytes_max / 100 * settings.engine.tenant_waiting_percent;
  if (settings.http.body_max > share) {
    findings.add(place_of(root, "engine", "waiting_bytes_max"), "engine.waiting_bytes_max",
                 "leaves a tenant " + format_size(share) +
                     " (engine.tenant_waiting_percent), less than one request of http.body_max " +
                     format_size(settings.http.body_max) + "; wanted the share at least as large as a request");
  }
}

std::string read_file(const std::string& path, Findings& findings) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    findings.add({}, {}, "is a directory; wanted a configuration file");
    return {};
  }
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  std::string text(kFileBytesMax + 1, '\0');  // one more than allowed, so that the parser sees that it is too large
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!in.is_open() || in.bad()) {
    findings.add({}, {}, std::string("cannot be read: ") + std::strerror(errno));
    return {};
  }
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

}  // namespace

std::string Finding::text() const {
  std::string out = where;
  if (line > 0) out.append(":").append(std::to_string(line)).append(":").append(std::to_string(column));
  if (!key.empty()) out.append(": ").append(key);
  return out.append(": ").append(message);
}

Loaded load_text(const Source& source, const Overrides& overrides) {
  Findings findings(source.name);
  Node root = parse_tree(source.text, findings);
  if (!findings.empty() && root.children.empty())
    return findings.take();  // nothing was understood: all else would follow from it
  lay_over(root, overrides, findings);
  Settings settings;
  Context context{findings, std::filesystem::absolute(source.base_directory).lexically_normal().string()};
  settings.storage.base_directory = context.base_directory;
  read_settings(context, root, settings);
  if (findings.empty()) check_together(root, settings, findings);
  if (!findings.empty()) return findings.take();
  return settings;
}

Loaded load_file(const std::string& path, const Overrides& overrides) {
  Findings findings(path);
  std::string text = read_file(path, findings);
  if (!findings.empty()) return findings.take();
  const std::filesystem::path folder = std::filesystem::absolute(path).parent_path();
  return load_text({path, std::move(text), folder.string()}, overrides);
}

}  // namespace crdtd::settings
