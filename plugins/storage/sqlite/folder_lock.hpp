// One process a store: an exclusive flock on `<database>.lock`, which holds the pid of whoever has it.
//
// The kernel lets go of it when the process ends, however it ends; the file stays. Two SQLite connections of one process would
// not see each other's POSIX locks as strangers', so this lock also keeps a second open() within the process out.
#pragma once

#include <string>

#include "crdtd/plugin/storage.hpp"

namespace crdtd_sqlite {

class FolderLock {
 public:
  FolderLock() = default;
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock();

  // Makes the folder (0700) when it is absent, then takes the lock. RETRY with the holder's pid when another has it.
  crdtd::Outcome take(const std::string& database_path);

 private:
  int fd_ = -1;
};

}  // namespace crdtd_sqlite
