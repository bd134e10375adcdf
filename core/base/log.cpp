#include "base/log.hpp"

#include <spdlog/async.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <cstdio>
#include <memory>

namespace crdtd::base {
namespace {

std::atomic<LogLevel> level_min{LogLevel::kInfo};
std::atomic<LogFormat> line_format{LogFormat::kText};
std::shared_ptr<spdlog::logger> logger;  // set by log_start, cleared by log_stop: both [main], with no other thread logging

constexpr std::size_t kQueueLines = 8192;

constexpr const char* level_name(LogLevel level) {
  constexpr const char* kNames[] = {"debug", "info", "warning", "error"};
  return kNames[static_cast<int>(level)];
}

// Escapes what would break a line or a JSON string; other bytes pass.
void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", byte);
      out += escape;
    } else {
      out += c;
    }
  }
}

void append_value(std::string& out, const LogField& field, bool json) {
  if (const auto* text = std::get_if<std::string_view>(&field.value)) {
    const bool quote = json || text->empty() || text->find_first_of(" \"=\\\n\r\t") != std::string_view::npos;
    if (quote) out += '"';
    append_escaped(out, *text);
    if (quote) out += '"';
  } else if (const auto* i = std::get_if<std::int64_t>(&field.value)) {
    out += std::to_string(*i);
  } else if (const auto* u = std::get_if<std::uint64_t>(&field.value)) {
    out += std::to_string(*u);
  } else {
    char number[32];
    std::snprintf(number, sizeof number, "%.3f", std::get<double>(field.value));
    out += number;
  }
}

std::string now_text() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  tm parts{};
  ::gmtime_r(&now.tv_sec, &parts);
  char text[40];
  const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text + size, sizeof text - size, ".%03ldZ", now.tv_nsec / 1000000);
  return text;
}

std::string text_line(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  std::string line = now_text() + ' ' + level_name(level) + ' ';
  append_escaped(line, message);
  for (const auto& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    append_value(line, field, false);
  }
  return line;
}

std::string json_line(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  std::string line = R"({"time":")" + now_text() + R"(","level":")" + level_name(level) + R"(","message":")";
  append_escaped(line, message);
  line += '"';
  for (const auto& field : fields) {
    line += ",\"";
    line += field.key;
    line += "\":";
    append_value(line, field, true);
  }
  return line + '}';
}

}  // namespace

void log_start(LogLevel level, LogFormat format) {
  level_min = level;
  line_format = format;
  if (logger) return;
  spdlog::init_thread_pool(kQueueLines, 1);
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  logger = std::make_shared<spdlog::async_logger>("crdtd", std::move(sink), spdlog::thread_pool(),
                                                  spdlog::async_overflow_policy::overrun_oldest);
  logger->set_pattern("%v");
  logger->set_level(spdlog::level::trace);
}

void log_stop() {
  if (!logger) return;
  const auto lost = spdlog::thread_pool()->overrun_counter();
  if (lost > 0) log(LogLevel::kWarning, "log lines lost", {{"count", static_cast<std::uint64_t>(lost)}});
  logger->flush();
  logger.reset();
  spdlog::shutdown();
}

bool log_enabled(LogLevel level) noexcept { return level >= level_min.load(std::memory_order_relaxed); }

void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (!log_enabled(level) || !logger) return;
  logger->info(line_format == LogFormat::kJson ? json_line(level, message, fields) : text_line(level, message, fields));
}

}  // namespace crdtd::base
