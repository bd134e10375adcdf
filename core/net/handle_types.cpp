// What is enabled.
#include "crdtd/wire/reply.hpp"
#include "net/engine_answers.hpp"
#include "net/handlers.hpp"
#include "net/query_string.hpp"

namespace crdtd::net {

void get_types(ServerState& state, Exchange exchange) {
  QueryString query;
  if (auto problem = check_accepts_json(exchange.request())) return exchange.problem(*problem);
  if (auto problem = query.parse(exchange.request().query(), {})) return exchange.problem(*problem);
  std::string body;
  wire::append_types_reply(body, state.options.types);
  exchange.reply(json_response(std::move(body)));
}

}  // namespace crdtd::net
