#include "app/command_line.hpp"

#include <CLI/CLI.hpp>

#include "app/version.hpp"

namespace crdtd::app {

ParsedCommandLine parse_command_line(int argc, const char* const* argv) {
  CommandLine command;
  std::string listen;
  CLI::App app("crdtd keeps shared documents for offline-first apps.", "crdtd");
  app.set_version_flag("--version", std::string("crdtd ") + kVersion);
  app.require_subcommand(1);

  auto* serve = app.add_subcommand("serve", "Serve with a configuration file");
  serve->add_option("--config", command.config_file, "The configuration (YAML)")->required()->type_name("FILE");

  auto* dev = app.add_subcommand("dev", "Serve on this machine only, with all built-in types, for trying things out");
  dev->add_option("--listen", listen, "Address, host:port; port 0 takes a free one [127.0.0.1:8080]")->type_name("ADDRESS");
  dev->add_option("--data", command.data_directory, "Folder that keeps the documents [data]")->type_name("DIR");
  dev->add_flag("--print-config", command.print_config, "Print the configuration that this runs, and end");

  auto* check = app.add_subcommand("check-config", "Check a configuration file; every mistake is named");
  check->add_option("file", command.config_file, "The configuration (YAML)")->required()->type_name("FILE");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool asked_for = error.get_exit_code() == 0;  // --help, --version
    app.exit(error);
    return {std::nullopt, asked_for ? kExitOk : kExitUsage};
  }
  if (serve->parsed()) command.verb = CommandLine::Verb::kServe;
  if (dev->parsed()) command.verb = CommandLine::Verb::kDev;
  if (check->parsed()) command.verb = CommandLine::Verb::kCheckConfig;
  if (!listen.empty()) command.listen = listen;
  return {std::move(command), kExitOk};
}

}  // namespace crdtd::app
