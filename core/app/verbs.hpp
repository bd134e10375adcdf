// What the program's verbs do. Each returns the process's exit code; mistakes of the operator go to standard error, one a line.
#pragma once

#include "app/command_line.hpp"

namespace crdtd::app {

int serve(const CommandLine& command, const char* const* environment);
int dev(const CommandLine& command, const char* const* environment);
int check_config(const CommandLine& command, const char* const* environment);

}  // namespace crdtd::app
