#include "settings/origin.hpp"

#include <arpa/inet.h>

#include <algorithm>

#include "settings/scalars.hpp"

namespace crdtd::settings {
namespace {

struct Authority {
  std::string host;  // lower case; an IPv6 address keeps its brackets
  std::string port;  // empty: none given
};

bool is_dns_name(std::string_view host) {
  const auto ok = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_'; };
  return !host.empty() && host.size() <= 253 && std::all_of(host.begin(), host.end(), ok) && host.front() != '.' &&
         host.front() != '-';
}

bool is_address(const std::string& host) {
  unsigned char bytes[16];
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    return inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), bytes) == 1;
  }
  return inet_pton(AF_INET, host.c_str(), bytes) == 1;
}

// host [":" port], where the port is a number, or "*" if `any_port` is allowed.
std::optional<Authority> split(std::string_view text, bool any_port) {
  const std::size_t colon = text.rfind(':');
  const bool in_brackets = !text.empty() && text.back() == ']';
  Authority result;
  if (colon == std::string_view::npos || in_brackets) {
    result.host = to_lower(text);
  } else {
    result.host = to_lower(text.substr(0, colon));
    result.port = text.substr(colon + 1);
    const auto number = parse_count(result.port);
    const bool wildcard = any_port && result.port == "*";
    if (!wildcard && (!number || *number == 0 || *number > 65535)) return std::nullopt;
    if (number) result.port = std::to_string(*number);
  }
  if (result.host.find('\0') != std::string::npos) return std::nullopt;
  if (!is_address(result.host) && !is_dns_name(result.host)) return std::nullopt;
  return result;
}

std::optional<std::string> normal_origin(std::string_view text, bool any_port) {
  const std::size_t mark = text.find("://");
  if (mark == std::string_view::npos) return std::nullopt;
  const std::string scheme = to_lower(text.substr(0, mark));
  if (scheme != "http" && scheme != "https") return std::nullopt;
  const auto authority = split(text.substr(mark + 3), any_port);
  if (!authority) return std::nullopt;
  const bool own_port = authority->port == (scheme == "http" ? "80" : "443");
  return scheme + "://" + authority->host + (authority->port.empty() || own_port ? "" : ":" + authority->port);
}

}  // namespace

std::optional<std::string> normal_origin_pattern(std::string_view text) { return normal_origin(text, true); }

std::optional<std::string> normal_host(std::string_view text) {
  const auto authority = split(text, false);
  if (!authority || !authority->port.empty()) return std::nullopt;
  return authority->host;
}

bool origin_allowed(std::span<const std::string> patterns, std::string_view origin) {
  const auto normal = normal_origin(origin, false);
  if (!normal) return false;  // "null" too, which sandboxed pages and files send
  return std::any_of(patterns.begin(), patterns.end(), [&](std::string_view pattern) {
    if (!pattern.ends_with(":*")) return pattern == *normal;
    const std::string_view stem = pattern.substr(0, pattern.size() - 2);
    return normal->starts_with(stem) && (normal->size() == stem.size() || (*normal)[stem.size()] == ':');
  });
}

bool host_allowed(std::span<const std::string> names, std::string_view host) {
  const auto authority = split(host, false);
  if (!authority) return false;
  return is_address(authority->host) || authority->host == "localhost" ||
         std::find(names.begin(), names.end(), authority->host) != names.end();
}

}  // namespace crdtd::settings
