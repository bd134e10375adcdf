// Pieces of JSON and of other text forms, appended to a string: replies are built from these, never from a tree.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace crdtd::wire {

// Appends `text` in quotes, escaped. Bytes that are not UTF-8 become U+FFFD, so that the result is always valid JSON.
void append_json_string(std::string& out, std::string_view text);

void append_number(std::string& out, std::uint64_t number);
void append_number(std::string& out, std::int64_t number);

// 16 lower-case digits.
void append_hex16(std::string& out, std::uint64_t number);

// RFC 4648 with padding.
void append_base64(std::string& out, std::string_view bytes);

// The length of the UTF-8 sequence at the start of `text`, 1 to 4; 0 if it is malformed (overlong, surrogate, cut, too high).
std::size_t utf8_length(std::string_view text) noexcept;

}  // namespace crdtd::wire
