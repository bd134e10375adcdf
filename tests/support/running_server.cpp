#include "running_server.hpp"

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace crdtd::testing {

std::string crdtd_program() { return CRDTD_TEST_PROGRAM; }
std::string plugin_directory() { return CRDTD_TEST_PLUGINS; }

std::string storage_under_test() {
  const char* name = std::getenv("CRDTD_TEST_STORAGE");
  return name == nullptr ? "sqlite" : name;
}

RunningServer::RunningServer(std::string storage, std::string more_yaml)
    : storage_(std::move(storage)), config_(folder_.file("crdtd.yaml")), log_(folder_.file("server.log")) {
  std::ofstream yaml(config_);
  yaml << "listen: 127.0.0.1:0\n"
       << "plugins: { directory: " << plugin_directory() << " }\n"
       << "storage: { plugin: " << storage_ << (storage_ == "sqlite" ? ", path: ./data/crdtd.db" : "") << " }\n";
  if (more_yaml.find("types:") == std::string::npos) yaml << "types: { lww: {}, orset: {} }\n";
  yaml << more_yaml;
  yaml.close();
  start();
}

void RunningServer::start() {
  process_ = std::make_unique<ChildProcess>(crdtd_program(), std::vector<std::string>{"serve", "--config", config_}, log_);
  constexpr std::string_view kReady = "listening on ";
  const auto line = process_->read_line(30'000);
  if (!line || line->rfind(kReady, 0) != 0) throw std::runtime_error("the server did not come up:\n" + log());
  address_ = line->substr(kReady.size());
}

void RunningServer::kill() { process_->kill(); }

std::optional<int> RunningServer::stop(int milliseconds) {
  process_->signal(SIGTERM);
  return process_->wait(milliseconds);
}

std::string RunningServer::log() const {
  std::ostringstream text;
  text << std::ifstream(log_).rdbuf();
  return text.str();
}

}  // namespace crdtd::testing
