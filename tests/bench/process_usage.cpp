#include "process_usage.hpp"

#include <time.h>

#include <fstream>
#include <stdexcept>
#include <string>

namespace crdtd::bench {
namespace {

double seconds_of(clockid_t clock) {
  timespec time{};
  if (::clock_gettime(clock, &time) != 0) throw std::runtime_error("clock_gettime failed");
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

}  // namespace

ProcessUsage usage_of(pid_t process) {
  clockid_t clock{};
  if (::clock_getcpuclockid(process, &clock) != 0) throw std::runtime_error("no process " + std::to_string(process));
  ProcessUsage usage;
  usage.cpu_seconds = seconds_of(clock);
  const std::string path = "/proc/" + std::to_string(process) + "/io";
  std::ifstream file(path);
  std::string name;
  while (file >> name) {
    std::uint64_t value = 0;
    file >> value;
    if (name != "write_bytes:") continue;
    usage.written_bytes = value;
    return usage;
  }
  throw std::runtime_error("cannot read write_bytes in " + path);
}

double thread_cpu_seconds() { return seconds_of(CLOCK_THREAD_CPUTIME_ID); }

}  // namespace crdtd::bench
