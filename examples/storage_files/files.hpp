// The file system as the store needs it: writes that are on the disk when they say so.
//
// Nothing here throws but std::bad_alloc; errno is left as the failed call set it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace storage_files {

// An open file or folder, closed with its owner.
class File {
 public:
  File() = default;
  explicit File(int fd) : fd_(fd) {}
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File();

  bool is_open() const noexcept { return fd_ >= 0; }
  int fd() const noexcept { return fd_; }

 private:
  int fd_ = -1;
};

enum class Written { kYes, kNoRoom, kNo };

File open_to_read(const std::string& path);
File open_to_write(const std::string& path);  // made, for its owner alone, when it is absent

// All of it at `offset`, but not yet durable.
Written write_at(const File& file, std::uint64_t offset, std::string_view bytes);
bool cut(const File& file, std::uint64_t size);
// Makes a file's content durable. When it fails nobody knows what is on the disk: never try again.
bool sync(const File& file);
// Makes names in a folder durable: new files, renamed ones, removed ones.
bool sync_folder(const std::string& path);

bool read_all(const std::string& path, std::string& out);
bool read_at(const File& file, std::uint64_t offset, std::uint64_t size, std::string& out);

// `bytes`, durable, in a new file beside `path`. Renaming it to `path` then replaces the old content at one stroke.
Written write_new(const std::string& path, std::string_view bytes);
std::string new_name(const std::string& path);

// A name as a file's: what is not a letter, digit, `-`, `_`, or (not at the start) `.` or `~` becomes %XX. And back.
std::string escaped(std::string_view name);
std::string unescaped(std::string_view file_name);

}  // namespace storage_files
