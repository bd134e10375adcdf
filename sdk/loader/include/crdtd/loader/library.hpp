// A plugin in use: its library is loaded, its entry agrees with its manifest, init() has succeeded, its tables are complete.
//
// Threads: load and destroy on [main]; otherwise immutable [any]. Lifetime: destroying it calls the plugin's shutdown(); the code
// stays mapped until the process ends, so what it left behind (thread-locals, atexit handlers) does no harm.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "crdtd/abi/base.h"
#include "crdtd/abi/plugin.h"
#include "crdtd/loader/plugin_file.hpp"

namespace crdtd::loader {

class Library {
 public:
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  ~Library();

  const std::string& path() const noexcept { return path_; }
  const std::string& real_path() const noexcept { return real_path_; }
  const Manifest& manifest() const noexcept { return manifest_; }
  const crdtd_plugin_entry& entry() const noexcept { return *entry_; }
  // The table of manifest().provides[index], checked to be complete for kinds that this host knows; never null for those.
  const void* table(std::size_t index) const { return tables_.at(index); }

 private:
  friend Checked<std::unique_ptr<Library>> load_library(PluginFile file, const crdtd_host& host);
  Library(const PluginFile& file, const crdtd_plugin_entry& entry);

  std::string path_;
  std::string real_path_;
  Manifest manifest_;
  const crdtd_plugin_entry* entry_;
  std::vector<const void*> tables_;
};

// Runs the plugin's code for the first time. `host` must live until the Library is destroyed. On a refusal after init() the
// plugin is shut down again. A second Library of the same file shares its code and its init(); keep one.
Checked<std::unique_ptr<Library>> load_library(PluginFile file, const crdtd_host& host);

}  // namespace crdtd::loader
