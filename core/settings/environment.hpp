// Lays the environment and the command line over the tree that the file gave, so that they are checked by the same rules.
#pragma once

#include "settings/tree.hpp"

namespace crdtd::settings {

// The command line wins over ADDR and CRDTD_*, and these over the file. Every value placed remembers who gave it.
void lay_over(Node& root, const Overrides& overrides, Findings& findings);

}  // namespace crdtd::settings
