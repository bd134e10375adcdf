#include "ctl/library_facts.hpp"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <openssl/evp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

#include "ctl/listing.hpp"

namespace crdtd::ctl {
namespace {

using Header = ElfW(Ehdr);
using Section = ElfW(Shdr);
using Symbol = ElfW(Sym);
using Dynamic = ElfW(Dyn);

constexpr std::uint64_t kSectionBytesMax = 64u << 20;
constexpr std::size_t kNamesMax = 10'000;

class File {
 public:
  explicit File(const std::string& path) : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  bool is_open() const noexcept { return descriptor_ >= 0; }
  bool status(struct stat& out) const { return ::fstat(descriptor_, &out) == 0; }
  // Exactly `size` bytes; false when they are not there.
  bool read(std::uint64_t offset, void* to, std::size_t size) const {
    auto* at = static_cast<char*>(to);
    while (size > 0) {
      const auto got = ::pread(descriptor_, at, size, static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      at += got;
      offset += static_cast<std::uint64_t>(got);
      size -= static_cast<std::size_t>(got);
    }
    return true;
  }

 private:
  int descriptor_;
};

std::optional<std::string> digest_of(const File& file, std::uint64_t size) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  if (!context || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1) return std::nullopt;
  std::vector<char> block(64 * 1024);
  for (std::uint64_t at = 0; at < size; at += block.size()) {
    const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), size - at));
    if (!file.read(at, block.data(), part) || EVP_DigestUpdate(context.get(), block.data(), part) != 1) return std::nullopt;
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  if (EVP_DigestFinal_ex(context.get(), digest.data(), &length) != 1) return std::nullopt;
  return hex_bytes({reinterpret_cast<const char*>(digest.data()), length});
}

// The sections that the dynamic linker's tables stand in.
class Elf {
 public:
  // None unless it is an ELF library in this machine's own form.
  static std::optional<Elf> open(const File& file, std::uint64_t size) {
    Elf elf(file, size);
    Header header{};
    if (!elf.read(0, &header, sizeof header)) return std::nullopt;
    constexpr unsigned char kClass = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;
    if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != kClass || header.e_type != ET_DYN ||
        header.e_shentsize != sizeof(Section)) {
      return std::nullopt;
    }
    elf.sections_.resize(header.e_shnum);
    if (!elf.read(header.e_shoff, elf.sections_.data(), elf.sections_.size() * sizeof(Section))) return std::nullopt;
    return elf;
  }

  std::vector<std::string> exported() const {
    std::vector<std::string> names;
    for_each<Symbol>(SHT_DYNSYM, [&](const Symbol& symbol, std::string_view texts) {
      const auto bind = ELF64_ST_BIND(symbol.st_info);  // both classes pack it alike
      const auto visibility = ELF64_ST_VISIBILITY(symbol.st_other);
      const bool defined = symbol.st_shndx != SHN_UNDEF && symbol.st_shndx != SHN_ABS;
      const bool visible = visibility == STV_DEFAULT || visibility == STV_PROTECTED;
      if (bind != STB_LOCAL && defined && visible) add(names, texts, symbol.st_name);
    });
    std::sort(names.begin(), names.end());
    return names;
  }
  std::vector<std::string> needed() const {
    std::vector<std::string> names;
    for_each<Dynamic>(SHT_DYNAMIC, [&](const Dynamic& entry, std::string_view texts) {
      if (entry.d_tag == DT_NEEDED) add(names, texts, entry.d_un.d_val);
    });
    return names;
  }

 private:
  Elf(const File& file, std::uint64_t size) : file_(&file), size_(size) {}

  bool read(std::uint64_t offset, void* to, std::size_t size) const {
    return offset <= size_ && size <= size_ - offset && file_->read(offset, to, size);
  }
  std::optional<std::string> contents(const Section& section) const {
    if (section.sh_size > kSectionBytesMax || section.sh_size > size_) return std::nullopt;
    std::string bytes(section.sh_size, '\0');
    if (!read(section.sh_offset, bytes.data(), bytes.size())) return std::nullopt;
    return bytes;
  }
  // Calls `take(entry, texts)` for the entries of the first section of `kind`; `texts` is the table that it refers to.
  template <class Entry, class Take>
  void for_each(std::uint32_t kind, Take take) const {
    const auto found = std::find_if(sections_.begin(), sections_.end(), [&](const Section& one) { return one.sh_type == kind; });
    if (found == sections_.end() || found->sh_link >= sections_.size()) return;
    const auto entries = contents(*found);
    const auto texts = contents(sections_[found->sh_link]);
    if (!entries || !texts) return;
    for (std::size_t at = 0; entries->size() - at >= sizeof(Entry); at += sizeof(Entry)) {
      Entry entry{};
      std::memcpy(&entry, entries->data() + at, sizeof entry);
      take(entry, *texts);
    }
  }
  static void add(std::vector<std::string>& names, std::string_view texts, std::uint64_t at) {
    if (at >= texts.size() || names.size() >= kNamesMax) return;
    const auto rest = texts.substr(at);
    names.emplace_back(rest.substr(0, rest.find('\0')));
  }

  const File* file_;
  std::uint64_t size_;
  std::vector<Section> sections_;
};

std::string owner_text(uid_t user) {
  const auto* entry = ::getpwuid(user);
  return entry == nullptr ? std::to_string(user) : std::string(entry->pw_name);
}

}  // namespace

Outcome<LibraryFacts> read_library_facts(const std::string& path) {
  LibraryFacts facts;
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
  if (!real) return Failure{kExitPlugin, path + ": cannot be found: " + std::strerror(errno)};
  facts.real_path = real.get();
  const File file(facts.real_path);
  struct stat status {};
  if (!file.is_open() || !file.status(status)) return Failure{kExitPlugin, path + ": cannot be read: " + std::strerror(errno)};
  if (!S_ISREG(status.st_mode)) return Failure{kExitPlugin, path + ": is no regular file; name the library itself"};
  facts.size_bytes = static_cast<std::uint64_t>(status.st_size);
  facts.owner = owner_text(status.st_uid);
  char mode[8];
  std::snprintf(mode, sizeof mode, "%04o", static_cast<unsigned>(status.st_mode) & 07777u);
  facts.mode = mode;
  auto digest = digest_of(file, facts.size_bytes);
  if (!digest) return Failure{kExitPlugin, path + ": reading it failed before its end"};
  facts.sha256 = std::move(*digest);
  if (const auto elf = Elf::open(file, facts.size_bytes)) {
    facts.is_library = true;
    facts.exported = elf->exported();
    facts.needed = elf->needed();
  }
  return facts;
}

}  // namespace crdtd::ctl
