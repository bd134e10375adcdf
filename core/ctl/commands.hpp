// What can be asked for: one struct a verb, as the command line gives it. Values; an empty text is an option that was left out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace crdtd::ctl {

enum class OutputFormat { kTable, kJson };

struct PluginList {
  OutputFormat output = OutputFormat::kTable;
  std::string directory;
  std::string config;
};

struct PluginInspect {
  OutputFormat output = OutputFormat::kTable;
  std::string file;
  std::string delta;  // hexadecimal digits, or @FILE
  std::string type;
  std::optional<std::uint32_t> format;
};

struct PluginCheck {
  OutputFormat output = OutputFormat::kTable;
  std::string file;
  std::string type;  // check only this type or storage of the plugin
  std::vector<std::string> settings;
  std::optional<std::uint64_t> seed;
  std::string only;
  std::optional<std::uint32_t> rounds;
  bool is_volatile = false;
  bool list = false;
};

// Where documents are read from: a server, or else the store that a configuration names.
struct Place {
  std::string url;
  std::string config;
  std::string directory;  // with a server: where to find the types' plugins
  std::string tenant;
  std::string node = "crdtctl";
  std::string api_key;
  std::string api_key_file;
  std::uint32_t timeout_ms = 10'000;
};

struct DocList {
  OutputFormat output = OutputFormat::kTable;
  Place place;
  std::string after;
  std::uint32_t limit = 100;
};

struct DocGet {
  OutputFormat output = OutputFormat::kTable;
  Place place;
  std::string id;
  std::optional<std::uint64_t> version;
  std::string query;
  std::string encoded_file;
  bool raw = false;
};

struct DocOps {
  OutputFormat output = OutputFormat::kTable;
  Place place;
  std::string id;
  std::string since;
  std::uint32_t limit = 100;
  bool delta = false;
};

struct DocVerify {
  OutputFormat output = OutputFormat::kTable;
  Place place;
  std::string id;
  bool all = false;
};

using Command = std::variant<PluginList, PluginInspect, PluginCheck, DocList, DocGet, DocOps, DocVerify>;

}  // namespace crdtd::ctl
