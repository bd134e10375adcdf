// The probe types as a real library, under names of their own.
#include "crdtd/plugin/export.hpp"
#include "sdk_plugin_probe.hpp"

namespace {
struct First : crdtd_test::Probe {
  static constexpr std::string_view kName = "probe";
};
struct Second : crdtd_test::Probe {
  static constexpr std::string_view kName = "probe-two";
};
}  // namespace

CRDTD_EXPORT_TYPES(First, Second);
