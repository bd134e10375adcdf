// Builds what serves documents out of the settings, and takes it down again in order: plugins, store, threads, engine.
//
// Members stand in the order in which they are built; they go in the reverse one, so that nothing outlives what it uses.
// Threads: [main] builds and stops; run() serves on this thread and on those that it starts.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "document/engine.hpp"
#include "host/plugin_host.hpp"
#include "net/io_loops.hpp"
#include "net/storage_threads.hpp"
#include "settings/settings.hpp"
#include "store/document_store.hpp"

namespace crdtd::app {

class EngineRoom {
 public:
  // `on_storage_failure` is called once, on any thread, when durability can no longer be promised.
  // The error is a sentence for the operator.
  static base::Result<std::unique_ptr<EngineRoom>> build(const settings::Settings& settings,
                                                         std::function<void(std::string)> on_storage_failure);
  // Finds and loads the plugins without opening the store: one sentence for each that is refused.
  static std::vector<std::string> check(const settings::Settings& settings);
  ~EngineRoom();
  EngineRoom(const EngineRoom&) = delete;
  EngineRoom& operator=(const EngineRoom&) = delete;

  net::IoLoops& loops() noexcept { return loops_; }
  document::Engine& engine() noexcept { return *engine_; }
  const host::PluginHost& plugins() const noexcept { return plugins_; }

  // Serves, on the caller's thread too, until stop().
  void run() { loops_.run(); }
  // Ends run(). [any]
  void stop() { loops_.stop(); }
  // After run(): waits for storage calls under way. False if one still blocks after `wait_max`: then the process must end without
  // destroying this.
  bool stop_storage(base::Duration wait_max) { return storage_threads_->stop(wait_max); }

 private:
  explicit EngineRoom(const settings::Settings& settings);
  base::Result<void> open_store(const settings::Settings& settings);
  base::Result<void> start_engine(const settings::Settings& settings, std::function<void(std::string)> on_storage_failure);

  base::SystemClock clock_;
  base::SystemRandom random_;
  net::IoLoops loops_;
  host::PluginHost plugins_;
  std::optional<host::Store> storage_;
  std::optional<net::StorageThreads> storage_threads_;
  std::optional<store::DocumentStore> store_;
  std::optional<document::TypeTable> types_;
  std::optional<document::Engine> engine_;
};

}  // namespace crdtd::app
