// Which web origins may call, and under which names the server may be addressed.
//
// A pattern for an origin is "https://app.example.com", with ":port" where it is not the scheme's own, or with ":*" for any port.
// An IP address and localhost always pass as Host: to turn a browser against the server by DNS an attacker needs a name.
// Threads: pure functions [any].
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace crdtd::settings {

// The pattern in the one form that origin_allowed compares: lower case, without the scheme's own port. Nothing if it is none.
std::optional<std::string> normal_origin_pattern(std::string_view text);
// A host's name in lower case, or an IP address without port; nothing if it is none.
std::optional<std::string> normal_host(std::string_view text);

// `origin`: the header as a browser sends it. `patterns`: as normal_origin_pattern made them.
bool origin_allowed(std::span<const std::string> patterns, std::string_view origin);
// `host`: the header, with or without a port. `names`: as normal_host made them.
bool host_allowed(std::span<const std::string> names, std::string_view host);

}  // namespace crdtd::settings
