// Which plugins are loaded, from where, and what they provide: the server's registry, built once by main.
//
// A name is looked up in the manifests of the plugin directory (read, not run); a path is taken as it is, under the same checks.
// Only the plugins that something asks for are loaded. A refusal is one line: file, field, wanted, found, what to do.
// Threads: [main] while building; afterwards immutable [any]. Plugins are never unloaded; shutdown() is called by the destructor.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "host/crdt_type.hpp"
#include "host/storage.hpp"

namespace crdtd::host {

// One key under `types`.
struct TypeSpec {
  std::string name;                             // the key: how documents call it
  std::string type_id;                          // the plugin's type; equals `name` unless aliased
  std::string plugin_path;                      // absolute; empty: find by type_id in the directory
  std::string sha256;                           // hex; empty: not pinned
  std::map<std::string, std::uint64_t> limits;  // by the manifest's limit names
};

struct StorageSpec {
  std::string name;  // "memory": found in the directory unless plugin_path is given
  std::string plugin_path;
  std::string sha256;
  std::string settings_json;
  std::string base_directory;
};

struct PluginInfo {
  std::string file;
  std::string id;
  std::string version;
  std::vector<std::string> provides;  // kind and name: "crdt.type/1 counter"
};

class PluginHost {
 public:
  // `directory`: where plugins are found by name; may be empty when all have paths.
  explicit PluginHost(std::string directory);
  ~PluginHost();
  PluginHost(const PluginHost&) = delete;
  PluginHost& operator=(const PluginHost&) = delete;

  // Loads the plugin of `spec` if need be and enables the type. An unknown name lists those found, and where.
  base::Result<void> enable_type(const TypeSpec& spec);
  base::Result<Store> open_storage(const StorageSpec& spec);
  // The same up to, but without, opening the store: is there such a storage, and may it be loaded?
  base::Result<void> find_storage(const StorageSpec& spec);

  const CrdtType* find_type(std::string_view name) const;  // null: not enabled
  std::vector<const CrdtType*> types() const;              // by name
  std::vector<PluginInfo> loaded() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace crdtd::host
