// crdtctl plugin check: loads a plugin and judges what it provides: the laws for a type, the contract for a storage.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <set>
#include <sstream>

#include "base/random.hpp"
#include "crdtd/abi/plugin.h"
#include "crdtd/conformance/counting_host.hpp"
#include "crdtd/conformance/crdt_laws.hpp"
#include "crdtd/conformance/storage_contract.hpp"
#include "crdtd/loader/library.hpp"
#include "crdtd/loader/plugin_file.hpp"
#include "ctl/apart.hpp"
#include "ctl/listing.hpp"
#include "ctl/setting_list.hpp"
#include "ctl/verbs.hpp"
#include "settings/scalars.hpp"

namespace crdtd::ctl {
namespace {

using conformance::CheckResult;

// A folder for the stores under test, gone with everything in it at the end.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "crdtctl-check-XXXXXX").string();
    if (::mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

struct Check {
  std::string of;  // the type or storage
  std::string name;
  CheckRun run;
};

std::string in_quotes(const std::string& text) {
  const bool plain = !text.empty() && text.find_first_not_of(
                                          "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                          "_-./=:,+@%") == std::string::npos;
  if (plain) return text;
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// What to type to see one check fail again.
std::string rerun_command(const PluginCheck& command, const Check& check, std::uint64_t seed) {
  std::string text = "crdtctl plugin check " + in_quotes(command.file) + " --type " + in_quotes(check.of) + " --only " +
                     check.name + " --seed " + std::to_string(seed);
  if (command.rounds) text += " --rounds " + std::to_string(*command.rounds);
  for (const auto& setting : command.settings) text += " --set " + in_quotes(setting);
  if (command.is_volatile) text += " --volatile";
  return text;
}

void add_laws(std::vector<Check>& checks, const PluginCheck& command, const loader::Provision& provision,
              const crdtd_crdt_type& table, std::uint64_t seed) {
  conformance::CrdtLawOptions options;
  options.host = &conformance::counting_host();
  options.ops_json = provision.ops_json;
  for (const auto& limit : provision.limits) options.limits.push_back(limit.value_default);
  options.seed = seed;
  if (command.rounds) options.rounds = *command.rounds;
  for (const auto& name : conformance::crdt_law_names()) {
    checks.push_back({provision.name, name, [&table, options, name] { return conformance::run_crdt_law(table, options, name); }});
  }
}

void add_contract(std::vector<Check>& checks, const PluginCheck& command, const loader::Provision& provision,
                  const crdtd_storage_backend& table, const std::string& settings, const std::filesystem::path& folder,
                  std::uint64_t seed) {
  conformance::StorageContractOptions options;
  options.host = &conformance::counting_host();
  options.seed = seed;
  options.directory = folder;
  options.durable = !command.is_volatile;
  if (command.rounds) options.model_steps = *command.rounds;
  for (const auto& name : conformance::storage_check_names()) {
    checks.push_back({provision.name, name, [&table, settings, options, name] {
                        return conformance::run_storage_check(table, settings, options, name);
                      }});
  }
}

// Those that --type and --only leave. Naming one that is not there is a mistake of the command line.
Outcome<std::vector<Check>> selected(std::vector<Check> checks, const PluginCheck& command) {
  const auto keep = [&](const std::string& option, const std::string& wanted, auto name_of) -> Outcome<void> {
    if (wanted.empty()) return {};
    std::set<std::string> names;
    for (const auto& check : checks) names.insert(name_of(check));
    if (!names.contains(wanted)) {
      const std::vector<std::string> all(names.begin(), names.end());
      return Failure{kExitUsage, option + ": there is no \"" + wanted + "\"; " + settings::suggestion(wanted, all)};
    }
    std::erase_if(checks, [&](const Check& check) { return name_of(check) != wanted; });
    return {};
  };
  if (auto kept = keep("--type", command.type, [](const Check& check) { return check.of; }); !kept) return kept.error();
  if (auto kept = keep("--only", command.only, [](const Check& check) { return check.name; }); !kept) return kept.error();
  return checks;
}

struct Judged {
  const Check* check;
  CheckResult result;
  double milliseconds;
  std::string rerun;  // of one that failed
};

void print_line(const Judged& judged, std::ostream& out) {
  char time[32];
  std::snprintf(time, sizeof time, "%9.1f ms  ", judged.milliseconds);
  out << (judged.result.passed ? "passed  " : "FAILED  ") << time << judged.check->of << "  " << judged.check->name << '\n';
  std::istringstream message(judged.result.message);
  for (std::string line; std::getline(message, line);) out << "        " << printable(line) << '\n';
  if (!judged.rerun.empty()) out << "        again: " << printable(judged.rerun) << '\n';
  out.flush();
}

std::string json_of(const PluginCheck& command, std::uint64_t seed, const std::vector<Judged>& all, std::uint64_t failed) {
  Listing checks({{"of", "", false},
                  {"name", "", false},
                  {"passed", "", false},
                  {"ms", "", true},
                  {"message", "", false},
                  {"rerun", "", false}});
  for (const auto& judged : all) {
    char time[32];
    std::snprintf(time, sizeof time, "%.1f", judged.milliseconds);
    checks.add({Cell::of(judged.check->of), Cell::of(judged.check->name), Cell::raw(judged.result.passed ? "true" : "false"),
                Cell::raw(time), judged.result.message.empty() ? Cell::none() : Cell::of(judged.result.message),
                judged.rerun.empty() ? Cell::none() : Cell::of(judged.rerun)});
  }
  Sheet sheet;
  sheet.add("file", "", Cell::of(command.file));
  sheet.add("seed", "", Cell::of(std::to_string(seed)));
  sheet.add("checks", "", Cell::raw(checks.json()));
  sheet.add("passed", "", Cell::of(std::uint64_t{all.size() - failed}));
  sheet.add("failed", "", Cell::of(failed));
  return sheet.json();
}

ExitCode run_all(const PluginCheck& command, const std::vector<Check>& checks, std::uint64_t seed, Console& console) {
  const bool table = command.output == OutputFormat::kTable;
  if (table) console.out << command.file << ", seed " << seed << '\n';
  std::vector<Judged> all;
  std::uint64_t failed = 0;
  for (const auto& check : checks) {
    const auto before = std::chrono::steady_clock::now();
    // One that was picked out runs here, where a debugger sees it.
    auto result = command.only.empty() ? run_apart(check.name, check.run) : check.run();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - before;
    if (!result.passed) ++failed;
    auto rerun = result.passed ? std::string() : rerun_command(command, check, result.seed != 0 ? result.seed : seed);
    all.push_back({&check, std::move(result), took.count(), std::move(rerun)});
    if (table) print_line(all.back(), console.out);
  }
  if (table) {
    console.out << all.size() - failed << " passed, " << failed << " failed\n";
  } else {
    console.out << json_of(command, seed, all, failed) << '\n';
  }
  return failed == 0 ? kExitOk : kExitFailed;
}

void print_names(const std::vector<Check>& checks, OutputFormat format, std::ostream& out) {
  Listing names({{"of", "OF", false}, {"name", "CHECK", false}, {"summary", "WHAT IT SAYS", false}});
  for (const auto& check : checks) {
    const auto summary = conformance::crdt_law_summary(check.name);
    names.add({Cell::of(check.of), Cell::of(check.name), summary.empty() ? Cell::none() : Cell::of(summary)});
  }
  if (format == OutputFormat::kJson) {
    out << names.json() << '\n';
  } else {
    names.print_table(out);
  }
}

}  // namespace

Outcome<ExitCode> plugin_check(const PluginCheck& command, Console& console) {
  const auto settings = settings_json(command.settings);
  if (!settings) return settings.error();
  auto file = loader::PluginFile::open(command.file, {});
  if (!file) return Failure{kExitPlugin, file.refusal().to_string()};
  const ScratchFolder scratch;
  if (scratch.path().empty())
    return Failure{kExitFailed, "no folder for the stores under test can be made in the temporary folder"};
  const auto library = loader::load_library(std::move(file.value()), conformance::counting_host());
  if (!library) return Failure{kExitPlugin, library.refusal().to_string()};

  const std::uint64_t seed = command.seed ? *command.seed : base::SystemRandom().next_u64() >> 32 | 1;
  const auto& provides = library.value()->manifest().provides;
  std::vector<Check> checks;
  for (std::size_t i = 0; i < provides.size(); ++i) {
    const void* table = library.value()->table(i);
    if (provides[i].kind == CRDTD_KIND_CRDT_TYPE) {
      add_laws(checks, command, provides[i], *static_cast<const crdtd_crdt_type*>(table), seed);
    } else if (provides[i].kind == CRDTD_KIND_STORAGE_BACKEND) {
      add_contract(checks, command, provides[i], *static_cast<const crdtd_storage_backend*>(table), *settings, scratch.path(),
                   seed);
    }
  }
  if (checks.empty()) return Failure{kExitFailed, command.file + " provides nothing that can be checked"};
  const auto wanted = selected(std::move(checks), command);
  if (!wanted) return wanted.error();
  if (!command.list) return run_all(command, *wanted, seed, console);
  print_names(*wanted, command.output, console.out);
  return kExitOk;
}

}  // namespace crdtd::ctl
