// What a configuration names, for verbs that work without a server: its settings, its types loaded, its store opened.
//
// Threads: [main]. Lifetime: a Configured outlives the sessions of its store and the states of its types.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "ctl/exit_code.hpp"
#include "document/replica.hpp"
#include "host/plugin_host.hpp"
#include "host/storage.hpp"
#include "settings/settings.hpp"

namespace crdtd::ctl {

// Reads the file and the environment as `crdtd serve` does; all mistakes are in the failure, one a line.
Outcome<settings::Settings> read_settings(const std::string& file, const char* const* environment);

class Configured {
 public:
  explicit Configured(settings::Settings settings);

  // Loads every type that the configuration enables.
  Outcome<void> enable_types();
  // Opens the store with the configuration's settings, as a server does: it is recovered, and held until this goes. A store that
  // another process holds is refused with a sentence that names the holder.
  Outcome<void> open_store();

  const settings::Settings& settings() const noexcept { return settings_; }
  document::TypeTable types() const { return document::TypeTable(plugins_.types()); }
  const host::CrdtType* find_type(std::string_view name) const { return plugins_.find_type(name); }
  host::Store& store() noexcept { return *store_; }

 private:
  settings::Settings settings_;
  host::PluginHost plugins_;
  std::optional<host::Store> store_;
};

}  // namespace crdtd::ctl
