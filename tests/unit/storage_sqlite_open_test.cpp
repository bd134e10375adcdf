// Opening: who may, what is refused, and what is there again after a process was killed.
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <fstream>

#include "storage_fixture.hpp"

using namespace crdtd::test;

namespace {

const Doc kDoc{"tenant", "doc"};

struct Refusal {
  crdtd_status status;
  std::string message, pointer;
};

Refusal open_refused(const std::string& folder, const std::string& settings) {
  const crdtd_store_options options{
      sizeof(crdtd_store_options),
      0,
      {reinterpret_cast<const std::uint8_t*>(settings.data()), static_cast<std::uint32_t>(settings.size())},
      {reinterpret_cast<const std::uint8_t*>(folder.data()), static_cast<std::uint32_t>(folder.size())}};
  crdtd_store_info info{};
  info.struct_size = sizeof info;
  crdtd_error err{};
  err.struct_size = sizeof err;
  crdtd_store* store = nullptr;
  const auto& table = storage_plugin("sqlite");
  const crdtd_status status = table.open(&options, &store, &info, &err);
  if (status == CRDTD_OK) table.close(store);
  return {status, err.message, err.pointer};
}

// A child process; killed, at the latest, when the test ends.
class Child {
 public:
  template <class Body>
  explicit Child(Body body) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      ::close(ends[0]);
      body(ends[1]);
      ::_exit(0);
    }
    ::close(ends[1]);
    read_end_ = ends[0];
  }
  ~Child() {
    kill();
    ::close(read_end_);
  }
  pid_t pid() const { return pid_; }
  // The next number that the child reports; false at the end.
  bool next(std::uint64_t& out) const { return ::read(read_end_, &out, sizeof out) == sizeof out; }
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

 private:
  pid_t pid_ = 0;
  int read_end_ = -1;
};

void report(int fd, std::uint64_t number) {
  if (::write(fd, &number, sizeof number) != sizeof number) ::_exit(1);
}

}  // namespace

TEST_CASE("sqlite storage: a second opener is refused with the holder's pid", "[unit][storage][sqlite]") {
  StoreFile file;
  SECTION("in the same process") {
    const auto bench = file.open();
    const Refusal refusal = open_refused(file.folder(), file.settings());
    CHECK(refusal.status == CRDTD_RETRY);
    CHECK(refusal.message.find("process " + std::to_string(::getpid())) != std::string::npos);
  }
  SECTION("in another, until that one is gone") {
    Child child([&](int fd) {
      const auto bench = file.open();
      report(fd, 1);
      for (;;) ::pause();
    });
    std::uint64_t ready = 0;
    REQUIRE(child.next(ready));
    const Refusal refusal = open_refused(file.folder(), file.settings());
    CHECK(refusal.status == CRDTD_RETRY);
    CHECK(refusal.message.find("process " + std::to_string(child.pid())) != std::string::npos);
    child.kill();
    CHECK(open_refused(file.folder(), file.settings()).status == CRDTD_OK);
  }
}

TEST_CASE("sqlite storage: a file that is not its own is refused and left as it is", "[unit][storage][sqlite]") {
  StoreFile file;
  SECTION("a newer schema") {
    file.open().reset();
    file.sql("PRAGMA user_version = 99");
    const Refusal refusal = open_refused(file.folder(), file.settings());
    CHECK(refusal.status == CRDTD_INVALID);
    CHECK(refusal.pointer == "/path");
    CHECK(refusal.message.find("newer crdtd") != std::string::npos);
    CHECK(file.sql("PRAGMA user_version") == "99");
  }
  SECTION("another program's database") {
    file.sql("CREATE TABLE theirs(a)");
    const Refusal refusal = open_refused(file.folder(), file.settings());
    CHECK(refusal.status == CRDTD_INVALID);
    CHECK(refusal.message.find("no store of crdtd") != std::string::npos);
    CHECK(file.sql("SELECT count(*) FROM sqlite_schema") == "1");
  }
  SECTION("no database at all") {
    std::ofstream(file.path()) << std::string(5'000, 'x');
    const Refusal refusal = open_refused(file.folder(), file.settings());
    CHECK(refusal.status == CRDTD_CORRUPT);
    CHECK(refusal.message.find(file.path()) != std::string::npos);
  }
}

TEST_CASE("sqlite storage: settings that cannot be used are named", "[unit][storage][sqlite]") {
  StoreFile file;
  const auto pointer_of = [&](const char* settings) {
    const Refusal refusal = open_refused(file.folder(), settings);
    CHECK(refusal.status == CRDTD_INVALID);
    return refusal.pointer;
  };
  CHECK(pointer_of("{}") == "/path");
  CHECK(pointer_of(R"({"path": ""})") == "/path");
  CHECK(pointer_of(R"({"path": "."})") == "/path");
  CHECK(pointer_of(R"({"path": 5})") == "/path");
  CHECK(pointer_of(R"({"path": "a.db", "readers": 0})") == "/readers");
  CHECK(pointer_of(R"({"path": "a.db", "settle_bytes": "1GiB"})") == "/settle_bytes");
  CHECK(pointer_of(R"({"path": "a.db", "wal": 5})") == "/wal");
  std::ofstream(file.folder() + "/plain") << "x";
  CHECK(pointer_of(R"({"path": "plain/a.db"})") == "/path");
}

TEST_CASE("sqlite storage: the folder is made for its owner alone", "[unit][storage][sqlite]") {
  StoreFile file;
  REQUIRE(open_refused(file.folder(), R"({"path": "a/b/store.db"})").status == CRDTD_OK);
  for (const char* name : {"/a", "/a/b"}) {
    struct stat status {};
    REQUIRE(::stat((file.folder() + name).c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0700);
  }
  struct stat status {};
  REQUIRE(::stat((file.folder() + "/a/b/store.db").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
}

TEST_CASE("sqlite storage: what was acknowledged before kill -9 is there afterwards", "[unit][storage][sqlite][crash]") {
  StoreFile file;
  std::uint64_t acknowledged = 0;
  for (const std::uint64_t appends : {3, 40, 111, 205}) {
    Child child([&](int fd) {
      try {
        const auto bench = file.open(R"(, "settle_bytes": 2048, "wal_bytes": 32768)");
        Session session = bench->writer();
        if (acknowledged == 0 && session.append(full_creation(kDoc, 1, 0)).status != CRDTD_OK) ::_exit(1);
        for (std::uint64_t version = session.load(kDoc).head.version;;) {
          Entry entry = make_append(kDoc, 1, version, 2);
          entry.known = {{7, version + 2, 0, "node"}};
          if (session.append(entry).status != CRDTD_OK) ::_exit(1);
          report(fd, version += 2);
          if (version % 30 == 0 && session.put_checkpoint(kDoc, {1, version, 1, 1, "state"}) != CRDTD_OK) ::_exit(1);
          if (version % 60 == 0 && session.trim(kDoc, version - 20) != CRDTD_OK) ::_exit(1);
        }
      } catch (...) {
        ::_exit(2);
      }
    });
    std::uint64_t version = 0;
    for (std::uint64_t i = 0; i < appends; ++i) REQUIRE(child.next(version));
    child.kill();
    do acknowledged = std::max(acknowledged, version);
    while (child.next(version));

    const auto bench = file.open();
    const Loaded loaded = bench->reader().load(kDoc);
    REQUIRE(loaded.status == CRDTD_OK);
    INFO("acknowledged " << acknowledged << ", found " << loaded.head.version);
    CHECK(loaded.head.version >= acknowledged);
    CHECK(loaded.head.version <= acknowledged + 2);  // one append may have been under way
    std::uint64_t at = loaded.checkpoint ? loaded.checkpoint->version : 0;
    for (const Row& row : loaded.rows) REQUIRE(row == make_row(++at));
    CHECK(at == loaded.head.version);
    CHECK(loaded.known.at(0).counter == loaded.head.version);
    acknowledged = loaded.head.version;
  }
}
