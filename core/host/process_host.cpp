#include "host/process_host.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <string_view>

#include "base/log.hpp"

namespace crdtd::host {
namespace {

// The contract promises blocks aligned to 16 bytes, which malloc gives only where this holds.
static_assert(alignof(std::max_align_t) >= 16);

// A plugin may log what a client sent, so a line is cut before it can fill the log.
constexpr std::size_t kLogLineBytesMax = 4096;

void* host_realloc(void* ptr, std::uint32_t /*size_old*/, std::uint32_t size_new) noexcept {
  if (size_new == 0) {
    std::free(ptr);
    return nullptr;
  }
  return std::realloc(ptr, size_new);
}

base::LogLevel to_level(std::uint32_t level) noexcept {
  switch (level) {
    case CRDTD_LOG_DEBUG:
      return base::LogLevel::kDebug;
    case CRDTD_LOG_INFO:
      return base::LogLevel::kInfo;
    case CRDTD_LOG_WARNING:
      return base::LogLevel::kWarning;
    default:
      return base::LogLevel::kError;  // a level of a later minor version is at least worth a look
  }
}

void host_log(std::uint32_t level, const crdtd_bytes* text) noexcept {
  if (text == nullptr || text->data == nullptr || text->size == 0) return;
  const auto size = std::min<std::size_t>(text->size, kLogLineBytesMax);
  try {
    base::log(to_level(level), std::string_view(reinterpret_cast<const char*>(text->data), size), {{"from", "plugin"}});
  } catch (...) {  // no memory for a log line: the line is lost, the plugin goes on
  }
}

const void* host_get_extension(const char* /*id*/) noexcept { return nullptr; }

constexpr crdtd_host kProcessHost = {
    sizeof(crdtd_host), CRDTD_ABI_MAJOR, CRDTD_ABI_MINOR, 0, &host_realloc, &host_log, &host_get_extension,
};

}  // namespace

const crdtd_host& process_host() noexcept { return kProcessHost; }

}  // namespace crdtd::host
