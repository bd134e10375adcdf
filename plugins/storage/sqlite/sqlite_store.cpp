#include "sqlite_store.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

#include "crdtd/plugin/storage_settings.hpp"

namespace crdtd_sqlite {

namespace {

Outcome read_settings(std::string_view json, std::string_view base_directory, StoreSettings& out) {
  storage::Settings settings;
  if (Outcome bad = storage::Settings::parse(json, settings); !bad) return bad;
  if (Outcome bad = settings.text("path", out.path); !bad) return bad;
  if (Outcome bad = settings.number("readers", 1, 64, out.readers); !bad) return bad;
  if (Outcome bad = settings.number("settle_bytes", 1'024, 32ULL << 20, out.settle_bytes); !bad) return bad;
  if (Outcome bad = settings.number("wal_bytes", 16'384, 1ULL << 30, out.wal_bytes); !bad) return bad;
  if (Outcome bad = settings.number("busy_timeout_ms", 0, 600'000, out.busy_timeout_ms); !bad) return bad;
  if (Outcome bad = settings.number("pages_max", 0, 4'294'967'294, out.pages_max); !bad) return bad;
  if (Outcome bad = settings.refuse_others(); !bad) return bad;
  if (out.path.empty() || out.path.find('\0') != std::string::npos) {
    return storage::bad_setting("path", "`path` is missing: the file that the store is kept in, ./data/crdtd.db say");
  }
  std::filesystem::path path = std::filesystem::path(base_directory) / out.path;
  if (!path.is_absolute()) path = std::filesystem::absolute(path);
  path = path.lexically_normal();
  if (!path.has_filename() || std::filesystem::is_directory(path)) {
    return storage::bad_setting("path", "`path` is a folder, " + path.string() + "; name a file in it");
  }
  out.path = path.string();
  return {};
}

// Made here, so that nobody else may read it; SQLite gives its other files the same mode.
void create_private(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd >= 0) ::close(fd);  // a failure shows again when SQLite opens it, with a better text
}

}  // namespace

Outcome SqliteStore::open(std::string_view settings_json, std::string_view base_directory, std::unique_ptr<SqliteStore>& out) {
  auto store = std::make_unique<SqliteStore>();
  if (Outcome bad = read_settings(settings_json, base_directory, store->settings_); !bad) return bad;
  if (Outcome held = store->lock_.take(store->settings_.path); !held) return held;
  create_private(store->settings_.path);
  try {
    store->writer_ = std::make_unique<Writer>(store->settings_, store->tail_, store->index_mutex_);
  } catch (const StoreError& error) {
    if (error.status == CRDTD_INVALID) return storage::bad_setting("path", error.message);
    return storage::failure(error.status, error.message, error.detail);
  }
  out = std::move(store);
  return {};
}

Outcome SqliteStore::open_session(storage::Mode mode, std::unique_ptr<Session>& out) {
  try {
    out = std::make_unique<Session>(*this, mode);
    return {};
  } catch (const StoreError& error) {
    return storage::failure(error.status, error.message, error.detail);
  }
}

}  // namespace crdtd_sqlite
