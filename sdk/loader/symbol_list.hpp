// Boost.DLL's view of a library: the only place of it, together with open_library(). Private to the loader.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "crdtd/abi/plugin.h"
#include "crdtd/loader/refusal.hpp"

namespace crdtd::loader {

// Do the section and symbol lists of the library at `read_path` hold the manifest and the entry? Only for files that passed
// read_elf(): library_info does not check offsets. `file` is for the refusal.
std::optional<Refusal> check_symbol_list(const std::string& file, const std::string& read_path);

// Maps the library with all its symbols bound, visible to nobody else, for ever, and finds its entry. Runs its constructors.
std::variant<const crdtd_plugin_entry*, Refusal> open_library(const std::string& file, const std::string& load_path);

}  // namespace crdtd::loader
