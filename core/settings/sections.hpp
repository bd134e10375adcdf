// The sections of a configuration that are more than a list of values: types, storage, auth.
#pragma once

#include "settings/schema.hpp"

namespace crdtd::settings {

void read_types(Context& context, const Node& node, Settings& settings);
void read_storage(Context& context, const Node& node, Settings& settings);
void read_auth(Context& context, const Node& node, Settings& settings);

}  // namespace crdtd::settings
