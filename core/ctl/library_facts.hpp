// What can be said of a library file without loading it: size, owner, mode, digest, exported symbols, libraries that it needs.
//
// Every offset and size in the file is checked before it is used. Threads: [main].
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ctl/exit_code.hpp"

namespace crdtd::ctl {

struct LibraryFacts {
  std::string real_path;
  std::uint64_t size_bytes = 0;
  std::string owner;   // "root", or the number of a user without a name
  std::string mode;    // "0644"
  std::string sha256;  // lower-case hex
  bool is_library = false;
  std::vector<std::string> exported;  // defined symbols that others can use, by name
  std::vector<std::string> needed;    // libraries, as the dynamic linker looks for them
};

// A file that is none, or cannot be read, is a failure. Anything that is not a whole shared library for this machine has the
// file's own facts only.
Outcome<LibraryFacts> read_library_facts(const std::string& path);

}  // namespace crdtd::ctl
