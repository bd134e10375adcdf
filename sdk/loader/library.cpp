#include "crdtd/loader/library.hpp"

#include <cstring>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "crdtd/abi/crdt.h"
#include "crdtd/abi/storage.h"
#include "symbol_list.hpp"

namespace crdtd::loader {
namespace {

constexpr const char* kRebuild = "rebuild the plugin against this SDK";
constexpr const char* kReport = "report it to the plugin's author";

std::string quoted(const char* text) { return text == nullptr ? "a null pointer" : '"' + std::string(text) + '"'; }

std::optional<Refusal> differs(const std::string& file, std::string field, const std::string& wanted, const std::string& found,
                               const char* advice = kRebuild) {
  if (wanted == found) return std::nullopt;
  return Refusal{file, std::move(field), wanted, found, advice};
}

std::optional<Refusal> too_short(const std::string& file, std::string field, std::size_t wanted, std::uint32_t found) {
  if (found >= wanted) return std::nullopt;
  return Refusal{file, std::move(field), "at least " + std::to_string(wanted), std::to_string(found), kRebuild};
}

// Looks only at data, in an order in which each field may be read once the one before it is right.
std::optional<Refusal> check_entry(const std::string& file, const crdtd_plugin_entry& entry, const Manifest& manifest) {
  if (auto r = differs(file, "magic", std::to_string(CRDTD_PLUGIN_MAGIC), std::to_string(entry.magic))) return r;
  if (auto r = too_short(file, "struct_size", sizeof entry, entry.struct_size)) return r;
  if (auto r = differs(file, "abi_major", std::to_string(CRDTD_ABI_MAJOR), std::to_string(entry.abi_major))) return r;
  if (entry.abi_minor > CRDTD_ABI_MINOR) {
    return Refusal{file, "abi_minor", "at most " + std::to_string(CRDTD_ABI_MINOR), std::to_string(entry.abi_minor),
                   "use a newer host, or rebuild the plugin against this SDK"};
  }
  if (auto r = differs(file, "id", '"' + manifest.id + "\" as in the manifest", quoted(entry.id) + " as in the manifest")) {
    r->found = quoted(entry.id);
    return r;
  }
  if (auto r = differs(file, "version", '"' + manifest.version + "\" as in the manifest",
                       quoted(entry.version) + " as in the manifest")) {
    r->found = quoted(entry.version);
    return r;
  }
  const std::pair<const char*, bool> functions[] = {
      {"init", entry.init != nullptr}, {"shutdown", entry.shutdown != nullptr},           {"count", entry.count != nullptr},
      {"get", entry.get != nullptr},   {"get_extension", entry.get_extension != nullptr},
  };
  for (const auto& [name, present] : functions) {
    if (!present) return Refusal{file, name, "a function", "a null pointer", kReport};
  }
  return std::nullopt;
}

std::optional<Refusal> check_functions(const std::string& file, const std::string& field,
                                       std::initializer_list<std::pair<const char*, bool>> functions) {
  for (const auto& [name, present] : functions) {
    if (!present) return Refusal{file, field + '.' + name, "a function", "a null pointer", kReport};
  }
  return std::nullopt;
}

std::optional<Refusal> check_type(const std::string& file, const std::string& field, const crdtd_crdt_type& table,
                                  const Provision& provision) {
  if (auto r = too_short(file, field + ".struct_size", sizeof table, table.struct_size)) return r;
  if (auto r = differs(file, field + ".name", '"' + provision.name + '"', quoted(table.name))) return r;
  if (auto r = differs(file, field + ".semantics", std::to_string(provision.semantics), std::to_string(table.semantics)))
    return r;
  if (auto r = differs(file, field + ".format_written", std::to_string(provision.format_written),
                       std::to_string(table.format_written))) {
    return r;
  }
  return check_functions(file, field,
                         {{"create", table.create != nullptr},
                          {"destroy", table.destroy != nullptr},
                          {"mutate", table.mutate != nullptr},
                          {"merge", table.merge != nullptr},
                          {"encode", table.encode != nullptr},
                          {"load", table.load != nullptr},
                          {"query", table.query != nullptr},
                          {"compact", table.compact != nullptr},
                          {"footprint", table.footprint != nullptr},
                          {"inspect", table.inspect != nullptr}});
}

std::optional<Refusal> check_backend(const std::string& file, const std::string& field, const crdtd_storage_backend& table,
                                     const Provision& provision) {
  if (auto r = too_short(file, field + ".struct_size", sizeof table, table.struct_size)) return r;
  if (auto r = differs(file, field + ".name", '"' + provision.name + '"', quoted(table.name))) return r;
  return check_functions(file, field,
                         {{"open", table.open != nullptr},
                          {"close", table.close != nullptr},
                          {"session_open", table.session_open != nullptr},
                          {"session_close", table.session_close != nullptr},
                          {"append", table.append != nullptr},
                          {"load", table.load != nullptr},
                          {"read_rows", table.read_rows != nullptr},
                          {"find_key", table.find_key != nullptr},
                          {"put_checkpoint", table.put_checkpoint != nullptr},
                          {"trim", table.trim != nullptr},
                          {"erase", table.erase != nullptr},
                          {"list", table.list != nullptr},
                          {"meta_get", table.meta_get != nullptr},
                          {"meta_put", table.meta_put != nullptr}});
}

std::optional<Refusal> check_init(const std::string& file, const crdtd_plugin_entry& entry, const crdtd_host& host) {
  crdtd_error error{};
  error.struct_size = sizeof error;
  const auto status = entry.init(&host, &error);
  if (status == CRDTD_OK) return std::nullopt;
  const std::string message(error.message, ::strnlen(error.message, sizeof error.message));
  return Refusal{file, "init", "success", "status " + std::to_string(status) + (message.empty() ? "" : ", " + message),
                 "see what the plugin needs in its own manual"};
}

// Finds the table of every provision, in the order of the manifest, kind by kind.
std::optional<Refusal> find_tables(const std::string& file, const crdtd_plugin_entry& entry, const Manifest& manifest,
                                   std::vector<const void*>& tables) {
  std::map<std::string, std::uint32_t, std::less<>> seen;
  for (const auto& provision : manifest.provides) {
    const std::uint32_t index = seen[provision.kind]++;
    const void* table = entry.get(provision.kind.c_str(), index);
    const std::string field = provision.kind + '[' + std::to_string(index) + ']';
    const bool type = provision.kind == CRDTD_KIND_CRDT_TYPE;
    const bool backend = provision.kind == CRDTD_KIND_STORAGE_BACKEND;
    if (table == nullptr && (type || backend)) {
      return Refusal{file, field, "the table of \"" + provision.name + '"', "a null pointer", kReport};
    }
    if (type) {
      if (auto r = check_type(file, field, *static_cast<const crdtd_crdt_type*>(table), provision)) return r;
    } else if (backend) {
      if (auto r = check_backend(file, field, *static_cast<const crdtd_storage_backend*>(table), provision)) return r;
    }
    tables.push_back(table);
  }
  for (const auto& [kind, count] : seen) {
    const auto found = entry.count(kind.c_str());
    if (auto r = differs(file, "count(" + kind + ')', std::to_string(count), std::to_string(found), kReport)) return r;
  }
  return std::nullopt;
}

}  // namespace

Library::Library(const PluginFile& file, const crdtd_plugin_entry& entry)
    : path_(file.path()), real_path_(file.real_path()), manifest_(file.manifest()), entry_(&entry) {}

Library::~Library() { entry_->shutdown(); }

Checked<std::unique_ptr<Library>> load_library(PluginFile file, const crdtd_host& host) {
  if (!file.unchanged()) {
    return Refusal{file.path(), "file", "the file that was checked", "another one in its place",
                   "start again when it is installed"};
  }
  auto opened = open_library(file.path(), file.pinned() ? file.descriptor_path() : file.real_path());
  // The dynamic linker knows a library by the path it was loaded by, so this number must never name another file.
  if (file.pinned() && opened.index() == 0) file.release();
  if (auto* refusal = std::get_if<Refusal>(&opened)) return std::move(*refusal);
  const auto& entry = *std::get<const crdtd_plugin_entry*>(opened);
  if (auto refusal = check_entry(file.path(), entry, file.manifest())) return std::move(*refusal);
  if (auto refusal = check_init(file.path(), entry, host)) return std::move(*refusal);
  std::unique_ptr<Library> library(new Library(file, entry));  // from here on shut down by its destructor
  if (auto refusal = find_tables(file.path(), entry, file.manifest(), library->tables_)) return std::move(*refusal);
  return library;
}

}  // namespace crdtd::loader
