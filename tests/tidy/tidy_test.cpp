#include "tidy.hpp"

#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace crdtd::tidy;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

SourceFile source(const std::string& path, const std::string& text) {
  SourceFile file{path, {}};
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) file.lines.push_back(line);
  return file;
}

std::vector<std::string> texts(const std::vector<SourceFile>& files) {
  std::vector<std::string> out;
  for (const Violation& violation : check(files)) out.push_back(violation.text());
  return out;
}

// What the one violation says that a file with this text must give; `others` exist beside it.
std::string planted(const std::string& path, const std::string& text, std::vector<SourceFile> others = {}) {
  others.push_back(source(path, text));
  const auto found = texts(others);
  for (const std::string& line : found) UNSCOPED_INFO(line);
  REQUIRE(found.size() == 1);
  return found[0];
}

bool is_clean(const std::string& path, const std::string& text, std::vector<SourceFile> others = {}) {
  others.push_back(source(path, text));
  const auto found = texts(others);
  for (const std::string& line : found) UNSCOPED_INFO(line);
  return found.empty();
}

std::string body(std::size_t lines) {
  std::string text;
  for (std::size_t i = 0; i < lines; ++i) text += "    step();\n";
  return text;
}

const std::string kHeader = "#pragma once\n";

}  // namespace

TEST_CASE("tidy: the repository keeps the rules", "[tidy]") {
  const auto files = read_tree(CRDTD_SOURCE_FOLDER);
  CHECK(files.size() > 100);
  std::string all;
  for (const Violation& violation : check(files)) all += violation.text() + "\n";
  INFO(all);
  CHECK(all.empty());
}

TEST_CASE("tidy: a planted violation is found in a tree on disk", "[tidy]") {
  std::string root = (std::filesystem::temp_directory_path() / "crdtd-tidy-XXXXXX").string();
  REQUIRE(mkdtemp(root.data()) != nullptr);
  const auto write = [&](const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(root + "/" + path).parent_path());
    std::ofstream(root + "/" + path) << text;
  };
  write("core/net/router.hpp", kHeader);
  write("core/store/queue.cpp", "// A queue.\n#include \"net/router.hpp\"\n");
  write("build/core/store/made.cpp", "#include \"net/router.hpp\"\n");
  write(".cache/core/store/kept.cpp", "#include \"net/router.hpp\"\n");
  const auto found = texts(read_tree(root));
  std::filesystem::remove_all(root);
  REQUIRE(found.size() == 1);
  CHECK_THAT(found[0], StartsWith("core/store/queue.cpp:2: core/store must not include core/net (net/router.hpp)"));
}

TEST_CASE("tidy: parts include only what is below them", "[tidy]") {
  const std::vector<SourceFile> others = {source("core/net/router.hpp", kHeader), source("core/base/error.hpp", kHeader),
                                          source("core/settings/settings.hpp", kHeader),
                                          source("plugins/crdt/one/one.hpp", kHeader)};
  CHECK_THAT(planted("core/base/a.cpp", "#include \"net/router.hpp\"\n", others),
             Contains("core/base must not include core/net"));
  CHECK_THAT(planted("core/host/a.cpp", "#include \"settings/settings.hpp\"\n", others),
             Contains("core/host must not include core/settings"));
  CHECK_THAT(planted("core/host/a.cpp", "#include \"crdtd/plugin/json.hpp\"\n"),
             Contains("core/host must not include sdk/plugin"));
  CHECK_THAT(planted("core/base/a.hpp", kHeader + "#include \"crdtd/wire/codec.hpp\"\n"),
             Contains("core/base must not include sdk/wire"));
  CHECK_THAT(planted("core/app/a.cpp", "#include \"crdt/one/one.hpp\"\n", others),
             Contains("core/app must not include plugins/crdt/one"));
  CHECK_THAT(planted("plugins/crdt/two/a.cpp", "#include \"base/error.hpp\"\n", others),
             Contains("plugins/crdt/two must not include core/base"));
  CHECK_THAT(planted("plugins/crdt/two/a.cpp", "#include \"one/one.hpp\"\n", others),
             Contains("must not include plugins/crdt/one"));
  CHECK_THAT(planted("plugins/crdt/two/a.cpp", "#include <crdtd/loader/x.hpp>\n"), Contains("must not include sdk/loader"));
  CHECK_THAT(planted("plugins/crdt/two/a.cpp", "#include \"../one/one.hpp\"\n"), Contains("an include with .."));
  CHECK_THAT(planted("sdk/abi/include/crdtd/abi/x.h", "#include \"crdtd/wire/problem.hpp\"\n"),
             Contains("sdk/abi must not include sdk/wire"));
  CHECK_THAT(planted("sdk/loader/a.cpp", "  #  include \"base/error.hpp\"\n", others),
             Contains("sdk/loader must not include core/base"));
  CHECK(is_clean("core/base/b.hpp", kHeader + "#include \"crdtd/wire/problem.hpp\"\n"));
  CHECK(is_clean("core/net/a.cpp", "#include \"net/router.hpp\"\n#include \"base/error.hpp\"\n#include <vector>\n", others));
  CHECK(is_clean("plugins/crdt/one/a.cpp", "#include \"one.hpp\"\n#include \"crdtd/plugin/json.hpp\"\n", others));
}

TEST_CASE("tidy: a library has one home", "[tidy]") {
  CHECK_THAT(planted("core/document/a.cpp", "#include <boost/asio.hpp>\n"), Contains("at home in core/net, core/app"));
  CHECK_THAT(planted("core/host/a.cpp", "#include <boost/beast/http.hpp>\n"), Contains("at home in core/net"));
  CHECK_THAT(planted("core/net/a.cpp", "#include <rapidjson/reader.h>\n"),
             Contains("at home in sdk/wire, sdk/plugin, sdk/loader"));
  CHECK_THAT(planted("plugins/crdt/two/a.cpp", "#include <rapidjson/reader.h>\n"), Contains("at home in sdk/wire"));
  CHECK_THAT(planted("core/app/a.cpp", "#include <yaml-cpp/yaml.h>\n"), Contains("at home in core/settings"));
  CHECK_THAT(planted("plugins/storage/memory/a.cpp", std::string("#include <sql") + "ite3.h>\n"),
             Contains("at home in plugins/storage/"));
  CHECK(is_clean("core/net/a.cpp", "#include <boost/asio/post.hpp>\n#include <boost/beast/http.hpp>\n"));
  CHECK(is_clean("tests/support/a.cpp", "#include <boost/asio.hpp>\n"));
}

TEST_CASE("tidy: the engine has no threads, time or chance of its own", "[tidy]") {
  CHECK_THAT(planted("core/store/a.cpp", "#include <thread>\n"), Contains("a simulator can run it"));
  CHECK_THAT(planted("core/document/a.cpp", "auto now = std::chrono::steady_clock::now();\n"), Contains("uses steady_clock"));
  CHECK_THAT(planted("core/session/a.hpp", kHeader + "std::thread worker_;\n"), Contains("core/session uses std::thread"));
  CHECK(is_clean("core/store/a.cpp", "// Unlike a steady_clock, this one is stepped.\n"));
  CHECK(is_clean("core/net/a.cpp", "#include <thread>\nstd::jthread worker;\n"));
}

TEST_CASE("tidy: a mutex of the core is on the list", "[tidy]") {
  const std::vector<SourceFile> list = {source("core/THREADING.md", "| store/queue | why | 1 |\n")};
  CHECK_THAT(planted("core/store/other.hpp", kHeader + "#include <mutex>\n", list),
             Contains("not listed in core/THREADING.md (as store/other)"));
  CHECK_THAT(planted("core/store/queue.hpp", kHeader + "#include <shared_mutex>\n"), Contains("not listed"));
  CHECK(is_clean("core/store/queue.hpp", kHeader + "#include <mutex>\n", list));
  CHECK(is_clean("sdk/loader/a.cpp", "#include <mutex>\n"));
}

TEST_CASE("tidy: core names no plugin, except in documentation", "[tidy]") {
  const std::string name = std::string("Or") + "Set";
  CHECK_THAT(planted("core/net/a.cpp", "const char* kind = \"" + name + "\";\n"), Contains("core names a plugin"));
  CHECK_THAT(planted("core/app/CMakeLists.txt", std::string("link(SQL") + "ite)\n"), Contains("core names a plugin"));
  CHECK(is_clean("core/THREADING.md", name + "\n"));
  CHECK(is_clean("plugins/crdt/two/a.cpp", "// like " + name + "\n"));
}

TEST_CASE("tidy: nothing is postponed, and nothing names one machine", "[tidy]") {
  CHECK_THAT(planted("sdk/wire/a.cpp", std::string("// TO") + "DO: later\n"), StartsWith("sdk/wire/a.cpp:1: holds a TO"));
  CHECK_THAT(planted("tests/unit/a.cpp", std::string("// FIX") + "ME\n"), Contains("do it, or open an issue"));
  CHECK_THAT(planted("Makefile", std::string("DIR = /ho") + "me/ada/crdtd\n"), Contains("a path of one machine"));
  CHECK_THAT(planted("config/a.yaml", std::string("path: \"/wo") + "rk/x\"\n"), Contains("a path of one machine"));
  CHECK(is_clean("README.md", std::string("frame/wo") + "rk/x, TO" + "DOs in todos\n"));
}

TEST_CASE("tidy: files and functions have a length", "[tidy]") {
  std::string lines;
  for (int i = 0; i < 500; ++i) lines += "int x;\n";
  CHECK(is_clean("core/net/a.cpp", lines));
  CHECK_THAT(planted("core/net/a.cpp", lines + "int y;\n"), Contains("has 501 lines"));
  CHECK(is_clean("core/net/a.cpp", "// A grammar is one thing.\n" + lines));
  CHECK(is_clean("core/net/a.cpp", "int f() {\n" + body(68) + "}\n"));
  CHECK_THAT(planted("core/net/a.cpp", "int x;\n\nint f() {\n" + body(69) + "}\n"),
             StartsWith("core/net/a.cpp:3: a function of 71 lines"));
  CHECK_THAT(planted("core/net/a.hpp", kHeader + "class A {\n  int f(int a,\n        int b) {\n" + body(70) + "  }\n};\n"),
             StartsWith("core/net/a.hpp:3: a function of 73 lines"));
  CHECK(is_clean("tests/unit/a.cpp", "int f() {\n" + body(100) + "}\n"));
  std::string list;
  for (int i = 0; i < 61; ++i) list += "add(x)\n";
  CHECK_THAT(planted("sdk/wire/CMakeLists.txt", list), Contains("a folder's list is short"));
}

TEST_CASE("tidy: names say something, headers are guarded, sources include their own first", "[tidy]") {
  CHECK_THAT(planted("core/net/string_utils.cpp", "\n"), Contains("is named utils"));
  CHECK_THAT(planted("core/net/Manager.hpp", kHeader), Contains("is named manager"));
  CHECK(is_clean("core/net/utility_meter.cpp", "\n"));
  CHECK_THAT(planted("core/net/a.hpp", "int x;\n"), Contains("lacks #pragma once"));
  const std::vector<SourceFile> own = {source("core/net/a.hpp", kHeader)};
  CHECK_THAT(planted("core/net/a.cpp", "#include <vector>\n#include \"net/a.hpp\"\n", own), Contains("before its own a.hpp"));
  CHECK(is_clean("core/net/a.cpp", "#include \"net/a.hpp\"\n#include <vector>\n", own));
}

TEST_CASE("tidy: a path belongs to a part", "[tidy]") {
  CHECK(part_of("core/net/router.cpp") == "core/net");
  CHECK(part_of("core/CMakeLists.txt") == "core");
  CHECK(part_of("sdk/abi/include/crdtd/abi/base.h") == "sdk/abi");
  CHECK(part_of("plugins/crdt/one/one.hpp") == "plugins/crdt/one");
  CHECK(part_of("tests/unit/a_test.cpp") == "tests");
  CHECK(part_of("Makefile").empty());
}
