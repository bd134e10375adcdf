#include "crdtd/plugin/export.hpp"
#include "max_register.hpp"

CRDTD_EXPORT_TYPES(max_register::MaxRegister);
