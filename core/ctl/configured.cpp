#include "ctl/configured.hpp"

#include <utility>

#include "ctl/plugin_folder.hpp"

namespace crdtd::ctl {

Outcome<settings::Settings> read_settings(const std::string& file, const char* const* environment) {
  auto loaded = settings::load_file(file, {settings::environment_from(environment), {}});
  if (loaded) return std::move(*loaded);
  std::string message;
  for (const auto& finding : loaded.error()) message += (message.empty() ? "" : "\n") + finding.text();
  return Failure{kExitConfig, std::move(message)};
}

Configured::Configured(settings::Settings settings)
    : settings_(std::move(settings)),
      plugins_(settings_.plugins_directory.empty() ? default_plugin_directory() : settings_.plugins_directory) {}

Outcome<void> Configured::enable_types() {
  for (const auto& type : settings_.types) {
    auto enabled = plugins_.enable_type({type.name, type.type_id, type.plugin_path, type.sha256, type.limits});
    if (!enabled) return Failure{kExitConfig, enabled.error().detail};
  }
  return {};
}

Outcome<void> Configured::open_store() {
  const auto& storage = settings_.storage;
  auto store = plugins_.open_storage(
      {storage.plugin, storage.library_path, storage.sha256, storage.settings_json, storage.base_directory});
  if (store) {
    store_.emplace(std::move(*store));
    return {};
  }
  const bool failed = store.error().code == base::Code::kStorageFailed;
  return Failure{failed ? kExitStorage : kExitConfig, store.error().detail};
}

}  // namespace crdtd::ctl
