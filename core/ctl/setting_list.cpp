#include "ctl/setting_list.hpp"

#include <set>

#include "crdtd/wire/json_gate.hpp"
#include "crdtd/wire/json_text.hpp"

namespace crdtd::ctl {
namespace {

bool is_name(std::string_view name) {
  if (name.empty()) return false;
  for (const char c : name) {
    const bool letter =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
    if (!letter) return false;
  }
  return true;
}

// A boolean, number or string that stands for itself.
bool is_json_scalar(std::string_view value) {
  wire::JsonReader reader(value, wire::JsonLimits{});
  const auto kind = reader.peek();
  const bool scalar = kind == wire::JsonKind::kBool || kind == wire::JsonKind::kNumber || kind == wire::JsonKind::kString;
  const auto taken = scalar ? reader.value() : std::nullopt;
  return taken && taken->size() == value.size();
}

}  // namespace

Outcome<std::string> settings_json(const std::vector<std::string>& assignments) {
  std::string json = "{";
  std::set<std::string_view> names;
  for (const std::string_view assignment : assignments) {
    const auto equals = assignment.find('=');
    const auto name = assignment.substr(0, equals);
    if (equals == std::string_view::npos || !is_name(name)) {
      return Failure{kExitUsage, "--set " + std::string(assignment) + ": wanted name=value, such as --set path=store.db"};
    }
    if (!names.insert(name).second) {
      return Failure{kExitUsage, "--set " + std::string(assignment) + ": " + std::string(name) + " is given twice"};
    }
    const auto value = assignment.substr(equals + 1);
    if (json.size() > 1) json += ',';
    wire::append_json_string(json, name);
    json += ':';
    if (is_json_scalar(value)) {
      json += value;
    } else {
      wire::append_json_string(json, value);
    }
  }
  return json + '}';
}

}  // namespace crdtd::ctl
