// What the plugin directory offers, read from the manifests of its *.so files without running any of them; private to core/host.
//
// Threads: [main]. The directory is read once, at the first question.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "crdtd/loader/manifest.hpp"

namespace crdtd::host {

class PluginCatalog {
 public:
  explicit PluginCatalog(std::string directory) : directory_(std::move(directory)) {}

  // The one file that provides `name` of `kind`. None: lists those found, where, and the files that could not be used. Several:
  // names them. `key` is the configuration key that asks: "types.todo".
  base::Result<std::string> find(const std::string& key, std::string_view kind, std::string_view name);
  const std::string& directory() const noexcept { return directory_; }

 private:
  struct Offer {
    std::string file;
    loader::Manifest manifest;
  };
  base::Result<void> scan(const std::string& key);
  base::Error not_found(const std::string& key, std::string_view kind, std::string_view name) const;

  std::string directory_;
  bool scanned_ = false;
  std::vector<Offer> offers_;         // by file
  std::vector<std::string> refused_;  // one line a file
};

// "type" or "storage": what people call a kind.
std::string_view kind_name(std::string_view kind) noexcept;
// The names of `kind` in a manifest, "a, b"; empty if there are none.
std::string provided_names(const loader::Manifest& manifest, std::string_view kind);

}  // namespace crdtd::host
