#include "crdtd/loader/plugin_file.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include "crdtd/abi/plugin.h"
#include "crdtd/loader/elf_gate.hpp"
#include "symbol_list.hpp"

namespace crdtd::loader {
namespace {

class DescriptorSource final : public ByteSource {
 public:
  DescriptorSource(int descriptor, std::uint64_t size) : descriptor_(descriptor), size_(size) {}
  std::uint64_t size() const override { return size_; }
  bool read(std::uint64_t offset, std::span<std::byte> to) const override {
    while (!to.empty()) {
      const auto got = ::pread(descriptor_, to.data(), to.size(), static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      to = to.subspan(static_cast<std::size_t>(got));
      offset += static_cast<std::uint64_t>(got);
    }
    return true;
  }

 private:
  int descriptor_;
  std::uint64_t size_;
};

std::optional<std::string> resolve(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
  if (!real) return std::nullopt;
  return std::string(real.get());
}

std::string octal(mode_t mode) {
  char text[16];
  std::snprintf(text, sizeof text, "%04o", static_cast<unsigned>(mode & 07777));
  return text;
}

// Only root and this user may be able to change what is about to run with this user's rights.
std::optional<Refusal> check_access(const std::string& file, const std::string& what, const struct stat& status) {
  if (status.st_uid != 0 && status.st_uid != ::geteuid()) {
    return Refusal{file, what + "owner", "root or uid " + std::to_string(::geteuid()), "uid " + std::to_string(status.st_uid),
                   "give it to the user that runs the server (chown)"};
  }
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Refusal{file, what + "mode", "not writable by group or others", octal(status.st_mode),
                   "take the right away (chmod go-w)"};
  }
  return std::nullopt;
}

std::optional<Refusal> check_place(const std::string& file, const std::string& real_path, const Trust& trust) {
  const std::string folder = real_path.substr(0, std::max<std::size_t>(real_path.rfind('/'), 1));
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) {
    return Refusal{file, "folder", "a readable folder", std::strerror(errno), "check the path " + folder};
  }
  if (auto refusal = check_access(file, "folder_", status)) return refusal;
  if (trust.directory.empty()) return std::nullopt;
  const auto directory = resolve(trust.directory);
  if (directory && real_path.starts_with(*directory == "/" ? *directory : *directory + '/')) return std::nullopt;
  return Refusal{file, "real_path", "a file in " + directory.value_or(trust.directory), real_path,
                 "put the file itself into the plugin directory, or name it by its path"};
}

std::optional<Refusal> check_digest(const std::string& file, const ByteSource& source, const std::string& wanted) {
  std::string pin = wanted;
  std::transform(pin.begin(), pin.end(), pin.begin(),
                 [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (pin.size() != 64 || pin.find_first_not_of("0123456789abcdef") != std::string::npos) {
    return Refusal{file, "sha256", "64 hexadecimal digits", '"' + wanted + '"', "take the digest from `sha256sum`"};
  }
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  bool good = context && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1;
  std::array<std::byte, 64 * 1024> block{};
  for (std::uint64_t at = 0; good && at < source.size(); at += block.size()) {
    const auto part = std::span(block).first(static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), source.size() - at)));
    good = source.read(at, part) && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (!good || EVP_DigestFinal_ex(context.get(), digest.data(), &size) != 1) {
    return Refusal{file, "sha256", pin, "no digest: reading or hashing failed", "check the file and try again"};
  }
  std::string found;
  for (unsigned i = 0; i < size; ++i) {
    found += "0123456789abcdef"[digest[i] >> 4];
    found += "0123456789abcdef"[digest[i] & 15];
  }
  if (found == pin) return std::nullopt;
  return Refusal{file, "sha256", pin, found,
                 "install the file that was pinned, or pin this one after checking where it came from"};
}

// A sanitizer's runtime must be in the process from its start: loading it later ends the process, or finds nothing.
std::optional<Refusal> check_sanitizers(const std::string& file, const std::vector<std::string>& symbols) {
  for (const auto& symbol : symbols) {
    if (::dlsym(RTLD_DEFAULT, symbol.c_str()) != nullptr) continue;
    return Refusal{file, "sanitizer", "none, or one that this process was built with", "undefined symbol " + symbol,
                   "build the plugin without -fsanitize, or use a host that is built with the same one"};
  }
  return std::nullopt;
}

std::optional<Refusal> check_abi(const std::string& file, const Manifest& manifest) {
  if (manifest.abi_major != CRDTD_ABI_MAJOR) {
    return Refusal{file, "abi_major", std::to_string(CRDTD_ABI_MAJOR), std::to_string(manifest.abi_major),
                   "rebuild the plugin against this SDK"};
  }
  if (manifest.abi_minor > CRDTD_ABI_MINOR) {
    return Refusal{file, "abi_minor", "at most " + std::to_string(CRDTD_ABI_MINOR), std::to_string(manifest.abi_minor),
                   "use a newer host, or rebuild the plugin against this SDK"};
  }
  return std::nullopt;
}

bool same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
         a.st_mtim.tv_nsec == b.st_mtim.tv_nsec && a.st_uid == b.st_uid && a.st_mode == b.st_mode;
}

}  // namespace

Checked<PluginFile> PluginFile::open(const std::string& path, const Trust& trust) {
  PluginFile file;
  file.path_ = path;
  file.pinned_ = !trust.sha256.empty();
  const auto real = resolve(path);
  if (!real) return Refusal{path, "file", "a readable file", std::strerror(errno), "check the path"};
  file.real_path_ = *real;
  // Not blocking, so that a pipe of that name cannot hold the server up.
  file.descriptor_ = ::open(real->c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  struct stat status {};
  if (file.descriptor_ < 0 || ::fstat(file.descriptor_, &status) != 0) {
    return Refusal{path, "file", "a readable file", std::strerror(errno), "check the path and its rights"};
  }
  if (!S_ISREG(status.st_mode)) return Refusal{path, "file", "a regular file", "another kind of file", "name the library itself"};
  if (auto refusal = check_access(path, "", status)) return std::move(*refusal);
  if (auto refusal = check_place(path, *real, trust)) return std::move(*refusal);

  const DescriptorSource source(file.descriptor_, static_cast<std::uint64_t>(status.st_size));
  if (file.pinned_) {
    if (auto refusal = check_digest(path, source, trust.sha256)) return std::move(*refusal);
  }
  auto facts = read_elf(path, source);
  if (!facts) return std::move(facts.refusal());
  if (auto refusal = check_symbol_list(path, file.descriptor_path())) return std::move(*refusal);
  auto manifest = parse_manifest(path, facts->manifest);
  if (!manifest) return std::move(manifest.refusal());
  file.manifest_ = std::move(manifest.value());
  if (auto refusal = check_abi(path, file.manifest_)) return std::move(*refusal);
  if (facts->entry_size < sizeof(crdtd_plugin_entry)) {
    return Refusal{path, "entry_size", "at least " + std::to_string(sizeof(crdtd_plugin_entry)) + " bytes",
                   std::to_string(facts->entry_size), "rebuild the plugin against this SDK"};
  }
  if (auto refusal = check_sanitizers(path, facts->sanitizers)) return std::move(*refusal);
  return file;
}

PluginFile::PluginFile(PluginFile&& other) noexcept
    : path_(std::move(other.path_)),
      real_path_(std::move(other.real_path_)),
      manifest_(std::move(other.manifest_)),
      pinned_(other.pinned_),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

PluginFile& PluginFile::operator=(PluginFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(real_path_, other.real_path_);
  std::swap(manifest_, other.manifest_);
  std::swap(pinned_, other.pinned_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

PluginFile::~PluginFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::string PluginFile::descriptor_path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

bool PluginFile::unchanged() const {
  struct stat opened {
  }, named{};
  return ::fstat(descriptor_, &opened) == 0 && ::stat(real_path_.c_str(), &named) == 0 && same_file(opened, named);
}

int PluginFile::release() noexcept { return std::exchange(descriptor_, -1); }

}  // namespace crdtd::loader
