// The configuration that `crdtd dev` runs: the text of config/dev.yaml, put into the program by the build.
#pragma once

#include <string_view>

namespace crdtd::settings {

std::string_view dev_config_text() noexcept;

}  // namespace crdtd::settings
