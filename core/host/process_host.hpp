// The table that this process hands to every plugin: its allocator and its log.
//
// Threads: [any]. Lifetime: static; plugins keep the pointer until they are shut down, which happens before main returns.
#pragma once

#include "crdtd/abi/base.h"

namespace crdtd::host {

// realloc is malloc's, log goes to base::log, there are no extensions yet.
const crdtd_host& process_host() noexcept;

}  // namespace crdtd::host
