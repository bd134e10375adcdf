#include "host/plugin_catalog.hpp"

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "crdtd/abi/plugin.h"
#include "crdtd/loader/plugin_file.hpp"

namespace crdtd::host {
namespace {

constexpr std::size_t kFilesMax = 256;
constexpr std::size_t kRefusedShownMax = 3;

base::Error operator_error(const std::string& key, std::string detail) {
  return base::make_error(base::Code::kInvalidField, key + ": " + std::move(detail));
}

std::string joined(const std::set<std::string>& names) {
  std::string text;
  for (const auto& name : names) text.append(text.empty() ? "" : ", ").append(name);
  return text;
}

}  // namespace

std::string_view kind_name(std::string_view kind) noexcept {
  if (kind == CRDTD_KIND_CRDT_TYPE) return "type";
  return kind == CRDTD_KIND_STORAGE_BACKEND ? "storage" : kind;
}

std::string provided_names(const loader::Manifest& manifest, std::string_view kind) {
  std::set<std::string> names;
  for (const auto& provision : manifest.provides) {
    if (provision.kind == kind) names.insert(provision.name);
  }
  return joined(names);
}

base::Result<std::string> PluginCatalog::find(const std::string& key, std::string_view kind, std::string_view name) {
  if (auto scanned = scan(key); !scanned) return scanned.error();
  std::vector<std::string> files;
  for (const auto& offer : offers_) {
    const bool fits = std::any_of(offer.manifest.provides.begin(), offer.manifest.provides.end(),
                                  [&](const auto& provision) { return provision.kind == kind && provision.name == name; });
    if (fits) files.push_back(offer.file);
  }
  if (files.size() == 1) return files.front();
  if (files.empty()) return not_found(key, kind, name);
  std::string detail = "the ";
  detail.append(kind_name(kind)).append(" \"").append(name).append("\" is provided by ").append(files[0]);
  for (std::size_t i = 1; i < files.size(); ++i) detail.append(" and by ").append(files[i]);
  return operator_error(key, detail + "; remove all but one, or name the one to use with `plugin`");
}

base::Result<void> PluginCatalog::scan(const std::string& key) {
  if (scanned_) return {};
  if (directory_.empty())
    return operator_error(key, "no plugin directory is set; set plugins.directory, or give the file with `plugin`");
  std::vector<std::string> files;
  std::error_code failed;
  for (auto entry = std::filesystem::directory_iterator(directory_, failed);
       !failed && entry != std::filesystem::directory_iterator(); entry.increment(failed)) {
    if (entry->path().extension() == ".so") files.push_back(entry->path().string());
    if (files.size() > kFilesMax) {
      return operator_error(key, "the plugin directory " + directory_ + " holds more than " + std::to_string(kFilesMax) +
                                     " libraries; keep only plugins in it");
    }
  }
  if (failed) {
    return operator_error(key, "the plugin directory " + directory_ + " cannot be read (" + failed.message() +
                                   "); set plugins.directory to where the plugins are installed");
  }
  std::sort(files.begin(), files.end());
  for (auto& file : files) {
    auto opened = loader::PluginFile::open(file, {directory_, ""});
    if (opened) {
      offers_.push_back({std::move(file), opened->manifest()});
    } else {
      refused_.push_back(opened.refusal().to_string());
    }
  }
  scanned_ = true;
  return {};
}

base::Error PluginCatalog::not_found(const std::string& key, std::string_view kind, std::string_view name) const {
  std::set<std::string> found;
  for (const auto& offer : offers_) {
    for (const auto& provision : offer.manifest.provides) {
      if (provision.kind == kind) found.insert(provision.name);
    }
  }
  std::string detail = "no plugin in " + directory_ + " provides the ";
  detail.append(kind_name(kind)).append(" \"").append(name).append("\"; found there: ");
  detail.append(found.empty() ? "none" : joined(found));
  for (std::size_t i = 0; i < refused_.size() && i < kRefusedShownMax; ++i) {
    detail.append(i == 0 ? "; not usable: " : " | ").append(refused_[i]);
  }
  if (refused_.size() > kRefusedShownMax) detail += " | and " + std::to_string(refused_.size() - kRefusedShownMax) + " more";
  return operator_error(key, std::move(detail));
}

}  // namespace crdtd::host
