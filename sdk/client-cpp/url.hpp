// Where a server is: "http://HOST[:PORT][/PATH]", taken apart and checked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace crdtd::client {

struct Url {
  bool tls = false;
  std::string host;  // a name, or an address without brackets
  std::uint16_t port = 0;
  std::string path;  // what stands before "/v1"; empty, or "/…" without a slash at its end

  // The host and, unless it is the scheme's own, the port, as a Host field has them.
  std::string authority() const;
  std::string text() const;
};

// On false, `why` says in a sentence what is wrong.
bool parse_url(std::string_view text, Url& out, std::string& why);

}  // namespace crdtd::client
