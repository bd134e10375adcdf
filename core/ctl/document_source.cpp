#include "ctl/document_source.hpp"

#include <utility>

namespace crdtd::ctl {

Outcome<std::unique_ptr<DocumentSource>> open_source(const Place& place, const char* const* environment, TypesWanted types) {
  if (!place.url.empty()) return open_server_source(place, environment);
  auto settings = read_settings(place.config, environment);
  if (!settings) return settings.error();
  auto opened = std::make_unique<Configured>(std::move(*settings));
  if (types == TypesWanted::kYes) {
    if (auto enabled = opened->enable_types(); !enabled) return enabled.error();
  }
  if (auto store = opened->open_store(); !store) return store.error();
  return open_store_source(std::move(opened), place.tenant);
}

}  // namespace crdtd::ctl
