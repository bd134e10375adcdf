// Through the pipe: '1' or '0' for passed, the seed in 16 hexadecimal digits, then the message.
#include "ctl/apart.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <exception>

#include "ctl/listing.hpp"

namespace crdtd::ctl {
namespace {

using conformance::CheckResult;

constexpr std::size_t kHeadBytes = 17;
constexpr std::size_t kReportBytesMax = 1u << 20;  // of a message; more is cut

bool write_all(int to, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::write(to, bytes.data(), bytes.size());
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::string read_all(int from) {
  std::string bytes;
  char block[4096];
  for (;;) {
    const auto got = ::read(from, block, sizeof block);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return bytes;
    if (bytes.size() < kReportBytesMax) bytes.append(block, static_cast<std::size_t>(got));
  }
}

[[noreturn]] void be_child(int to, const CheckRun& run) {
  CheckResult result;
  try {
    result = run();
  } catch (const std::exception& error) {
    result.message = error.what();
  }
  const bool sent = write_all(to, (result.passed ? "1" : "0") + hex16(result.seed) + result.message);
  ::_exit(sent ? 0 : 1);  // no destructors: what the parent opened is the parent's
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return status;
}

CheckResult failed(const std::string& name, std::string message) { return {name, false, std::move(message), 0}; }

}  // namespace

CheckResult run_apart(const std::string& name, const CheckRun& run) {
  int ends[2];
  if (::pipe(ends) != 0) return failed(name, std::string("no pipe for the check's process: ") + std::strerror(errno));
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    be_child(ends[1], run);
  }
  ::close(ends[1]);
  if (child < 0) {
    ::close(ends[0]);
    return failed(name, std::string("no process for the check: ") + std::strerror(errno));
  }
  const auto report = read_all(ends[0]);
  ::close(ends[0]);
  const int status = wait_for(child);
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    return failed(name, "the plugin's process was ended by signal " + std::to_string(signal) + " (" + ::strsignal(signal) + ")");
  }
  CheckResult result{name, false, {}, 0};
  const char* seed_end = report.data() + kHeadBytes;
  const bool whole = report.size() >= kHeadBytes && WEXITSTATUS(status) == 0 &&
                     std::from_chars(report.data() + 1, seed_end, result.seed, 16).ptr == seed_end;
  if (!whole)
    return failed(name, "the plugin's process ended with code " + std::to_string(WEXITSTATUS(status)) + ", without a result");
  result.passed = report.front() == '1';
  result.message = report.substr(kHeadBytes);
  return result;
}

}  // namespace crdtd::ctl
