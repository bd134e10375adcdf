// Probes: alive, and ready to serve. A server that stops or has lost its storage is alive but not ready.
#include "crdtd/wire/json_text.hpp"
#include "net/handlers.hpp"

namespace crdtd::net {

void get_health(ServerState&, Exchange exchange) { exchange.reply(json_response(R"({"status":"ok"})")); }

void get_ready(ServerState& state, Exchange exchange) {
  std::string reason;
  if (state.options.not_ready) reason = state.options.not_ready();
  if (state.stopping) reason = "the server is stopping";
  if (reason.empty()) return exchange.reply(json_response(R"({"status":"ready"})"));
  Response response = json_response(R"({"status":"not-ready","reason":)");
  response.status = 503;
  wire::append_json_string(response.body, reason);
  response.body += '}';
  response.add_field("Retry-After", "1");
  exchange.reply(std::move(response));
}

}  // namespace crdtd::net
