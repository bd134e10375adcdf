#include "net/query_string.hpp"

#include <algorithm>

#include "crdtd/wire/request.hpp"

namespace crdtd::net {
namespace {

wire::Problem refusal(std::string_view what, std::string_view name, std::string_view more = {}) {
  std::string detail(what);
  detail.append(" `").append(name.substr(0, 40)).append("`").append(more);
  return wire::make_problem(wire::ProblemCode::kInvalidField, std::move(detail));
}

}  // namespace

std::optional<wire::Problem> QueryString::parse(std::string_view text, std::initializer_list<std::string_view> known) {
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    const std::size_t equals = std::min(part.find('='), part.size());
    const std::string_view name = part.substr(0, equals);
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return refusal("there is no query parameter", name, wire::nearest_name(name, known));
    }
    if (find(name) != nullptr) return refusal("there are two query parameters", name);
    std::string value;
    if (!wire::percent_decode(part.substr(std::min(equals + 1, part.size())), name == "query", value)) {
      return refusal("a percent escape is broken in the query parameter", name);
    }
    pairs_.emplace_back(name, std::move(value));
  }
  return {};
}

const std::string* QueryString::find(std::string_view name) const {
  for (const auto& [key, value] : pairs_) {
    if (key == name) return &value;
  }
  return nullptr;
}

std::optional<wire::Problem> QueryString::read_number(std::string_view name, std::uint64_t min, std::uint64_t max,
                                                      std::uint64_t& value) const {
  const auto* text = find(name);
  if (text == nullptr) return {};
  if (wire::parse_u64(*text, value) && value >= min && value <= max) return {};
  return refusal(
      "a whole number from " + std::to_string(min) + " to " + std::to_string(max) + " is wanted for the query parameter", name);
}

}  // namespace crdtd::net
