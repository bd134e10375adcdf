// Opening and closing a store: the lock, the folders, and what the files say.
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "crdtd/plugin/storage_settings.hpp"
#include "files_store.hpp"

namespace storage_files {

using storage::bad_setting;
using storage::failure;

namespace {

// Stands in the store while it is closed, and was closed well: then no file may end in an unfinished record.
constexpr const char* kCleanMark = "/closed";

// A folder that is made is made durable in the one above it.
Outcome make_folder(const std::string& path) {
  if (::access(path.c_str(), F_OK) == 0) return {};
  const std::string parent = std::filesystem::path(path).parent_path().string();
  if (Outcome made = make_folder(parent.empty() ? "/" : parent); !made) return made;
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return bad_setting("path", "cannot make the folder " + path + ": " + std::strerror(errno));
  }
  return sync_folder(parent) ? Outcome() : failure(CRDTD_FATAL, "cannot sync the folder " + parent);
}

// All names in a folder, or the reason why they cannot be told.
Outcome names_in(const std::string& folder, std::vector<std::string>& out) {
  std::error_code error;
  for (auto at = std::filesystem::directory_iterator(folder, error); !error && at != std::filesystem::directory_iterator();
       at.increment(error)) {
    out.push_back(at->path().filename().string());
  }
  return error ? failure(CRDTD_CORRUPT, "cannot list " + folder + ": " + error.message()) : Outcome();
}

std::string holder(const File& lock) {
  char text[32] = {};
  const auto size = ::pread(lock.fd(), text, sizeof text - 1, 0);
  const std::string pid(text, size > 0 ? static_cast<std::size_t>(size) : 0);
  return pid.empty() ? "another process" : "process " + pid.substr(0, pid.find('\n'));
}

}  // namespace

Outcome FilesStore::open(std::string_view settings_json, std::string_view base_directory, std::unique_ptr<FilesStore>& out) {
  auto store = std::make_unique<FilesStore>();
  storage::Settings settings;
  std::string path;
  if (Outcome bad = storage::Settings::parse(settings_json, settings); !bad) return bad;
  if (Outcome bad = settings.text("path", path); !bad) return bad;
  if (Outcome bad = settings.refuse_others(); !bad) return bad;
  if (path.empty()) return bad_setting("path", "`path` is missing: the folder of the store");
  store->root_ = (std::filesystem::path(base_directory) / path).lexically_normal().string();
  while (store->root_.size() > 1 && store->root_.back() == '/') store->root_.pop_back();
  for (const char* folder : {"", "/documents", "/meta"}) {
    if (Outcome made = make_folder(store->root_ + folder); !made) return made;
  }
  if (Outcome locked = store->lock(); !locked) return locked;
  if (Outcome read = store->read_everything(); !read) return read;
  out = std::move(store);
  return {};
}

// The kernel lets go of the lock when the process ends, however it ends.
Outcome FilesStore::lock() {
  const std::string path = root_ + "/lock";
  lock_ = open_to_write(path);
  if (!lock_.is_open()) return bad_setting("path", "cannot open " + path + ": " + std::strerror(errno));
  if (::flock(lock_.fd(), LOCK_EX | LOCK_NB) != 0) {
    const std::string who = holder(lock_);
    lock_ = File();
    return failure(CRDTD_RETRY, "the store " + root_ + " is in use by " + who + "; stop it, or set another `path`");
  }
  if (!cut(lock_, 0) || write_at(lock_, 0, std::to_string(::getpid()) + "\n") != Written::kYes) {
    return bad_setting("path", "cannot write " + path + ": " + std::strerror(errno));
  }
  return {};
}

// After a crash there may be records that were written and not synced. They are taken in, so they are synced first: nobody may
// see what can still be lost.
Outcome FilesStore::read_everything() {
  const std::string mark = root_ + kCleanMark;
  closed_clean_ = ::unlink(mark.c_str()) == 0;
  if (!sync_folder(root_)) return failure(CRDTD_FATAL, "cannot sync the folder " + root_);
  std::vector<std::string> tenants;
  if (Outcome listed = names_in(root_ + "/documents", tenants); !listed) return listed;
  for (const std::string& tenant : tenants) {
    std::vector<std::string> files;
    if (Outcome listed = names_in(root_ + "/documents/" + tenant, files); !listed) return listed;
    for (const std::string& file : files) {
      if (Outcome read = read_one(tenant, file); !read) return read;
    }
    if (!sync_folder(root_ + "/documents/" + tenant)) return failure(CRDTD_FATAL, "cannot sync a folder of " + root_);
  }
  return sync_folder(root_ + "/documents") ? Outcome() : failure(CRDTD_FATAL, "cannot sync a folder of " + root_);
}

Outcome FilesStore::read_one(const std::string& tenant, const std::string& file_name) {
  const std::string path = root_ + "/documents/" + tenant + "/" + file_name;
  if (file_name.ends_with(std::string(kSuffix) + ".new")) {  // a replacement that did not come to its end
    ::unlink(path.c_str());
    return {};
  }
  if (!file_name.ends_with(kSuffix)) return {};  // not ours
  const Name name{unescaped(tenant), unescaped(file_name.substr(0, file_name.size() - std::strlen(kSuffix)))};
  std::string content;
  if (!read_all(path, content)) return failure(CRDTD_CORRUPT, "cannot read " + path + ": " + std::strerror(errno));
  Document document = read_document(content, name.first, name.second, closed_clean_);
  if (document.damaged) {
    crdtd::log(CRDTD_LOG_ERROR, path + " is damaged at byte " + std::to_string(document.length));
  } else if (!document.exists && document.graves.empty()) {  // its creation did not come to its end
    ::unlink(path.c_str());
    return {};
  } else if (!closed_clean_) {
    if (document.length < content.size()) {
      crdtd::log(CRDTD_LOG_WARNING, path + ": left out an unfinished write of " +
                                        std::to_string(content.size() - document.length) + " bytes at its end");
    }
    const File file = open_to_write(path);
    if (!file.is_open() || !cut(file, document.length) || !sync(file)) return failure(CRDTD_FATAL, "cannot recover " + path);
  }
  documents_.emplace(name, std::move(document));
  return {};
}

FilesStore::~FilesStore() {
  if (!lock_.is_open() || !failure_.empty()) return;
  const File mark = open_to_write(root_ + kCleanMark);
  if (mark.is_open() && sync(mark)) sync_folder(root_);
}

}  // namespace storage_files
