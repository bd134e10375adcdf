// What each path does. A handler answers its exchange at once, or gives it to the engine's callback.
//
// Bad input is answered with a problem that names the header, the query parameter or the field.
#pragma once

#include <string>

#include "net/exchange.hpp"
#include "net/net_options.hpp"

namespace crdtd::net {

// handle_docs.cpp; the document's id is in the request
void put_doc(ServerState& state, Exchange exchange);
void get_doc(ServerState& state, Exchange exchange);
void delete_doc(ServerState& state, Exchange exchange);
void list_docs(ServerState& state, Exchange exchange);

// handle_ops.cpp
void post_ops(ServerState& state, Exchange exchange);
void get_ops(ServerState& state, Exchange exchange);

// handle_types.cpp
void get_types(ServerState& state, Exchange exchange);

// handle_health.cpp
void get_health(ServerState& state, Exchange exchange);
void get_ready(ServerState& state, Exchange exchange);

// handle_problems.cpp; `slug` empty: the list
void get_problems(Exchange exchange, std::string_view slug);

}  // namespace crdtd::net
