// What a plugin's manifest.json says, as constants. crdtd_add_plugin generates them (CRDTD_MANIFEST_HEADER), so that id, version,
// semantics and formats are written in one place and the binary cannot disagree with its manifest. Fields: sdk/abi/MANIFEST.md.
#pragma once

#include <cstdint>
#include <string_view>

namespace crdtd {

// One entry of `provides`.
struct ManifestItem {
  const char* kind;
  const char* name;
  std::uint32_t semantics;                   // CRDT types; else 0
  std::uint32_t format_written;              // CRDT types; else 0
  const std::string_view* limits = nullptr;  // names, in order
  std::uint32_t limit_count = 0;
};

struct Manifest {
  const char* id;
  const char* version;
  std::uint32_t abi_major;
  std::uint32_t abi_minor;
  const ManifestItem* items;
  std::uint32_t item_count;

  constexpr std::uint32_t count(std::string_view kind) const {
    std::uint32_t found = 0;
    for (std::uint32_t i = 0; i < item_count; ++i) found += kind == items[i].kind ? 1 : 0;
    return found;
  }
  // Entry `index` of `kind`, or null.
  constexpr const ManifestItem* find(std::string_view kind, std::uint32_t index) const {
    for (std::uint32_t i = 0; i < item_count; ++i) {
      if (kind == items[i].kind && index-- == 0) return &items[i];
    }
    return nullptr;
  }
};

}  // namespace crdtd

#ifdef CRDTD_MANIFEST_HEADER
#include CRDTD_MANIFEST_HEADER  // defines crdtd::manifest::kManifest
#endif
