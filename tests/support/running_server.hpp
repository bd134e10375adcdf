// A real crdtd process on a free port, with a configuration and a data folder of the test's own.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "child_process.hpp"
#include "http_client.hpp"
#include "temp_folder.hpp"

namespace crdtd::testing {

// Where the build put things; defined by the test programs' build.
std::string crdtd_program();
std::string plugin_directory();

class RunningServer {
 public:
  // `storage`: the backend's name. `more_yaml`: further top-level sections.
  explicit RunningServer(std::string storage, std::string more_yaml = {});

  // Starts it (again) on the same data; waits until it is ready. Throws with the log's text when it does not come up.
  void start();
  // kill -9.
  void kill();
  // SIGTERM; the exit code, or none when it does not end in time.
  std::optional<int> stop(int milliseconds = 15'000);

  const std::string& address() const noexcept { return address_; }
  ChildProcess& process() { return *process_; }
  std::string log() const;
  const TempFolder& folder() const noexcept { return folder_; }
  std::string storage() const { return storage_; }

 private:
  TempFolder folder_;
  std::string storage_;
  std::string config_;
  std::string log_;
  std::string address_;
  std::unique_ptr<ChildProcess> process_;
};

// The storage backends that the integration suite runs on: CRDTD_TEST_STORAGE, or the default one.
std::string storage_under_test();

}  // namespace crdtd::testing
