#include "crdtd/loader/elf_gate.hpp"

#include <elf.h>
#include <link.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>

#include "crdtd/abi/plugin.h"
#include "crdtd/loader/manifest.hpp"

namespace crdtd::loader {
namespace {

using Header = ElfW(Ehdr);
using Segment = ElfW(Phdr);
using Section = ElfW(Shdr);
using Symbol = ElfW(Sym);

constexpr unsigned char kClass = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;
constexpr unsigned char kData = std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;
#if defined(__x86_64__)
constexpr std::uint16_t kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr std::uint16_t kMachine = EM_AARCH64;
#elif defined(__riscv)
constexpr std::uint16_t kMachine = EM_RISCV;
#elif defined(__powerpc64__)
constexpr std::uint16_t kMachine = EM_PPC64;
#elif defined(__s390x__)
constexpr std::uint16_t kMachine = EM_S390;
#elif defined(__i386__)
constexpr std::uint16_t kMachine = EM_386;
#elif defined(__arm__)
constexpr std::uint16_t kMachine = EM_ARM;
#else
#error "Name this machine's ELF e_machine here."
#endif

constexpr std::uint64_t kSegmentMemoryMax = 1ull << 32;  // no plugin needs to map more
constexpr std::size_t kSanitizersNamedMax = 3;
constexpr const char* kCopyAgain = "copy the file again, it is incomplete or damaged";
constexpr const char* kBuildShared = "build it as a shared library for this machine";

std::string machine_name(unsigned machine) {
  switch (machine) {
    case EM_X86_64:
      return "x86-64";
    case EM_AARCH64:
      return "aarch64";
    case EM_386:
      return "i386";
    case EM_ARM:
      return "arm";
    case EM_RISCV:
      return "riscv";
    case EM_PPC64:
      return "ppc64";
    case EM_S390:
      return "s390";
    default:
      return "machine " + std::to_string(machine);
  }
}

std::string hex(std::span<const unsigned char> bytes) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

// Reads one file. A method that finds something wrong returns false and leaves it in `refusal_`.
class Gate {
 public:
  Gate(const std::string& file, const ByteSource& source) : file_(file), source_(source), size_(source.size()) {}

  Checked<ElfFacts> run() {
    if (check_header() && check_segments() && read_sections() && read_manifest() && read_symbols()) return std::move(facts_);
    return std::move(*refusal_);
  }

 private:
  bool refuse(std::string field, std::string wanted, std::string found, std::string advice) {
    refusal_ = Refusal{file_, std::move(field), std::move(wanted), std::move(found), std::move(advice)};
    return false;
  }
  bool in_file(std::uint64_t offset, std::uint64_t length) const { return offset <= size_ && length <= size_ - offset; }
  bool truncated(const std::string& part, std::uint64_t offset, std::uint64_t length) {
    const auto room = std::numeric_limits<std::uint64_t>::max() - offset;
    const auto end = length > room ? std::numeric_limits<std::uint64_t>::max() : offset + length;
    return refuse("size", "at least " + std::to_string(end) + " bytes (" + part + ")", std::to_string(size_), kCopyAgain);
  }
  // Reads `length` bytes at `offset` into `to`, all of them or none.
  bool read(const std::string& part, std::uint64_t offset, void* to, std::uint64_t length) {
    if (!in_file(offset, length)) return truncated(part, offset, length);
    if (source_.read(offset, {static_cast<std::byte*>(to), static_cast<std::size_t>(length)})) return true;
    return refuse("contents", "readable " + part, "a read error", kCopyAgain);
  }
  template <class T>
  bool read_table(const std::string& part, std::uint64_t offset, std::uint64_t count, std::vector<T>& to) {
    if (count > size_ / sizeof(T)) return truncated(part, offset, count * sizeof(T));
    to.resize(static_cast<std::size_t>(count));
    return read(part, offset, to.data(), count * sizeof(T));
  }

  bool check_header();
  bool check_target();
  bool check_segments();
  bool check_loadable(const Segment& segment, std::size_t index);
  bool read_sections();
  bool check_section(std::size_t index);
  bool read_manifest();
  bool read_symbols();
  bool look_at(const Symbol& symbol, std::string_view name);
  // The text at `offset` of a string table, cut at its end.
  static std::string_view text_at(const std::vector<char>& table, std::uint64_t offset) {
    if (offset >= table.size()) return {};
    return {table.data() + offset, ::strnlen(table.data() + offset, table.size() - static_cast<std::size_t>(offset))};
  }

  const std::string& file_;
  const ByteSource& source_;
  const std::uint64_t size_;
  Header header_{};
  std::vector<Section> sections_;
  std::vector<char> section_names_;
  ElfFacts facts_;
  std::optional<Refusal> refusal_;
};

bool Gate::check_header() {
  std::array<unsigned char, SELFMAG> magic{};
  const auto magic_size = std::min<std::uint64_t>(size_, magic.size());
  if (!read("the magic bytes", 0, magic.data(), magic_size)) return false;
  if (magic_size < magic.size() || std::memcmp(magic.data(), ELFMAG, SELFMAG) != 0) {
    const auto found =
        magic_size == 0 ? std::string("an empty file") : "bytes " + hex({magic.data(), static_cast<std::size_t>(magic_size)});
    return refuse("format", "an ELF shared library", found, kBuildShared);
  }
  if (size_ > kPluginBytesMax) {
    return refuse("size", "at most " + std::to_string(kPluginBytesMax) + " bytes", std::to_string(size_), "strip the library");
  }
  return read("the ELF header", 0, &header_, sizeof header_) && check_target();
}

bool Gate::check_target() {
  if (header_.e_ident[EI_CLASS] != kClass) {
    const int bits = header_.e_ident[EI_CLASS] == ELFCLASS64 ? 64 : header_.e_ident[EI_CLASS] == ELFCLASS32 ? 32 : 0;
    return refuse("elf_class", std::to_string(sizeof(void*) * 8) + "-bit", std::to_string(bits) + "-bit", kBuildShared);
  }
  if (header_.e_ident[EI_DATA] != kData) {
    return refuse("byte_order", std::to_string(kData), std::to_string(header_.e_ident[EI_DATA]), kBuildShared);
  }
  if (header_.e_machine != kMachine) {
    return refuse("architecture", machine_name(kMachine), machine_name(header_.e_machine), kBuildShared);
  }
  if (header_.e_ident[EI_VERSION] != EV_CURRENT || header_.e_version != EV_CURRENT) {
    return refuse("elf_version", std::to_string(EV_CURRENT), std::to_string(header_.e_version), kCopyAgain);
  }
  if (header_.e_type != ET_DYN) {
    return refuse("elf_type", "a shared library (3)", std::to_string(header_.e_type), kBuildShared);
  }
  const auto sized = [&](const char* field, std::size_t wanted, unsigned found) {
    return wanted == found || refuse(field, std::to_string(wanted), std::to_string(found), kCopyAgain);
  };
  return sized("e_ehsize", sizeof(Header), header_.e_ehsize) && sized("e_phentsize", sizeof(Segment), header_.e_phentsize) &&
         sized("e_shentsize", sizeof(Section), header_.e_shentsize);
}

bool Gate::check_segments() {
  std::vector<Segment> segments;
  if (!read_table("the program headers", header_.e_phoff, header_.e_phnum, segments)) return false;
  bool loadable = false, dynamic = false;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const auto& segment = segments[i];
    if (!in_file(segment.p_offset, segment.p_filesz)) {
      return truncated("segment " + std::to_string(i), segment.p_offset, segment.p_filesz);
    }
    dynamic = dynamic || segment.p_type == PT_DYNAMIC;
    if (segment.p_type != PT_LOAD) continue;
    loadable = true;
    if (!check_loadable(segment, i)) return false;
  }
  if (!loadable || !dynamic) return refuse("segments", "a loadable and a dynamic one", "none", kBuildShared);
  return true;
}

// What the dynamic linker takes for granted when it maps a segment.
bool Gate::check_loadable(const Segment& segment, std::size_t index) {
  const std::string field = "segment " + std::to_string(index);
  if (segment.p_memsz < segment.p_filesz || segment.p_memsz > kSegmentMemoryMax || segment.p_vaddr > kSegmentMemoryMax) {
    return refuse(field, "a size in memory between its size in the file and 4 GiB", std::to_string(segment.p_memsz), kCopyAgain);
  }
  if (segment.p_align != 0 &&
      (!std::has_single_bit(segment.p_align) || ((segment.p_vaddr - segment.p_offset) & (segment.p_align - 1)) != 0)) {
    return refuse(field, "an address that agrees with its alignment", std::to_string(segment.p_vaddr), kCopyAgain);
  }
  return true;
}

bool Gate::read_sections() {
  if (header_.e_shnum == 0) {
    return refuse("sections", "section headers, as the manifest is found by them", "none", "do not strip section headers");
  }
  if (!read_table("the section headers", header_.e_shoff, header_.e_shnum, sections_)) return false;
  if (header_.e_shstrndx >= sections_.size() || sections_[header_.e_shstrndx].sh_type != SHT_STRTAB) {
    return refuse("e_shstrndx", "the index of a string table", std::to_string(header_.e_shstrndx), kCopyAgain);
  }
  for (std::size_t i = 0; i < sections_.size(); ++i) {
    if (!check_section(i)) return false;
  }
  const auto& names = sections_[header_.e_shstrndx];
  if (!read_table("the section names", names.sh_offset, names.sh_size, section_names_)) return false;
  for (const auto& section : sections_) {
    if (section.sh_type != SHT_NULL && section.sh_name >= section_names_.size()) {
      return refuse("sections", "names within their table", "offset " + std::to_string(section.sh_name), kCopyAgain);
    }
  }
  return true;
}

bool Gate::check_section(std::size_t index) {
  const auto& section = sections_[index];
  if (section.sh_type == SHT_NULL || section.sh_type == SHT_NOBITS) return true;
  const std::string field = "section " + std::to_string(index);
  if (!in_file(section.sh_offset, section.sh_size)) return truncated(field, section.sh_offset, section.sh_size);
  if (section.sh_type != SHT_SYMTAB && section.sh_type != SHT_DYNSYM) return true;
  if (section.sh_entsize != sizeof(Symbol) || section.sh_size % sizeof(Symbol) != 0) {
    return refuse(field, "symbols of " + std::to_string(sizeof(Symbol)) + " bytes", std::to_string(section.sh_entsize),
                  kCopyAgain);
  }
  if (section.sh_link >= sections_.size() || sections_[section.sh_link].sh_type != SHT_STRTAB) {
    return refuse(field, "a link to a string table", std::to_string(section.sh_link), kCopyAgain);
  }
  return true;
}

bool Gate::read_manifest() {
  const Section* found = nullptr;
  for (const auto& section : sections_) {
    if (section.sh_type == SHT_NULL || text_at(section_names_, section.sh_name) != CRDTD_MANIFEST_SECTION) continue;
    if (found != nullptr)
      return refuse("manifest", "one section " CRDTD_MANIFEST_SECTION, "several", "link one manifest into the plugin");
    found = &section;
  }
  constexpr const char* kAdvice = "build the plugin with crdtd_add_plugin, and do not strip the section";
  if (found == nullptr) return refuse("manifest", "a section " CRDTD_MANIFEST_SECTION, "none", kAdvice);
  if (found->sh_type == SHT_NOBITS || found->sh_size == 0) return refuse("manifest", "JSON", "an empty section", kAdvice);
  if (found->sh_size > kManifestBytesMax) {
    return refuse("manifest", "at most " + std::to_string(kManifestBytesMax) + " bytes", std::to_string(found->sh_size),
                  "shorten the manifest");
  }
  facts_.manifest.resize(static_cast<std::size_t>(found->sh_size));
  return read("the manifest", found->sh_offset, facts_.manifest.data(), found->sh_size);
}

bool Gate::read_symbols() {
  for (const auto& section : sections_) {
    if (section.sh_type != SHT_DYNSYM) continue;
    std::vector<Symbol> symbols;
    std::vector<char> names;
    const auto& strings = sections_[section.sh_link];
    if (!read_table("the dynamic symbols", section.sh_offset, section.sh_size / sizeof(Symbol), symbols) ||
        !read_table("the dynamic strings", strings.sh_offset, strings.sh_size, names)) {
      return false;
    }
    for (const auto& symbol : symbols) {
      if (!look_at(symbol, text_at(names, symbol.st_name))) return false;
    }
  }
  if (facts_.entry_size != 0) return true;
  return refuse("symbols", "the exported data symbol " CRDTD_PLUGIN_ENTRY_SYMBOL, "none",
                "export it with CRDTD_EXPORT_TYPES or CRDTD_EXPORT_STORAGE, or this file is no crdtd plugin");
}

bool Gate::look_at(const Symbol& symbol, std::string_view name) {
  if (symbol.st_shndx == SHN_UNDEF) {
    for (const std::string_view prefix : {"__asan_", "__tsan_", "__ubsan_", "__msan_", "__hwasan_"}) {
      if (name.starts_with(prefix) && facts_.sanitizers.size() < kSanitizersNamedMax) facts_.sanitizers.emplace_back(name);
    }
    return true;
  }
  if (name != CRDTD_PLUGIN_ENTRY_SYMBOL) return true;
  // The fields of st_info are the same in both classes.
  if (ELF64_ST_TYPE(symbol.st_info) != STT_OBJECT || ELF64_ST_BIND(symbol.st_info) == STB_LOCAL) {
    return refuse("symbols", "the exported data symbol " CRDTD_PLUGIN_ENTRY_SYMBOL, "a symbol of that name that is no data",
                  "define it as in crdtd/abi/plugin.h");
  }
  facts_.entry_size = symbol.st_size;
  return true;
}

}  // namespace

Checked<ElfFacts> read_elf(const std::string& file, const ByteSource& source) { return Gate(file, source).run(); }

}  // namespace crdtd::loader
