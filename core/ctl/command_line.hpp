// The command line of crdtctl: its verbs and options, with help that shows an example of each.
//
// Threads: [main]. The only part with CLI11 in it.
#pragma once

#include <optional>
#include <ostream>

#include "ctl/commands.hpp"
#include "ctl/exit_code.hpp"

namespace crdtd::ctl {

// Nothing to do (help, version) or a mistake: it is printed, and the exit code stands for the command. A verb or option that
// is not known is answered with the nearest one.
struct ParsedCommandLine {
  std::optional<Command> command;
  ExitCode exit_code = kExitOk;  // without a command
};
ParsedCommandLine parse_command_line(int argc, const char* const* argv, std::ostream& out, std::ostream& err);

}  // namespace crdtd::ctl
