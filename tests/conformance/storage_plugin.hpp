// Opens a storage plugin as a server would, less the checks of a loader: its library, init(), the first storage table.
// The library stays loaded; one host serves all.
#pragma once

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <string>

#include "crdtd/abi/plugin.h"
#include "crdtd/abi/storage.h"

namespace crdtd::test {

inline const crdtd_host& plugin_host() {
  static const crdtd_host host = {sizeof(crdtd_host),
                                  CRDTD_ABI_MAJOR,
                                  CRDTD_ABI_MINOR,
                                  0,
                                  [](void* ptr, std::uint32_t, std::uint32_t size_new) -> void* {
                                    if (size_new != 0) return std::realloc(ptr, size_new);
                                    std::free(ptr);
                                    return nullptr;
                                  },
                                  [](std::uint32_t level, const crdtd_bytes* text) {
                                    if (level >= CRDTD_LOG_ERROR)
                                      std::cerr.write(reinterpret_cast<const char*>(text->data), text->size) << '\n';
                                  },
                                  [](const char*) -> const void* { return nullptr; }};
  return host;
}

// `name` as in CRDTD_PLUGIN_DIRECTORY/<name>.so; loaded once.
inline const crdtd_storage_backend& storage_plugin(const std::string& name) {
  const std::string path = std::string(CRDTD_PLUGIN_DIRECTORY) + "/" + name + ".so";
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error(dlerror());
  const auto* entry = static_cast<const crdtd_plugin_entry*>(dlsym(library, CRDTD_PLUGIN_ENTRY_SYMBOL));
  if (entry == nullptr) throw std::runtime_error(path + " has no " CRDTD_PLUGIN_ENTRY_SYMBOL);
  crdtd_error err{};
  err.struct_size = sizeof err;
  if (entry->init(&plugin_host(), &err) != CRDTD_OK) throw std::runtime_error(path + ": " + err.message);
  const void* table = entry->get(CRDTD_KIND_STORAGE_BACKEND, 0);
  if (table == nullptr) throw std::runtime_error(path + " provides no storage");
  return *static_cast<const crdtd_storage_backend*>(table);
}

}  // namespace crdtd::test
