// PluginHost with real small libraries: names and paths, limits, and messages for operators.
#include "host/plugin_host.hpp"

#include <catch2/catch.hpp>

#include "loader_fixture.hpp"

using crdtd::base::Code;
using namespace crdtd::host;
using loader_test::PluginFolder;

namespace {

TypeSpec type_spec(const std::string& name, const std::string& type_id) { return {name, type_id, "", "", {}}; }

template <class T>
std::string operator_error(const crdtd::base::Result<T>& result, Code code = Code::kInvalidField) {
  REQUIRE_FALSE(result);
  CHECK(result.error().code == code);
  CHECK(result.error().detail.find('\n') == std::string::npos);
  return result.error().detail;
}

}  // namespace

TEST_CASE("plugin host: finds a type by name and hands it its limits in order", "[unit][host]") {
  PluginFolder folder;
  folder.add("good");
  PluginHost host(folder.path());
  auto spec = type_spec("shopping", "tiny");
  spec.limits["elements"] = 5000;
  REQUIRE(host.enable_type(spec));
  REQUIRE(host.enable_type(type_spec("tiny", "tiny")));
  const auto* type = host.find_type("shopping");
  REQUIRE(type != nullptr);
  CHECK(type->name() == "shopping");
  CHECK(type->type_id() == "tiny");
  CHECK(type->limits() == std::vector<std::uint64_t>{64, 5000});
  CHECK(type->semantics() == 3);
  CHECK(type->reads_format(1));
  CHECK_FALSE(type->reads_format(3));
  CHECK(host.find_type("tiny")->limits() == std::vector<std::uint64_t>{64, 1000});
  CHECK(host.find_type("other") == nullptr);
  CHECK(host.types().size() == 2);
  REQUIRE(host.loaded().size() == 1);  // one library for both
  CHECK(host.loaded()[0].file == folder.file("good.so"));
  CHECK(host.loaded()[0].id == "crdtd.test.tiny");
  CHECK(host.loaded()[0].provides == std::vector<std::string>{"crdt.type/1 tiny", "storage.backend/1 tiny-store"});
  auto state = type->create();
  REQUIRE(state);
  CHECK(state->mutate({}).error().pointer == "/ops/0");
}

TEST_CASE("plugin host: only what is asked for is loaded", "[unit][host]") {
  PluginFolder folder;
  folder.add("good");
  folder.add("failing_init", "unused.so");  // would refuse, and provides the same names
  PluginHost host(folder.path());
  loader_test::code_ran();
  CHECK(operator_error(host.enable_type(type_spec("x", "no-such-type"))).find("tiny") != std::string::npos);
  CHECK_FALSE(loader_test::code_ran());
  CHECK(host.loaded().empty());
}

TEST_CASE("plugin host: an unknown name lists those found, and where", "[unit][host]") {
  PluginFolder folder;
  folder.add("good");
  folder.add("newer_major");
  loader_test::write_file(folder.file("notes.txt"), "not a plugin");
  PluginHost host(folder.path());
  const auto type = operator_error(host.enable_type(type_spec("todo", "tinny")));
  CHECK(type == "types.todo: no plugin in " + folder.path() + " provides the type \"tinny\"; found there: tiny; not usable: " +
                    folder.file("newer_major.so") + ": abi_major: wanted 1, found 2: rebuild the plugin against this SDK");
  const auto storage = operator_error(host.open_storage({"tinny", "", "", "{}", "/"}));
  CHECK_THAT(storage, Catch::Contains("storage: ") && Catch::Contains("provides the storage \"tinny\"; found there: tiny-store"));
}

TEST_CASE("plugin host: a missing or unset directory is named", "[unit][host]") {
  CHECK_THAT(operator_error(PluginHost("/no/such/folder").enable_type(type_spec("a", "b"))),
             Catch::Contains("/no/such/folder") && Catch::Contains("plugins.directory"));
  CHECK_THAT(operator_error(PluginHost("").enable_type(type_spec("a", "b"))), Catch::Contains("no plugin directory is set"));
}

TEST_CASE("plugin host: a type that two files provide is refused, naming both", "[unit][host]") {
  PluginFolder folder;
  folder.add("good");
  folder.add("twin");
  PluginHost host(folder.path());
  const auto error = operator_error(host.enable_type(type_spec("tiny", "tiny")));
  CHECK_THAT(error, Catch::Contains(folder.file("good.so")) && Catch::Contains(folder.file("twin.so")));
  // By its path either of them can be used.
  auto spec = type_spec("tiny", "tiny");
  spec.plugin_path = folder.file("twin.so");
  CHECK(host.enable_type(spec));
  CHECK(host.loaded()[0].id == "crdtd.test.twin");
  CHECK_THAT(operator_error(host.enable_type(spec)), Catch::Contains("types.tiny: this name is taken"));
}

TEST_CASE("plugin host: limits are checked against the manifest", "[unit][host]") {
  PluginFolder folder;
  folder.add("good");
  PluginHost host(folder.path());
  auto spec = type_spec("todo", "tiny");
  spec.limits = {{"size", 5}};
  CHECK(operator_error(host.enable_type(spec)) ==
        "types.todo.limits.size: type \"tiny\" has no such limit; it has element (default 64 bytes, at most 1024 bytes), "
        "elements (default 1000, at most 5000)");
  spec.limits = {{"element", 1025}};
  CHECK(operator_error(host.enable_type(spec)) ==
        "types.todo.limits.element: 1025 is out of range; type \"tiny\" takes 1 to 1024, its default is 64");
  spec.limits = {{"element", 0}};
  operator_error(host.enable_type(spec));
  spec.limits = {{"element", 1024}};
  CHECK(host.enable_type(spec));
}

TEST_CASE("plugin host: a plugin given by its path needs no directory", "[unit][host]") {
  PluginFolder folder;
  PluginHost host("");
  auto spec = type_spec("tiny", "tiny");
  spec.plugin_path = folder.file("none.so");
  CHECK_THAT(operator_error(host.enable_type(spec)), Catch::Contains("types.tiny: " + folder.file("none.so") + ": file: wanted"));
  spec.plugin_path = folder.add("good");
  spec.sha256 = std::string(64, '0');
  CHECK_THAT(operator_error(host.enable_type(spec)), Catch::Contains("sha256: wanted 000"));
  spec.sha256.clear();
  spec.type_id = "other";
  CHECK_THAT(operator_error(host.enable_type(spec)), Catch::Contains("provides no type \"other\"; it provides tiny"));
  spec.type_id = "tiny";
  CHECK(host.enable_type(spec));
}

TEST_CASE("plugin host: a storage that does not open says why", "[unit][host]") {
  PluginFolder folder;
  folder.add("good");
  PluginHost host(folder.path());
  CHECK(host.find_storage({"tiny-store", "", "", "{\"colour\":1}", "/"}));  // found and loaded, but not opened
  CHECK_THAT(operator_error(host.find_storage({"tiny", "", "", "{}", "/"})), Catch::Contains("found there: tiny-store"));
  CHECK(operator_error(host.open_storage({"tiny-store", "", "", "{\"colour\":1}", "/"})) ==
        "storage.colour: a tiny store has no such setting");
  CHECK(operator_error(host.open_storage({"tiny-store", "", "", "{}", "/"}), Code::kStorageFailed) ==
        "storage: \"tiny-store\" cannot be opened: the store is held by process 42");
}

TEST_CASE("plugin host: a plugin that refuses to start is a refusal of the operator's line", "[unit][host]") {
  PluginFolder folder;
  folder.add("failing_init");
  PluginHost host(folder.path());
  CHECK_THAT(operator_error(host.enable_type(type_spec("tiny", "tiny"))),
             Catch::Contains("init: wanted success, found status 21"));
  CHECK(host.loaded().empty());
}
