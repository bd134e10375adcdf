// Who may call: API keys, known to the server only by their SHA-256; and the digest that tells repeats from other requests.
//
// Threads: immutable [any].
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "settings/settings.hpp"

namespace crdtd::net {

using Sha256 = std::array<std::uint8_t, 32>;

// Of the parts, one after another.
Sha256 sha256(std::initializer_list<std::string_view> parts);

class ApiKeys {
 public:
  explicit ApiKeys(std::vector<settings::ApiKey> keys) : keys_(std::move(keys)) {}

  bool required() const noexcept { return !keys_.empty(); }
  // Takes the same time for every key of the same length, whichever matches and whether one does.
  bool admits(std::string_view key, std::string_view tenant) const;

 private:
  std::vector<settings::ApiKey> keys_;
};

}  // namespace crdtd::net
