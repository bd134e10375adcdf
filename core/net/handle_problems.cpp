// Help pages for the problems, made from the table: HTML for people, JSON for programs.
#include "net/handlers.hpp"
#include "net/header_values.hpp"

namespace crdtd::net {

void get_problems(Exchange exchange, std::string_view slug) {
  const int json = accept_quality(exchange.request(), "application/json");
  const int html = accept_quality(exchange.request(), "text/html");
  if (json == 0 && html == 0) {
    return exchange.problem(
        wire::make_problem(wire::ProblemCode::kNotAcceptable, "this path sends text/html or application/json"));
  }
  const auto* info = slug.empty() ? nullptr : wire::find_problem(slug);
  if (!slug.empty() && info == nullptr) {
    return exchange.problem(
        wire::make_problem(wire::ProblemCode::kRouteNotFound, "there is no problem of this name: see /problems"));
  }
  Response response;
  response.cacheable = true;
  if (json > html) {
    response.body = info != nullptr ? wire::problem_page_json(*info) : wire::problem_list_json();
  } else {
    response.content_type = "text/html; charset=utf-8";
    response.body = info != nullptr ? wire::problem_page_html(*info) : wire::problem_list_html();
  }
  response.fields += "Vary: Accept\r\n";
  exchange.reply(std::move(response));
}

}  // namespace crdtd::net
