#include <catch2/catch.hpp>

#include "url.hpp"

using namespace crdtd::client;

TEST_CASE("client url: what is taken", "[unit][client]") {
  struct Case {
    std::string text, host, path, authority;
    int port;
    bool tls;
  };
  const Case cases[] = {
      {"http://127.0.0.1:8080", "127.0.0.1", "", "127.0.0.1:8080", 8080, false},
      {"http://localhost", "localhost", "", "localhost", 80, false},
      {"https://docs.example.org/", "docs.example.org", "", "docs.example.org", 443, true},
      {"HTTPS://docs.example.org:443/a/b//", "docs.example.org", "/a/b", "docs.example.org", 443, true},
      {"https://docs.example.org:80", "docs.example.org", "", "docs.example.org:80", 80, true},
      {"http://[::1]:8080/crdtd", "::1", "/crdtd", "[::1]:8080", 8080, false},
      {"http://[fe80::1%eth0]", "fe80::1%eth0", "", "[fe80::1%eth0]", 80, false},
      {"http://x:65535", "x", "", "x:65535", 65535, false},
  };
  for (const auto& c : cases) {
    CAPTURE(c.text);
    Url url;
    std::string why;
    REQUIRE(parse_url(c.text, url, why));
    CHECK(url.host == c.host);
    CHECK(url.path == c.path);
    CHECK(url.authority() == c.authority);
    CHECK(url.port == c.port);
    CHECK(url.tls == c.tls);
    Url again;
    REQUIRE(parse_url(url.text(), again, why));
    CHECK(again.text() == url.text());
  }
}

TEST_CASE("client url: what is refused, and why", "[unit][client]") {
  const std::pair<std::string, std::string> cases[] = {
      {"", "does not begin with http"},
      {"127.0.0.1:8080", "does not begin with http"},
      {"ftp://host", "does not begin with http"},
      {"http://", "names no host"},
      {"http://:80", "names no host"},
      {"http:///path", "names no host"},
      {"http://a b", "has a space"},
      {"http://a\r\nX: y", "has a space"},
      {"http://h\xc3\xb6st", "not ASCII"},
      {"http://me:secret@host", "user name"},
      {"http://host:", "port"},
      {"http://host:0", "port"},
      {"http://host:65536", "port"},
      {"http://host:-1", "port"},
      {"http://host:80x", "port"},
      {"http://::1:8080", "in brackets"},
      {"http://[::1", "lacks the ]"},
      {"http://[::1]8080", ":PORT"},
      {"http://[]:80", "names no host"},
      {"https://[2%]", "names no host"},
      {"http://[localhost]", "names no host"},
      {"http://host/?q=1", "query"},
      {"http://host#f", "query or a fragment"},
      {"http://" + std::string(300, 'a'), "names no host"},
      {"http://" + std::string(3000, 'a'), "too long"},
  };
  for (const auto& [text, wanted] : cases) {
    CAPTURE(text);
    Url url;
    std::string why;
    CHECK_FALSE(parse_url(text, url, why));
    CHECK_THAT(why, Catch::Contains(wanted));
  }
}
