// Files to load, or to be refused: copies of the tiny plugins in a folder of the test's own.
#pragma once

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "crdtd/loader/library.hpp"
#include "temp_folder.hpp"

namespace loader_test {

class PluginFolder {
 public:
  PluginFolder() : path_(std::filesystem::canonical(folder_.path()).string()) {}

  const std::string& path() const { return path_; }  // without symlinks
  std::string file(std::string_view name) const { return path_ + '/' + std::string(name); }
  // Copies the tiny plugin `name` to `as`, with rights that the loader accepts whatever the umask of the build.
  std::string add(const std::string& name, std::string as = {}) const {
    if (as.empty()) as = name + ".so";
    const auto to = file(as);
    std::filesystem::copy_file(std::string(TINY_PLUGIN_DIRECTORY "/") + name + ".so", to);
    if (::chmod(to.c_str(), 0644) != 0) throw std::runtime_error("chmod failed");
    return to;
  }

 private:
  crdtd::testing::TempFolder folder_;
  std::string path_;
};

inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_file(const std::string& path, std::string_view contents) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(contents.data(), static_cast<std::streamsize>(contents.size()));
  out.close();
  if (!out || ::chmod(path.c_str(), 0644) != 0) throw std::runtime_error("cannot write " + path);
}

inline void* host_realloc(void* ptr, std::uint32_t, std::uint32_t size_new) {
  if (size_new == 0) {
    std::free(ptr);
    return nullptr;
  }
  return std::realloc(ptr, size_new);
}

inline const crdtd_host kHost = {sizeof(crdtd_host),
                                 CRDTD_ABI_MAJOR,
                                 CRDTD_ABI_MINOR,
                                 0,
                                 &host_realloc,
                                 [](std::uint32_t, const crdtd_bytes*) {},
                                 [](const char*) -> const void* { return nullptr; }};

// Opens and loads. The refusal of either step, or none.
inline std::optional<crdtd::loader::Refusal> refusal_of(const std::string& path, const crdtd::loader::Trust& trust = {}) {
  auto file = crdtd::loader::PluginFile::open(path, trust);
  if (!file) return file.refusal();
  auto library = crdtd::loader::load_library(std::move(file.value()), kHost);
  if (!library) return library.refusal();
  return std::nullopt;
}

// Did code of a tiny plugin run since the last call?
inline bool code_ran() {
  const bool ran = ::getenv("CRDTD_TINY_RAN") != nullptr;
  ::unsetenv("CRDTD_TINY_RAN");
  return ran;
}

}  // namespace loader_test
