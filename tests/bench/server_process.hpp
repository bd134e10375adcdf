// The servers under load, each a process of its own, so that what it uses can be told from what the load uses.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "child_process.hpp"
#include "process_usage.hpp"
#include "temp_folder.hpp"

namespace crdtd::bench {

class ServerProcess {
 public:
  // A real crdtd as built, on a free port, with SQLite in a folder of its own that goes with this object. `storage_yaml` and
  // `more_yaml` add settings of the storage (", key: value") and sections. Throws with the server's log when it does not come up.
  static ServerProcess crdtd(const std::string& storage_yaml = {}, const std::string& more_yaml = {});
  // The Beast echo server beside it (echo_server.cpp), with as many threads as crdtd has.
  static ServerProcess echo();

  std::uint16_t port() const { return port_; }
  ProcessUsage usage() const { return usage_of(process_->pid()); }
  // SIGTERM, and waits. Throws when it does not end well within 30 s.
  void stop();
  // Of crdtd: its database. Read it only after stop().
  std::string database() const { return folder_->file("crdtd.db"); }

 private:
  ServerProcess(const std::string& program, const std::vector<std::string>& arguments,
                std::unique_ptr<testing::TempFolder> folder);
  std::string log() const;

  std::unique_ptr<testing::TempFolder> folder_;
  std::unique_ptr<testing::ChildProcess> process_;
  std::uint16_t port_ = 0;
};

}  // namespace crdtd::bench
