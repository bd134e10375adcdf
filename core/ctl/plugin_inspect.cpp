// crdtctl plugin inspect: what a plugin file is and says, none of its code run; with --delta the type's own view of a delta.
#include <algorithm>
#include <fstream>
#include <vector>

#include "crdtd/abi/plugin.h"
#include "crdtd/loader/plugin_file.hpp"
#include "ctl/library_facts.hpp"
#include "ctl/listing.hpp"
#include "ctl/verbs.hpp"
#include "host/plugin_host.hpp"

namespace crdtd::ctl {
namespace {

constexpr std::size_t kDeltaBytesMax = 64u << 20;

Cell limits_of(const loader::Provision& provision) {
  Listing limits({{"name", "", false}, {"default", "", true}, {"max", "", true}, {"unit", "", false}});
  std::string text;
  for (const auto& limit : provision.limits) {
    limits.add({Cell::of(limit.name), Cell::of(limit.value_default), Cell::of(limit.value_max), Cell::of(limit.unit)});
    text += (text.empty() ? "" : ", ") + limit.name + " " + std::to_string(limit.value_default) + " (at most " +
            std::to_string(limit.value_max) + (limit.unit.empty() ? "" : " " + limit.unit) + ")";
  }
  return {text.empty() ? "-" : printable(text), limits.json()};
}

Cell formats_of(const loader::Provision& provision) {
  std::string json = "[";
  for (const auto format : provision.formats_read) json += (json.size() > 1 ? "," : "") + std::to_string(format);
  return Cell::raw(json + ']');
}

Listing provisions_of(const loader::Manifest& manifest) {
  Listing rows({{"kind", "KIND", false},
                {"name", "NAME", false},
                {"semantics", "SEMANTICS", true},
                {"format_written", "WRITES", true},
                {"formats_read", "READS", false},
                {"limits", "LIMITS", false}});
  for (const auto& provision : manifest.provides) {
    const bool is_type = provision.kind == CRDTD_KIND_CRDT_TYPE;
    rows.add({Cell::of(provision.kind), Cell::of(provision.name),
              is_type ? Cell::of(std::uint64_t{provision.semantics}) : Cell::none(),
              is_type ? Cell::of(std::uint64_t{provision.format_written}) : Cell::none(),
              is_type ? formats_of(provision) : Cell::none(), is_type ? limits_of(provision) : Cell::none()});
  }
  return rows;
}

Outcome<ExitCode> show_file(const PluginInspect& command, Console& console) {
  const auto facts = read_library_facts(command.file);
  if (!facts) return facts.error();
  const auto file = loader::PluginFile::open(command.file, {});
  Sheet sheet;
  sheet.add("file", "file", Cell::of(command.file));
  sheet.add("real_path", "real path", Cell::of(facts->real_path));
  sheet.add("status", "status", Cell::of(std::string_view(file ? "usable" : "refused")));
  if (file) {
    const auto& manifest = file->manifest();
    sheet.add("id", "id", Cell::of(manifest.id));
    sheet.add("version", "version", Cell::of(manifest.version));
    sheet.add("abi", "abi", Cell::of(std::to_string(manifest.abi_major) + '.' + std::to_string(manifest.abi_minor)));
    sheet.add("provides", "", Cell::raw(provisions_of(manifest).json()));
  } else {
    sheet.add("refusal", "refusal", Cell::of(file.refusal().to_string()));
  }
  sheet.add("size_bytes", "bytes", Cell::of(facts->size_bytes));
  sheet.add("owner", "owner", Cell::of(facts->owner));
  sheet.add("mode", "mode", Cell::of(facts->mode));
  sheet.add("sha256", "", Cell::of(facts->sha256));
  sheet.add("pin", "pin (YAML)", Cell::of("sha256: \"" + facts->sha256 + '"'));
  sheet.add("exported", "exports", Cell::of(facts->exported));
  sheet.add("needed", "needs", Cell::of(facts->needed));
  if (command.output == OutputFormat::kJson) {
    console.out << sheet.json() << '\n';
  } else {
    sheet.print_table(console.out);
    if (file) {
      console.out << '\n';
      provisions_of(file->manifest()).print_table(console.out);
    }
  }
  return file ? kExitOk : kExitPlugin;
}

Outcome<std::string> from_hex(std::string_view digits) {
  const auto value = [](char c) {
    return std::string_view("0123456789abcdef").find(c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c);
  };
  std::string bytes;
  if (digits.size() % 2 != 0)
    return Failure{kExitUsage, "--delta: wanted two hexadecimal digits a byte, found an odd number of them"};
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    const auto high = value(digits[i]);
    const auto low = value(digits[i + 1]);
    if (high > 15 || low > 15) {
      return Failure{kExitUsage, "--delta: wanted hexadecimal digits, or @FILE for the bytes of a file; digit " +
                                     std::to_string(i + 1) + " is none"};
    }
    bytes += static_cast<char>(high << 4 | low);
  }
  return bytes;
}

Outcome<std::string> read_delta(const std::string& text) {
  if (!text.starts_with('@')) return from_hex(text);
  const auto path = text.substr(1);
  std::ifstream file(path, std::ios::binary);
  std::string bytes;
  std::vector<char> block(64 * 1024);
  while (file.is_open() && (file.read(block.data(), static_cast<std::streamsize>(block.size())) || file.gcount() > 0)) {
    bytes.append(block.data(), static_cast<std::size_t>(file.gcount()));
    if (bytes.size() > kDeltaBytesMax) return Failure{kExitFailed, "--delta: " + path + " is larger than 64 MiB"};
  }
  if (!file.is_open() || file.bad()) return Failure{kExitFailed, "--delta: " + path + " cannot be read"};
  return bytes;
}

// The type that is meant: by its name, or the only one.
Outcome<std::string> type_of(const PluginInspect& command, const loader::Manifest& manifest) {
  std::vector<std::string> names;
  for (const auto& provision : manifest.provides) {
    if (provision.kind == CRDTD_KIND_CRDT_TYPE) names.push_back(provision.name);
  }
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ", ") + name;
  if (command.type.empty() && names.size() == 1) return names.front();
  if (std::find(names.begin(), names.end(), command.type) != names.end()) return command.type;
  return Failure{kExitUsage, "--type: wanted a type of " + command.file + ", which has " + (list.empty() ? "none" : list)};
}

Outcome<ExitCode> show_delta(const PluginInspect& command, Console& console) {
  const auto delta = read_delta(command.delta);
  if (!delta) return delta.error();
  const auto file = loader::PluginFile::open(command.file, {});
  if (!file) return Failure{kExitPlugin, file.refusal().to_string()};
  const auto name = type_of(command, file->manifest());
  if (!name) return name.error();
  host::PluginHost plugins({});
  if (auto enabled = plugins.enable_type({*name, *name, command.file, {}, {}}); !enabled) {
    return Failure{kExitPlugin, enabled.error().detail};
  }
  const auto* type = plugins.find_type(*name);
  const auto shown = type->inspect(*delta, command.format.value_or(type->format_written()));
  if (!shown) return Failure{kExitFailed, shown.error().detail};
  console.out << (command.output == OutputFormat::kJson ? *shown : pretty_json(*shown)) << '\n';
  return kExitOk;
}

}  // namespace

Outcome<ExitCode> plugin_inspect(const PluginInspect& command, Console& console) {
  return command.delta.empty() ? show_file(command, console) : show_delta(command, console);
}

}  // namespace crdtd::ctl
