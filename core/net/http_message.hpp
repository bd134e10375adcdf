// A request as the handlers see it, and the reply that they make: plain values, without sockets or a parser's types.
//
// A connection keeps one Request and fills it anew for each request, so that its strings keep their memory.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "crdtd/wire/problem_json.hpp"

namespace crdtd::net {

enum class Method : std::uint8_t { kGet, kHead, kPut, kPost, kDelete, kOptions, kOther };

// The headers that anything here looks at; others are dropped while parsing.
enum class Field : std::uint8_t {
  kHost,
  kOrigin,
  kTenant,
  kNode,
  kApiKey,
  kRequestId,
  kPrefer,
  kIdempotencyKey,
  kIfMatch,
  kIfNoneMatch,
  kAccept,
  kContentType,
  kContentEncoding,
  kExpect,
  kCorsMethod,
};
inline constexpr std::size_t kFieldCount = 15;

inline constexpr std::array<std::string_view, kFieldCount> kFieldNames = {
    "Host",         "Origin",       "X-Tenant-ID",      "X-Node-ID", "X-API-Key",
    "X-Request-ID", "Prefer",       "Idempotency-Key",  "If-Match",  "If-None-Match",
    "Accept",       "Content-Type", "Content-Encoding", "Expect",    "Access-Control-Request-Method"};

constexpr std::string_view field_name(Field field) { return kFieldNames[static_cast<std::size_t>(field)]; }

struct Request {
  Method method = Method::kOther;
  std::string method_text;
  std::string target;
  std::string body;
  std::array<std::string, kFieldCount> fields;
  std::uint32_t present = 0;  // bit per field
  std::string_view doubled;   // a field that may stand once and stands twice
  bool keep_alive = true;
  std::string id;            // of the request: its own X-Request-ID if usable, else drawn
  std::string doc_id;        // once the router knows it; for the log
  bool cors = false;         // the origin is allowed: the reply says so
  std::string host_allowed;  // the last Host that was found to be allowed; stays from request to request

  bool has(Field field) const noexcept { return (present >> static_cast<unsigned>(field) & 1) != 0; }
  std::string_view field(Field which) const noexcept { return fields[static_cast<std::size_t>(which)]; }
  std::string_view path() const noexcept { return std::string_view(target).substr(0, target.find('?')); }
  std::string_view query() const noexcept {
    const std::size_t mark = target.find('?');
    return mark == std::string::npos ? std::string_view() : std::string_view(target).substr(mark + 1);
  }
  void clear();
};

struct Response {
  std::uint16_t status = 200;
  std::string_view content_type = "application/json";  // static text
  std::string body;
  std::string fields;      // further header lines, each with its CRLF
  bool cacheable = false;  // for an hour; else nowhere
  bool close = false;      // the connection ends with this reply

  // `value` must be free of control characters; a reply whose header would break is a bug.
  void add_field(std::string_view name, std::string_view value);
};

Response json_response(std::string body);
// `instance` names the request; Retry-After is added where the table advises to come back later.
Response problem_response(const wire::Problem& problem, std::string_view request_id);

// Appends status line and headers to `out`; the body is sent behind them, except for HEAD.
void append_head(std::string& out, const Request& request, const Response& response);

}  // namespace crdtd::net
