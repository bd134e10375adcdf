#include "net/header_values.hpp"

#include <algorithm>

namespace crdtd::net {
namespace {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// The part before the next `separator` outside quotes, taken off `rest`.
std::string_view take_part(std::string_view& rest, char separator) {
  bool quoted = false;
  std::size_t end = 0;
  while (end < rest.size() && (quoted || rest[end] != separator)) {
    if (rest[end] == '"') quoted = !quoted;
    ++end;
  }
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(rest.size(), end + 1));
  return trim(part);
}

// "0", "0.5", "1.000" in thousandths; what is malformed counts as 0.
int quality_of(std::string_view text) {
  if (text.empty() || (text[0] != '0' && text[0] != '1') || text.size() > 5) return 0;
  int quality = (text[0] - '0') * 1000;
  if (text.size() > 1 && text[1] != '.') return 0;
  for (std::size_t i = 2, unit = 100; i < text.size(); ++i, unit /= 10) {
    if (text[i] < '0' || text[i] > '9') return 0;
    quality += (text[i] - '0') * static_cast<int>(unit);
  }
  return std::min(quality, 1000);
}

wire::Problem bad_header(Field field, std::string_view what) {
  std::string detail(field_name(field));
  detail.append(": ").append(what);
  return wire::make_problem(wire::ProblemCode::kInvalidHeader, std::move(detail));
}

// The text between the quotes; nothing if it is no entity tag.
std::optional<std::string_view> opaque_tag(std::string_view tag) {
  if (tag.size() < 2 || tag.front() != '"' || tag.back() != '"') return {};
  const auto inner = tag.substr(1, tag.size() - 2);
  if (inner.find('"') != std::string_view::npos) return {};
  return inner;
}

}  // namespace

int accept_quality(const Request& request, std::string_view media_type) {
  if (!request.has(Field::kAccept)) return 1000;
  const std::string_view major = media_type.substr(0, media_type.find('/') + 1);
  int best_rank = 0;
  int quality = 0;
  std::string_view rest = request.field(Field::kAccept);
  while (!rest.empty()) {
    std::string_view range = take_part(rest, ',');
    const std::string_view name = take_part(range, ';');
    int rank = 0;
    if (same(name, media_type)) {
      rank = 3;
    } else if (name.size() == major.size() + 1 && name.back() == '*' && same(name.substr(0, major.size()), major)) {
      rank = 2;
    } else if (name == "*/*") {
      rank = 1;
    }
    if (rank <= best_rank) continue;
    best_rank = rank;
    quality = 1000;
    while (!range.empty()) {
      const std::string_view parameter = take_part(range, ';');
      if (parameter.size() > 2 && same(parameter.substr(0, 2), "q=")) quality = quality_of(parameter.substr(2));
    }
  }
  return quality;
}

std::optional<wire::Problem> check_json_content(const Request& request) {
  if (request.has(Field::kContentEncoding) && !same(request.field(Field::kContentEncoding), "identity")) {
    return wire::make_problem(wire::ProblemCode::kUnsupportedMediaType, "the body has a Content-Encoding: send it as it is");
  }
  if (!request.has(Field::kContentType)) return {};
  std::string_view rest = request.field(Field::kContentType);
  const std::string_view name = take_part(rest, ';');
  bool ok = same(name, "application/json");
  while (!rest.empty()) {
    const std::string_view parameter = take_part(rest, ';');
    if (parameter.empty()) continue;
    ok = ok && (same(parameter, "charset=utf-8") || same(parameter, "charset=\"utf-8\""));
  }
  if (ok) return {};
  return wire::make_problem(wire::ProblemCode::kUnsupportedMediaType, "Content-Type takes application/json in UTF-8");
}

bool prefers_minimal(const Request& request) {
  std::string_view rest = request.field(Field::kPrefer);
  while (!rest.empty()) {
    std::string_view preference = take_part(rest, ',');
    if (same(take_part(preference, ';'), "return=minimal")) return true;
  }
  return false;
}

std::optional<wire::Problem> read_if_match(const Request& request, std::optional<std::string>& out) {
  if (!request.has(Field::kIfMatch)) return {};
  const std::string_view text = trim(request.field(Field::kIfMatch));
  if (text == "*") {
    out.emplace(1, '*');
    return {};
  }
  if (text.starts_with("W/"))
    return bad_header(Field::kIfMatch, "a weak entity tag never matches; send the ETag as it was received");
  const auto cursor = opaque_tag(text);
  if (!cursor || cursor->empty()) return bad_header(Field::kIfMatch, "takes one entity tag in quotes, as ETag gave it, or *");
  out = std::string(*cursor);
  return {};
}

std::optional<wire::Problem> read_create_only(const Request& request, bool& out) {
  if (!request.has(Field::kIfNoneMatch)) return {};
  if (trim(request.field(Field::kIfNoneMatch)) != "*")
    return bad_header(Field::kIfNoneMatch, "takes only * on a write: create, or fail");
  out = true;
  return {};
}

bool none_match_hits(const Request& request, std::string_view cursor) {
  if (!request.has(Field::kIfNoneMatch)) return false;
  std::string_view rest = request.field(Field::kIfNoneMatch);
  while (!rest.empty()) {
    std::string_view tag = take_part(rest, ',');
    if (tag == "*") return true;
    if (tag.starts_with("W/")) tag.remove_prefix(2);  // reads compare weakly
    const auto inner = opaque_tag(tag);
    if (inner && *inner == cursor) return true;
  }
  return false;
}

bool is_idempotency_key(std::string_view text) {
  return !text.empty() && text.size() <= 128 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

}  // namespace crdtd::net
