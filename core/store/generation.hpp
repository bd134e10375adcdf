// The store's generation: a random number that changes when the store is restored or fails over, so that cursors from before are
// told apart from those of now.
#pragma once

#include <cstdint>

#include "base/random.hpp"
#include "host/storage.hpp"

namespace crdtd::store {

// Reads it from the store's meta entries, drawing one for a new store. [main], before anything else uses the store
host::StorageResult<std::uint64_t> open_generation(host::Store& store, base::Random& random);

}  // namespace crdtd::store
