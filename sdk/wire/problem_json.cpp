#include "crdtd/wire/problem_json.hpp"

#include "crdtd/wire/json_text.hpp"

namespace crdtd::wire {
namespace {

// The member that carries Problem::value, by what the value means for this problem.
std::string_view value_member(ProblemCode code) {
  switch (code) {
    case ProblemCode::kClockDrift:
      return "offset_ns";
    case ProblemCode::kGap:
      return "expected";
    default:
      return "limit";
  }
}

std::string_view retry_name(Retry retry) {
  switch (retry) {
    case Retry::kNever:
      return "never";
    case Retry::kLater:
      return "later";
    case Retry::kReload:
      return "reload";
  }
  return "never";
}

std::string_view retry_sentence(Retry retry) {
  switch (retry) {
    case Retry::kNever:
      return "The same request will fail again: change it.";
    case Retry::kLater:
      return "The same request may be sent again later.";
    case Retry::kReload:
      return "Send it again after reading the document anew.";
  }
  return "";
}

void append_type_uri(std::string& out, const ProblemInfo& info) {
  out += R"("/problems/)";
  out += info.slug;
  out += '"';
}

void append_html(std::string& out, std::string_view text) {
  bool code = false;
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '`':
        out += code ? "</code>" : "<code>";
        code = !code;
        break;
      default:
        out += c;
    }
  }
}

std::string page(std::string_view title, std::string_view body) {
  std::string out = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>";
  append_html(out, title);
  out += "</title></head><body>\n<h1>";
  append_html(out, title);
  out += "</h1>\n";
  out += body;
  out += "</body></html>\n";
  return out;
}

void append_info_json(std::string& out, const ProblemInfo& info) {
  out += R"({"type":)";
  append_type_uri(out, info);
  out += R"(,"title":)";
  append_json_string(out, info.title);
  out += R"(,"status":)";
  append_number(out, std::uint64_t{info.status});
  out += R"(,"retry":)";
  append_json_string(out, retry_name(info.retry));
  out += R"(,"advice":)";
  append_json_string(out, info.advice);
  out += '}';
}

}  // namespace

void append_problem(std::string& out, const Problem& problem, std::string_view instance) {
  const auto& info = problem_info(problem.code);
  out += R"({"type":)";
  append_type_uri(out, info);
  out += R"(,"title":)";
  append_json_string(out, info.title);
  out += R"(,"status":)";
  append_number(out, std::uint64_t{info.status});
  if (!problem.detail.empty()) {
    out += R"(,"detail":)";
    append_json_string(out, problem.detail);
  }
  if (!instance.empty()) {
    out += R"(,"instance":)";
    append_json_string(out, instance);
  }
  if (!problem.pointer.empty()) {
    out += R"(,"pointer":)";
    append_json_string(out, problem.pointer);
  }
  if (problem.value != 0) {
    out += ",\"";
    out += value_member(problem.code);
    out += "\":";
    append_number(out, problem.value);
  }
  if (!problem.enabled.empty()) {
    out += R"(,"enabled":[)";
    for (std::size_t i = 0; i < problem.enabled.size(); ++i) {
      if (i > 0) out += ',';
      append_json_string(out, problem.enabled[i]);
    }
    out += ']';
  }
  out += '}';
}

const ProblemInfo* find_problem(std::string_view slug) {
  for (const auto& info : kProblems) {
    if (info.slug == slug) return &info;
  }
  return nullptr;
}

std::string problem_page_html(const ProblemInfo& info) {
  std::string body = "<p><code>";
  append_html(body, info.slug);
  body += "</code>, HTTP status " + std::to_string(info.status) + "</p>\n<p>";
  append_html(body, info.advice);
  body += "</p>\n<p>";
  append_html(body, retry_sentence(info.retry));
  body += "</p>\n<p><a href=\"/problems\">All problems</a></p>\n";
  return page(info.title, body);
}

std::string problem_page_json(const ProblemInfo& info) {
  std::string out;
  append_info_json(out, info);
  return out;
}

std::string problem_list_html() {
  std::string body = "<table>\n<tr><th>Problem</th><th>Status</th><th>What happened</th></tr>\n";
  for (const auto& info : kProblems) {
    const std::string slug(info.slug);
    body += "<tr><td><a href=\"/problems/" + slug + "\">" + slug + "</a></td><td>" + std::to_string(info.status) + "</td><td>";
    append_html(body, info.title);
    body += "</td></tr>\n";
  }
  return page("Problems", body + "</table>\n");
}

std::string problem_list_json() {
  std::string out = R"({"problems":[)";
  for (const auto& info : kProblems) {
    if (out.back() != '[') out += ',';
    append_info_json(out, info);
  }
  return out + "]}";
}

}  // namespace crdtd::wire
