// The manifest of a plugin that nobody vouches for.
//
//   - What is refused is told in one line, with the field; no depth does harm.
//   - What is taken keeps its bounds, and reads the same with spaces and null bytes behind it.
#include "crdtd/loader/manifest.hpp"

#include <set>

#include "crdtd/abi/plugin.h"
#include "oracle.hpp"

using namespace crdtd::loader;

namespace {

bool same(const Manifest& a, const Manifest& b) {
  if (a.id != b.id || a.version != b.version || a.provides.size() != b.provides.size()) return false;
  for (std::size_t i = 0; i < a.provides.size(); ++i) {
    const Provision &left = a.provides[i], &right = b.provides[i];
    if (left.kind != right.kind || left.name != right.name || left.semantics != right.semantics) return false;
    if (left.format_written != right.format_written || left.formats_read != right.formats_read) return false;
    if (left.limits.size() != right.limits.size()) return false;
  }
  return true;
}

bool is_text(const std::string& text) { return !text.empty() && text.find('\0') == std::string::npos; }

void check(const Manifest& manifest) {
  FUZZ_CHECK(is_text(manifest.id) && is_text(manifest.version), "names are texts", manifest.id);
  FUZZ_CHECK(!manifest.provides.empty() && manifest.provides.size() <= 64, "what is provided is bounded");
  for (const Provision& provision : manifest.provides) {
    FUZZ_CHECK(is_text(provision.kind) && is_text(provision.name), "names are texts", provision.name);
    if (provision.kind != CRDTD_KIND_CRDT_TYPE) continue;
    FUZZ_CHECK(provision.semantics >= 1 && provision.format_written >= 1, "versions begin at 1", provision.name);
    FUZZ_CHECK(provision.formats_read.size() <= 64 && provision.limits.size() <= 64, "lists are bounded", provision.name);
    std::set<std::string> names;
    for (const Limit& limit : provision.limits) {
      FUZZ_CHECK(is_text(limit.name) && names.insert(limit.name).second, "limits have names of their own", limit.name);
      FUZZ_CHECK(limit.value_default >= 1 && limit.value_default <= limit.value_max, "a default is allowed", limit.name);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const crdtd_fuzz::Exact exact({reinterpret_cast<const char*>(data), size});
  const auto read = parse_manifest("x.so", exact.view());
  if (!read) {
    const std::string line = read.refusal().to_string();
    FUZZ_CHECK(crdtd_fuzz::is_one_line(line) && line.starts_with("x.so: manifest"), "a refusal is one line that names the field",
               line);
    FUZZ_CHECK(line.size() < 4000, "a refusal is short", line);
    return 0;
  }
  check(read.value());
  const auto again = parse_manifest("y.so", std::string(exact.view()) + " \n" + std::string(3, '\0'));
  FUZZ_CHECK(again && same(read.value(), again.value()), "space and null bytes behind it change nothing");
  return 0;
}
