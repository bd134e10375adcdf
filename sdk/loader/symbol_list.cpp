#include "symbol_list.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <boost/dll/library_info.hpp>
#include <boost/dll/shared_library.hpp>
#include <exception>
#include <string_view>
#include <vector>

namespace crdtd::loader {
namespace {

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::optional<Refusal> check_symbol_list(const std::string& file, const std::string& read_path) {
  try {
    boost::dll::library_info info(read_path);
    if (!contains(info.sections(), CRDTD_MANIFEST_SECTION)) {
      return Refusal{file, "manifest", "a section " CRDTD_MANIFEST_SECTION, "none", "build the plugin with crdtd_add_plugin"};
    }
    if (!contains(info.symbols(), CRDTD_PLUGIN_ENTRY_SYMBOL)) {
      return Refusal{file, "symbols", "the exported data symbol " CRDTD_PLUGIN_ENTRY_SYMBOL, "none",
                     "export it with CRDTD_EXPORT_TYPES or CRDTD_EXPORT_STORAGE"};
    }
  } catch (const std::exception& failure) {
    return Refusal{file, "symbols", "a readable symbol list", failure.what(), "copy the file again, it is incomplete or damaged"};
  }
  return std::nullopt;
}

std::variant<const crdtd_plugin_entry*, Refusal> open_library(const std::string& file, const std::string& load_path) {
  // RTLD_NODELETE passes through Boost.DLL as it is: the handle may be closed, the code stays.
  using boost::dll::load_mode::type;
  constexpr auto kMode = static_cast<type>(boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local | RTLD_NODELETE);
  try {
    const boost::dll::shared_library library(load_path, kMode);
    return &library.get<const crdtd_plugin_entry>(CRDTD_PLUGIN_ENTRY_SYMBOL);
  } catch (const std::exception& failure) {
    return Refusal{file, "load", "a library whose symbols and dependencies are all found", failure.what(),
                   "install what is missing, or rebuild the plugin on this system"};
  }
}

}  // namespace crdtd::loader
