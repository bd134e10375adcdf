#include "host/plugin_host.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "crdtd/abi/plugin.h"
#include "crdtd/loader/library.hpp"
#include "crdtd/loader/plugin_file.hpp"
#include "host/plugin_catalog.hpp"
#include "host/process_host.hpp"

namespace crdtd::host {
namespace {

base::Error operator_error(const std::string& key, std::string detail) {
  return base::make_error(base::Code::kInvalidField, key + ": " + std::move(detail));
}

// What to load for one key of the configuration.
struct Request {
  std::string key;  // "types.todo", "storage"
  std::string kind;
  std::string name;
  std::string plugin_path;
  std::string sha256;
};

// A table and what the manifest says about it; both live as long as the library.
struct Provided {
  const loader::Provision* provision = nullptr;
  const void* table = nullptr;
};

std::string describe(const loader::Limit& limit) {
  const std::string unit = limit.unit.empty() || limit.unit == "count" ? "" : ' ' + limit.unit;
  return limit.name + " (default " + std::to_string(limit.value_default) + unit + ", at most " + std::to_string(limit.value_max) +
         unit + ')';
}

// The values to hand to the plugin, in the manifest's order: defaults, with what is configured in their place.
base::Result<std::vector<std::uint64_t>> resolve_limits(const TypeSpec& spec, const std::string& key,
                                                        const std::vector<loader::Limit>& known) {
  const std::string type = "type \"" + spec.type_id + '"';
  for (const auto& [name, value] : spec.limits) {
    const auto limit = std::find_if(known.begin(), known.end(), [&](const auto& one) { return one.name == name; });
    if (limit == known.end()) {
      std::string list;
      for (const auto& one : known) list.append(list.empty() ? "" : ", ").append(describe(one));
      return operator_error(key + ".limits." + name,
                            type + (known.empty() ? " has no limits" : " has no such limit; it has " + list));
    }
    if (value == 0 || value > limit->value_max) {
      return operator_error(key + ".limits." + name, std::to_string(value) + " is out of range; " + type + " takes 1 to " +
                                                         std::to_string(limit->value_max) + ", its default is " +
                                                         std::to_string(limit->value_default));
    }
  }
  std::vector<std::uint64_t> values;
  for (const auto& limit : known) {
    const auto configured = spec.limits.find(limit.name);
    values.push_back(configured == spec.limits.end() ? limit.value_default : configured->second);
  }
  return values;
}

Request storage_request(const StorageSpec& spec) {
  return {"storage", CRDTD_KIND_STORAGE_BACKEND, spec.name, spec.plugin_path, spec.sha256};
}

base::Error to_error(const StorageSpec& spec, const StorageError& error) {
  std::string key = "storage";
  if (error.status != StorageStatus::kInvalid) {
    return base::make_error(base::Code::kStorageFailed, key + ": \"" + spec.name + "\" cannot be opened: " + error.message);
  }
  const auto name = error.pointer.find_first_not_of('/');
  if (name != std::string::npos) key.append(".").append(error.pointer, name);
  return operator_error(key, error.message);
}

}  // namespace

struct PluginHost::Impl {
  explicit Impl(std::string directory) : catalog(std::move(directory)) {}

  base::Result<Provided> provide(const Request& request);
  base::Result<const loader::Library*> load(const Request& request);

  PluginCatalog catalog;
  std::vector<std::unique_ptr<loader::Library>> libraries;              // in the order of loading
  std::map<std::string, std::unique_ptr<CrdtType>, std::less<>> types;  // goes before the libraries that it uses
};

base::Result<const loader::Library*> PluginHost::Impl::load(const Request& request) {
  std::string path = request.plugin_path;
  loader::Trust trust{"", request.sha256};
  if (path.empty()) {
    auto found = catalog.find(request.key, request.kind, request.name);
    if (!found) return found.error();
    path = std::move(*found);
    trust.directory = catalog.directory();
  }
  auto file = loader::PluginFile::open(path, trust);
  if (!file) return operator_error(request.key, file.refusal().to_string());
  for (const auto& library : libraries) {
    if (library->real_path() == file->real_path()) return library.get();
  }
  auto library = loader::load_library(std::move(file.value()), process_host());
  if (!library) return operator_error(request.key, library.refusal().to_string());
  libraries.push_back(std::move(library.value()));
  return libraries.back().get();
}

base::Result<Provided> PluginHost::Impl::provide(const Request& request) {
  const auto loaded = load(request);
  if (!loaded) return loaded.error();
  const loader::Library& library = **loaded;
  const auto& provides = library.manifest().provides;
  for (std::size_t i = 0; i < provides.size(); ++i) {
    if (provides[i].kind == request.kind && provides[i].name == request.name) return Provided{&provides[i], library.table(i)};
  }
  const auto names = provided_names(library.manifest(), request.kind);
  std::string detail = library.path() + " provides no ";
  detail.append(kind_name(request.kind)).append(" \"").append(request.name).append("\"; it provides ");
  return operator_error(request.key, detail + (names.empty() ? "none" : names));
}

PluginHost::PluginHost(std::string directory) : impl_(std::make_unique<Impl>(std::move(directory))) {}

PluginHost::~PluginHost() {
  impl_->types.clear();
  while (!impl_->libraries.empty()) impl_->libraries.pop_back();  // shut down in the reverse order of loading
}

base::Result<void> PluginHost::enable_type(const TypeSpec& spec) {
  const std::string key = "types." + spec.name;
  if (impl_->types.contains(spec.name)) return operator_error(key, "this name is taken by another entry under `types`");
  const auto provided = impl_->provide({key, CRDTD_KIND_CRDT_TYPE, spec.type_id, spec.plugin_path, spec.sha256});
  if (!provided) return provided.error();
  auto limits = resolve_limits(spec, key, provided->provision->limits);
  if (!limits) return limits.error();
  const auto& table = *static_cast<const crdtd_crdt_type*>(provided->table);
  impl_->types.emplace(spec.name,
                       std::make_unique<CrdtType>(spec.name, table, provided->provision->formats_read, std::move(*limits)));
  return {};
}

base::Result<void> PluginHost::find_storage(const StorageSpec& spec) {
  if (const auto provided = impl_->provide(storage_request(spec)); !provided) return provided.error();
  return {};
}

base::Result<Store> PluginHost::open_storage(const StorageSpec& spec) {
  const auto provided = impl_->provide(storage_request(spec));
  if (!provided) return provided.error();
  const auto& table = *static_cast<const crdtd_storage_backend*>(provided->table);
  auto store = Store::open(table, spec.settings_json, spec.base_directory);
  if (!store) return to_error(spec, store.error());
  return std::move(*store);
}

const CrdtType* PluginHost::find_type(std::string_view name) const {
  const auto found = impl_->types.find(name);
  return found == impl_->types.end() ? nullptr : found->second.get();
}

std::vector<const CrdtType*> PluginHost::types() const {
  std::vector<const CrdtType*> all;
  for (const auto& [name, type] : impl_->types) all.push_back(type.get());
  return all;
}

std::vector<PluginInfo> PluginHost::loaded() const {
  std::vector<PluginInfo> all;
  for (const auto& library : impl_->libraries) {
    PluginInfo info{library->path(), library->manifest().id, library->manifest().version, {}};
    for (const auto& provision : library->manifest().provides) info.provides.push_back(provision.kind + ' ' + provision.name);
    all.push_back(std::move(info));
  }
  return all;
}

}  // namespace crdtd::host
