// PUT, GET and DELETE of a document, and the list of a tenant's documents.
#include "crdtd/wire/snapshot.hpp"
#include "net/engine_answers.hpp"
#include "net/handlers.hpp"
#include "net/header_values.hpp"
#include "net/query_string.hpp"

namespace crdtd::net {
namespace {

using wire::ProblemCode;

constexpr std::uint64_t kListMax = 1000;

Response snapshot_response(const document::ReadReply& reply) {
  wire::SnapshotView view{.type = reply.type,
                          .format = reply.format,
                          .version = reply.version,
                          .cursor = reply.cursor,
                          .known = {},
                          .encoded = reply.encoded};
  view.known.reserve(reply.known.size());
  for (const auto& known : reply.known) view.known.push_back({known.replica, known.counter, known.chain, known.node});
  Response response;
  response.content_type = wire::kSnapshotMediaType;
  wire::append_snapshot(response.body, view);
  return response;
}

Response read_response(const document::ReadReply& reply, bool encoded, bool not_modified) {
  Response response;
  if (not_modified) {
    response.status = 304;
  } else if (encoded) {
    response = snapshot_response(reply);
  } else {
    response.body.reserve(64 + reply.type.size() + reply.cursor.size() + reply.value_json.size());
    wire::append_read_reply(response.body, {reply.type, reply.version, reply.cursor, reply.value_json});
  }
  response.fields.append("ETag: \"").append(reply.cursor).append("\"\r\n");
  return response;
}

// The one tag of If-None-Match, so that the engine can spare the value; lists are compared with the reply.
std::string single_tag(const Request& request) {
  std::string_view text = request.field(Field::kIfNoneMatch);
  if (text.starts_with("W/")) text.remove_prefix(2);
  if (text.size() < 2 || text.front() != '"' || text.find('"', 1) != text.size() - 1) return {};
  return std::string(text.substr(1, text.size() - 2));
}

std::optional<wire::Problem> read_read_request(const ServerState& state, const Request& request, document::ReadRequest& out) {
  QueryString query;
  if (auto problem = query.parse(request.query(), {"query", "version", "unit"})) return problem;
  if (auto problem = read_unit(query, out.utf16)) return problem;
  if (const auto* text = query.find("query")) {
    if (auto problem = wire::check_json(*text, state.options.json)) {
      problem->detail.insert(0, "the query parameter `query`: ");
      return problem;
    }
    out.query_json = *text;
  }
  if (query.find("version") != nullptr) {
    if (auto problem = query.read_number("version", 0, ~std::uint64_t{0}, out.version.emplace())) return problem;
  }
  const int json = accept_quality(request, "application/json");
  const int snapshot = accept_quality(request, wire::kSnapshotMediaType);
  out.encoded = snapshot > json;
  if (json == 0 && snapshot == 0) {
    return wire::make_problem(ProblemCode::kNotAcceptable, "this path sends application/json or application/vnd.crdtd.snapshot");
  }
  if (out.encoded && !out.query_json.empty()) {
    return wire::make_problem(ProblemCode::kInvalidField, "the query parameter `query` does not go with the encoded state");
  }
  out.doc = {std::string(request.field(Field::kTenant)), request.doc_id};
  out.if_none_match = single_tag(request);
  return {};
}

}  // namespace

void put_doc(ServerState& state, Exchange exchange) {
  const Request& request = exchange.request();
  document::WriteRequest write;
  if (auto problem = read_write_request(request, write)) return exchange.problem(*problem);
  wire::PutBody body;
  if (auto problem = wire::read_put_body(request.body, state.body_limits, body)) return exchange.problem(*problem);
  write.type = std::move(body.type);
  write.ops_json.reserve(body.value.size() + 16);
  write.ops_json.append(R"([{"assign":)").append(body.value).append("}]");
  send_write(state, std::move(exchange), std::move(write), true);
}

void get_doc(ServerState& state, Exchange exchange) {
  document::ReadRequest read;
  if (auto problem = read_read_request(state, exchange.request(), read)) return exchange.problem(*problem);
  const bool encoded = read.encoded;
  state.hub.read(std::move(read),
                 [&state, exchange = std::move(exchange), encoded](base::Result<document::ReadReply> result) mutable {
                   if (!result) return exchange.problem(problem_from(state, result.error()));
                   const bool hit = result->not_modified || none_match_hits(exchange.request(), result->cursor);
                   exchange.reply(read_response(*result, encoded, hit));
                 });
}

void delete_doc(ServerState& state, Exchange exchange) {
  const Request& request = exchange.request();
  QueryString query;
  if (auto problem = query.parse(request.query(), {})) return exchange.problem(*problem);
  document::EraseRequest erase;
  erase.doc = {std::string(request.field(Field::kTenant)), request.doc_id};
  if (auto problem = read_if_match(request, erase.if_match)) return exchange.problem(*problem);
  state.hub.erase(std::move(erase), [&state, exchange = std::move(exchange)](base::Result<document::Nothing> result) mutable {
    if (!result) return exchange.problem(problem_from(state, result.error()));
    Response response;
    response.status = 204;
    exchange.reply(std::move(response));
  });
}

void list_docs(ServerState& state, Exchange exchange) {
  const Request& request = exchange.request();
  if (auto problem = check_accepts_json(request)) return exchange.problem(*problem);
  QueryString query;
  if (auto problem = query.parse(request.query(), {"limit", "after"})) return exchange.problem(*problem);
  document::ListRequest list;
  std::uint64_t limit = list.limit;
  if (auto problem = query.read_number("limit", 1, kListMax, limit)) return exchange.problem(*problem);
  list.limit = static_cast<std::uint32_t>(limit);
  list.tenant = request.field(Field::kTenant);
  if (const auto* after = query.find("after")) {
    if (!base::is_name(*after)) {
      return exchange.problem(wire::make_problem(ProblemCode::kInvalidField, "the query parameter `after` takes a document id"));
    }
    list.after = *after;
  }
  state.hub.list(std::move(list), [&state, exchange = std::move(exchange)](base::Result<document::ListReply> result) mutable {
    if (!result) return exchange.problem(problem_from(state, result.error()));
    std::vector<wire::DocView> docs;
    docs.reserve(result->items.size());
    for (const auto& item : result->items) docs.push_back({item.id, item.type, item.version});
    std::string body;
    wire::append_list_reply(body, docs, result->more);
    exchange.reply(json_response(std::move(body)));
  });
}

}  // namespace crdtd::net
