// Single values of a configuration: listen addresses, sizes, durations, digests, origins, hosts.
//
//   - A size or duration is its number times its unit, by long arithmetic.
//   - What is read and written again reads the same; a normal form is its own normal form.
//   - An origin matches its own pattern, a host its own name.
#include "settings/scalars.hpp"

#include "crdtd/wire/json_gate.hpp"
#include "oracle.hpp"
#include "settings/origin.hpp"

using namespace crdtd::settings;

namespace {

__extension__ using Wide = unsigned __int128;

// The number times its unit, by long arithmetic: what is too large does not wrap around.
bool is_product(std::string_view text, std::uint64_t value,
                std::initializer_list<std::pair<std::string_view, std::uint64_t>> units) {
  Wide product = 0;
  while (!text.empty() && text[0] >= '0' && text[0] <= '9' && product < Wide{1} << 90) {
    product = product * 10 + static_cast<unsigned>(text[0] - '0');
    text.remove_prefix(1);
  }
  for (const auto& [name, factor] : units) {
    if (text == name) return product * factor == value;
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const crdtd_fuzz::Exact exact({reinterpret_cast<const char*>(data), size});
  const std::string_view text = exact.view();

  if (const auto address = parse_address(text)) {
    const bool v6 = address->host.find(':') != std::string::npos;
    const std::string written = (v6 ? "[" + address->host + "]" : address->host) + ":" + std::to_string(address->port);
    FUZZ_CHECK(parse_address(written) == address, "an address written again is the same", written);
    FUZZ_CHECK(crdtd_fuzz::is_one_line(written), "an address is plain text", written);
    if (address->host.empty()) FUZZ_CHECK(!is_loopback(*address), "all interfaces are more than this machine");
    if (address->host == "::1" || address->host.starts_with("127."))
      FUZZ_CHECK(is_loopback(*address), "loopback is known", written);
  }
  if (const auto bytes = parse_size(text)) {
    FUZZ_CHECK(is_product(text, *bytes, {{"", 1}, {"KiB", 1u << 10}, {"MiB", 1u << 20}, {"GiB", 1u << 30}}),
               "a size is its number times its unit");
  }
  if (const auto ms = parse_duration_ms(text)) {
    FUZZ_CHECK(is_product(text, *ms, {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}),
               "a duration is its number times its unit");
  }
  if (const auto bytes = parse_size(text))
    FUZZ_CHECK(parse_size(format_size(*bytes)) == bytes, "a size written again is the same", format_size(*bytes));
  if (const auto ms = parse_duration_ms(text)) {
    FUZZ_CHECK(*ms == 0 || parse_duration_ms(format_duration_ms(*ms)) == ms, "a duration written again is the same",
               format_duration_ms(*ms));
  }
  if (const auto count = parse_count(text))
    FUZZ_CHECK(parse_count(std::to_string(*count)) == count, "a count written again is the same");
  if (is_json_number(text)) FUZZ_CHECK(!crdtd::wire::check_json(text, {}), "a number is JSON", text);
  if (const auto digest = parse_sha256(text))
    FUZZ_CHECK(parse_sha256(to_lower(text)) == digest, "a digest in lower case is the same");
  FUZZ_CHECK(parse_boolean(text).has_value() == (text == "true" || text == "false"), "a boolean is one of two words");

  if (const auto pattern = normal_origin_pattern(text)) {
    FUZZ_CHECK(normal_origin_pattern(*pattern) == pattern, "a normal pattern is its own normal form", *pattern);
    std::string origin = *pattern;
    if (origin.ends_with(":*")) origin.replace(origin.size() - 1, 1, "4711");
    FUZZ_CHECK(origin_allowed(std::span(&*pattern, 1), origin), "an origin matches its own pattern", origin);
    FUZZ_CHECK(!origin_allowed(std::span(&*pattern, 1), origin + ".example.org"), "and no other does", origin);
    FUZZ_CHECK(!origin_allowed({}, origin), "no pattern lets nobody pass", origin);
  }
  if (const auto host = normal_host(text)) {
    FUZZ_CHECK(normal_host(*host) == host, "a normal host is its own normal form", *host);
    FUZZ_CHECK(host_allowed(std::span(&*host, 1), *host), "a host matches its own name", *host);
  }
  origin_allowed({}, text);
  host_allowed({}, text);

  const std::string names[] = {"listen", "storage", "body_max"};
  FUZZ_CHECK(!suggestion(text, names).empty(), "a slip is answered");
  // Any bytes become a JSON string when they are UTF-8, which the file's reader has seen to.
  bool ascii = true;
  for (const char c : text) ascii &= static_cast<unsigned char>(c) < 0x80;
  if (ascii) FUZZ_CHECK(!crdtd::wire::check_json(json_string(text), {}), "a string is written as JSON", json_string(text));
  return 0;
}
