// A plugin's library file, opened and checked, with what it says about itself. Nothing of it has run.
//
// Checked through one open descriptor, so that all checks see the same file: who may change it, digest, ELF structure, symbols,
// manifest. load_library() loads what was checked: a pinned file through that descriptor, any other by its path after another
// look that it is still that file (only root and this user can have changed it; debuggers and $ORIGIN keep working). Threads: one
// at a time. Ownership: the object owns the descriptor.
#pragma once

#include <cstdint>
#include <string>

#include "crdtd/loader/manifest.hpp"
#include "crdtd/loader/refusal.hpp"

namespace crdtd::loader {

struct Trust {
  std::string directory;  // not empty: the file was found by name, so its real path must lie in here
  std::string sha256;     // hex; not empty: the contents must have this digest
};

class PluginFile {
 public:
  // Refuses unless `path` is a regular file, it and its folder belong to root or the effective user and nobody else can write to
  // them, `trust` is satisfied, it is a whole ELF shared library for this machine that exports the entry, its manifest is sound,
  // of an ABI that this host has, and a sanitizer that it was built with runs in this process.
  static Checked<PluginFile> open(const std::string& path, const Trust& trust);

  PluginFile(PluginFile&& other) noexcept;
  PluginFile& operator=(PluginFile&& other) noexcept;
  ~PluginFile();

  const std::string& path() const noexcept { return path_; }            // as given
  const std::string& real_path() const noexcept { return real_path_; }  // without symlinks
  const Manifest& manifest() const noexcept { return manifest_; }
  bool pinned() const noexcept { return pinned_; }
  int descriptor() const noexcept { return descriptor_; }
  // The path by which the very file that was checked can be opened in this process.
  std::string descriptor_path() const;
  // Is what `real_path` names now still the file that was checked?
  bool unchanged() const;
  // Gives up the descriptor without closing it: a library loaded through it keeps its number taken.
  int release() noexcept;

 private:
  PluginFile() = default;
  std::string path_;
  std::string real_path_;
  Manifest manifest_;
  bool pinned_ = false;
  int descriptor_ = -1;
};

}  // namespace crdtd::loader
