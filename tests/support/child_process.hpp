// A process that a test starts, reads the standard output of, and ends by its id.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace crdtd::testing {

class ChildProcess {
 public:
  // Starts `program` with `arguments`; standard error goes to the file `log`. `environment` ("NAME=value") is added to a minimal
  // one.
  ChildProcess(const std::string& program, const std::vector<std::string>& arguments, const std::string& log,
               const std::vector<std::string>& environment = {});
  // Kills it if it still runs.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const noexcept { return pid_; }
  // The next line of its standard output, without the line end; none when it closed it or `milliseconds` have passed.
  std::optional<std::string> read_line(int milliseconds);
  void signal(int number) const;
  // Waits for its end: the exit code, or 128 + the signal's number. None when `milliseconds` have passed.
  std::optional<int> wait(int milliseconds);
  // kill -9, and waits.
  void kill();

 private:
  pid_t pid_ = -1;
  int output_ = -1;
  std::string buffer_;
  std::optional<int> ended_;
};

}  // namespace crdtd::testing
