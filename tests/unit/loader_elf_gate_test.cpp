// The gate against damage: cut and flipped libraries never crash it, nor the less careful reader behind it.
#include <catch2/catch.hpp>

#include <elf.h>
#include <link.h>

#include <cstring>
#include <iostream>
#include <random>

#include "crdtd/loader/elf_gate.hpp"
#include "loader_fixture.hpp"

using namespace loader_test;
using crdtd::loader::read_elf;

namespace {

class MemorySource final : public crdtd::loader::ByteSource {
 public:
  explicit MemorySource(std::string_view bytes) : bytes_(bytes) {}
  std::uint64_t size() const override { return bytes_.size(); }
  bool read(std::uint64_t offset, std::span<std::byte> to) const override {
    // The gate must never ask for what is not there.
    REQUIRE(offset <= bytes_.size());
    REQUIRE(to.size() <= bytes_.size() - offset);
    if (!to.empty()) std::memcpy(to.data(), bytes_.data() + offset, to.size());
    return true;
  }

 private:
  std::string_view bytes_;
};

std::string good_library() {
  PluginFolder folder;
  return read_file(folder.add("good"));
}

// Where damage does most: the ELF header, the program headers, the section headers, the dynamic symbols.
std::vector<std::pair<std::size_t, std::size_t>> header_ranges(const std::string& library) {
  ElfW(Ehdr) header;
  std::memcpy(&header, library.data(), sizeof header);
  return {{0, sizeof header},
          {header.e_phoff, header.e_phnum * sizeof(ElfW(Phdr))},
          {header.e_shoff, header.e_shnum * sizeof(ElfW(Shdr))}};
}

unsigned draw_seed() {
  const char* given = std::getenv("CRDTD_TEST_SEED");
  const unsigned seed = given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : std::random_device{}();
  std::cout << "CRDTD_TEST_SEED=" << seed << std::endl;  // at once, so that a crash leaves it behind
  return seed;
}

void flip(std::string& bytes, const std::vector<std::pair<std::size_t, std::size_t>>& ranges, std::mt19937& random) {
  const auto count = 1 + random() % 4;
  for (unsigned i = 0; i < count; ++i) {
    const auto& [start, length] = ranges[random() % ranges.size()];
    auto& byte = bytes[start + random() % length];
    switch (random() % 4) {
      case 0:
        byte = static_cast<char>(0xff);
        break;
      case 1:
        byte = 0;
        break;
      case 2:
        byte = static_cast<char>(byte ^ (1 << random() % 8));
        break;
      default:
        byte = static_cast<char>(random());
    }
  }
}

}  // namespace

TEST_CASE("elf gate: reads manifest and entry of a sound library", "[unit][loader]") {
  const auto library = good_library();
  const auto facts = read_elf("good.so", MemorySource(library));
  REQUIRE(facts);
  CHECK(facts->manifest.find("crdtd.test.tiny") != std::string::npos);
  CHECK(facts->entry_size == sizeof(crdtd_plugin_entry));
  CHECK(facts->sanitizers.empty());
}

TEST_CASE("elf gate: refuses a library cut at any length", "[unit][loader]") {
  const auto library = good_library();
  for (std::size_t length = 0; length < library.size(); ++length) {
    const auto facts = read_elf("cut.so", MemorySource(std::string_view(library).substr(0, length)));
    if (facts) FAIL("accepted at " << length << " of " << library.size());
    if (length >= 4 && facts.refusal().field != "size") FAIL(length << ": " << facts.refusal().to_string());
  }
}

TEST_CASE("elf gate: extreme values in any header field never make it read outside the file", "[unit][loader]") {
  const auto library = good_library();
  const std::uint64_t size = library.size();
  int refused = 0;
  for (const auto& [start, length] : header_ranges(library)) {
    for (std::size_t at = start; at + 8 <= start + length; at += 2) {
      for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{1}, size - 1, size, size + 1, std::uint64_t{1} << 63,
                                        ~std::uint64_t{0}, ~std::uint64_t{0} - 7, ~std::uint64_t{0} - 63, 0 - size}) {
        for (const std::size_t width : {2, 4, 8}) {
          auto damaged = library;
          std::memcpy(damaged.data() + at, &value, width);
          if (!read_elf("extreme.so", MemorySource(damaged))) ++refused;
        }
      }
    }
  }
  CHECK(refused > 0);
}

TEST_CASE("elf gate: a section name outside its table is refused", "[unit][loader]") {
  auto library = good_library();
  ElfW(Ehdr) header;
  std::memcpy(&header, library.data(), sizeof header);
  const std::uint32_t beyond = 0x7fffffff;
  std::memcpy(library.data() + header.e_shoff + sizeof(ElfW(Shdr)) + offsetof(ElfW(Shdr), sh_name), &beyond, sizeof beyond);
  const auto facts = read_elf("names.so", MemorySource(library));
  REQUIRE_FALSE(facts);
  CHECK(facts.refusal().field == "sections");
}

TEST_CASE("elf gate: flipped header bytes never make it read outside the file", "[unit][loader]") {
  const auto library = good_library();
  const auto ranges = header_ranges(library);
  std::mt19937 random(draw_seed());
  int accepted = 0, refused = 0;
  for (int round = 0; round < 20000; ++round) {
    auto damaged = library;
    flip(damaged, ranges, random);
    (read_elf("flipped.so", MemorySource(damaged)) ? accepted : refused) += 1;
  }
  CHECK(refused > 0);
  CHECK(accepted > 0);  // not every byte matters: else the test would not reach beyond the first check
}

TEST_CASE("elf gate: what it lets pass does not crash the symbol reader", "[unit][loader]") {
  PluginFolder folder;
  const auto path = folder.file("flipped.so");
  const auto library = good_library();
  auto ranges = header_ranges(library);
  ranges.erase(ranges.begin());  // the others let more pass, and so test more
  std::mt19937 random(draw_seed());
  int passed = 0;
  for (int round = 0; round < 1500; ++round) {
    auto damaged = library;
    flip(damaged, ranges, random);
    if (!read_elf("flipped.so", MemorySource(damaged))) continue;
    ++passed;
    write_file(path, damaged);
    const auto file = crdtd::loader::PluginFile::open(path, {});  // either way, as long as it returns
    if (!file) CHECK_FALSE(file.refusal().field.empty());
  }
  CHECK(passed > 0);
}
