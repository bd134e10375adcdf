#include "files_store.hpp"

CRDTD_EXPORT_STORAGE(storage_files::FilesStore);
