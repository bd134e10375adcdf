#include "folder_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

namespace crdtd_sqlite {

using crdtd::Outcome;
using crdtd::storage::bad_setting;
using crdtd::storage::failure;

namespace {

bool sync_folder(const std::filesystem::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool synced = ::fsync(fd) == 0;
  ::close(fd);
  return synced;
}

// Every folder that is made here is made durable in the one above it: a store is of no use in a folder that power loss took.
Outcome make_folder(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> missing;
  for (std::filesystem::path at = folder; !at.empty() && ::access(at.c_str(), F_OK) != 0 && at != at.parent_path();
       at = at.parent_path()) {
    missing.push_back(at);
  }
  for (auto at = missing.rbegin(); at != missing.rend(); ++at) {
    if (::mkdir(at->c_str(), 0700) != 0 && errno != EEXIST) {
      return bad_setting("path", "cannot make the folder " + at->string() + ": " + std::strerror(errno));
    }
    if (!sync_folder(at->parent_path())) return failure(CRDTD_FATAL, "cannot sync the folder " + at->parent_path().string());
  }
  return {};
}

std::string read_pid(int fd) {
  char text[32] = {};
  const ssize_t size = ::pread(fd, text, sizeof text - 1, 0);
  std::string pid(text, size > 0 ? static_cast<std::size_t>(size) : 0);
  while (!pid.empty() && (pid.back() == '\n' || pid.back() == '\0')) pid.pop_back();
  return pid.empty() ? "another process" : "process " + pid;
}

}  // namespace

FolderLock::~FolderLock() {
  if (fd_ >= 0) ::close(fd_);
}

Outcome FolderLock::take(const std::string& database_path) {
  if (Outcome made = make_folder(std::filesystem::path(database_path).parent_path()); !made) return made;
  const std::string path = database_path + ".lock";
  fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd_ < 0) return bad_setting("path", "cannot open the lock file " + path + ": " + std::strerror(errno));
  if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    const std::string holder =
        errno == EWOULDBLOCK ? "is in use by " + read_pid(fd_) : std::string("cannot be locked: ") + std::strerror(errno);
    return failure(CRDTD_RETRY, "the store " + database_path + " " + holder + "; stop it, or set another `path`");
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd_, 0) != 0 || ::pwrite(fd_, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return bad_setting("path", "cannot write the lock file " + path + ": " + std::strerror(errno));
  }
  return {};
}

}  // namespace crdtd_sqlite
