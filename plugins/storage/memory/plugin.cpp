#include "memory_store.hpp"

CRDTD_EXPORT_STORAGE(crdtd_memory::MemoryStore);
