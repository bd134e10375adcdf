// The example storage: the contract, and its files after a crash, after damage, and when there is no room.
#include <signal.h>
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "files_store.hpp"
#include "storage/harness.hpp"
#include "temp_folder.hpp"

using namespace crdtd::conformance;
using storage_files::FilesStore;

CATCH_TRANSLATE_EXCEPTION(const Failed& failed) { return failed.message; }

namespace {

const crdtd_host kHost = {sizeof(crdtd_host),
                          CRDTD_ABI_MAJOR,
                          CRDTD_ABI_MINOR,
                          0,
                          [](void* old, std::uint32_t, std::uint32_t size) -> void* {
                            if (size != 0) return std::realloc(old, size);
                            std::free(old);
                            return nullptr;
                          },
                          [](std::uint32_t, const crdtd_bytes*) {},
                          [](const char*) -> const void* { return nullptr; }};

const crdtd_storage_backend& table() { return crdtd::storage_table<FilesStore>(); }
constexpr const char* kSettings = R"({"path": "store"})";
const Doc kDoc{"tenant", "doc"}, kOther{"tenant", "other"};

// A store's folder, opened and closed as a test likes.
class StoreFolder {
 public:
  StoreFolder() {
    crdtd::detail::host_table = &kHost;
    options_.host = &kHost;
    options_.directory = folder_.path();
  }
  StorageContractOptions& options() { return options_; }
  std::unique_ptr<Bench> open() { return std::make_unique<Bench>(table(), kSettings, options_, folder_.path()); }
  std::string file(const std::string& name) const { return folder_.file("store/" + name); }
  std::string of(const Doc& doc) const { return file("documents/" + doc.tenant + "/" + doc.id + ".doc"); }
  // The closed store as if its process had been killed.
  void seem_killed() const { REQUIRE(std::filesystem::remove(file("closed"))); }

 private:
  crdtd::testing::TempFolder folder_;
  StorageContractOptions options_;
};

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  REQUIRE(in.good());
  return {std::istreambuf_iterator<char>(in), {}};
}
void write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

Entry full_creation(const Doc& doc) {
  Entry entry = make_creation(doc, 1, 2);
  entry.keys = {{"node", "key", 2, 1'000, {1, 2, 3}}};
  entry.known = {{7, 2, 77, "node"}};
  return entry;
}

// A file of every kind of record but graves, and where its records end.
struct Written {
  std::string bytes;
  std::vector<std::size_t> ends;
};
Written write_document(StoreFolder& folder) {
  const auto bench = folder.open();
  Session session = bench->writer();
  Written written;
  const auto note_end = [&] { written.ends.push_back(std::filesystem::file_size(folder.of(kDoc))); };
  REQUIRE(session.append(full_creation(kDoc)).status == CRDTD_OK);
  note_end();
  REQUIRE(session.append(make_append(kDoc, 1, 2, 2)).status == CRDTD_OK);
  note_end();
  REQUIRE(session.put_checkpoint(kDoc, {1, 3, 1, 5, std::string(300, 's')}) == CRDTD_OK);
  note_end();
  REQUIRE(session.trim(kDoc, 4, 2'000) == CRDTD_OK);
  note_end();
  REQUIRE(session.append(make_append(kDoc, 1, 4)).status == CRDTD_OK);
  note_end();
  written.bytes = read(folder.of(kDoc));
  REQUIRE(written.bytes.size() == written.ends.back());
  return written;
}

constexpr std::uint64_t kVersions[] = {2, 4, 4, 4, 5};  // of the head after each record

storage_files::Document parse(const std::string& file, bool closed_clean) {
  return storage_files::read_document(file, kDoc.tenant, kDoc.id, closed_clean);
}

}  // namespace

TEST_CASE("files storage: keeps the storage contract", "[unit][storage][files]") {
  StoreFolder folder;
  const char* given = std::getenv("CRDTD_TEST_SEED");
  folder.options().seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  folder.options().model_steps = 500;
  std::cout << "CRDTD_TEST_SEED=" << folder.options().seed << std::endl;
  for (const std::string& name : storage_check_names()) {
    if (name == "many-documents") continue;  // thousands of syncs; the installed package's test has it
    const CheckResult result = run_storage_check(table(), kSettings, folder.options(), name);
    INFO(name << ": " << result.message);
    CHECK(result.passed);
  }
}

TEST_CASE("files storage: a write that a crash cut short at any byte is left out whole", "[unit][storage][files]") {
  StoreFolder folder;
  const Written written = write_document(folder);
  for (std::size_t size = storage_files::kLine.size(); size <= written.bytes.size(); ++size) {
    INFO("cut at byte " << size);
    const auto done =
        static_cast<std::size_t>(std::upper_bound(written.ends.begin(), written.ends.end(), size) - written.ends.begin());
    const auto document = parse(written.bytes.substr(0, size), false);
    REQUIRE_FALSE(document.damaged);
    REQUIRE(document.exists == (done > 0));
    if (done == 0) continue;
    REQUIRE(document.length == written.ends[done - 1]);
    REQUIRE(document.version == kVersions[done - 1]);
    // Blocks may come to the disk in any order: the same with zeros where the record's beginning, or all of it, should be.
    for (const std::size_t zeros : {std::size_t{0}, std::size_t{7}, std::size_t{30}}) {
      const auto torn = parse(written.bytes.substr(0, written.ends[done - 1]) + std::string(zeros, '\0') + "torn", false);
      REQUIRE_FALSE(torn.damaged);
      REQUIRE(torn.version == kVersions[done - 1]);
    }
    // A store that was closed well holds no unfinished write: there it is damage.
    REQUIRE(parse(written.bytes.substr(0, size), true).damaged == (size != written.ends[done - 1]));
  }
}

TEST_CASE("files storage: a changed byte anywhere is found", "[unit][storage][files]") {
  StoreFolder folder;
  const Written written = write_document(folder);
  const std::size_t last = written.ends[written.ends.size() - 2];
  for (std::size_t at = 0; at < written.bytes.size(); ++at) {
    INFO("byte " << at);
    std::string changed = written.bytes;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    REQUIRE(parse(changed, true).damaged);
    // After a crash the last record may be unfinished, but no other.
    const auto document = parse(changed, false);
    REQUIRE(document.damaged == (at < last));
    if (at >= last) REQUIRE(document.version == kVersions[3]);
  }
}

TEST_CASE("files storage: a file under another document's name is damage", "[unit][storage][files]") {
  StoreFolder folder;
  const Written written = write_document(folder);
  REQUIRE(storage_files::read_document(written.bytes, kOther.tenant, kOther.id, true).damaged);
}

TEST_CASE("files storage: damage quarantines its document alone, also when it comes while the store is open",
          "[unit][storage][files]") {
  StoreFolder folder;
  const Written written = write_document(folder);
  const bool while_open = GENERATE(false, true);
  auto bench = folder.open();
  REQUIRE(bench->writer().append(make_creation(kOther, 2, 2)).status == CRDTD_OK);
  if (!while_open) bench.reset();
  std::string changed = written.bytes;
  changed[changed.size() - 3] ^= 1;
  write(folder.of(kDoc), changed);
  if (!while_open) bench = folder.open();
  Session session = bench->writer();
  CHECK(session.load(kDoc).status == CRDTD_CORRUPT);
  CHECK(session.load(kOther).rows.size() == 2);
  CHECK(session.append(make_append(kOther, 2, 2)).status == CRDTD_OK);
  if (!while_open) CHECK(session.append(make_append(kDoc, 1, 5)).status == CRDTD_CORRUPT);
}

TEST_CASE("files storage: what a killed process left is taken in, and goes on", "[unit][storage][files]") {
  StoreFolder folder;
  const Written written = write_document(folder);
  write(folder.of(kDoc), written.bytes + written.bytes.substr(storage_files::kLine.size(), 25));
  write(folder.of(kDoc) + ".new", "an unfinished replacement");
  write(folder.of(kOther), std::string(storage_files::kLine.substr(0, 9)));  // an unfinished creation
  folder.seem_killed();
  for (int round = 0; round < 2; ++round) {
    const auto bench = folder.open();
    Session session = bench->writer();
    const auto version = static_cast<std::uint64_t>(5 + round);
    CHECK(session.load(kDoc).head.version == version);
    CHECK(session.load(kOther).status == CRDTD_NOT_FOUND);
    CHECK(session.append(make_append(kDoc, 1, version)).status == CRDTD_OK);
    CHECK_FALSE(std::filesystem::exists(folder.of(kDoc) + ".new"));
    CHECK_FALSE(std::filesystem::exists(folder.of(kOther)));
  }
}

TEST_CASE("files storage: a file is written anew when most of it is not needed, and says the same", "[unit][storage][files]") {
  StoreFolder folder;
  const auto bench = folder.open();
  Session session = bench->writer();
  REQUIRE(session.append(full_creation(kDoc)).status == CRDTD_OK);
  std::uint64_t version = 2;
  std::uint64_t largest = 0;
  for (int round = 0; round < 40; ++round) {
    Entry entry = make_append(kDoc, 1, version, 3);
    for (Row& row : entry.rows) row.delta = std::string(2'000, static_cast<char>('a' + round % 26));
    REQUIRE(session.append(entry).status == CRDTD_OK);
    version += 3;
    REQUIRE(session.put_checkpoint(kDoc, {1, version - 1, 1, 5, std::string(1'000, 's')}) == CRDTD_OK);
    REQUIRE(session.trim(kDoc, version) == CRDTD_OK);
    largest = std::max<std::uint64_t>(largest, std::filesystem::file_size(folder.of(kDoc)));
    const Loaded loaded = session.load(kDoc);
    REQUIRE(loaded.head.version == version);
    REQUIRE(loaded.head.first_version == version);
    REQUIRE(loaded.rows.size() == 1);
  }
  CHECK(largest < 120'000);  // of 280 000 that were written
  Key key{"node", "key", 0, 0, {}};
  CHECK(session.find_key(kDoc, key) == CRDTD_OK);
}

TEST_CASE("files storage: without room an entry is not stored, others are", "[unit][storage][files]") {
  StoreFolder folder;
  const auto bench = folder.open();
  Session session = bench->writer();
  REQUIRE(session.append(full_creation(kDoc)).status == CRDTD_OK);
  Entry large = make_append(kDoc, 1, 2);
  large.rows[0].delta = std::string(100'000, 'x');
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto old = ::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{20'000, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  const auto verdicts = session.append({large, make_creation(kOther, 2, 2)});
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  ::signal(SIGXFSZ, old);
  CHECK(verdicts.at(0).status == CRDTD_FULL);
  CHECK(verdicts.at(1).status == CRDTD_OK);
  CHECK(session.load(kDoc).head.version == 2);
  CHECK(session.append(large).status == CRDTD_OK);
  CHECK(session.load(kDoc).rows.at(2).delta.size() == 100'000);
}

TEST_CASE("files storage: after a failed write nothing is written any more", "[unit][storage][files]") {
  StoreFolder folder;
  const auto bench = folder.open();
  Session session = bench->writer();
  REQUIRE(session.append(full_creation(kDoc)).status == CRDTD_OK);
  std::filesystem::remove(folder.of(kDoc));
  std::filesystem::create_directory(folder.of(kDoc));  // cannot be opened for writing
  crdtd_status status = CRDTD_OK;
  session.append({make_append(kDoc, 1, 2)}, &status);
  CHECK(status == CRDTD_FATAL);
  session.append({make_creation(kOther, 2, 1)}, &status);
  CHECK(status == CRDTD_FATAL);
  CHECK(session.meta_put("name", "value") == CRDTD_FATAL);
}

TEST_CASE("files storage: a second opener is refused, and told who holds the store", "[unit][storage][files]") {
  StoreFolder folder;
  const auto bench = folder.open();
  crdtd_error err{};
  err.struct_size = sizeof err;
  CHECK(bench->open_with(kSettings, err) == CRDTD_RETRY);
  CHECK(std::string(err.message).find("in use by process " + std::to_string(::getpid())) != std::string::npos);
}

TEST_CASE("files storage: names become file names and back", "[unit][storage][files]") {
  std::string name;
  for (int byte = 0; byte < 256; ++byte) name += static_cast<char>(byte);
  CHECK(storage_files::unescaped(storage_files::escaped(name)) == name);
  CHECK(storage_files::escaped("../a b") == "%2E.%2Fa%20b");
  CHECK(storage_files::escaped("todo.list-1_~") == "todo.list-1_~");
}
