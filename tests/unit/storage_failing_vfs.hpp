// A SQLite VFS over the system's that fails what a test asks for: the next syncs, or writes. The default one while it lives.
#pragma once

#include <sqlite3.h>

#include <cstring>
#include <stdexcept>

namespace crdtd::test {

class FailingVfs {
 public:
  FailingVfs() : real_(sqlite3_vfs_find(nullptr)), vfs_(*real_) {
    vfs_.zName = "crdtd-failing";
    vfs_.szOsFile = real_->szOsFile + static_cast<int>(sizeof(File));
    vfs_.pAppData = this;
    vfs_.xOpen = open;
    if (sqlite3_vfs_register(&vfs_, 1) != SQLITE_OK) throw std::runtime_error("cannot register the failing VFS");
  }
  ~FailingVfs() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(real_, 1);
  }
  FailingVfs(const FailingVfs&) = delete;
  FailingVfs& operator=(const FailingVfs&) = delete;

  int sync_fails = 0;     // SQLite's code that a sync answers; 0: it works
  int write_fails = 0;    // likewise a write
  int syncs = 0;          // so many were asked for
  int sync_fails_at = 0;  // the sync of this number fails; 0: none does
  bool has_failed = false;

 private:
  struct File {
    sqlite3_file base;
    FailingVfs* owner;
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  };
  static File* of(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
  template <auto kMember, class... Args>
  static int forward(sqlite3_file* file, Args... args) {
    sqlite3_file* real = of(file)->real();
    return (real->pMethods->*kMember)(real, args...);
  }
  static int sync(sqlite3_file* file, int flags) {
    FailingVfs& owner = *of(file)->owner;
    const int fails = ++owner.syncs == owner.sync_fails_at ? SQLITE_IOERR_FSYNC : owner.sync_fails;
    owner.has_failed |= fails != 0;
    return fails != 0 ? fails : forward<&sqlite3_io_methods::xSync>(file, flags);
  }
  static int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
    const int fails = of(file)->owner->write_fails;
    return fails != 0 ? fails : forward<&sqlite3_io_methods::xWrite>(file, data, size, offset);
  }
  static int close(sqlite3_file* file) {
    return of(file)->real()->pMethods != nullptr ? forward<&sqlite3_io_methods::xClose>(file) : SQLITE_OK;
  }
  static int characteristics(sqlite3_file* file) { return forward<&sqlite3_io_methods::xDeviceCharacteristics>(file); }
  static void shm_barrier(sqlite3_file* file) { of(file)->real()->pMethods->xShmBarrier(of(file)->real()); }

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* flags_out) {
    using Io = sqlite3_io_methods;
    static const Io kMethods = {2,
                                close,
                                forward<&Io::xRead, void*, int, sqlite3_int64>,
                                write,
                                forward<&Io::xTruncate, sqlite3_int64>,
                                sync,
                                forward<&Io::xFileSize, sqlite3_int64*>,
                                forward<&Io::xLock, int>,
                                forward<&Io::xUnlock, int>,
                                forward<&Io::xCheckReservedLock, int*>,
                                forward<&Io::xFileControl, int, void*>,
                                forward<&Io::xSectorSize>,
                                characteristics,
                                forward<&Io::xShmMap, int, int, int, void volatile**>,
                                forward<&Io::xShmLock, int, int, int>,
                                shm_barrier,
                                forward<&Io::xShmUnmap, int>,
                                nullptr,
                                nullptr};
    auto* owner = static_cast<FailingVfs*>(vfs->pAppData);
    File* opened = of(file);
    opened->owner = owner;
    std::memset(opened->real(), 0, static_cast<std::size_t>(owner->real_->szOsFile));
    const int code = owner->real_->xOpen(owner->real_, name, opened->real(), flags, flags_out);
    opened->base.pMethods = code == SQLITE_OK ? &kMethods : nullptr;
    return code;
  }

  sqlite3_vfs* real_;
  sqlite3_vfs vfs_;
};

}  // namespace crdtd::test
