// What the program's verbs do; each has a file of its own name. Results go to `out`, notes beside them to `err`.
//
// A verb returns its exit code, or a failure with one; it prints the failure of nothing but itself. Threads: [main].
#pragma once

#include <ostream>

#include "ctl/commands.hpp"
#include "ctl/exit_code.hpp"

namespace crdtd::ctl {

struct Console {
  std::ostream& out;
  std::ostream& err;
  const char* const* environment;  // as main gets it
};

Outcome<ExitCode> plugin_list(const PluginList& command, Console& console);
Outcome<ExitCode> plugin_inspect(const PluginInspect& command, Console& console);
Outcome<ExitCode> plugin_check(const PluginCheck& command, Console& console);
Outcome<ExitCode> doc_list(const DocList& command, Console& console);
Outcome<ExitCode> doc_get(const DocGet& command, Console& console);
Outcome<ExitCode> doc_ops(const DocOps& command, Console& console);
Outcome<ExitCode> doc_verify(const DocVerify& command, Console& console);

}  // namespace crdtd::ctl
