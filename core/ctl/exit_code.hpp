// How a verb ends: the process's exit codes, which scripts can rely on, and the failure that carries one.
#pragma once

#include <string>
#include <utility>

#include "base/result.hpp"

namespace crdtd::ctl {

enum ExitCode : int {
  kExitOk = 0,
  kExitFailed = 1,   // the answer is no: a check failed, something was found, there is no such document
  kExitUsage = 2,    // the command line is wrong
  kExitConfig = 3,   // the configuration is wrong
  kExitStorage = 4,  // the store cannot be opened or read, or another process holds it
  kExitPlugin = 5,   // a plugin was refused
  kExitServer = 6,   // the server could not be reached, or refused the request
};

struct Failure {
  ExitCode code = kExitFailed;
  std::string message;  // a sentence for a person, perhaps several lines
};

template <class T>
using Outcome = base::Result<T, Failure>;

}  // namespace crdtd::ctl
