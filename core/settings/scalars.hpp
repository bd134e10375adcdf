// How single values are written: sizes, durations, counts, addresses, digests. And which known name is nearest to an unknown one.
//
// Parsing answers nothing where the text is not exactly such a value; the caller says what was wanted.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "settings/settings.hpp"

namespace crdtd::settings {

std::optional<std::uint64_t> parse_count(std::string_view text);        // "10000"
std::optional<std::uint64_t> parse_size(std::string_view text);         // bytes: "4096", "4KiB", "64MiB", "1GiB"
std::optional<std::uint64_t> parse_duration_ms(std::string_view text);  // "500ms", "10s", "5m", "1h", "7d"; always with a unit
std::optional<bool> parse_boolean(std::string_view text);               // "true", "false"
std::optional<Address> parse_address(std::string_view text);  // "127.0.0.1:8080", "[::1]:8080", "localhost:8080", ":8080"
std::optional<std::array<std::uint8_t, 32>> parse_sha256(std::string_view text);  // 64 hex digits
bool is_json_number(std::string_view text);
std::string json_string(std::string_view text);  // in quotes, escaped
std::string to_lower(std::string_view text);     // ASCII

std::string format_size(std::uint64_t bytes);
std::string format_duration_ms(std::uint64_t ms);

// The name that `unknown` is most likely a slip for; empty if none is near.
std::string nearest(std::string_view unknown, std::span<const std::string> names);
// "did you mean x?", or else the names that there are.
std::string suggestion(std::string_view unknown, std::span<const std::string> names);

}  // namespace crdtd::settings
