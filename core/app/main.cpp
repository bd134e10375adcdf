#include <cstdio>
#include <exception>

#include "app/command_line.hpp"
#include "app/verbs.hpp"

extern char** environ;

int main(int argc, char** argv) {
  using namespace crdtd::app;
  try {
    const auto parsed = parse_command_line(argc, argv);
    if (!parsed.command) return parsed.exit_code;
    switch (parsed.command->verb) {
      case CommandLine::Verb::kServe:
        return serve(*parsed.command, environ);
      case CommandLine::Verb::kDev:
        return dev(*parsed.command, environ);
      case CommandLine::Verb::kCheckConfig:
        return check_config(*parsed.command, environ);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "crdtd: %s\n", error.what());
  }
  return kExitFailed;
}
