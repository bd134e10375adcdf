// A real library made by crdtd_add_plugin: what it exports, what its file holds, whose memory it uses.
#include <dlfcn.h>
#include <elf.h>
#include <catch2/catch.hpp>

#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "crdtd/abi/crdt.h"
#include "crdtd/abi/plugin.h"
#include "sdk_plugin_host.hpp"

namespace {

using namespace crdtd_test;

const crdtd_plugin_entry& entry() {
  static const auto* found = [] {
    void* library = dlopen(CRDTD_TEST_PLUGIN, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) FAIL(dlerror());
    return static_cast<const crdtd_plugin_entry*>(dlsym(library, CRDTD_PLUGIN_ENTRY_SYMBOL));
  }();
  REQUIRE(found != nullptr);
  return *found;
}

const crdtd_crdt_type& type(std::uint32_t index) {
  const auto* table = static_cast<const crdtd_crdt_type*>(entry().get(CRDTD_KIND_CRDT_TYPE, index));
  REQUIRE(table != nullptr);
  return *table;
}

std::string file_bytes(const char* path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

template <class T>
T at(const std::string& file, std::uint64_t offset) {
  T value;
  REQUIRE(offset + sizeof value <= file.size());
  std::memcpy(&value, file.data() + offset, sizeof value);
  return value;
}

// The section headers of a 64-bit ELF file, by name.
std::vector<std::pair<std::string, Elf64_Shdr>> sections(const std::string& file) {
  const auto head = at<Elf64_Ehdr>(file, 0);
  const auto names = at<Elf64_Shdr>(file, head.e_shoff + std::uint64_t{head.e_shstrndx} * sizeof(Elf64_Shdr));
  std::vector<std::pair<std::string, Elf64_Shdr>> found;
  for (std::uint32_t i = 0; i < head.e_shnum; ++i) {
    const auto section = at<Elf64_Shdr>(file, head.e_shoff + i * sizeof(Elf64_Shdr));
    found.emplace_back(file.c_str() + names.sh_offset + section.sh_name, section);
  }
  return found;
}

struct Started {
  crdtd_error err = empty_error();
  Started() {
    account() = Account();
    REQUIRE(entry().init(&kHost, &err) == CRDTD_OK);
  }
  ~Started() {
    account().allowed = -1;
    entry().shutdown();
  }
};

// One op on a state of its own; the state is destroyed whatever happens.
crdtd_status run(const char* op, std::string* result = nullptr) {
  crdtd_error err = empty_error();
  crdtd_crdt_state* state = nullptr;
  const crdtd_status created = type(0).create(&state, &err);
  if (created != CRDTD_OK) return created;
  Buffer delta, said;
  crdtd_mutate_out made = {sizeof made, 0, &delta.raw, nullptr, &said.raw};
  const crdtd_ctx ctx = empty_ctx();
  const crdtd_bytes ops = {reinterpret_cast<const std::uint8_t*>(op), static_cast<std::uint32_t>(std::strlen(op))};
  const crdtd_status status = type(0).mutate(state, &ops, &ctx, &made, &err);
  if (result != nullptr) *result = said.text();
  type(0).destroy(state);
  return status;
}

}  // namespace

TEST_CASE("sdk plugin: the entry says what the manifest says", "[unit][sdk_plugin]") {
  CHECK(entry().magic == CRDTD_PLUGIN_MAGIC);
  CHECK(entry().struct_size == sizeof(crdtd_plugin_entry));
  CHECK(entry().abi_major == 1);
  CHECK(entry().abi_minor == 0);
  CHECK(std::string(entry().id) == "crdtd.test.probe");
  CHECK(std::string(entry().version) == "1.2.3");
  CHECK(entry().count(CRDTD_KIND_CRDT_TYPE) == 2);
  CHECK(entry().count("crdt.type/2") == 0);
  CHECK(entry().count(nullptr) == 0);
  CHECK(std::string(type(0).name) == "probe");
  CHECK(type(0).semantics == 2);
  CHECK(std::string(type(1).name) == "probe-two");
  CHECK(type(1).semantics == 5);
  CHECK(type(1).format_written == 3);
  CHECK(entry().get(CRDTD_KIND_CRDT_TYPE, 2) == nullptr);
  CHECK(entry().get("nonsense", 0) == nullptr);
  CHECK(entry().get_extension("anything") == nullptr);
}

TEST_CASE("sdk plugin: the file holds the manifest's very bytes and exports one symbol", "[unit][sdk_plugin]") {
  const std::string file = file_bytes(CRDTD_TEST_PLUGIN);
  const std::string manifest = file_bytes(CRDTD_TEST_MANIFEST);
  int manifests = 0;
  std::vector<std::string> exported;
  const auto all = sections(file);
  for (const auto& [name, section] : all) {
    if (name == CRDTD_MANIFEST_SECTION) {
      ++manifests;
      CHECK(file.substr(section.sh_offset, section.sh_size) == manifest);
      CHECK((section.sh_flags & (SHF_WRITE | SHF_EXECINSTR)) == 0);
    }
    if (section.sh_type != SHT_DYNSYM) continue;
    const std::uint64_t strings = all[section.sh_link].second.sh_offset;
    for (std::uint64_t i = 0; i < section.sh_size / sizeof(Elf64_Sym); ++i) {
      const auto symbol = at<Elf64_Sym>(file, section.sh_offset + i * sizeof(Elf64_Sym));
      if (symbol.st_shndx != SHN_UNDEF) exported.emplace_back(file.c_str() + strings + symbol.st_name);
    }
  }
  CHECK(manifests == 1);
  CHECK(exported == std::vector<std::string>{CRDTD_PLUGIN_ENTRY_SYMBOL});
}

TEST_CASE("sdk plugin: init refuses a host that it cannot work with", "[unit][sdk_plugin]") {
  crdtd_error err = empty_error();
  CHECK(entry().init(nullptr, &err) == CRDTD_INTERNAL);
  crdtd_host host = kHost;
  host.abi_major = 2;
  CHECK(entry().init(&host, &err) == CRDTD_UNSUPPORTED);
  CHECK(std::string(err.message) == "crdtd.test.probe needs ABI 1.0, the host has 2.0; use a plugin built for this host");
  host = kHost;
  host.struct_size = offsetof(crdtd_host, get_extension);
  CHECK(entry().init(&host, &err) == CRDTD_INTERNAL);
  CHECK(std::string(err.message).find("crdtd.test.probe: host.struct_size is 32, at least 40 is needed") == 0);
  host = kHost;
  host.realloc = nullptr;
  CHECK(entry().init(&host, nullptr) == CRDTD_INTERNAL);
}

TEST_CASE("sdk plugin: all memory of a library is the host's and goes back", "[unit][sdk_plugin]") {
  Started started;
  std::string result;
  CHECK(run("grow") == CRDTD_OK);
  CHECK(account().allocations > 2);
  CHECK(run("runtime-strings", &result) == CRDTD_OK);
  CHECK(result.find("98 99 No such file or directory") != std::string::npos);
  CHECK(run("throw") == CRDTD_INTERNAL);
  CHECK(account().blocks.empty());
  CHECK(account().breaches == 0);
}

TEST_CASE("sdk plugin: wherever memory ends, the library says NO_MEMORY and leaks nothing", "[unit][sdk_plugin]") {
  Started started;
  for (const char* op : {"grow", "big-delta", "ctx", "throw"}) {
    int refused = 0;
    for (std::int64_t allowed = 0;; ++allowed) {
      account().allowed = allowed;
      const crdtd_status status = run(op);
      const bool ran_out = account().allowed == 0;
      account().allowed = -1;
      REQUIRE(account().blocks.empty());
      REQUIRE(account().breaches == 0);
      if (status != CRDTD_NO_MEMORY) {
        CHECK(status == (std::string(op) == "throw" ? CRDTD_INTERNAL : CRDTD_OK));
        break;
      }
      REQUIRE(ran_out);
      ++refused;
    }
    CHECK(refused >= 2);
  }
}
