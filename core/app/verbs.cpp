#include "app/verbs.hpp"

#include <cstdio>
#include <filesystem>
#include <vector>

#include "app/server.hpp"
#include "settings/dev_config.hpp"
#include "settings/settings.hpp"

namespace crdtd::app {
namespace {

int print_findings(const std::vector<settings::Finding>& findings) {
  for (const auto& finding : findings) std::fprintf(stderr, "%s\n", finding.text().c_str());
  return kExitConfig;
}

}  // namespace

int serve(const CommandLine& command, const char* const* environment) {
  auto loaded = settings::load_file(command.config_file, {settings::environment_from(environment), {}});
  if (!loaded) return print_findings(loaded.error());
  return run_server(*loaded);
}

int dev(const CommandLine& command, const char* const* environment) {
  if (command.print_config) {
    const auto text = settings::dev_config_text();
    std::fwrite(text.data(), 1, text.size(), stdout);
    return kExitOk;
  }
  settings::Overrides overrides{settings::environment_from(environment), {}};
  const auto data = std::filesystem::absolute(command.data_directory);
  overrides.command_line.push_back({"--data", "storage.path", (data / "crdtd.db").string()});
  if (command.listen) overrides.command_line.push_back({"--listen", "listen", *command.listen});
  const settings::Source source{"dev.yaml", std::string(settings::dev_config_text()), std::filesystem::current_path().string()};
  auto loaded = settings::load_text(source, overrides);
  if (!loaded) return print_findings(loaded.error());
  return run_server(*loaded);
}

int check_config(const CommandLine& command, const char* const* environment) {
  auto loaded = settings::load_file(command.config_file, {settings::environment_from(environment), {}});
  if (!loaded) return print_findings(loaded.error());
  if (const int code = check_plugins(*loaded); code != kExitOk) return code;
  std::printf("%s: ok\n", command.config_file.c_str());
  return kExitOk;
}

}  // namespace crdtd::app
