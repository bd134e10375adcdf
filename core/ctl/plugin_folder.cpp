#include "ctl/plugin_folder.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "crdtd/loader/plugin_file.hpp"

namespace crdtd::ctl {
namespace {

constexpr std::size_t kFilesMax = 1024;

}  // namespace

std::string default_plugin_directory() {
  std::error_code ignored;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", ignored);
  return (program.parent_path().parent_path() / "lib" / "crdtd" / "plugins").string();
}

Outcome<std::vector<FoundPlugin>> find_plugins(const std::string& directory) {
  std::vector<std::string> files;
  std::error_code failed;
  for (auto entry = std::filesystem::directory_iterator(directory, failed);
       !failed && entry != std::filesystem::directory_iterator(); entry.increment(failed)) {
    if (entry->path().extension() == ".so") files.push_back(entry->path().string());
    if (files.size() > kFilesMax) {
      return Failure{kExitFailed,
                     directory + " holds more than " + std::to_string(kFilesMax) + " libraries; name a plugin folder"};
    }
  }
  if (failed) {
    return Failure{kExitFailed, "the plugin directory " + directory + " cannot be read (" + failed.message() +
                                    "); name another with --directory"};
  }
  std::sort(files.begin(), files.end());
  std::vector<FoundPlugin> found;
  for (const auto& file : files) found.push_back(look_at_plugin(file, directory, {}));
  return found;
}

FoundPlugin look_at_plugin(const std::string& file, const std::string& directory, const std::string& sha256) {
  FoundPlugin plugin;
  plugin.file = file;
  std::error_code ignored;
  const auto size = std::filesystem::file_size(file, ignored);
  plugin.size_bytes = ignored ? 0 : size;
  auto opened = loader::PluginFile::open(file, {directory, sha256});
  if (!opened) {
    plugin.refusal = opened.refusal().to_string();
    return plugin;
  }
  plugin.real_path = opened->real_path();
  plugin.manifest = opened->manifest();
  return plugin;
}

}  // namespace crdtd::ctl
