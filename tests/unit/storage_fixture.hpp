// A SQLite store in a folder of its own, opened and closed as a test likes, with the file itself at hand.
#pragma once

#include <sqlite3.h>

#include <catch2/catch.hpp>
#include <memory>
#include <stdexcept>
#include <string>

#include "storage/harness.hpp"
#include "storage_plugin.hpp"
#include "temp_folder.hpp"

CATCH_TRANSLATE_EXCEPTION(const crdtd::conformance::Failed& failed) { return failed.message; }

namespace crdtd::test {

using namespace crdtd::conformance;  // NOLINT(google-build-using-namespace): the words of these tests

class StoreFile {
 public:
  StoreFile() { options_.host = &plugin_host(); }

  std::string folder() const { return folder_.path().string(); }
  std::string path() const { return folder_.file("store.db"); }

  // `more`: further settings, each with a comma before it.
  std::unique_ptr<Bench> open(const std::string& more = "") {
    return std::make_unique<Bench>(storage_plugin("sqlite"), settings(more), options_, folder_.path());
  }
  static std::string settings(const std::string& more = "") {
    return std::string(R"({"path": "store.db")").append(more).append("}");
  }

  // Runs SQL on the closed store's file; gives the first column of the first row as text.
  std::string sql(const std::string& text) const {
    sqlite3* raw = nullptr;
    if (sqlite3_open(path().c_str(), &raw) != SQLITE_OK) throw std::runtime_error("cannot open " + path());
    std::string answer;
    const auto take = [](void* user, int count, char** values, char**) {
      auto& out = *static_cast<std::string*>(user);
      if (out.empty() && count > 0 && values[0] != nullptr) out = values[0];
      return 0;
    };
    const int code = sqlite3_exec(raw, text.c_str(), take, &answer, nullptr);
    const std::string error = sqlite3_errmsg(raw);
    sqlite3_close(raw);
    if (code != SQLITE_OK) throw std::runtime_error(text + ": " + error);
    return answer;
  }

 private:
  testing::TempFolder folder_;
  StorageContractOptions options_;
};

inline Entry full_creation(const Doc& doc, std::uint64_t birth, std::uint64_t row_count) {
  Entry entry = make_creation(doc, birth, row_count);
  entry.keys = {{"node", "key", row_count, 1'000, {1, 2, 3}}};
  entry.known = {{7, row_count, 77, "node"}};
  return entry;
}

}  // namespace crdtd::test
