// The header fields with a grammar of their own: Accept, Content-Type, Prefer, entity tags, Idempotency-Key.
//
// Pure functions over text [any].
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "crdtd/wire/problem_json.hpp"
#include "net/http_message.hpp"

namespace crdtd::net {

// How welcome a media type is, 0 to 1000, by the most specific range of Accept; an absent header welcomes all.
int accept_quality(const Request& request, std::string_view media_type);

// Nothing if the body may be read as JSON: no Content-Type, or application/json (UTF-8), and no coding.
std::optional<wire::Problem> check_json_content(const Request& request);

bool prefers_minimal(const Request& request);

// If-Match: `out` becomes the one cursor, or "*", or stays empty when absent.
std::optional<wire::Problem> read_if_match(const Request& request, std::optional<std::string>& out);
// If-None-Match on a write: only "*".
std::optional<wire::Problem> read_create_only(const Request& request, bool& out);
// If-None-Match on a read: whether `cursor` is among its tags.
bool none_match_hits(const Request& request, std::string_view cursor);

// 1 to 128 printable characters.
bool is_idempotency_key(std::string_view text);

}  // namespace crdtd::net
