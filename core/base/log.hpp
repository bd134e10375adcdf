// One structured line an event: `time level message key=value …` (or JSON) on standard error, written by one thread in the
// background through a bounded queue; when that is full the oldest lines go and a counter of lost lines is logged.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace crdtd::base {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
enum class LogFormat { kText, kJson };

struct LogField {
  std::string_view key;
  std::variant<std::string_view, std::int64_t, std::uint64_t, double> value;
};

// Before the first line; later calls change level and format. [main]
void log_start(LogLevel level, LogFormat format);
// Writes out what waits. [main]
void log_stop();
bool log_enabled(LogLevel level) noexcept;                                                        // [any]
void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});  // [any]

}  // namespace crdtd::base
