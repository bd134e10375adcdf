// From a request to its handler: who may ask (Host, Origin, headers, key), what is asked (path, method).
#pragma once

#include <optional>

#include "net/exchange.hpp"
#include "net/net_options.hpp"

namespace crdtd::net {

// Whether the caller may ask at all, by what the head says; sets `cors` of the request. [any]
std::optional<wire::Problem> check_caller(ServerState& state, Request& request);

// Answers by itself, or hands the exchange to a handler. [any]
void route(ServerState& state, Exchange exchange);

}  // namespace crdtd::net
