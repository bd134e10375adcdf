#include "document/storage_errors.hpp"

namespace crdtd::document {

base::Error storage_error(const host::StorageError& error) {
  using Status = host::StorageStatus;
  switch (error.status) {
    case Status::kNotFound:
      return base::make_error(base::Code::kDocumentNotFound, "the document does not exist");
    case Status::kGone:
      return base::make_error(base::Code::kGone, "the document was erased");
    case Status::kBehind:
      return base::make_error(base::Code::kStale, "that part of the document's log is no longer kept");
    case Status::kConflict:
      return base::make_error(base::Code::kConflict, "the document changed at the same time");
    case Status::kFull:
      return base::make_error(base::Code::kStorageFull, "the storage is full: " + error.message);
    case Status::kCorrupt:
      return base::make_error(base::Code::kQuarantined, "the stored document is damaged: " + error.message);
    case Status::kRetry:
      return base::make_error(base::Code::kOverloaded, "the storage is busy: " + error.message);
    case Status::kInvalid:
    case Status::kUnknown:
    case Status::kFatal:
      break;
  }
  return base::make_error(base::Code::kStorageFailed, "the storage failed: " + error.message);
}

}  // namespace crdtd::document
