#include "url.hpp"

#include <algorithm>
#include <charconv>

namespace crdtd::client {
namespace {

constexpr std::size_t kUrlBytesMax = 2000;
constexpr std::size_t kHostBytesMax = 255;

bool is_alnum(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool take_scheme(std::string_view& rest, Url& out) {
  for (const bool tls : {false, true}) {
    const std::string_view scheme = tls ? "https://" : "http://";
    const bool same = rest.size() >= scheme.size() && std::equal(scheme.begin(), scheme.end(), rest.begin(), [](char a, char b) {
                        return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b + 32) : b);
                      });
    if (!same) continue;
    rest.remove_prefix(scheme.size());
    out.tls = tls;
    return true;
  }
  return false;
}

bool is_host(std::string_view host, bool bracketed) {
  if (host.empty() || host.size() > kHostBytesMax) return false;
  if (bracketed && host.find(':') == std::string_view::npos) return false;  // only IPv6 addresses stand in brackets
  return std::all_of(host.begin(), host.end(), [&](char c) {
    return is_alnum(c) || c == '.' || (bracketed ? c == ':' || c == '%' : c == '-' || c == '_');
  });
}

}  // namespace

bool parse_url(std::string_view text, Url& out, std::string& why) {
  out = {};
  const auto no = [&](std::string_view what) {
    why = "the URL `";
    for (const char c : text.substr(0, 200)) why += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
    why.append("` ").append(what);
    return false;
  };
  std::string_view rest = text;
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
  if (!printable || text.size() > kUrlBytesMax) return no("has a space, a character that is not ASCII, or is too long");
  if (!take_scheme(rest, out)) return no("does not begin with http:// or https://");
  if (rest.find_first_of("?#") != std::string_view::npos)
    return no("has a query or a fragment: leave away what follows the path");
  const auto slash = std::min(rest.find('/'), rest.size());
  std::string_view authority = rest.substr(0, slash);
  out.path = rest.substr(slash);
  while (out.path.ends_with('/')) out.path.pop_back();
  if (authority.find('@') != std::string_view::npos) return no("holds a user name: API keys go into their own option");

  std::string_view host = authority;
  std::string_view port;
  const bool bracketed = authority.starts_with('[');
  if (bracketed) {
    const auto close = authority.find(']');
    if (close == std::string_view::npos) return no("lacks the ] that ends the address");
    host = authority.substr(1, close - 1);
    port = authority.substr(close + 1);
    if (!port.empty() && port.front() != ':') return no("has something else than :PORT after the ]");
  } else if (const auto colon = authority.find(':'); colon != std::string_view::npos) {
    host = authority.substr(0, colon);
    port = authority.substr(colon);
    if (port.find(':', 1) != std::string_view::npos)
      return no("has several colons: an IPv6 address stands in brackets, as http://[::1]:8080");
  }
  if (!is_host(host, bracketed)) return no("names no host");
  out.host = host;
  out.port = out.tls ? 443 : 80;
  if (port.empty()) return true;
  port.remove_prefix(1);
  const auto end = port.data() + port.size();
  const auto result = std::from_chars(port.data(), end, out.port);
  if (result.ec != std::errc{} || result.ptr != end || out.port == 0) return no("has a port that is not 1 to 65535");
  return true;
}

std::string Url::authority() const {
  const bool bracketed = host.find(':') != std::string::npos;
  std::string out = bracketed ? '[' + host + ']' : host;
  if (port != (tls ? 443 : 80)) out.append(":").append(std::to_string(port));
  return out;
}

std::string Url::text() const { return (tls ? "https://" : "http://") + authority() + path; }

}  // namespace crdtd::client
