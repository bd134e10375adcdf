// Who may include whom, and where each library is at home.
#include <algorithm>
#include <optional>

#include "tidy.hpp"

namespace crdtd::tidy {
namespace {

struct Include {
  std::string target;
  bool quoted = false;
};

// What a part may include besides itself. A part that is not listed is free.
struct Direction {
  std::string_view part;
  std::vector<std::string_view> may;
};

const std::vector<Direction> kDirections = {
    {"sdk/abi", {}},
    {"sdk/wire", {}},
    {"sdk/plugin", {"sdk/abi"}},
    {"sdk/conformance", {"sdk/abi", "sdk/plugin"}},
    {"sdk/loader", {"sdk/abi"}},
    {"sdk/client-cpp", {"sdk/wire", "sdk/abi", "sdk/loader"}},
    {"core/base", {}},
    {"core/settings", {"core/base"}},
    {"core/host", {"core/base", "sdk/abi", "sdk/loader"}},
    {"core/store", {"core/base", "core/host"}},
    {"core/document", {"core/base", "core/host", "core/store"}},
    {"core/session", {"core/base", "core/host", "core/document", "sdk/wire"}},
    {"core/net", {"core/base", "core/settings", "core/host", "core/document", "core/session", "sdk/wire"}},
    {"core/app",
     {"core/base", "core/settings", "core/host", "core/store", "core/document", "core/session", "core/net", "sdk/wire",
      "sdk/loader"}},
    // core/document: what a document is made of (checks, chains, cursors), to prove a stored one by the server's own rules.
    {"core/ctl",
     {"core/base", "core/settings", "core/host", "core/store", "core/document", "sdk/loader", "sdk/conformance", "sdk/client-cpp",
      "sdk/wire", "sdk/abi"}},
    {"plugins", {"sdk/plugin", "sdk/abi"}},
};

// Single files that are as low as the part that includes them, although they live elsewhere.
struct Exception {
  std::string_view part;
  std::string_view target;
};
constexpr Exception kExceptions[] = {
    {"core/base", "crdtd/wire/problem.hpp"},  // the error table: the core's codes are the ones that clients see
};

// A library and the only parts that include it.
struct Home {
  std::string_view prefix;
  std::vector<std::string_view> parts;
};

const std::vector<Home> kHomes = {
    {"boost/beast", {"core/net", "core/app", "sdk/client-cpp"}},
    {"boost/asio", {"core/net", "core/app", "sdk/client-cpp"}},
    {"boost/dll", {"sdk/loader"}},
    {"rapidjson/", {"sdk/wire", "sdk/plugin", "sdk/loader"}},
    {"yaml-cpp/", {"core/settings"}},
    {"sqlite3", {"plugins/storage/sqlite", "sdk/client-cpp"}},
    {"spdlog/", {"core/base"}},
    {"CLI/", {"core/app", "core/ctl"}},
};

// The engine knows no threads and no time of its own: these are what the seams of core/base stand for.
constexpr std::string_view kEngineParts[] = {"core/store", "core/document", "core/session"};
constexpr std::string_view kEngineNever[] = {"thread",  "condition_variable", "future",   "semaphore", "random",   "ctime",
                                             "fstream", "filesystem",         "unistd.h", "time.h",    "pthread.h"};

// Where every mutex of the core is listed, with its reason and its place in the order of locking.
constexpr std::string_view kLockList = "core/THREADING.md";

std::optional<Include> include_in(std::string_view line) {
  const std::size_t hash = line.find_first_not_of(' ');
  if (hash == std::string_view::npos || !line.substr(hash).starts_with("#")) return std::nullopt;
  const std::size_t word = line.find_first_not_of(' ', hash + 1);
  if (word == std::string_view::npos || !line.substr(word).starts_with("include")) return std::nullopt;
  const std::size_t open = line.find_first_of("<\"", word);
  if (open == std::string_view::npos) return std::nullopt;
  const std::size_t close = line.find_first_of(">\"", open + 1);
  if (close == std::string_view::npos) return std::nullopt;
  return Include{std::string(line.substr(open + 1, close - open - 1)), line[open] == '"'};
}

bool exists(const std::vector<SourceFile>& files, const std::string& path) {
  return std::any_of(files.begin(), files.end(), [&](const SourceFile& file) { return file.path == path; });
}

std::string folder_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? "" : std::string(path.substr(0, slash));
}

// The part of ours that an include names; empty for other people's headers.
std::string included_part(const SourceFile& file, const Include& include, const std::vector<SourceFile>& files) {
  const std::string& target = include.target;
  if (target.starts_with("crdtd/")) {
    const std::string name = target.substr(6, target.find('/', 6) - 6);
    return "sdk/" + (name == "client" ? "client-cpp" : name);
  }
  const std::string folder = folder_of(file.path);
  if (exists(files, folder + "/" + target)) return part_of(file.path);
  for (const char* root : {"core/", "plugins/", "plugins/crdt/", "plugins/storage/"}) {
    if (exists(files, root + target)) return part_of(root + target);
  }
  return {};
}

const Direction* direction_of(const std::string& part) {
  const std::string name = part.starts_with("plugins/") ? "plugins" : part;
  const auto found = std::find_if(kDirections.begin(), kDirections.end(), [&](const Direction& d) { return d.part == name; });
  return found == kDirections.end() ? nullptr : &*found;
}

std::string list_of(const std::vector<std::string_view>& names) {
  std::string list;
  for (const std::string_view name : names) list.append(list.empty() ? "" : ", ").append(name);
  return list.empty() ? "nothing else of ours" : list;
}

void check_direction(const SourceFile& file, std::size_t line, const Include& include, const std::vector<SourceFile>& files,
                     std::vector<Violation>& out) {
  const std::string part = part_of(file.path);
  const Direction* direction = direction_of(part);
  const std::string included = included_part(file, include, files);
  if (direction == nullptr || included.empty() || included == part) return;
  if (std::find(direction->may.begin(), direction->may.end(), included) != direction->may.end()) return;
  const bool excepted = std::any_of(std::begin(kExceptions), std::end(kExceptions), [&](const Exception& exception) {
    return exception.part == part && exception.target == include.target;
  });
  if (excepted) return;
  out.push_back({file.path, line,
                 part + " must not include " + included + " (" + include.target + "): it may include " + list_of(direction->may) +
                     ", so that parts can be understood and replaced one by one"});
}

void check_home(const SourceFile& file, std::size_t line, const Include& include, std::vector<Violation>& out) {
  const std::string part = part_of(file.path);
  const bool product = part.starts_with("core/") || part.starts_with("sdk/") || part.starts_with("plugins/");
  for (const Home& home : kHomes) {
    if (!product || !include.target.starts_with(home.prefix)) continue;
    if (std::find(home.parts.begin(), home.parts.end(), part) != home.parts.end()) continue;
    out.push_back({file.path, line,
                   "<" + include.target + "> is at home in " + list_of(home.parts) +
                       " only: a library with one home can be replaced there"});
  }
  if (std::find(std::begin(kEngineParts), std::end(kEngineParts), part) == std::end(kEngineParts)) return;
  if (std::find(std::begin(kEngineNever), std::end(kEngineNever), include.target) == std::end(kEngineNever)) return;
  out.push_back(
      {file.path, line,
       part + " must not include <" + include.target +
           ">: the engine knows threads, time, chance and files only through core/base, so that a simulator can run it"});
}

void check_locks(const SourceFile& file, std::size_t line, const Include& include, const std::vector<SourceFile>& files,
                 std::vector<Violation>& out) {
  if (!file.path.starts_with("core/") || (include.target != "mutex" && include.target != "shared_mutex")) return;
  const std::string name = file.path.substr(5, file.path.rfind('.') - 5);  // "store/session_pool": its header or its source
  for (const SourceFile& list : files) {
    if (list.path != kLockList) continue;
    if (std::any_of(list.lines.begin(), list.lines.end(),
                    [&](const std::string& text) { return text.find(name) != std::string::npos; })) {
      return;
    }
  }
  out.push_back({file.path, line,
                 "has a mutex that is not listed in " + std::string(kLockList) + " (as " + name +
                     "): say there why it is needed and in which order it is locked"});
}

}  // namespace

void check_includes(const SourceFile& file, const std::vector<SourceFile>& files, std::vector<Violation>& out) {
  if (!is_cpp(file.path)) return;
  bool first = true;
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    const auto include = include_in(file.lines[i]);
    if (!include) continue;
    if (include->target.find("..") != std::string::npos) {
      out.push_back(
          {file.path, i + 1, "an include with .. goes around the borders between parts; name the header from its include root"});
    }
    if (first && file.path.ends_with(".cpp")) {
      const std::string stem = file.path.substr(0, file.path.size() - 4);
      const std::string own = stem.substr(stem.rfind('/') + 1) + ".hpp";
      const bool is_own = include->target == own || include->target.ends_with("/" + own);
      if (exists(files, stem + ".hpp") && !is_own) {
        out.push_back(
            {file.path, i + 1, "includes another header before its own " + own + ", which therefore need not compile alone"});
      }
    }
    first = false;
    check_direction(file, i + 1, *include, files, out);
    check_home(file, i + 1, *include, out);
    check_locks(file, i + 1, *include, files, out);
  }
}

}  // namespace crdtd::tidy
