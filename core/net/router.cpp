#include "net/router.hpp"

#include <string>

#include "base/ids.hpp"
#include "crdtd/wire/request.hpp"
#include "net/handlers.hpp"
#include "settings/origin.hpp"

namespace crdtd::net {
namespace {

using wire::ProblemCode;

enum class Path { kNone, kDocs, kDoc, kOps, kTypes, kHealth, kReady, kProblems };

struct Route {
  Path path = Path::kNone;
  std::string_view argument;  // the segment that names a document or a problem, as sent
};

Route find_route(std::string_view path) {
  constexpr std::string_view kDocsPrefix = "/v1/docs/";
  constexpr std::string_view kProblemsPrefix = "/problems/";
  if (path.starts_with(kDocsPrefix)) {
    const std::string_view rest = path.substr(kDocsPrefix.size());
    const std::size_t slash = rest.find('/');
    if (slash == std::string_view::npos) return {Path::kDoc, rest};
    if (rest.substr(slash) == "/ops") return {Path::kOps, rest.substr(0, slash)};
    return {};
  }
  if (path == "/v1/docs") return {Path::kDocs, {}};
  if (path == "/v1/types") return {Path::kTypes, {}};
  if (path == "/healthz") return {Path::kHealth, {}};
  if (path == "/readyz") return {Path::kReady, {}};
  if (path == "/problems") return {Path::kProblems, {}};
  if (path.starts_with(kProblemsPrefix)) return {Path::kProblems, path.substr(kProblemsPrefix.size())};
  return {};
}

std::string_view allowed_methods(Path path) {
  switch (path) {
    case Path::kDoc:
      return "GET, HEAD, PUT, DELETE, OPTIONS";
    case Path::kOps:
      return "GET, HEAD, POST, OPTIONS";
    default:
      return "GET, HEAD, OPTIONS";
  }
}

bool takes(Path path, Method method) {
  switch (method) {
    case Method::kGet:
    case Method::kHead:
      return true;
    case Method::kPut:
    case Method::kDelete:
      return path == Path::kDoc;
    case Method::kPost:
      return path == Path::kOps;
    default:
      return false;
  }
}

bool needs_names(Path path) { return path == Path::kDocs || path == Path::kDoc || path == Path::kOps; }

std::string quoted(std::string_view before, std::string_view name, std::string_view after) {
  std::string text(before);
  text.append(" `").append(name.substr(0, 200)).append("` ").append(after);
  return text;
}

// Who may call at all. Probes come by whatever name an orchestrator uses, and learn nothing: they need no known host.
std::optional<wire::Problem> check_source(ServerState& state, Request& request, Path path) {
  const auto& http = state.options.http;
  if (!request.doubled.empty()) {
    return wire::make_problem(ProblemCode::kInvalidHeader, std::string(request.doubled) + " stands twice");
  }
  const bool probe = path == Path::kHealth || path == Path::kReady;
  const std::string_view host = request.field(Field::kHost);
  if (!probe && (host.empty() || host != request.host_allowed)) {
    if (!settings::host_allowed(http.hosts, host)) {
      return wire::make_problem(ProblemCode::kHostRefused, quoted("the host", host, "is not this server's"));
    }
    request.host_allowed = host;
  }
  if (!request.has(Field::kOrigin)) return {};
  if (!settings::origin_allowed(http.origins, request.field(Field::kOrigin))) {
    return wire::make_problem(ProblemCode::kOriginRefused, quoted("the origin", request.field(Field::kOrigin), "is not allowed"));
  }
  request.cors = true;
  return {};
}

std::optional<wire::Problem> check_names(ServerState& state, const Request& request) {
  for (const Field field : {Field::kTenant, Field::kNode}) {
    const std::string name(field_name(field));
    if (!request.has(field)) return wire::make_problem(ProblemCode::kMissingHeader, name + " is missing");
    if (!base::is_name(request.field(field))) {
      return wire::make_problem(ProblemCode::kInvalidHeader, name + " takes 1 to 128 of A-Z a-z 0-9 . _ ~ -");
    }
  }
  if (!state.keys.required()) return {};
  if (!request.has(Field::kApiKey)) return wire::make_problem(ProblemCode::kUnauthorized, "X-API-Key is missing");
  if (state.keys.admits(request.field(Field::kApiKey), request.field(Field::kTenant))) return {};
  return wire::make_problem(ProblemCode::kUnauthorized, "X-API-Key holds no key for this tenant");
}

void answer_options(Exchange exchange, Path path) {
  Response response;
  response.status = 204;
  response.add_field("Allow", allowed_methods(path));
  if (exchange.request().cors && exchange.request().has(Field::kCorsMethod)) {
    response.add_field("Access-Control-Allow-Methods", allowed_methods(path));
    response.add_field(
        "Access-Control-Allow-Headers",
        "Accept, Content-Type, Idempotency-Key, If-Match, If-None-Match, Prefer, X-API-Key, X-Node-ID, X-Request-ID, "
        "X-Tenant-ID");
    response.add_field("Access-Control-Max-Age", "600");
  }
  exchange.reply(std::move(response));
}

void call(ServerState& state, Exchange exchange, const Route& found) {
  const Method method = exchange.request().method;
  switch (found.path) {
    case Path::kDocs:
      return list_docs(state, std::move(exchange));
    case Path::kDoc:
      if (method == Method::kPut) return put_doc(state, std::move(exchange));
      if (method == Method::kDelete) return delete_doc(state, std::move(exchange));
      return get_doc(state, std::move(exchange));
    case Path::kOps:
      if (method == Method::kPost) return post_ops(state, std::move(exchange));
      return get_ops(state, std::move(exchange));
    case Path::kTypes:
      return get_types(state, std::move(exchange));
    case Path::kHealth:
      return get_health(state, std::move(exchange));
    case Path::kReady:
      return get_ready(state, std::move(exchange));
    case Path::kProblems:
      return get_problems(std::move(exchange), found.argument);
    case Path::kNone:
      break;
  }
  exchange.problem(
      wire::make_problem(ProblemCode::kRouteNotFound, quoted("the path", exchange.request().path(), "leads nowhere")));
}

}  // namespace

std::optional<wire::Problem> check_caller(ServerState& state, Request& request) {
  const Route found = find_route(request.path());
  if (auto problem = check_source(state, request, found.path)) return problem;
  if (needs_names(found.path)) return check_names(state, request);
  return {};
}

void route(ServerState& state, Exchange exchange) {
  Request& request = exchange.request();
  const Route found = find_route(request.path());
  if (auto problem = check_source(state, request, found.path)) return exchange.problem(*problem);
  if (found.path == Path::kNone) return call(state, std::move(exchange), found);
  if (request.method == Method::kOptions) return answer_options(std::move(exchange), found.path);
  if (!takes(found.path, request.method)) {
    auto response = problem_response(
        wire::make_problem(ProblemCode::kMethodNotAllowed, quoted("the method", request.method_text, "is not taken here")),
        request.id);
    response.add_field("Allow", allowed_methods(found.path));
    return exchange.reply(std::move(response));
  }
  if (needs_names(found.path)) {
    if (auto problem = check_names(state, request)) return exchange.problem(*problem);
  }
  if (found.path == Path::kDoc || found.path == Path::kOps) {
    if (auto problem = wire::read_doc_id(found.argument, request.doc_id)) {
      request.doc_id.clear();
      return exchange.problem(*problem);
    }
  }
  call(state, std::move(exchange), found);
}

}  // namespace crdtd::net
