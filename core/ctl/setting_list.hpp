// `--set name=value` as the JSON object that a storage takes as its settings.
//
// The rule for a value: true and false are booleans; what is a JSON number is that number, as written; what is a JSON string,
// quotes included, is that string (--set 'name="5"'); all else is a string as it stands. A name is given once.
#pragma once

#include <string>
#include <vector>

#include "ctl/exit_code.hpp"

namespace crdtd::ctl {

Outcome<std::string> settings_json(const std::vector<std::string>& assignments);

}  // namespace crdtd::ctl
