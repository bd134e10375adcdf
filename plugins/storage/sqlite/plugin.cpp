#include "sqlite_store.hpp"

CRDTD_EXPORT_STORAGE(crdtd_sqlite::SqliteStore);
