// What a process has used so far, as the kernel counts it.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace crdtd::bench {

struct ProcessUsage {
  double cpu_seconds = 0;           // of all its threads
  std::uint64_t written_bytes = 0;  // sent to the disk: `write_bytes` of /proc/PID/io, which counts whole pages
};

// Throws std::runtime_error when the process is gone or belongs to somebody else.
ProcessUsage usage_of(pid_t process);
// CPU time of the calling thread.
double thread_cpu_seconds();

}  // namespace crdtd::bench
