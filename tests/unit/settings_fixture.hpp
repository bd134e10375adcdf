// Loading configurations in tests: short YAML in, settings or the lines of the findings out.
#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "settings/settings.hpp"

namespace crdtd::settings {

// The least that a configuration needs; tests append to it (it has five lines).
inline const std::string kLeast =
    "types:\n"
    "  counter: {}\n"
    "storage:\n"
    "  plugin: shelf\n"
    "  path: ./data/shelf\n";

inline Loaded load(const std::string& text, const Environment& environment = {}, const std::vector<Override>& command_line = {}) {
  return load_text({"test.yaml", text, "/etc/crdtd"}, {environment, command_line});
}

// What a person would read; empty when the configuration is good.
inline std::vector<std::string> lines_of(const Loaded& loaded) {
  std::vector<std::string> lines;
  if (loaded) return lines;
  for (const Finding& finding : loaded.error()) lines.push_back(finding.text());
  return lines;
}

// The settings of a configuration that must be good.
inline Settings load_good(const std::string& text, const Environment& environment = {},
                          const std::vector<Override>& command_line = {}) {
  Loaded loaded = load(text, environment, command_line);
  for (const std::string& line : lines_of(loaded)) UNSCOPED_INFO(line);
  REQUIRE(loaded.ok());
  return *std::move(loaded);
}

// The one finding of a configuration that must have exactly one.
inline std::string one_finding(const std::string& text, const Environment& environment = {},
                               const std::vector<Override>& command_line = {}) {
  const auto lines = lines_of(load(text, environment, command_line));
  for (const std::string& line : lines) UNSCOPED_INFO(line);
  REQUIRE(lines.size() == 1);
  return lines[0];
}

}  // namespace crdtd::settings
