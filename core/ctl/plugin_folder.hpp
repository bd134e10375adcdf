// The plugin libraries in a folder, each with its manifest or the reason why it cannot be used. None of their code runs.
//
// Threads: [main].
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "crdtd/loader/manifest.hpp"
#include "ctl/exit_code.hpp"

namespace crdtd::ctl {

struct FoundPlugin {
  std::string file;       // as it was found
  std::string real_path;  // empty when it was refused
  std::uint64_t size_bytes = 0;
  std::optional<loader::Manifest> manifest;  // of one that can be used
  std::string refusal;                       // else why not
};

// Where plugins are installed beside this program: ../lib/crdtd/plugins.
std::string default_plugin_directory();

// All *.so in `directory`, by name. A folder that cannot be read is a failure.
Outcome<std::vector<FoundPlugin>> find_plugins(const std::string& directory);

// One file by its path. `directory`, unless empty, must hold it; `sha256`, unless empty, must be its digest.
FoundPlugin look_at_plugin(const std::string& file, const std::string& directory, const std::string& sha256);

}  // namespace crdtd::ctl
