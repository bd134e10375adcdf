// The observed-remove set as a plugin.
#include "crdtd/plugin/export.hpp"
#include "orset.hpp"

CRDTD_EXPORT_TYPES(crdtd::orset::OrSet);
