#include <exception>
#include <iostream>
#include <variant>

#include "base/log.hpp"
#include "ctl/command_line.hpp"
#include "ctl/verbs.hpp"

extern char** environ;

namespace {

using namespace crdtd::ctl;

struct Run {
  Console& console;
  Outcome<ExitCode> operator()(const PluginList& command) const { return plugin_list(command, console); }
  Outcome<ExitCode> operator()(const PluginInspect& command) const { return plugin_inspect(command, console); }
  Outcome<ExitCode> operator()(const PluginCheck& command) const { return plugin_check(command, console); }
  Outcome<ExitCode> operator()(const DocList& command) const { return doc_list(command, console); }
  Outcome<ExitCode> operator()(const DocGet& command) const { return doc_get(command, console); }
  Outcome<ExitCode> operator()(const DocOps& command) const { return doc_ops(command, console); }
  Outcome<ExitCode> operator()(const DocVerify& command) const { return doc_verify(command, console); }
};

int run(const Command& command) {
  Console console{std::cout, std::cerr, environ};
  const auto ended = std::visit(Run{console}, command);
  std::cout.flush();
  if (!ended) std::cerr << "crdtctl: " << ended.error().message << '\n';
  return ended ? *ended : ended.error().code;
}

}  // namespace

int main(int argc, char** argv) {
  int code = kExitFailed;
  try {
    const auto parsed = parse_command_line(argc, argv, std::cout, std::cerr);
    if (!parsed.command) return parsed.exit_code;
    // What plugins have to say; but a check forks, and must not have the log's thread beside it.
    if (!std::holds_alternative<PluginCheck>(*parsed.command)) {
      crdtd::base::log_start(crdtd::base::LogLevel::kWarning, crdtd::base::LogFormat::kText);
    }
    code = run(*parsed.command);
  } catch (const std::exception& error) {
    std::cerr << "crdtctl: " << error.what() << '\n';
  }
  crdtd::base::log_stop();
  return code;
}
