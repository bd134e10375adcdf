#include "app/engine_room.hpp"

#include <algorithm>
#include <filesystem>
#include <thread>
#include <utility>

#include "base/log.hpp"
#include "store/generation.hpp"

namespace crdtd::app {
namespace {

constexpr std::size_t kStorageReadersMax = 8;

std::size_t loop_count(const settings::Settings& settings) {
  if (settings.threads > 0) return static_cast<std::size_t>(settings.threads);
  // The storage's threads need a processor as well: with one thread more than that, the threads only take turns.
  return std::max(2u, std::thread::hardware_concurrency()) - 1;
}

// Plugins are installed beside the program: <prefix>/bin/crdtd, <prefix>/lib/crdtd/plugins.
std::string plugin_directory(const settings::Settings& settings) {
  if (!settings.plugins_directory.empty()) return settings.plugins_directory;
  std::error_code ignored;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", ignored);
  return (program.parent_path().parent_path() / "lib" / "crdtd" / "plugins").string();
}

store::CommitSettings commit_settings(const settings::Settings& settings, const host::Store& storage) {
  store::CommitSettings commit;
  commit.batch_bytes_max = settings.engine.commit_bytes_max;
  commit.batch_entries_max = static_cast<std::uint32_t>(settings.engine.commit_rows_max);
  commit.writers = storage.writers_max();
  commit.unknown_timeout = settings.storage.unknown_timeout;
  return commit;
}

document::EngineSettings engine_settings(const settings::Engine& from) {
  document::EngineSettings to;
  to.memory_bytes_max = from.memory_max;
  to.waiting_bytes_max = from.waiting_bytes_max;
  to.tenant_share_percent = static_cast<std::uint32_t>(from.tenant_waiting_percent);
  to.window_age = from.window_age;
  to.window_rows = from.window_rows;
  to.key_age = from.key_age;
  return to;
}

host::TypeSpec type_spec(const settings::Type& type) {
  return {type.name, type.type_id, type.plugin_path, type.sha256, type.limits};
}

host::StorageSpec storage_spec(const settings::Storage& storage) {
  return {storage.plugin, storage.library_path, storage.sha256, storage.settings_json, storage.base_directory};
}

base::Error operator_error(std::string detail) { return base::make_error(base::Code::kInvalidField, std::move(detail)); }

}  // namespace

EngineRoom::EngineRoom(const settings::Settings& settings) : loops_(loop_count(settings)), plugins_(plugin_directory(settings)) {}

EngineRoom::~EngineRoom() = default;

base::Result<std::unique_ptr<EngineRoom>> EngineRoom::build(const settings::Settings& settings,
                                                            std::function<void(std::string)> on_storage_failure) {
  std::unique_ptr<EngineRoom> room(new EngineRoom(settings));
  if (auto opened = room->open_store(settings); !opened) return std::move(opened).error();
  if (auto started = room->start_engine(settings, std::move(on_storage_failure)); !started) return std::move(started).error();
  return room;
}

std::vector<std::string> EngineRoom::check(const settings::Settings& settings) {
  host::PluginHost plugins(plugin_directory(settings));
  std::vector<std::string> refusals;
  for (const auto& type : settings.types) {
    if (auto enabled = plugins.enable_type(type_spec(type)); !enabled) refusals.push_back(enabled.error().detail);
  }
  if (auto found = plugins.find_storage(storage_spec(settings.storage)); !found) refusals.push_back(found.error().detail);
  return refusals;
}

base::Result<void> EngineRoom::open_store(const settings::Settings& settings) {
  for (const auto& type : settings.types) {
    if (auto enabled = plugins_.enable_type(type_spec(type)); !enabled) return std::move(enabled).error();
  }
  auto store = plugins_.open_storage(storage_spec(settings.storage));
  if (!store) return std::move(store).error();
  storage_.emplace(std::move(*store));
  return {};
}

base::Result<void> EngineRoom::start_engine(const settings::Settings& settings,
                                            std::function<void(std::string)> on_storage_failure) {
  auto generation = store::open_generation(*storage_, random_);
  if (!generation) return operator_error("storage: " + generation.error().message);
  net::StorageThreadCounts counts;
  counts.readers = std::min<std::size_t>(storage_->readers_max(), kStorageReadersMax);
  counts.writers = storage_->writers_max();
  storage_threads_.emplace(counts);
  store_.emplace(*storage_, *storage_threads_, loops_, clock_, commit_settings(settings, *storage_),
                 std::move(on_storage_failure));
  types_.emplace(plugins_.types());
  const std::uint64_t server_replica = random_.next_u64() | document::kServerReplicaBit;
  engine_.emplace(document::EngineContext{loops_, clock_, random_, *types_, *store_, *generation, server_replica,
                                          engine_settings(settings.engine)});
  return {};
}

}  // namespace crdtd::app
