#include "server_process.hpp"

#include <csignal>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "running_server.hpp"

namespace crdtd::bench {
namespace {

constexpr int kStartMilliseconds = 30'000;
constexpr int kStopMilliseconds = 30'000;

}  // namespace

ServerProcess ServerProcess::crdtd(const std::string& storage_yaml, const std::string& more_yaml) {
  auto folder = std::make_unique<testing::TempFolder>();
  const std::string config = folder->file("crdtd.yaml");
  std::ofstream(config) << "listen: 127.0.0.1:0\n"
                        << "plugins: { directory: " << testing::plugin_directory() << " }\n"
                        << "types: { lww: {}, orset: {} }\n"
                        << "storage: { plugin: sqlite, path: ./crdtd.db" << storage_yaml << " }\n"
                        << "http: { access_log: false }\n"
                        << "log: { level: warning }\n"
                        << more_yaml;
  return {testing::crdtd_program(), {"serve", "--config", config}, std::move(folder)};
}

ServerProcess ServerProcess::echo() { return {CRDTD_BENCH_ECHO_PROGRAM, {}, std::make_unique<testing::TempFolder>()}; }

ServerProcess::ServerProcess(const std::string& program, const std::vector<std::string>& arguments,
                             std::unique_ptr<testing::TempFolder> folder)
    : folder_(std::move(folder)),
      process_(std::make_unique<testing::ChildProcess>(program, arguments, folder_->file("server.log"))) {
  const auto line = process_->read_line(kStartMilliseconds);
  if (!line || !line->starts_with("listening on ")) throw std::runtime_error(program + " did not come up:\n" + log());
  port_ = static_cast<std::uint16_t>(std::stoul(line->substr(line->rfind(':') + 1)));
}

void ServerProcess::stop() {
  process_->signal(SIGTERM);
  const auto code = process_->wait(kStopMilliseconds);
  if (!code || *code != 0) {
    throw std::runtime_error("a server did not stop well (" + (code ? "exit code " + std::to_string(*code) : "still running") +
                             "):\n" + log());
  }
}

std::string ServerProcess::log() const {
  std::ostringstream text;
  text << std::ifstream(folder_->file("server.log")).rdbuf();
  return text.str();
}

}  // namespace crdtd::bench
