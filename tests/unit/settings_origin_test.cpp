#include "settings/origin.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace crdtd::settings;

TEST_CASE("origin: a pattern has one form", "[unit][settings]") {
  CHECK(normal_origin_pattern("HTTPS://App.Example.com:443") == "https://app.example.com");
  CHECK(normal_origin_pattern("http://a:80") == "http://a");
  CHECK(normal_origin_pattern("http://a:0443") == "http://a:443");
  CHECK(normal_origin_pattern("http://[::1]:*") == "http://[::1]:*");
  for (const char* bad :
       {"", "*", "null", "app.example.com", "ftp://a", "http://", "http://a/", "http://a/path", "http://a:", "http://a:0",
        "http://a:65536", "http://*", "http://*.a.com", "http://a b", "http://u@a", "http://[::1", "http://[x]", "http://:80"}) {
    CAPTURE(bad);
    CHECK_FALSE(normal_origin_pattern(bad).has_value());
  }
}

TEST_CASE("origin: exact, or any port where the pattern says so", "[unit][settings]") {
  const std::vector<std::string> patterns = {"https://app.example.com", "http://localhost:*", "http://[::1]:*"};
  for (const char* good : {"https://app.example.com", "https://APP.example.com:443", "http://localhost", "http://localhost:3000",
                           "http://[::1]:1"}) {
    CAPTURE(good);
    CHECK(origin_allowed(patterns, good));
  }
  for (const char* bad : {"", "null", "http://app.example.com", "https://app.example.com:444", "https://app.example.com.evil.com",
                          "https://localhost:3000", "http://localhost.evil.com", "http://localhost:*", "http://localhost:3000/",
                          "http://127.0.0.1"}) {
    CAPTURE(bad);
    CHECK_FALSE(origin_allowed(patterns, bad));
  }
  CHECK_FALSE(origin_allowed({}, "https://app.example.com"));
}

TEST_CASE("host: addresses and localhost pass, names only when listed", "[unit][settings]") {
  const std::vector<std::string> names = {"crdt.example.com"};
  for (const char* good :
       {"127.0.0.1", "127.0.0.1:8080", "[::1]:8080", "[::1]", "10.0.0.1", "localhost", "LocalHost:1", "CRDT.example.com:8443"}) {
    CAPTURE(good);
    CHECK(host_allowed(names, good));
  }
  for (const char* bad : {"", "evil.com", "localhost.evil.com", "crdt.example.com.evil.com", "127.0.0.1.evil.com", "127.0.0.1:x",
                          "a:b:c", "::1", "crdt.example.com:99999", "[::1]x", "crdt.example.com/"}) {
    CAPTURE(bad);
    CHECK_FALSE(host_allowed(names, bad));
  }
  CHECK(normal_host("Example.com") == "example.com");
  CHECK_FALSE(normal_host("example.com:80").has_value());
}
