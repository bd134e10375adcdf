// The little JSON that a program needs to speak of strings and lists without a JSON library. Pure functions; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace crdtd::client {

// `text` in quotes, escaped: safe to put into a value or an op whatever it holds. Bytes that are not UTF-8 become U+FFFD.
std::string json_string(std::string_view text);

// The text that a JSON string stands for; none if `json` is anything else.
std::optional<std::string> text_of_json(std::string_view json);

// The elements of a JSON array, each as the JSON text it is there; none if `json` is anything else.
std::optional<std::vector<std::string>> elements_of_json(std::string_view json);

// The value of one member of a JSON object, as JSON text; none if it is not there, or `json` is no object.
std::optional<std::string> member_of_json(std::string_view json, std::string_view name);

}  // namespace crdtd::client
