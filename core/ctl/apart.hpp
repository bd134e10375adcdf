// Runs one check in a process of its own, so that a plugin that crashes fails that check and no more.
//
// Threads: [main]; the calling process must have no other thread that the check depends on.
#pragma once

#include <functional>
#include <string>

#include "crdtd/conformance/check_result.hpp"

namespace crdtd::ctl {

using CheckRun = std::function<conformance::CheckResult()>;

// The result of `run`, made in a forked child. If the child ends without one, that is a failure which says by what.
conformance::CheckResult run_apart(const std::string& name, const CheckRun& run);

}  // namespace crdtd::ctl
