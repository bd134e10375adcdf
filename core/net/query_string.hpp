// The query string of a target, read strictly: a name that the path does not take, or takes once, is refused.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crdtd/wire/problem_json.hpp"

namespace crdtd::net {

class QueryString {
 public:
  std::optional<wire::Problem> parse(std::string_view text, std::initializer_list<std::string_view> known);

  const std::string* find(std::string_view name) const;
  // Decimal digits from `min` to `max`; `value` is left alone when the name is absent.
  std::optional<wire::Problem> read_number(std::string_view name, std::uint64_t min, std::uint64_t max,
                                           std::uint64_t& value) const;

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
};

}  // namespace crdtd::net
