// crdtctl plugin list, inspect and check, on the plugins that the build makes and on some that are wrong.
#include <filesystem>

#include "ctl_run.hpp"

using namespace crdtd::testing;

namespace {

std::string tiny(const std::string& name) { return std::string(TINY_PLUGIN_DIRECTORY) + "/" + name + ".so"; }

std::string digest_of(const std::string& file) {
  const TempFolder folder;
  ChildProcess process("/usr/bin/sha256sum", {file}, folder.file("err"));
  return process.read_line(30'000).value_or("").substr(0, 64);
}

}  // namespace

TEST_CASE("crdtctl plugin list: names what is there, and what a configuration enables", "[integration][ctl]") {
  const auto all = crdtctl({"plugin", "list", "--directory", plugin_directory()});
  INFO(all.out << all.err);
  CHECK(all.code == 0);
  CHECK(all.says("orset.so"));
  CHECK(all.says("crdtd.storage.sqlite"));

  const TempFolder folder;
  std::ofstream(folder.file("c.yaml")) << "plugins: { directory: " << plugin_directory() << " }\n"
                                       << "types: { lww: {}, list: { type: lww }, own: { plugin: " << tiny("good")
                                       << ", type: counter } }\nstorage: { plugin: memory }\n";
  const auto enabled = crdtctl({"plugin", "list", "--config", folder.file("c.yaml"), "--output", "json"});
  INFO(enabled.out << enabled.err);
  CHECK(enabled.code == 0);
  const auto json = enabled.json();
  bool saw_lww = false, saw_memory = false, saw_own = false;
  for (std::size_t i = 0; i < json.size(""); ++i) {
    const auto at = '/' + std::to_string(i);
    CHECK(json.at(at + "/status") == "usable");
    if (json.at(at + "/id") == "crdtd.crdt.lww") {
      saw_lww = true;
      CHECK(json.at(at + "/provides/0/enabled_as") == R"(["list","lww"])");
      CHECK(json.at(at + "/provides/0/formats_read") == R"(["1"])");
    }
    if (json.at(at + "/id") == "crdtd.storage.memory") {
      saw_memory = true;
      CHECK(json.at(at + "/provides/0/enabled_as") == R"(["storage"])");
    }
    if (json.at(at + "/file") == tiny("good")) saw_own = true;  // from another folder, by its path
  }
  CHECK(saw_lww);
  CHECK(saw_memory);
  CHECK(saw_own);
}

TEST_CASE("crdtctl plugin list: a file that cannot be used is a row with its reason", "[integration][ctl]") {
  const TempFolder folder;
  std::filesystem::copy_file(plugin_file("lww"), folder.file("good.so"));
  std::filesystem::copy_file(plugin_file("lww"), folder.file("writable.so"));
  std::filesystem::permissions(folder.file("writable.so"), std::filesystem::perms(0666));
  std::ofstream(folder.file("text.so")) << "no library";
  const auto json = crdtctl({"plugin", "list", "--directory", folder.path().string(), "--output", "json"});
  CHECK(json.code == 5);
  const auto view = json.json();
  REQUIRE(view.size("") == 3);
  CHECK(view.at("/0/status") == "usable");
  CHECK(view.at("/1/status") == "refused");
  CHECK(view.at("/1/refusal").find("text.so") != std::string::npos);
  CHECK(view.at("/2/refusal").find("chmod go-w") != std::string::npos);
  const auto table = crdtctl({"plugin", "list", "--directory", folder.path().string()});
  CHECK(table.code == 5);
  CHECK(table.says("refused: "));

  const auto missing = crdtctl({"plugin", "list", "--directory", folder.file("nowhere")});
  CHECK(missing.code == 1);
  CHECK(missing.complains("--directory"));
}

TEST_CASE("crdtctl plugin inspect: digest, symbols and manifest, with none of the plugin's code run", "[integration][ctl]") {
  const auto run = crdtctl({"plugin", "inspect", plugin_file("orset"), "--output", "json"});
  INFO(run.out << run.err);
  CHECK(run.code == 0);
  const auto json = run.json();
  CHECK(json.at("/sha256") == digest_of(plugin_file("orset")));
  CHECK(json.at("/pin") == "sha256: \"" + json.at("/sha256") + '"');
  CHECK(json.at("/exported") == R"(["crdtd_plugin_entry_v1"])");
  CHECK(json.at("/needed").find("libc.so.6") != std::string::npos);
  CHECK(json.at("/provides/0/name") == "orset");
  CHECK(json.at("/provides/0/limits/0/name") == "element");
  CHECK(json.at("/size_bytes") == std::to_string(std::filesystem::file_size(plugin_file("orset"))));

  // A plugin whose init() fails can be looked at, and cannot be loaded.
  CHECK(crdtctl({"plugin", "inspect", tiny("failing_init")}).code == 0);
  CHECK(crdtctl({"plugin", "check", tiny("failing_init")}).code == 5);
}

TEST_CASE("crdtctl plugin inspect: a refused file is described all the same", "[integration][ctl]") {
  const auto newer = crdtctl({"plugin", "inspect", tiny("newer_major"), "--output", "json"});
  CHECK(newer.code == 5);
  CHECK(newer.json().at("/status") == "refused");
  CHECK(newer.json().at("/refusal").find("abi_major") != std::string::npos);
  CHECK(newer.json().at("/sha256") == digest_of(tiny("newer_major")));

  const TempFolder folder;
  std::ofstream(folder.file("text.so")) << "no library";
  const auto text = crdtctl({"plugin", "inspect", folder.file("text.so")});
  CHECK(text.code == 5);
  CHECK(text.says("refused"));
  CHECK(crdtctl({"plugin", "inspect", folder.file("absent.so")}).code == 5);

  // A library that was cut short, at every kibibyte of its beginning and its end: described or refused, never more.
  std::ifstream whole_file(plugin_file("lww"), std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(whole_file)), {});
  for (const std::size_t size : {std::size_t{64}, std::size_t{1024}, whole.size() / 2, whole.size() - 1}) {
    std::ofstream(folder.file("cut.so"), std::ios::binary) << whole.substr(0, size);
    CHECK(crdtctl({"plugin", "inspect", folder.file("cut.so")}).code == 5);
  }
}

TEST_CASE("crdtctl plugin inspect: mistakes about a delta are named", "[integration][ctl]") {
  const auto odd = crdtctl({"plugin", "inspect", plugin_file("orset"), "--delta", "abc"});
  CHECK(odd.code == 2);
  CHECK(odd.complains("odd number"));
  CHECK(crdtctl({"plugin", "inspect", plugin_file("orset"), "--delta", "zz"}).code == 2);
  const auto other = crdtctl({"plugin", "inspect", plugin_file("orset"), "--delta", "00", "--type", "lww"});
  CHECK(other.code == 2);
  CHECK(other.complains("which has orset"));
  CHECK(crdtctl({"plugin", "inspect", plugin_file("memory"), "--delta", "00"}).code == 2);
  const auto broken = crdtctl({"plugin", "inspect", plugin_file("orset"), "--delta", "ffffffff"});
  CHECK(broken.code == 1);
  CHECK_FALSE(broken.err.empty());
  CHECK(crdtctl({"plugin", "inspect", plugin_file("orset"), "--delta", "@/nowhere/at/all"}).code == 1);
  const TempFolder folder;
  std::ofstream(folder.file("delta"), std::ios::binary) << "\xff\xff\xff\xff";
  const auto from_file = crdtctl({"plugin", "inspect", plugin_file("orset"), "--delta", "@" + folder.file("delta")});
  CHECK(from_file.code == 1);
  CHECK(from_file.err == broken.err);
  CHECK(crdtctl({"plugin", "inspect", plugin_file("orset"), "--delta", "@/dev/zero"}).complains("larger than 64 MiB"));
}

TEST_CASE("crdtctl plugin check: the built-in types and storages pass", "[integration][ctl]") {
  const TempFolder folder;
  const std::vector<std::vector<std::string>> plugins = {
      {plugin_file("lww"), "--rounds", "5"},
      {plugin_file("orset"), "--rounds", "5"},
      {plugin_file("memory"), "--rounds", "200", "--volatile"},
      {plugin_file("sqlite"), "--rounds", "200", "--set", "path=data/store.db", "--set", "settle_bytes=4096"}};
  for (auto arguments : plugins) {
    arguments.insert(arguments.begin(), {"plugin", "check"});
    arguments.insert(arguments.end(), {"--output", "json"});
    const auto run = crdtctl(arguments);
    INFO(run.out << run.err);
    CHECK(run.code == 0);
    const auto json = run.json();
    CHECK(json.at("/failed") == "0");
    CHECK(std::stoul(json.at("/passed")) == json.size("/checks"));
    CHECK(json.size("/checks") > 10);
    CHECK(std::stoull(json.at("/seed")) > 0);
  }
}

TEST_CASE("crdtctl plugin check: a failure names the check, and the command that shows it again", "[integration][ctl]") {
  // Without a path that backend opens nothing, so that every check fails.
  const auto run = crdtctl({"plugin", "check", plugin_file("sqlite"), "--seed", "12", "--only", "meta-values"});
  INFO(run.out);
  CHECK(run.code == 1);
  CHECK(run.says("seed 12"));
  CHECK(run.says("FAILED"));
  CHECK(run.says("path"));
  CHECK(run.says("0 passed, 1 failed"));
  const auto again = run.out.find("again: crdtctl ");
  REQUIRE(again != std::string::npos);
  std::istringstream command(run.out.substr(again + 15));
  std::vector<std::string> words;
  std::string line;
  std::getline(command, line);
  std::istringstream parts(line);
  for (std::string word; parts >> word;) words.push_back(word);
  const auto second = crdtctl(words);
  CHECK(second.code == 1);
  CHECK(second.says("meta-values"));
  CHECK(second.says("0 passed, 1 failed"));

  const auto json = crdtctl({"plugin", "check", plugin_file("sqlite"), "--only", "meta-values", "--output", "json"}).json();
  CHECK(json.at("/checks/0/passed") == "false");
  CHECK(json.at("/checks/0/rerun").find("--only meta-values --seed ") != std::string::npos);
}

TEST_CASE("crdtctl plugin check: lists its checks, and knows one that is not there", "[integration][ctl]") {
  const auto list = crdtctl({"plugin", "check", plugin_file("memory"), "--list", "--output", "json"});
  CHECK(list.code == 0);
  CHECK(list.says(R"("name":"create-append-load")"));
  const auto laws = crdtctl({"plugin", "check", plugin_file("orset"), "--list"});
  CHECK(laws.code == 0);
  CHECK(laws.says("orset  merge-"));

  const auto unknown = crdtctl({"plugin", "check", plugin_file("memory"), "--only", "meta-valeus"});
  CHECK(unknown.code == 2);
  CHECK(unknown.complains("did you mean meta-values?"));
  CHECK(crdtctl({"plugin", "check", plugin_file("memory"), "--type", "other"}).code == 2);
  CHECK(crdtctl({"plugin", "check", plugin_file("memory"), "--set", "path"}).code == 2);
  CHECK(crdtctl({"plugin", "check", plugin_file("absent")}).code == 5);
}

TEST_CASE("crdtctl plugin check: each plugin that breaks a law fails it, by its name and with a seed", "[integration][ctl]") {
  std::size_t breakers = 0;
  for (const auto& entry : std::filesystem::directory_iterator(LAW_BREAKER_DIRECTORY)) {
    const auto name = entry.path().stem().string();
    constexpr std::string_view kPrefix = "breaks-";
    if (entry.path().extension() != ".so" || name.rfind(kPrefix, 0) != 0 || name == "breaks-none") continue;
    ++breakers;
    const auto law = name.substr(kPrefix.size(), name.find('+') - kPrefix.size());
    const auto run = crdtctl({"plugin", "check", entry.path().string(), "--only", law, "--seed", "1", "--output", "json"});
    INFO(name << '\n' << run.out << run.err);
    CHECK(run.code == 1);
    CHECK(run.json().at("/checks/0/name") == law);
    CHECK(run.json().at("/checks/0/passed") == "false");
    CHECK(run.json().at("/checks/0/rerun").find("--only " + law + " --seed ") != std::string::npos);
  }
  CHECK(breakers > 20);

  const auto file = std::string(LAW_BREAKER_DIRECTORY) + "/breaks-merge-commutative.so";
  const auto all = crdtctl({"plugin", "check", file, "--rounds", "10"});
  INFO(all.out << all.err);
  CHECK(all.code == 1);
  CHECK(all.says("merge-commutative\n        Two concurrent deltas"));
  CHECK(all.says("again: crdtctl plugin check " + file));
  const auto sound = crdtctl({"plugin", "check", std::string(LAW_BREAKER_DIRECTORY) + "/breaks-none.so", "--rounds", "10"});
  INFO(sound.out << sound.err);
  CHECK(sound.code == 0);
}
