#include "ctl/command_line.hpp"

#include <catch2/catch.hpp>
#include <sstream>

using namespace crdtd::ctl;

namespace {

struct Parsed {
  ParsedCommandLine line;
  std::string out;
  std::string err;
};

Parsed parse(std::vector<const char*> words) {
  words.insert(words.begin(), "crdtctl");
  std::ostringstream out;
  std::ostringstream err;
  auto line = parse_command_line(static_cast<int>(words.size()), words.data(), out, err);
  return {std::move(line), out.str(), err.str()};
}

template <class Verb>
Verb taken(std::vector<const char*> words) {
  const auto parsed = parse(std::move(words));
  INFO(parsed.err);
  REQUIRE(parsed.line.command);
  REQUIRE(std::holds_alternative<Verb>(*parsed.line.command));
  return std::get<Verb>(*parsed.line.command);
}

void refused(std::vector<const char*> words, const std::string& because) {
  const auto parsed = parse(std::move(words));
  CHECK_FALSE(parsed.line.command);
  CHECK(parsed.line.exit_code == kExitUsage);
  CHECK(parsed.out.empty());
  INFO(parsed.err);
  CHECK(parsed.err.find(because) != std::string::npos);
}

}  // namespace

TEST_CASE("crdtctl: every option reaches its verb", "[unit][ctl]") {
  const auto list = taken<PluginList>({"plugin", "list", "--config", "c.yaml", "--output", "json"});
  CHECK(list.config == "c.yaml");
  CHECK(list.output == OutputFormat::kJson);
  CHECK(taken<PluginList>({"plugin", "list"}).output == OutputFormat::kTable);
  CHECK(taken<PluginList>({"plugin", "list", "--directory", "d"}).directory == "d");

  const auto inspect = taken<PluginInspect>({"plugin", "inspect", "x.so", "--delta", "@f", "--type", "t", "--format", "2"});
  CHECK(inspect.file == "x.so");
  CHECK(inspect.delta == "@f");
  CHECK(inspect.type == "t");
  CHECK(inspect.format == 2u);

  const auto check = taken<PluginCheck>({"plugin", "check", "x.so", "--set", "a=1", "--set", "b=2", "--seed",
                                         "18446744073709551615", "--only", "law", "--rounds", "3", "--volatile", "--list"});
  CHECK(check.settings == std::vector<std::string>{"a=1", "b=2"});
  CHECK(check.seed == ~std::uint64_t{0});
  CHECK(check.only == "law");
  CHECK(check.rounds == 3u);
  CHECK(check.is_volatile);
  CHECK(check.list);

  const auto get = taken<DocGet>({"doc", "get", "todos", "--url", "http://h:1", "--tenant", "acme", "--node", "n",
                                  "--api-key-file", "k", "--timeout", "500", "--version", "3", "--query", "{}", "--raw"});
  CHECK(get.id == "todos");
  CHECK(get.place.url == "http://h:1");
  CHECK(get.place.tenant == "acme");
  CHECK(get.place.node == "n");
  CHECK(get.place.api_key_file == "k");
  CHECK(get.place.timeout_ms == 500);
  CHECK(get.version == 3u);
  CHECK(get.query == "{}");
  CHECK(get.raw);
  CHECK(taken<DocGet>({"doc", "get", "d", "--config", "c", "--tenant", "t", "--encoded", "f"}).encoded_file == "f");

  const auto ops =
      taken<DocOps>({"doc", "ops", "d", "--config", "c", "--tenant", "t", "--since", "9", "--limit", "5", "--delta"});
  CHECK(ops.since == "9");
  CHECK(ops.limit == 5);
  CHECK(ops.delta);

  const auto docs = taken<DocList>({"doc", "list", "--config", "c", "--tenant", "t", "--after", "x", "--limit", "1000"});
  CHECK(docs.after == "x");
  CHECK(docs.limit == 1000);

  CHECK(taken<DocVerify>({"doc", "verify", "--all", "--config", "c", "--tenant", "t"}).all);
  // A server's types may come from a configuration or a folder.
  CHECK(taken<DocVerify>({"doc", "verify", "d", "--url", "http://h", "--config", "c", "--tenant", "t"}).place.config == "c");
  CHECK(taken<DocVerify>({"doc", "verify", "d", "--url", "http://h", "--directory", "p", "--tenant", "t"}).place.directory ==
        "p");
}

TEST_CASE("crdtctl: an unknown verb or option is answered with the nearest one", "[unit][ctl]") {
  refused({"plugni", "list"}, "did you mean plugin?");
  refused({"plugin", "chekc", "x.so"}, "did you mean check?");
  refused({"doc", "vrify"}, "did you mean verify?");
  refused({"doc", "zzzzzzzz"}, "list");  // none is near: all are named
  refused({"plugin", "list", "--outptu", "json"}, "did you mean --output?");
  refused({"doc", "list", "--tenat", "t", "--config", "c"}, "did you mean --tenant?");
}

TEST_CASE("crdtctl: what does not go together, or is missing, is wrong usage", "[unit][ctl]") {
  refused({}, "ubcommand");
  refused({"doc"}, "ubcommand");
  refused({"doc", "get", "d", "--tenant", "t"}, "say where the documents are");
  refused({"doc", "get", "d", "--tenant", "t", "--url", "http://h", "--config", "c"}, "say where the documents are");
  refused({"doc", "get", "d", "--config", "c"}, "--tenant");
  refused({"doc", "get", "d", "--config", "c", "--tenant", "a b"}, "--tenant");
  refused({"doc", "get", "a/b", "--config", "c", "--tenant", "t"}, "'a/b' is no document id");
  refused({"doc", "get", "d", "--config", "c", "--tenant", "t", "--api-key", "k"}, "--url");
  refused({"doc", "get", "d", "--config", "c", "--tenant", "t", "--encoded", "f", "--raw"}, "--encoded");
  refused({"doc", "ops", "d", "--config", "c", "--tenant", "t", "--limit", "0"}, "--limit");
  refused({"doc", "verify", "--config", "c", "--tenant", "t"}, "--all");
  refused({"doc", "verify", "d", "--all", "--config", "c", "--tenant", "t"}, "--all");
  refused({"plugin", "list", "--directory", "d", "--config", "c"}, "--");
  refused({"plugin", "list", "--output", "xml"}, "--output");
  refused({"plugin", "check", "x.so", "--seed", "many"}, "--seed");
  refused({"plugin", "inspect"}, "file");
}

TEST_CASE("crdtctl: every verb has help with an example and the exit codes", "[unit][ctl]") {
  const std::vector<std::vector<const char*>> verbs = {{"plugin", "list"}, {"plugin", "inspect"}, {"plugin", "check"},
                                                       {"doc", "list"},    {"doc", "get"},        {"doc", "ops"},
                                                       {"doc", "verify"}};
  for (const auto& verb : verbs) {
    auto words = verb;
    words.push_back("--help");
    const auto parsed = parse(words);
    const std::string name = std::string("crdtctl ") + verb[0] + ' ' + verb[1];
    INFO(name);
    CHECK_FALSE(parsed.line.command);
    CHECK(parsed.line.exit_code == kExitOk);
    CHECK(parsed.err.empty());
    CHECK(parsed.out.find("Examples:\n  " + name) != std::string::npos);
    CHECK(parsed.out.find("5 a plugin was refused") != std::string::npos);
  }
  CHECK(parse({"--version"}).out.find("crdtctl ") == 0);
}
