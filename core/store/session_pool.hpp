// Sessions into the store, lent to storage threads for the length of a job.
//
// A session that met a broken connection or an unknown outcome is not lent again. Threads: [storage]; a mutex guards the free
// lists and is never held while a session works (core/THREADING.md). Lifetime: every lease is back before the pool goes.
#pragma once

#include <mutex>
#include <optional>
#include <vector>

#include "host/storage.hpp"

namespace crdtd::store {

class SessionPool {
 public:
  explicit SessionPool(host::Store& store) : store_(store) {}

  // A free session, or a new one.
  host::StorageResult<host::StorageSession> take(host::SessionMode mode);
  // Takes a healthy session back.
  void give_back(host::SessionMode mode, host::StorageSession session);

 private:
  std::vector<host::StorageSession>& idle(host::SessionMode mode) {
    return mode == host::SessionMode::kRead ? readers_ : writers_;
  }

  host::Store& store_;
  std::mutex mutex_;
  std::vector<host::StorageSession> readers_;  // guarded by mutex_; at most one a storage thread
  std::vector<host::StorageSession> writers_;  // guarded by mutex_
};

}  // namespace crdtd::store
