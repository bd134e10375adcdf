// Every way in which a plugin is refused, each with a real small library, and that nothing of it ran before it had to.
#include <catch2/catch.hpp>

#include <elf.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>

#include "crdtd/abi/crdt.h"
#include "crdtd/abi/storage.h"
#include "loader_fixture.hpp"

using namespace loader_test;
using crdtd::loader::PluginFile;
using crdtd::loader::Refusal;
using crdtd::loader::Trust;

namespace {

Refusal must_refuse(const std::string& path, const Trust& trust = {}) {
  auto refusal = refusal_of(path, trust);
  INFO(path);
  REQUIRE(refusal.has_value());
  CHECK(refusal->file == path);
  CHECK_FALSE(refusal->wanted.empty());
  CHECK_FALSE(refusal->found.empty());
  CHECK_FALSE(refusal->advice.empty());
  const auto line = refusal->to_string();
  CHECK(line.find('\n') == std::string::npos);
  CHECK(line.starts_with(path + ": "));
  return *refusal;
}

// Refused before the library was loaded.
Refusal must_refuse_unrun(const std::string& path, const Trust& trust = {}) {
  code_ran();
  auto refusal = must_refuse(path, trust);
  CHECK_FALSE(code_ran());
  return refusal;
}

std::string sha256_of(const std::string& text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  REQUIRE(EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha256(), nullptr) == 1);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    char byte[3];
    std::snprintf(byte, sizeof byte, "%02x", digest[i]);
    hex += byte;
  }
  return hex;
}

}  // namespace

TEST_CASE("loader: a sound plugin is loaded, initialised once and shut down", "[unit][loader]") {
  PluginFolder folder;
  const auto path = folder.add("good");
  code_ran();
  auto file = PluginFile::open(path, {folder.path(), ""});
  REQUIRE(file);
  CHECK_FALSE(code_ran());
  CHECK(file->manifest().id == "crdtd.test.tiny");
  CHECK(file->real_path() == path);
  auto loaded = crdtd::loader::load_library(std::move(file.value()), kHost);
  REQUIRE(loaded);
  CHECK(code_ran());
  const auto& library = *loaded.value();
  struct Calls {
    std::uint32_t struct_size, init, shutdown;
  };
  const auto* calls = static_cast<const Calls*>(library.entry().get_extension("crdtd.test.calls"));
  REQUIRE(calls != nullptr);
  CHECK(calls->init == 1);
  CHECK(calls->shutdown == 0);
  const auto* type = static_cast<const crdtd_crdt_type*>(library.table(0));
  CHECK(std::string(type->name) == "tiny");
  const auto* backend = static_cast<const crdtd_storage_backend*>(library.table(1));
  CHECK(std::string(backend->name) == "tiny-store");
  loaded.value().reset();
  CHECK(calls->shutdown == 1);  // its memory is still there: never unloaded
}

TEST_CASE("loader: refuses what is no library for this machine", "[unit][loader]") {
  PluginFolder folder;
  SECTION("no such file") { CHECK(must_refuse(folder.file("none.so")).field == "file"); }
  SECTION("a folder") { CHECK(must_refuse(folder.path()).field == "file"); }
  SECTION("a pipe does not block") {
    REQUIRE(::mkfifo(folder.file("pipe.so").c_str(), 0600) == 0);
    CHECK(must_refuse(folder.file("pipe.so")).found == "another kind of file");
  }
  SECTION("an empty file") {
    write_file(folder.file("empty.so"), "");
    CHECK(must_refuse(folder.file("empty.so")).found == "an empty file");
  }
  SECTION("a script") {
    write_file(folder.file("script.so"), "#!/bin/sh\necho no\n");
    CHECK(must_refuse(folder.file("script.so")).field == "format");
  }
  SECTION("another architecture") {
    const auto path = folder.add("good");
    auto contents = read_file(path);
    contents[offsetof(Elf64_Ehdr, e_machine)] = EM_SPARC;
    write_file(path, contents);
    const auto refusal = must_refuse_unrun(path);
    CHECK(refusal.field == "architecture");
    CHECK(refusal.found == "machine 2");
  }
  SECTION("another word size") {
    const auto path = folder.add("good");
    auto contents = read_file(path);
    contents[EI_CLASS] = ELFCLASS32;
    write_file(path, contents);
    CHECK(must_refuse_unrun(path).to_string() ==
          path + ": elf_class: wanted 64-bit, found 32-bit: build it as a shared library for this machine");
  }
}

TEST_CASE("loader: refuses a truncated library, wherever it is cut", "[unit][loader]") {
  PluginFolder folder;
  const auto whole = read_file(folder.add("good"));
  const auto path = folder.file("cut.so");
  for (std::size_t length = 4; length < whole.size(); length += whole.size() / 97 + 1) {
    write_file(path, std::string_view(whole).substr(0, length));
    INFO("cut to " << length << " of " << whole.size());
    CHECK(must_refuse_unrun(path).field == "size");
  }
  write_file(path, std::string_view(whole).substr(0, whole.size() - 1));
  CHECK(must_refuse_unrun(path).field == "size");
}

TEST_CASE("loader: refuses what the file says before it runs", "[unit][loader]") {
  PluginFolder folder;
  const auto refuse = [&](const std::string& name) { return must_refuse_unrun(folder.add(name)); };
  SECTION("no entry symbol") { CHECK(refuse("no_entry").field == "symbols"); }
  SECTION("no manifest") { CHECK(refuse("no_manifest").field == "manifest"); }
  SECTION("garbage for a manifest") {
    const auto refusal = refuse("garbage_manifest");
    CHECK(refusal.field == "manifest");
    CHECK(refusal.found.find("byte") != std::string::npos);
  }
  SECTION("an older major") {
    const auto refusal = refuse("older_major");
    CHECK(refusal.field == "abi_major");
    CHECK(refusal.found == "0");
  }
  SECTION("a newer major") {
    const auto path = folder.add("newer_major");
    CHECK(must_refuse_unrun(path).to_string() == path + ": abi_major: wanted 1, found 2: rebuild the plugin against this SDK");
  }
  SECTION("a newer minor") { CHECK(refuse("newer_minor").field == "abi_minor"); }
  SECTION("an entry that is too short") {
    const auto refusal = refuse("short_entry");
    CHECK(refusal.field == "entry_size");
    CHECK(refusal.found == "16");
  }
}

TEST_CASE("loader: refuses an entry that contradicts its manifest or is incomplete", "[unit][loader]") {
  struct Case {
    const char* name;
    const char* field;
    const char* found;
  };
  const auto c = GENERATE(values<Case>({
      {"wrong_magic", "magic", "1"},
      {"short_struct", "struct_size", "32"},
      {"older_major_in_entry", "abi_major", "0"},
      {"newer_major_in_entry", "abi_major", "2"},
      {"newer_minor_in_entry", "abi_minor", "1"},
      {"other_id", "id", "\"crdtd.test.other\""},
      {"null_version", "version", "a null pointer"},
      {"null_init", "init", "a null pointer"},
      {"failing_init", "init", "status 21, the licence\nhas expired"},
      {"short_table", "crdt.type/1[0].struct_size", "40"},
      {"other_name", "crdt.type/1[0].name", "\"other\""},
      {"other_semantics", "crdt.type/1[0].semantics", "4"},
      {"other_format", "crdt.type/1[0].format_written", "1"},
      {"null_merge", "crdt.type/1[0].merge", "a null pointer"},
      {"null_trim", "storage.backend/1[0].trim", "a null pointer"},
      {"null_table", "crdt.type/1[0]", "a null pointer"},
      {"other_count", "count(crdt.type/1)", "2"},
  }));
  PluginFolder folder;
  const auto refusal = must_refuse(folder.add(c.name));
  CHECK(refusal.field == c.field);
  CHECK(refusal.found == c.found);
}

TEST_CASE("loader: refuses a library whose symbols are not found", "[unit][loader]") {
  PluginFolder folder;
  const auto refusal = must_refuse_unrun(folder.add("undefined_symbol"));
  CHECK(refusal.field == "load");
  CHECK(refusal.found.find("crdtd_test_no_such_function") != std::string::npos);
}

#ifndef CRDTD_TEST_SANITIZED
TEST_CASE("loader: refuses a plugin built with a sanitizer that this process lacks", "[unit][loader]") {
  PluginFolder folder;
  const auto refusal = must_refuse_unrun(folder.add("sanitized"));
  CHECK(refusal.field == "sanitizer");
  CHECK(refusal.found.find("__asan_") != std::string::npos);
}
#endif

TEST_CASE("loader: refuses what others could change", "[unit][loader]") {
  PluginFolder folder;
  const auto path = folder.add("good");
  SECTION("world-writable file") {
    REQUIRE(::chmod(path.c_str(), 0646) == 0);
    const auto refusal = must_refuse_unrun(path);
    CHECK(refusal.field == "mode");
    CHECK(refusal.found == "0646");
  }
  SECTION("group-writable file") {
    REQUIRE(::chmod(path.c_str(), 0664) == 0);
    CHECK(must_refuse_unrun(path).field == "mode");
  }
  SECTION("world-writable folder") {
    REQUIRE(::chmod(folder.path().c_str(), 01777) == 0);
    CHECK(must_refuse_unrun(path).field == "folder_mode");
  }
  SECTION("another owner") {
    if (::geteuid() != 0) {
      WARN("only root can give a file away: not tested");
      return;
    }
    REQUIRE(::chown(path.c_str(), 12345, static_cast<gid_t>(-1)) == 0);
    const auto refusal = must_refuse_unrun(path);
    CHECK(refusal.field == "owner");
    CHECK(refusal.found == "uid 12345");
  }
}

TEST_CASE("loader: a plugin found by name must really lie in the plugin directory", "[unit][loader]") {
  PluginFolder folder, elsewhere;
  const auto target = elsewhere.add("good");
  const auto link = folder.file("good.so");
  std::filesystem::create_symlink(target, link);
  const auto refusal = must_refuse_unrun(link, {folder.path(), ""});
  CHECK(refusal.field == "real_path");
  CHECK(refusal.found == target);
  CHECK(PluginFile::open(link, {}));  // given by its path it is the operator's own choice
  folder.add("good", "inner.so");
  std::filesystem::create_symlink(folder.file("inner.so"), folder.file("alias.so"));
  CHECK(PluginFile::open(folder.file("alias.so"), {folder.path(), ""}));
  // A folder whose name only begins like the plugin directory's is another one.
  const std::string sibling = folder.path() + "-other";
  std::filesystem::create_directory(sibling);
  std::filesystem::copy_file(target, sibling + "/good.so");
  std::filesystem::create_symlink(sibling + "/good.so", folder.file("sibling.so"));
  CHECK(must_refuse_unrun(folder.file("sibling.so"), {folder.path(), ""}).field == "real_path");
  std::filesystem::remove_all(sibling);
}

TEST_CASE("loader: a pinned plugin must have its digest", "[unit][loader]") {
  PluginFolder folder;
  const auto path = folder.add("good");
  const auto digest = sha256_of(read_file(path));
  SECTION("the right one, in either case") {
    CHECK_FALSE(refusal_of(path, {"", digest}));
    std::string upper = digest;
    for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    CHECK_FALSE(refusal_of(path, {"", upper}));
  }
  SECTION("another") {
    const auto refusal = must_refuse_unrun(path, {"", sha256_of("something else")});
    CHECK(refusal.field == "sha256");
    CHECK(refusal.found == digest);
  }
  SECTION("no digest at all") { CHECK(must_refuse_unrun(path, {"", "abc"}).found == "\"abc\""); }
  SECTION("two pinned plugins are two libraries") {
    const auto twin = folder.add("twin");
    auto first = PluginFile::open(path, {"", digest});
    REQUIRE(first);
    auto first_loaded = crdtd::loader::load_library(std::move(first.value()), kHost);
    auto second = PluginFile::open(twin, {"", sha256_of(read_file(twin))});
    REQUIRE(second);
    auto second_loaded = crdtd::loader::load_library(std::move(second.value()), kHost);
    REQUIRE(first_loaded);
    REQUIRE(second_loaded);
    CHECK(&first_loaded.value()->entry() != &second_loaded.value()->entry());
  }
}

TEST_CASE("loader: loads only the file that was checked", "[unit][loader]") {
  PluginFolder folder;
  const auto path = folder.add("good");
  const bool pinned = GENERATE(false, true);
  auto file = PluginFile::open(path, {"", pinned ? sha256_of(read_file(path)) : ""});
  REQUIRE(file);
  std::filesystem::remove(path);
  folder.add("twin", "good.so");
  code_ran();
  auto library = crdtd::loader::load_library(std::move(file.value()), kHost);
  REQUIRE_FALSE(library);
  CHECK(library.refusal().found == "another one in its place");
  CHECK_FALSE(code_ran());
}
