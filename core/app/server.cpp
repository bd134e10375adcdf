#include "app/server.hpp"

#include <algorithm>
#include <atomic>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>

#include "app/command_line.hpp"
#include "app/engine_room.hpp"
#include "app/version.hpp"
#include "base/log.hpp"
#include "net/http_server.hpp"

namespace crdtd::app {
namespace {

using base::LogLevel;

int refuse(const base::Error& error, ExitCode code) {
  std::fprintf(stderr, "crdtd: %s\n", error.detail.c_str());
  return code;
}

// After the storage has failed: time to tell those who wait, then the process ends.
constexpr base::Duration kFailureGrace = std::chrono::milliseconds(500);

std::string text_of(const settings::Address& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return (v6 ? '[' + address.host + ']' : address.host) + ':' + std::to_string(address.port);
}

// The one fault that ends the process: shared by the storage threads that find it and the health check that tells it.
class StorageFailure {
 public:
  void set(std::string reason) {
    const std::lock_guard lock(mutex_);
    if (reason_.empty()) reason_ = std::move(reason);
  }
  std::string reason() const {
    const std::lock_guard lock(mutex_);
    return reason_;
  }

 private:
  mutable std::mutex mutex_;
  std::string reason_;  // guarded by mutex_; empty: none
};

net::NetOptions net_options(const settings::Settings& settings, const host::PluginHost& plugins, const StorageFailure& failure) {
  net::NetOptions options;
  options.listen = settings.listen;
  options.http = settings.http;
  options.api_keys = settings.api_keys;
  for (const auto* type : plugins.types()) {
    options.types.push_back(
        {type->name(), std::string(type->type_id()), type->semantics(), type->format_written(), type->formats_read(), {}});
  }
  options.not_ready = [&failure] { return failure.reason(); };
  return options;
}

// The order of the end: no new connections, requests in flight answered, the engine drained, the I/O threads released.
class Shutdown {
 public:
  Shutdown(EngineRoom& room, net::HttpServer& http, const settings::Settings& settings)
      : room_(room),
        http_(http),
        wait_max_(settings.http.shutdown_timeout),
        signals_(room.loops().first().io(), SIGTERM, SIGINT),
        deadline_(room.loops().first().io()) {}

  void arm() {
    signals_.async_wait([this](const boost::system::error_code& error, int number) {
      if (error) return;
      base::log(LogLevel::kInfo, "stopping", {{"signal", std::int64_t{number}}});
      begin(wait_max_ + std::chrono::seconds(1));
    });
  }
  // Waits for what is under way, at most `wait_max`. A second call only shortens the wait. [any]
  void begin(base::Duration wait_max) {
    room_.loops().first().post([this, wait_max] {
      deadline_.expires_after(wait_max);
      deadline_.async_wait([this](const boost::system::error_code& error) {
        if (error) return;
        base::log(LogLevel::kWarning, "not everything that was under way ended in time");
        room_.stop();
      });
      if (begun_.exchange(true)) return;
      http_.stop([this] { room_.engine().drain([this] { finish(); }); });
    });
  }
  bool clean() const noexcept { return clean_; }

 private:
  void finish() {
    clean_ = true;
    room_.stop();
  }

  EngineRoom& room_;
  net::HttpServer& http_;
  const base::Duration wait_max_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer deadline_;
  std::atomic<bool> begun_{false};
  std::atomic<bool> clean_{false};
};

}  // namespace

int run_server(const settings::Settings& settings) {
  base::log_start(settings.log.level, settings.log.format);
  StorageFailure failure;
  std::atomic<Shutdown*> shutdown_now{nullptr};
  auto room = EngineRoom::build(settings, [&](std::string reason) {
    failure.set(std::move(reason));
    if (auto* now = shutdown_now.load()) now->begin(kFailureGrace);
  });
  if (!room) return refuse(room.error(), kExitFailed);

  net::HttpServer http((*room)->loops(), (*room)->engine(), net_options(settings, (*room)->plugins(), failure));
  Shutdown shutdown(**room, http, settings);
  shutdown_now = &shutdown;
  const auto bound = http.start();
  if (!bound) return refuse(bound.error(), kExitFailed);
  if (!failure.reason().empty()) shutdown.begin(kFailureGrace);
  shutdown.arm();
  const auto address = text_of(*bound);
  std::printf("listening on %s\n", address.c_str());
  std::fflush(stdout);
  base::log(LogLevel::kInfo, "ready", {{"address", address}, {"version", std::string_view(kVersion)}});

  (*room)->run();

  const bool storage_ended = (*room)->stop_storage(settings.http.shutdown_timeout);
  const int code = failure.reason().empty() ? kExitOk : kExitStorageFailed;
  base::log(LogLevel::kInfo, "stopped", {{"code", std::int64_t{code}}});
  base::log_stop();
  // What did not end in time still uses the engine: leave it to the process's end, which loses nothing that was acknowledged.
  if (!shutdown.clean() || !storage_ended) std::_Exit(code == kExitOk ? kExitFailed : code);
  return code;
}

int check_plugins(const settings::Settings& settings) {
  const auto findings = EngineRoom::check(settings);
  for (const auto& finding : findings) std::fprintf(stderr, "crdtd: %s\n", finding.c_str());
  return findings.empty() ? kExitOk : kExitConfig;
}

}  // namespace crdtd::app
