// POST of a batch of ops, and the rows of a document's log.
#include "net/engine_answers.hpp"
#include "net/handlers.hpp"
#include "net/query_string.hpp"

namespace crdtd::net {
namespace {

using wire::ProblemCode;

constexpr std::uint64_t kRowsMax = 10'000;

Response rows_response(const document::RowsReply& reply) {
  std::vector<wire::RowView> rows;
  rows.reserve(reply.rows.size());
  for (std::size_t i = 0; i < reply.rows.size(); ++i) {
    const auto& row = *reply.rows[i];
    rows.push_back({.version = row.version,
                    .replica = row.replica,
                    .first_counter = row.first_counter,
                    .hlc_unix_ns = row.hlc_unix_ns,
                    .count = row.count,
                    .format = row.format,
                    .node = row.node,
                    .key = row.key,
                    .delta = row.delta,
                    .ops_json = i < reply.inspected.size() ? std::string_view(reply.inspected[i]) : std::string_view()});
  }
  std::string body;
  wire::append_rows_reply(body, {reply.type, rows, reply.version, reply.cursor, reply.head});
  return json_response(std::move(body));
}

}  // namespace

void post_ops(ServerState& state, Exchange exchange) {
  const Request& request = exchange.request();
  document::WriteRequest write;
  if (auto problem = read_write_request(request, write)) return exchange.problem(*problem);
  wire::OpsBody body;
  if (auto problem = wire::read_ops_body(request.body, state.body_limits, body)) return exchange.problem(*problem);
  write.type = std::move(body.type);
  write.ops_json = body.ops;
  write.since = since_from(std::move(body.since));
  send_write(state, std::move(exchange), std::move(write), false);
}

void get_ops(ServerState& state, Exchange exchange) {
  const Request& request = exchange.request();
  if (auto problem = check_accepts_json(request)) return exchange.problem(*problem);
  QueryString query;
  if (auto problem = query.parse(request.query(), {"since", "limit"})) return exchange.problem(*problem);
  document::RowsRequest rows;
  std::uint64_t limit = rows.limit;
  if (auto problem = query.read_number("limit", 1, kRowsMax, limit)) return exchange.problem(*problem);
  rows.limit = static_cast<std::uint32_t>(limit);
  rows.doc = {std::string(request.field(Field::kTenant)), request.doc_id};
  if (const auto* text = query.find("since")) {
    wire::SinceField since;
    if (!wire::parse_since(*text, since)) {
      return exchange.problem(
          wire::make_problem(ProblemCode::kInvalidField, "the query parameter `since` takes a version or a cursor"));
    }
    rows.since = since_from(std::move(since));
  }
  state.hub.rows(std::move(rows), [&state, exchange = std::move(exchange)](base::Result<document::RowsReply> result) mutable {
    if (!result) return exchange.problem(problem_from(state, result.error()));
    exchange.reply(rows_response(*result));
  });
}

}  // namespace crdtd::net
