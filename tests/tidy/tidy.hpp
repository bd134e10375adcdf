// The rules of the house that a machine can check: who includes whom, where each library is at home, what is never written.
//
// Works on text alone, line by line; it knows the formatter's layout but no C++. Each rule has a planted violation in
// tidy_test.cpp: a rule that cannot fail is no rule.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace crdtd::tidy {

struct SourceFile {
  std::string path;  // from the root of the repository: "core/net/router.cpp"
  std::vector<std::string> lines;
};

struct Violation {
  std::string path;
  std::size_t line = 0;  // 0: the file itself
  std::string reason;    // what is wrong and why, for a person

  std::string text() const;
};

// All text files below `root` that people write; what is built, hidden or fetched is left out.
std::vector<SourceFile> read_tree(const std::string& root);

std::vector<Violation> check(const std::vector<SourceFile>& files);

// The parts of check().
void check_includes(const SourceFile& file, const std::vector<SourceFile>& files, std::vector<Violation>& out);
void check_text(const SourceFile& file, std::vector<Violation>& out);

// The folder that the include table speaks of: "core/net", "sdk/plugin", "plugins/crdt/max"; else the first folder.
std::string part_of(std::string_view path);
bool is_cpp(std::string_view path);

}  // namespace crdtd::tidy
