#include "store/session_pool.hpp"

#include <utility>

namespace crdtd::store {

host::StorageResult<host::StorageSession> SessionPool::take(host::SessionMode mode) {
  {
    const std::lock_guard lock(mutex_);
    auto& free = idle(mode);
    if (!free.empty()) {
      host::StorageSession session = std::move(free.back());
      free.pop_back();
      return session;
    }
  }
  return store_.open_session(mode);
}

void SessionPool::give_back(host::SessionMode mode, host::StorageSession session) {
  const std::lock_guard lock(mutex_);
  idle(mode).push_back(std::move(session));
}

}  // namespace crdtd::store
