#include "files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cstdlib>

namespace storage_files {

namespace {

// So much is read or written by one call at most; the kernel takes no more than 2 GiB.
constexpr std::size_t kPiece = std::size_t{1} << 30;

}  // namespace

File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

File open_to_read(const std::string& path) { return File(::open(path.c_str(), O_RDONLY | O_CLOEXEC)); }
File open_to_write(const std::string& path) { return File(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)); }

Written write_at(const File& file, std::uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::pwrite(file.fd(), bytes.data(), std::min(bytes.size(), kPiece), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? Written::kNoRoom : Written::kNo;
    bytes.remove_prefix(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return Written::kYes;
}

bool cut(const File& file, std::uint64_t size) { return ::ftruncate(file.fd(), static_cast<off_t>(size)) == 0; }

bool sync(const File& file) { return ::fdatasync(file.fd()) == 0; }

bool sync_folder(const std::string& path) {
  const File folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return folder.is_open() && ::fsync(folder.fd()) == 0;
}

bool read_all(const std::string& path, std::string& out) {
  const File file = open_to_read(path);
  struct stat status {};
  if (!file.is_open() || ::fstat(file.fd(), &status) != 0) return false;
  return read_at(file, 0, static_cast<std::uint64_t>(status.st_size), out);
}

bool read_at(const File& file, std::uint64_t offset, std::uint64_t size, std::string& out) {
  struct stat status {};
  if (::fstat(file.fd(), &status) != 0) return false;
  const auto end = static_cast<std::uint64_t>(status.st_size);
  if (offset > end || size > end - offset) return errno = EIO, false;  // before memory is taken for it
  out.resize(size);
  for (std::size_t have = 0; have < size;) {
    const auto got = ::pread(file.fd(), out.data() + have, std::min(size - have, kPiece), static_cast<off_t>(offset + have));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    have += static_cast<std::size_t>(got);
  }
  return true;
}

std::string new_name(const std::string& path) { return path + ".new"; }

Written write_new(const std::string& path, std::string_view bytes) {
  const std::string name = new_name(path);
  ::unlink(name.c_str());
  const File file = open_to_write(name);
  if (!file.is_open()) return errno == ENOSPC || errno == EDQUOT ? Written::kNoRoom : Written::kNo;
  const Written written = write_at(file, 0, bytes);
  if (written == Written::kNoRoom) ::unlink(name.c_str());
  if (written != Written::kYes) return written;
  return sync(file) ? Written::kYes : Written::kNo;
}

std::string escaped(std::string_view name) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain =
        (byte < 0x80 && std::isalnum(byte) != 0) || c == '-' || c == '_' || (!out.empty() && (c == '.' || c == '~'));
    if (plain) {
      out += c;
    } else {
      out.append({'%', kDigits[byte >> 4], kDigits[byte & 15]});
    }
  }
  return out;
}

std::string unescaped(std::string_view file_name) {
  std::string out;
  for (std::size_t at = 0; at < file_name.size(); ++at) {
    if (file_name[at] == '%' && at + 2 < file_name.size()) {
      out += static_cast<char>(std::strtoul(std::string(file_name.substr(at + 1, 2)).c_str(), nullptr, 16));
      at += 2;
    } else {
      out += file_name[at];
    }
  }
  return out;
}

}  // namespace storage_files
