// The last-writer-wins register as a plugin.
#include "crdtd/plugin/export.hpp"
#include "lww.hpp"

CRDTD_EXPORT_TYPES(crdtd::lww::Lww);
