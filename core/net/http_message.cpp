#include "net/http_message.hpp"

#include <algorithm>
#include <ctime>

#include "base/assert.hpp"
#include "crdtd/wire/json_text.hpp"

namespace crdtd::net {
namespace {

std::string_view reason(std::uint16_t status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    case 507:
      return "Insufficient Storage";
    default:
      return "Unknown";
  }
}

// Made once a second in each thread.
std::string_view date_line() {
  thread_local std::time_t made_at = 0;
  thread_local char line[48];
  thread_local std::size_t size = 0;
  const std::time_t now = std::time(nullptr);
  if (now != made_at) {
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    size = std::strftime(line, sizeof line, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
    made_at = now;
  }
  return {line, size};
}

void append_cors(std::string& out, const Request& request) {
  out += "Access-Control-Allow-Origin: ";
  out += request.field(Field::kOrigin);
  out += "\r\nAccess-Control-Expose-Headers: ETag, Idempotency-Replayed, Preference-Applied, Retry-After, X-Request-ID\r\n";
}

}  // namespace

void Request::clear() {
  constexpr std::size_t kKeptBytes = 64 * 1024;
  if (body.capacity() > kKeptBytes) {
    body = std::string();
  } else {
    body.clear();
  }
  method = Method::kOther;
  method_text.clear();
  target.clear();
  for (auto& text : fields) text.clear();
  present = 0;
  doubled = {};
  keep_alive = true;
  id.clear();
  doc_id.clear();
  cors = false;
}

void Response::add_field(std::string_view name, std::string_view value) {
  const bool clean =
      std::all_of(value.begin(), value.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F; });
  CRDTD_ASSERT(clean);
  fields += name;
  fields += ": ";
  fields += value;
  fields += "\r\n";
}

Response json_response(std::string body) {
  Response response;
  response.body = std::move(body);
  return response;
}

Response problem_response(const wire::Problem& problem, std::string_view request_id) {
  const auto& info = wire::problem_info(problem.code);
  Response response;
  response.status = info.status;
  response.content_type = "application/problem+json";
  std::string instance;
  if (!request_id.empty()) instance.append("urn:crdtd:request:").append(request_id);
  wire::append_problem(response.body, problem, instance);
  if (info.retry == wire::Retry::kLater) response.add_field("Retry-After", "1");
  if (info.status == 401) response.add_field("WWW-Authenticate", "ApiKey realm=\"crdtd\", header=\"X-API-Key\"");
  return response;
}

void append_head(std::string& out, const Request& request, const Response& response) {
  out += "HTTP/1.1 ";
  wire::append_number(out, std::uint64_t{response.status});
  out += ' ';
  out += reason(response.status);
  out += "\r\n";
  const bool has_body = response.status != 204 && response.status != 304;
  if (has_body) {
    out += "Content-Type: ";
    out += response.content_type;
    out += "\r\nContent-Length: ";
    wire::append_number(out, std::uint64_t{response.body.size()});
    out += "\r\n";
  }
  out += date_line();
  out += response.cacheable ? std::string_view("Cache-Control: public, max-age=3600\r\n")
                            : std::string_view("Cache-Control: no-store\r\n");
  out += "X-Content-Type-Options: nosniff\r\n";
  if (!request.id.empty()) {
    out += "X-Request-ID: ";
    out += request.id;
    out += "\r\n";
  }
  if (request.has(Field::kOrigin)) out += "Vary: Origin\r\n";
  if (request.cors) append_cors(out, request);
  out += response.fields;
  if (response.close) out += "Connection: close\r\n";
  out += "\r\n";
}

}  // namespace crdtd::net
