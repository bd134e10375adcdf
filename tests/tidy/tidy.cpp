#include "tidy.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace crdtd::tidy {
namespace {

constexpr std::string_view kEndings[] = {".cpp",  ".hpp", ".h",  ".c",  ".md", ".txt", ".cmake",   ".yaml",   ".yml",
                                         ".json", ".sh",  ".ts", ".js", ".in", ".map", ".service", "Makefile"};
constexpr std::string_view kFoldersLeftOut[] = {"build", "data", "node_modules", "dist"};

bool is_written(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  return std::any_of(std::begin(kEndings), std::end(kEndings), [&](std::string_view ending) { return name.ends_with(ending); });
}

bool is_left_out(const std::filesystem::path& folder) {
  const std::string name = folder.filename().string();
  return name.starts_with(".") ||
         std::find(std::begin(kFoldersLeftOut), std::end(kFoldersLeftOut), name) != std::end(kFoldersLeftOut);
}

}  // namespace

std::string Violation::text() const {
  std::string out = path;
  if (line > 0) out.append(":").append(std::to_string(line));
  return out.append(": ").append(reason);
}

std::vector<SourceFile> read_tree(const std::string& root) {
  std::vector<SourceFile> files;
  for (std::filesystem::recursive_directory_iterator it(root), end; it != end; ++it) {
    if (it->is_directory() && is_left_out(it->path())) {
      it.disable_recursion_pending();
    } else if (it->is_regular_file() && is_written(it->path())) {
      SourceFile file;
      file.path = std::filesystem::relative(it->path(), root).generic_string();
      std::ifstream in(it->path());
      for (std::string line; std::getline(in, line);) file.lines.push_back(line);
      files.push_back(std::move(file));
    }
  }
  std::sort(files.begin(), files.end(), [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
  return files;
}

std::vector<Violation> check(const std::vector<SourceFile>& files) {
  std::vector<Violation> violations;
  for (const SourceFile& file : files) {
    check_includes(file, files, violations);
    check_text(file, violations);
  }
  return violations;
}

}  // namespace crdtd::tidy
