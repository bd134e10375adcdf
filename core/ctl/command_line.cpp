#include "ctl/command_line.hpp"

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <utility>

#include "base/ids.hpp"
#include "ctl/version.hpp"
#include "settings/scalars.hpp"

namespace crdtd::ctl {
namespace {

constexpr const char* kExitCodes =
    "Exit codes: 0 done, 1 the answer is no (a check failed, something was found, no such document),\n"
    "  2 wrong command line, 3 wrong configuration, 4 the store cannot be opened or read, or is in use,\n"
    "  5 a plugin was refused, 6 the server could not be reached or refused the request.";

// A verb that was set up: its part of the command line, and the command it fills.
struct Verb {
  CLI::App* app;
  std::function<Command()> command;
};

std::string foot(const std::string& examples) { return "Examples:\n" + examples + "\n" + kExitCodes; }

void add_output(CLI::App& app, OutputFormat& output) {
  static const std::map<std::string, OutputFormat> kFormats = {{"table", OutputFormat::kTable}, {"json", OutputFormat::kJson}};
  app.add_option("--output", output, "table for people, json for programs [table]")
      ->transform(CLI::CheckedTransformer(kFormats))
      ->option_text("table|json");
}

void add_place(CLI::App& app, Place& place, const char* config_help) {
  auto* url = app.add_option("--url", place.url, "The server that holds the documents")->type_name("http://HOST:PORT");
  app.add_option("--config", place.config, config_help)->type_name("FILE");
  app.add_option("--tenant", place.tenant, "Whose documents")->required()->type_name("NAME");
  app.add_option("--node", place.node, "As which client to call [crdtctl]")->needs(url)->type_name("NAME");
  auto* key = app.add_option("--api-key", place.api_key,
                             "The key to call with; other users of this machine can see it, so rather use the next one, or\n"
                             "CRDTCTL_API_KEY, or CRDTCTL_API_KEY_FILE in the environment");
  key->needs(url)->type_name("KEY");
  app.add_option("--api-key-file", place.api_key_file, "A file that holds the key")->needs(url)->excludes(key)->type_name("FILE");
  app.add_option("--timeout", place.timeout_ms, "How long a call may take, in milliseconds [10000]")
      ->needs(url)
      ->check(CLI::Range(1u, 3'600'000u))
      ->type_name("MS");
}

constexpr const char* kStoreHelp = "Instead of --url: the configuration of a store that no server holds";

Verb add_plugin_list(CLI::App& group) {
  auto* app = group.add_subcommand("list", "What a plugin folder holds; nothing of it is run");
  auto command = std::make_shared<PluginList>();
  add_output(*app, command->output);
  auto* directory = app->add_option("--directory", command->directory, "The folder [beside this program: ../lib/crdtd/plugins]");
  directory->type_name("DIR");
  app->add_option("--config", command->config, "The folder that this configuration uses, and what it enables")
      ->excludes(directory)
      ->type_name("FILE");
  app->footer(foot("  crdtctl plugin list\n  crdtctl plugin list --config /etc/crdtd/crdtd.yaml --output json\n"));
  return {app, [command] { return *command; }};
}

Verb add_plugin_inspect(CLI::App& group) {
  auto* app = group.add_subcommand("inspect", "Manifest, digest, symbols and limits of a plugin file, without running it");
  auto command = std::make_shared<PluginInspect>();
  add_output(*app, command->output);
  app->add_option("file", command->file, "The plugin's library")->required()->type_name("FILE.so");
  auto* delta = app->add_option("--delta", command->delta,
                                "Load the plugin and show this delta as its type sees it: hexadecimal digits, or @FILE");
  delta->type_name("HEX|@FILE");
  app->add_option("--type", command->type, "The delta's type [the only one of the plugin]")->needs(delta)->type_name("NAME");
  app->add_option("--format", command->format, "The delta's format [the one that the type writes]")->needs(delta)->type_name("N");
  app->footer(
      foot("  crdtctl plugin inspect acme_max.so\n  crdtctl plugin inspect acme_max.so --delta @delta.bin --type acme-max\n"));
  return {app, [command] { return *command; }};
}

Verb add_plugin_check(CLI::App& group) {
  auto* app = group.add_subcommand("check", "Judge a plugin: the laws for its types, the contract for its storages");
  auto command = std::make_shared<PluginCheck>();
  add_output(*app, command->output);
  app->add_option("file", command->file, "The plugin's library")->required()->type_name("FILE.so");
  app->add_option("--type", command->type, "Only this type or storage of the plugin")->type_name("NAME");
  app->add_option("--set", command->settings,
                  "A setting of the storage, repeatable; true, false and numbers are what they are, all else is text. Relative\n"
                  "paths start in a folder that is removed afterwards; what is at an absolute one is overwritten")
      ->take_all()
      ->allow_extra_args(false)
      ->type_name("NAME=VALUE");
  app->add_option("--seed", command->seed, "The seed of all chance [drawn, and printed]")->type_name("N");
  app->add_option("--only", command->only, "Only this check; it runs in this process, for a debugger, and not in one of its own")
      ->type_name("CHECK");
  app->add_option("--rounds", command->rounds, "How much chance: histories for each law, steps of the storage's random check")
      ->check(CLI::Range(1u, 100'000'000u))
      ->type_name("N");
  app->add_flag("--volatile", command->is_volatile, "The storage keeps nothing once it is closed");
  app->add_flag("--list", command->list, "Name the checks, run none");
  app->footer(
      foot("  crdtctl plugin check acme_max.so\n  crdtctl plugin check acme_files.so --set path=store\n"
           "  crdtctl plugin check acme_max.so --only merge-commutative --seed 7\n"));
  return {app, [command] { return *command; }};
}

Verb add_doc_list(CLI::App& group) {
  auto* app = group.add_subcommand("list", "The documents of a tenant");
  auto command = std::make_shared<DocList>();
  add_output(*app, command->output);
  add_place(*app, command->place, kStoreHelp);
  app->add_option("--after", command->after, "Go on behind this id")->type_name("ID");
  app->add_option("--limit", command->limit, "At most so many [100]")->check(CLI::Range(1u, 1000u))->type_name("N");
  app->footer(foot("  crdtctl doc list --url http://127.0.0.1:8080 --tenant acme\n"));
  return {app, [command] { return *command; }};
}

Verb add_doc_get(CLI::App& group) {
  auto* app = group.add_subcommand("get", "A document's value, or its encoded state");
  auto command = std::make_shared<DocGet>();
  add_output(*app, command->output);
  add_place(*app, command->place, kStoreHelp);
  app->add_option("id", command->id, "The document")->required()->type_name("ID");
  app->add_option("--version", command->version, "An earlier version, as long as its rows are kept")->type_name("V");
  auto* query = app->add_option("--query", command->query, "The type's own query instead of the whole value")->type_name("JSON");
  auto* encoded = app->add_option("--encoded", command->encoded_file,
                                  "Write the encoded state with the known table to this file (application/vnd.crdtd.snapshot)");
  encoded->excludes(query)->type_name("FILE");
  app->add_flag("--raw", command->raw, "The value alone, on one line")->excludes(encoded);
  app->footer(
      foot("  crdtctl doc get todos --url http://127.0.0.1:8080 --tenant acme\n"
           "  crdtctl doc get todos --config crdtd.yaml --tenant acme --encoded todos.bin\n"));
  return {app, [command] { return *command; }};
}

Verb add_doc_ops(CLI::App& group) {
  auto* app = group.add_subcommand("ops", "The rows of a document's log");
  auto command = std::make_shared<DocOps>();
  add_output(*app, command->output);
  add_place(*app, command->place, kStoreHelp);
  app->add_option("id", command->id, "The document")->required()->type_name("ID");
  app->add_option("--since", command->since, "Only rows after this version or cursor")->type_name("V|CURSOR");
  app->add_option("--limit", command->limit, "At most so many [100]")->check(CLI::Range(1u, 10'000u))->type_name("N");
  app->add_flag("--delta", command->delta, "Each delta, as its type shows it");
  app->footer(
      foot("  crdtctl doc ops todos --url http://127.0.0.1:8080 --tenant acme --since 12 --delta\n"
           "  crdtctl doc ops todos --config crdtd.yaml --tenant acme --output json\n"));
  return {app, [command] { return *command; }};
}

Verb add_doc_verify(CLI::App& group) {
  auto* app = group.add_subcommand("verify", "Prove a document: recompute all that can be, and name what does not fit");
  auto command = std::make_shared<DocVerify>();
  add_output(*app, command->output);
  add_place(*app, command->place,
            "The configuration of a store that no server holds; with --url, only of the types by which to recompute");
  app->add_option("--directory", command->place.directory,
                  "With --url: the folder with the types' plugins [beside this program: ../lib/crdtd/plugins]")
      ->needs("--url")
      ->excludes("--config")
      ->type_name("DIR");
  auto* id = app->add_option("id", command->id, "The document")->type_name("ID");
  app->add_flag("--all", command->all, "All documents of the tenant")->excludes(id);
  app->footer(
      foot("  crdtctl doc verify --all --config crdtd.yaml --tenant acme\n"
           "  crdtctl doc verify todos --url http://127.0.0.1:8080 --tenant acme\n"));
  return {app, [command] { return *command; }};
}

// What the options cannot say by themselves. Empty: all is well.
std::string mistake_in(const Place& place, bool config_with_url) {
  if (!base::is_name(place.tenant)) {
    return "--tenant: wanted 1 to 128 letters, digits, '.', '_', '~' and '-', found '" + place.tenant + "'";
  }
  const bool both = !place.url.empty() && !place.config.empty();
  if ((both && !config_with_url) || (place.url.empty() && place.config.empty())) {
    return "say where the documents are, once: --url http://HOST:PORT for a server, or --config FILE for a store that no server "
           "holds";
  }
  return {};
}
std::string mistake_in_id(const std::string& id) {
  if (base::is_name(id)) return {};
  return "'" + id + "' is no document id: wanted 1 to 128 letters, digits, '.', '_', '~' and '-'";
}

struct MistakeIn {
  std::string operator()(const PluginList&) const { return {}; }
  std::string operator()(const PluginInspect&) const { return {}; }
  std::string operator()(const PluginCheck&) const { return {}; }
  std::string operator()(const DocList& command) const {
    auto mistake = mistake_in(command.place, false);
    return !mistake.empty() || command.after.empty() ? mistake : mistake_in_id(command.after);
  }
  std::string operator()(const DocGet& command) const {
    auto mistake = mistake_in(command.place, false);
    return mistake.empty() ? mistake_in_id(command.id) : mistake;
  }
  std::string operator()(const DocOps& command) const {
    auto mistake = mistake_in(command.place, false);
    return mistake.empty() ? mistake_in_id(command.id) : mistake;
  }
  std::string operator()(const DocVerify& command) const {
    if (!command.all && command.id.empty()) return "say what to verify: a document's id, or --all";
    auto mistake = mistake_in(command.place, true);
    return !mistake.empty() || command.all ? mistake : mistake_in_id(command.id);
  }
};

// The nearest verb for the first word that is none; empty if there is no such word.
std::string unknown_verb(const CLI::App& app, int argc, const char* const* argv) {
  const CLI::App* at = &app;
  std::string path = "crdtctl";
  for (int i = 1; i < argc && !at->get_subcommands({}).empty(); ++i) {
    const std::string word = argv[i];
    if (word.starts_with('-')) return {};
    std::vector<std::string> names;
    const CLI::App* next = nullptr;
    for (const auto* sub : at->get_subcommands({})) {
      names.push_back(sub->get_name());
      if (sub->get_name() == word) next = sub;
    }
    if (next == nullptr) return path + " has no '" + word + "'; " + settings::suggestion(word, names);
    at = next;
    path += ' ' + word;
  }
  return {};
}

// The nearest option for the first one that is none; empty if that is not what went wrong.
std::string unknown_option(const CLI::App& verb) {
  for (const auto& word : verb.remaining()) {
    if (!word.starts_with("--")) continue;
    const auto name = word.substr(2, word.find('=') - 2);
    std::vector<std::string> names;
    for (const auto* option : verb.get_options()) {
      for (const auto& long_name : option->get_lnames()) names.push_back(long_name);
    }
    const auto near = settings::nearest(name, names);
    return "there is no option --" + name + (near.empty() ? "" : "; did you mean --" + near + "?");
  }
  return {};
}

}  // namespace

ParsedCommandLine parse_command_line(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  CLI::App app("crdtctl looks at plugins, documents and stores of crdtd, and judges them.", "crdtctl");
  app.set_version_flag("--version", std::string("crdtctl ") + kVersion);
  app.require_subcommand(1);
  app.footer(kExitCodes);
  auto* plugin = app.add_subcommand("plugin", "Plugin files: list, inspect, check");
  plugin->require_subcommand(1);
  auto* doc = app.add_subcommand("doc", "Documents of a server or of a store: list, get, ops, verify");
  doc->require_subcommand(1);
  const Verb verbs[] = {add_plugin_list(*plugin), add_plugin_inspect(*plugin), add_plugin_check(*plugin), add_doc_list(*doc),
                        add_doc_get(*doc),        add_doc_ops(*doc),           add_doc_verify(*doc)};
  const auto refuse = [&](const std::string& mistake, const std::string& path) {
    err << "crdtctl: " << mistake << "\nsee " << path << " --help\n";
    return ParsedCommandLine{std::nullopt, kExitUsage};
  };
  if (auto mistake = unknown_verb(app, argc, argv); !mistake.empty()) return refuse(mistake, "crdtctl");
  const auto path_of = [&] {
    std::string path = "crdtctl";
    for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
      at = at->get_subcommands().front();
      path += ' ' + at->get_name();
    }
    return path;
  };
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {  // --help, --version
      app.exit(error, out, err);
      return {std::nullopt, kExitOk};
    }
    for (const auto& verb : verbs) {
      if (auto mistake = unknown_option(*verb.app); !mistake.empty()) return refuse(mistake, path_of());
    }
    return refuse(error.what(), path_of());
  }
  for (const auto& verb : verbs) {
    if (!verb.app->parsed()) continue;
    auto command = verb.command();
    if (auto mistake = std::visit(MistakeIn{}, command); !mistake.empty()) return refuse(mistake, path_of());
    return {std::move(command), kExitOk};
  }
  return refuse("nothing was asked for", "crdtctl");
}

}  // namespace crdtd::ctl
