// What a plugin says about itself before any of its code runs: JSON in the section ".crdtd_manifest" (sdk/abi/MANIFEST.md).
//
// Fields that this version does not know are ignored, so that a manifest may say more to later hosts and to people.
// Threads: values, [any].
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "crdtd/loader/refusal.hpp"

namespace crdtd::loader {

inline constexpr std::size_t kManifestBytesMax = 256 * 1024;
inline constexpr std::size_t kOpsBytesMax = 64 * 1024;  // of Provision::ops_json

struct Limit {
  std::string name;
  std::uint64_t value_default = 0;
  std::uint64_t value_max = 0;  // the greatest that may be configured
  std::string unit;             // for people: "bytes"; may be empty
};

// One entry of `provides`. The fields below `name` are those of CRDT types; other kinds leave them empty.
struct Provision {
  std::string kind;
  std::string name;
  std::uint32_t semantics = 0;
  std::uint32_t format_written = 0;
  std::vector<std::uint32_t> formats_read;
  std::vector<Limit> limits;  // the order is that of crdtd_ctx.limits
  std::string ops_json;       // `ops` as compact JSON: templates of ops for the conformance kit; empty if there are none
};

struct Manifest {
  std::string id;
  std::string version;
  std::uint32_t abi_major = 0;
  std::uint32_t abi_minor = 0;
  std::vector<Provision> provides;
};

// Reads the text of a manifest; `file` is only for the refusal. Trailing null bytes are not part of it.
Checked<Manifest> parse_manifest(const std::string& file, std::string_view text);

}  // namespace crdtd::loader
