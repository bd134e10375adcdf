// Between the wire and the engine: what a request says in the engine's words, and the engine's answers as replies.
#pragma once

#include <optional>
#include <string>

#include "document/document_hub.hpp"
#include "net/exchange.hpp"
#include "net/net_options.hpp"

namespace crdtd::net {

// An engine's error with what the server can add: the types that are enabled.
wire::Problem problem_from(const ServerState& state, const base::Error& error);

document::Since since_from(wire::SinceField&& field);

// ?unit=utf16 or ?unit=codepoint
class QueryString;
std::optional<wire::Problem> read_unit(const QueryString& query, bool& utf16);

// Fills what PUT and POST have in common from headers and query: names, key with digest, conditions, wishes.
std::optional<wire::Problem> read_write_request(const Request& request, document::WriteRequest& out);

// Sends the write to the engine and answers. `is_put`: pointers into the ops that were made for it point at `value` instead.
void send_write(ServerState& state, Exchange exchange, document::WriteRequest&& write, bool is_put);

// Nothing if application/json may be sent.
std::optional<wire::Problem> check_accepts_json(const Request& request);

}  // namespace crdtd::net
