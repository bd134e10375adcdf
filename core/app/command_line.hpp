// What the program was asked to do: its verbs and options, checked.
#pragma once

#include <optional>
#include <string>

namespace crdtd::app {

// The process's exit codes, which service managers and scripts can rely on.
enum ExitCode : int {
  kExitOk = 0,
  kExitFailed = 1,         // could not start, or an unexpected failure
  kExitUsage = 2,          // the command line is wrong
  kExitConfig = 3,         // the configuration is wrong
  kExitStorageFailed = 4,  // durability could no longer be promised, so the server stopped
};

struct CommandLine {
  enum class Verb { kServe, kDev, kCheckConfig };
  Verb verb = Verb::kServe;
  std::string config_file;              // serve, check-config
  std::optional<std::string> listen;    // dev
  std::string data_directory = "data";  // dev
  bool print_config = false;            // dev
};

// Parses the arguments. Nothing to do (help, version) or a mistake: prints it and returns the exit code.
struct ParsedCommandLine {
  std::optional<CommandLine> command;
  int exit_code = kExitOk;  // without a command
};
ParsedCommandLine parse_command_line(int argc, const char* const* argv);

}  // namespace crdtd::app
