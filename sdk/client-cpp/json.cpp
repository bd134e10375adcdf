#include "crdtd/client/json.hpp"

#include <limits>

#include "crdtd/wire/json_gate.hpp"
#include "crdtd/wire/json_text.hpp"

namespace crdtd::client {
namespace {

constexpr std::uint32_t kUnbounded = std::numeric_limits<std::uint32_t>::max();
constexpr wire::JsonLimits kLimits{wire::kJsonDepthMax, kUnbounded, kUnbounded, kUnbounded};

}  // namespace

std::string json_string(std::string_view text) {
  std::string out;
  wire::append_json_string(out, text);
  return out;
}

std::optional<std::string> text_of_json(std::string_view json) {
  wire::JsonReader reader(json, kLimits);
  std::string text;
  if (reader.peek() != wire::JsonKind::kString || !reader.string(text) || !reader.end()) return {};
  return text;
}

std::optional<std::vector<std::string>> elements_of_json(std::string_view json) {
  wire::JsonReader reader(json, kLimits);
  if (reader.peek() != wire::JsonKind::kArray || !reader.enter()) return {};
  std::vector<std::string> elements;
  while (true) {
    const auto step = reader.next_element();
    if (step == wire::JsonReader::Step::kEnd) break;
    const auto value = step == wire::JsonReader::Step::kMember ? reader.value_apart() : std::nullopt;
    if (!value) return {};
    elements.emplace_back(*value);
  }
  if (!reader.end()) return {};
  return elements;
}

std::optional<std::string> member_of_json(std::string_view json, std::string_view name) {
  wire::JsonReader reader(json, kLimits);
  if (reader.peek() != wire::JsonKind::kObject || !reader.enter()) return {};
  std::optional<std::string> found;
  std::string key;
  while (true) {
    const auto step = reader.next_key(key);
    if (step == wire::JsonReader::Step::kEnd) break;
    const auto value = step == wire::JsonReader::Step::kMember ? reader.value_apart() : std::nullopt;
    if (!value) return {};
    if (key == name) found = *value;
  }
  if (!reader.end()) return {};
  return found;
}

}  // namespace crdtd::client
