// crdtctl plugin list: what a plugin folder holds, and what a configuration enables of it.
#include <algorithm>
#include <filesystem>
#include <optional>

#include "crdtd/abi/plugin.h"
#include "ctl/configured.hpp"
#include "ctl/listing.hpp"
#include "ctl/plugin_folder.hpp"
#include "ctl/verbs.hpp"

namespace crdtd::ctl {
namespace {

using settings::Settings;

bool is_same_file(const std::string& path, const std::string& real_path) {
  std::error_code failed;
  return std::filesystem::equivalent(path, real_path, failed) && !failed;
}

// The names under which `settings` uses `provision` of this file: keys under `types`, or "storage".
std::vector<std::string> enabled_as(const Settings& settings, const FoundPlugin& plugin, const loader::Provision& provision) {
  std::vector<std::string> names;
  const auto is_meant = [&](const std::string& path) { return path.empty() || is_same_file(path, plugin.real_path); };
  if (provision.kind == CRDTD_KIND_CRDT_TYPE) {
    for (const auto& type : settings.types) {
      if (type.type_id == provision.name && is_meant(type.plugin_path)) names.push_back(type.name);
    }
  }
  if (provision.kind == CRDTD_KIND_STORAGE_BACKEND && settings.storage.plugin == provision.name &&
      is_meant(settings.storage.library_path)) {
    names.emplace_back("storage");
  }
  return names;
}

// The folder's files, and those that the configuration names by their path.
Outcome<std::vector<FoundPlugin>> look(const std::string& directory, const std::optional<Settings>& settings) {
  auto found = find_plugins(directory);
  if (!found || !settings) return found;
  const auto add = [&](const std::string& path, const std::string& sha256) {
    if (path.empty()) return;
    const bool known =
        std::any_of(found->begin(), found->end(), [&](const FoundPlugin& plugin) { return is_same_file(plugin.file, path); });
    if (!known) found->push_back(look_at_plugin(path, {}, sha256));
  };
  for (const auto& type : settings->types) add(type.plugin_path, type.sha256);
  add(settings->storage.library_path, settings->storage.sha256);
  return found;
}

Cell formats(const std::vector<std::uint32_t>& numbers) {
  Cell cell{{}, "["};
  for (const auto number : numbers) {
    cell.text += (cell.text.empty() ? "" : ",") + std::to_string(number);
    cell.json += (cell.json.size() > 1 ? "," : "") + std::to_string(number);
  }
  cell.json += ']';
  return cell;
}

std::string abi_text(const loader::Manifest& manifest) {
  return std::to_string(manifest.abi_major) + '.' + std::to_string(manifest.abi_minor);
}

Listing provisions_of(const FoundPlugin& plugin, const std::optional<Settings>& settings) {
  Listing rows({{"kind", "", false},
                {"name", "", false},
                {"semantics", "", true},
                {"format_written", "", true},
                {"formats_read", "", false},
                {"enabled_as", "", false}});
  for (const auto& provision : plugin.manifest->provides) {
    const bool is_type = provision.kind == CRDTD_KIND_CRDT_TYPE;
    rows.add({Cell::of(provision.kind), Cell::of(provision.name),
              is_type ? Cell::of(std::uint64_t{provision.semantics}) : Cell::none(),
              is_type ? Cell::of(std::uint64_t{provision.format_written}) : Cell::none(),
              is_type ? formats(provision.formats_read) : Cell::none(),
              settings ? Cell::of(enabled_as(*settings, plugin, provision)) : Cell::none()});
  }
  return rows;
}

std::string json_of(const std::vector<FoundPlugin>& plugins, const std::optional<Settings>& settings) {
  Listing all({{"file", "", false},
               {"status", "", false},
               {"id", "", false},
               {"version", "", false},
               {"abi", "", false},
               {"size_bytes", "", true},
               {"provides", "", false},
               {"refusal", "", false}});
  for (const auto& plugin : plugins) {
    const auto& manifest = plugin.manifest;
    all.add({Cell::of(plugin.file), Cell::of(std::string_view(manifest ? "usable" : "refused")),
             manifest ? Cell::of(manifest->id) : Cell::none(), manifest ? Cell::of(manifest->version) : Cell::none(),
             manifest ? Cell::of(abi_text(*manifest)) : Cell::none(), Cell::of(plugin.size_bytes),
             Cell::raw(manifest ? provisions_of(plugin, settings).json() : "[]"),
             manifest ? Cell::none() : Cell::of(plugin.refusal)});
  }
  return all.json();
}

Listing table_of(const std::vector<FoundPlugin>& plugins, const std::optional<Settings>& settings) {
  Listing table({{"file", "FILE", false},
                 {"id", "ID", false},
                 {"version", "VERSION", false},
                 {"abi", "ABI", false},
                 {"kind", "KIND", false},
                 {"name", "NAME", false},
                 {"semantics", "SEMANTICS", true},
                 {"formats", "FORMATS", false},
                 {"size", "BYTES", true},
                 {"note", settings ? "ENABLED AS" : "NOTE", false}});
  for (const auto& plugin : plugins) {
    const auto file = Cell::of(std::filesystem::path(plugin.file).filename().string());
    const auto size = Cell::of(plugin.size_bytes);
    if (!plugin.manifest) {
      table.add({file, Cell::none(), Cell::none(), Cell::none(), Cell::none(), Cell::none(), Cell::none(), Cell::none(), size,
                 Cell::of("refused: " + plugin.refusal)});
      continue;
    }
    for (const auto& provision : plugin.manifest->provides) {
      const bool is_type = provision.kind == CRDTD_KIND_CRDT_TYPE;
      table.add({file, Cell::of(plugin.manifest->id), Cell::of(plugin.manifest->version), Cell::of(abi_text(*plugin.manifest)),
                 Cell::of(provision.kind), Cell::of(provision.name),
                 is_type ? Cell::of(std::uint64_t{provision.semantics}) : Cell::none(),
                 is_type ? formats(provision.formats_read) : Cell::none(), size,
                 settings ? Cell::of(enabled_as(*settings, plugin, provision)) : Cell::none()});
    }
  }
  return table;
}

}  // namespace

Outcome<ExitCode> plugin_list(const PluginList& command, Console& console) {
  std::optional<Settings> settings;
  std::string directory = command.directory;
  if (!command.config.empty()) {
    auto loaded = read_settings(command.config, console.environment);
    if (!loaded) return loaded.error();
    directory = loaded->plugins_directory;
    settings = std::move(*loaded);
  }
  if (directory.empty()) directory = default_plugin_directory();
  const auto plugins = look(directory, settings);
  if (!plugins) return plugins.error();
  if (command.output == OutputFormat::kJson) {
    console.out << json_of(*plugins, settings) << '\n';
  } else if (plugins->empty()) {
    console.out << "no plugin in " << directory << '\n';
  } else {
    table_of(*plugins, settings).print_table(console.out);
  }
  const bool refused = std::any_of(plugins->begin(), plugins->end(), [](const auto& plugin) { return !plugin.manifest; });
  return refused ? kExitPlugin : kExitOk;
}

}  // namespace crdtd::ctl
