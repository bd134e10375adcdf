// What crdtd_add_plugin would generate for type.cpp.
#pragma once

namespace crdtd::manifest {

inline constexpr std::string_view kLimits0[] = {"size", "count"};
inline constexpr ::crdtd::ManifestItem kItems[] = {{"crdt.type/1", "candidate", 1u, 1u, kLimits0, 2u}};
inline constexpr ::crdtd::Manifest kManifest = {"crdtd.test.candidate", "0.1.0", 1u, 0u, kItems, 1u};

}  // namespace crdtd::manifest
