// What a client is told when the storage says no.
#pragma once

#include "base/error.hpp"
#include "host/storage.hpp"

namespace crdtd::document {

base::Error storage_error(const host::StorageError& error);

}  // namespace crdtd::document
