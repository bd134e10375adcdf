/* The layout as a C11 compiler sees it. */
#include "sdk_plugin_abi_layout.h"
