// The server as a process: from settings to `listening on`, to a signal, to the end.
#pragma once

#include "settings/settings.hpp"

namespace crdtd::app {

// Serves until SIGTERM or SIGINT, then finishes what was taken and returns 0. Prints `listening on ADDRESS` on standard output
// when it is ready. A failure to start is one line on standard error and kExitFailed; when the storage fails later, readiness is
// taken back, nothing is acknowledged any more, and the process ends with kExitStorageFailed. [main]
int run_server(const settings::Settings& settings);

// Finds and loads the plugins that the settings name, without opening the store: kExitOk, or kExitConfig with a line for each
// refusal.
int check_plugins(const settings::Settings& settings);

}  // namespace crdtd::app
