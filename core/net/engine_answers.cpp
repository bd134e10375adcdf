#include "net/engine_answers.hpp"

#include "crdtd/wire/reply.hpp"
#include "net/header_values.hpp"
#include "net/query_string.hpp"

namespace crdtd::net {
namespace {

using wire::ProblemCode;

// PUT sends the value as the op {"assign":…}; its author knows it as `value`.
std::string put_pointer(const std::string& pointer) {
  for (const std::string_view made : {"/ops/0/assign", "/ops/0"}) {
    if (pointer.starts_with(made)) return "/value" + pointer.substr(made.size());
  }
  return pointer;
}

Response write_response(const document::WriteReply& reply, bool minimal) {
  Response response;
  response.body.reserve(96 + reply.cursor.size() + reply.value_json.size() + reply.result_json.size());
  wire::append_write_reply(response.body, {.version = reply.version,
                                           .applied = reply.applied,
                                           .minimal = minimal,
                                           .cursor = reply.cursor,
                                           .value_json = reply.value_json,
                                           .result_json = reply.result_json});
  if (minimal) {
    response.fields = "Preference-Applied: return=minimal\r\n";
  } else {
    response.fields.append("ETag: \"").append(reply.cursor).append("\"\r\n");
  }
  if (reply.replayed) response.add_field("Idempotency-Replayed", "true");
  return response;
}

}  // namespace

wire::Problem problem_from(const ServerState& state, const base::Error& error) {
  auto problem = wire::make_problem(error.code, error.detail, error.pointer, error.value);
  if (error.code == ProblemCode::kTypeNotEnabled) {
    for (const auto& type : state.options.types) problem.enabled.push_back(type.name);
  }
  return problem;
}

document::Since since_from(wire::SinceField&& field) {
  document::Since since;
  switch (field.kind) {
    case wire::SinceField::Kind::kAbsent:
      break;
    case wire::SinceField::Kind::kNumber:
      since.kind = document::Since::Kind::kNumber;
      since.number = field.number;
      break;
    case wire::SinceField::Kind::kCursor:
      since.kind = document::Since::Kind::kCursor;
      since.cursor = std::move(field.cursor);
      break;
  }
  return since;
}

std::optional<wire::Problem> read_unit(const QueryString& query, bool& utf16) {
  const auto* unit = query.find("unit");
  if (unit == nullptr) return {};
  utf16 = *unit == "utf16";
  if (utf16 || *unit == "codepoint") return {};
  return wire::make_problem(ProblemCode::kInvalidField, "the query parameter `unit` takes utf16 or codepoint");
}

std::optional<wire::Problem> check_accepts_json(const Request& request) {
  if (accept_quality(request, "application/json") > 0) return {};
  return wire::make_problem(ProblemCode::kNotAcceptable, "this path sends application/json");
}

std::optional<wire::Problem> read_write_request(const Request& request, document::WriteRequest& out) {
  if (auto problem = check_accepts_json(request)) return problem;
  if (auto problem = check_json_content(request)) return problem;
  QueryString query;
  if (auto problem = query.parse(request.query(), {"unit"})) return problem;
  if (auto problem = read_unit(query, out.utf16)) return problem;
  if (auto problem = read_if_match(request, out.if_match)) return problem;
  if (auto problem = read_create_only(request, out.if_none_match_any)) return problem;
  out.doc = {std::string(request.field(Field::kTenant)), request.doc_id};
  out.node = request.field(Field::kNode);
  out.want_value = !prefers_minimal(request);
  if (!request.has(Field::kIdempotencyKey)) return {};
  const auto key = request.field(Field::kIdempotencyKey);
  if (!is_idempotency_key(key)) {
    return wire::make_problem(ProblemCode::kInvalidHeader, "Idempotency-Key takes 1 to 128 printable ASCII characters");
  }
  out.key = document::IdempotencyKey{std::string(key), sha256({request.method_text, "\n", request.target, "\n", request.body})};
  return {};
}

void send_write(ServerState& state, Exchange exchange, document::WriteRequest&& write, bool is_put) {
  const bool minimal = !write.want_value;
  state.hub.write(std::move(write),
                  [&state, exchange = std::move(exchange), minimal, is_put](base::Result<document::WriteReply> result) mutable {
                    if (result) return exchange.reply(write_response(*result, minimal));
                    auto problem = problem_from(state, result.error());
                    if (is_put) problem.pointer = put_pointer(problem.pointer);
                    exchange.problem(problem);
                  });
}

}  // namespace crdtd::net
