// What is never written, and how long things may be.
#include <algorithm>
#include <cctype>

#include "tidy.hpp"

namespace crdtd::tidy {
namespace {

constexpr std::size_t kFileLinesMax = 500;
constexpr std::size_t kFunctionLinesMax = 70;
constexpr std::size_t kListLinesMax = 60;
constexpr std::size_t kReasonLines = 15;

// Words are put together here, so that this file does not hold what it looks for.
const std::string kPluginWords[] = {std::string("or") + "set", std::string("l") + "ww", std::string("sql") + "ite"};
const std::string kPostponed[] = {std::string("TO") + "DO", std::string("FIX") + "ME"};
const std::string kMachinePaths[] = {std::string("/ho") + "me/", std::string("/ro") + "ot/", std::string("/wo") + "rk/",
                                     std::string("/Us") + "ers/"};
const char* const kVagueNames[] = {"_util_", "_utils_", "_common_", "_manager_", "_helper_", "_helpers_", "_misc_"};

// Calls that the engine reaches only through the seams of core/base.
constexpr std::string_view kEngineNever[] = {
    "std::thread",           "std::jthread",  "std::async",    "this_thread", "steady_clock", "system_clock",
    "high_resolution_clock", "random_device", "clock_gettime", "std::rand",   "gettimeofday"};

bool is_word_char(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

// Whether `text` holds `word`, not as the end of a longer word.
bool holds_from_word_start(std::string_view text, std::string_view word) {
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string_view::npos; ++at) {
    if (at == 0 || !is_word_char(text[at - 1])) return true;
  }
  return false;
}

bool holds_word(std::string_view text, std::string_view word) {
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string_view::npos; ++at) {
    const bool starts = at == 0 || !is_word_char(text[at - 1]);
    const bool ends = at + word.size() == text.size() || !is_word_char(text[at + word.size()]);
    if (starts && ends) return true;
  }
  return false;
}

std::string_view without_comment(std::string_view line) { return line.substr(0, line.find("//")); }

void check_lines(const SourceFile& file, std::vector<Violation>& out) {
  const bool core = file.path.starts_with("core/") && !file.path.ends_with(".md");
  const std::string part = part_of(file.path);
  const bool engine = part == "core/store" || part == "core/document" || part == "core/session";
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    const std::string& line = file.lines[i];
    for (const std::string& word : kPluginWords) {
      if (core && lower(line).find(word) != std::string::npos) {
        out.push_back(
            {file.path, i + 1, "core names a plugin (" + word + "): adding a type or a storage must change nothing under core/"});
      }
    }
    for (const std::string& word : kPostponed) {
      if (holds_word(line, word)) out.push_back({file.path, i + 1, "holds a " + word + ": do it, or open an issue"});
    }
    for (const std::string& path : kMachinePaths) {
      if (holds_from_word_start(line, path)) {
        out.push_back(
            {file.path, i + 1, "holds a path of one machine (" + path + "…): say it relative to the repository or the build"});
      }
    }
    for (const std::string_view call : kEngineNever) {
      if (engine && is_cpp(file.path) && holds_word(without_comment(line), call)) {
        out.push_back({file.path, i + 1,
                       part + " uses " + std::string(call) +
                           ": the engine knows threads, time and chance only through core/base, so that a simulator can run it"});
      }
    }
  }
}

void check_length(const SourceFile& file, std::vector<Violation>& out) {
  const std::size_t count = file.lines.size();
  if (file.path.ends_with("CMakeLists.txt") && count > kListLinesMax) {
    out.push_back(
        {file.path, 0, "has " + std::to_string(count) + " lines; a folder's list is short, the rest belongs in a .cmake file"});
  }
  if (!is_cpp(file.path) || count <= kFileLinesMax) return;
  const auto head_end = file.lines.begin() + static_cast<std::ptrdiff_t>(std::min(kReasonLines, count));
  const bool reasoned = std::any_of(file.lines.begin(), head_end,
                                    [](const std::string& line) { return line.find("one thing") != std::string::npos; });
  if (!reasoned) {
    out.push_back({file.path, 0,
                   "has " + std::to_string(count) + " lines, more than " + std::to_string(kFileLinesMax) +
                       "; split it, or say in its first lines why it is one thing"});
  }
}

// In the formatter's layout a function ends with a lone brace at the margin (or at two spaces, in a class), and begins with the
// nearest earlier line that is indented no deeper.
void check_functions(const SourceFile& file, std::vector<Violation>& out) {
  const bool product = file.path.starts_with("core/") || file.path.starts_with("sdk/") || file.path.starts_with("plugins/");
  if (!product || !is_cpp(file.path)) return;
  for (const std::string indent : {"", "  "}) {
    for (std::size_t end = 0; end < file.lines.size(); ++end) {
      if (file.lines[end] != indent + "}") continue;
      std::size_t start = end;
      while (start > 0) {
        const std::string& line = file.lines[--start];
        const std::size_t depth = line.find_first_not_of(' ');
        const bool preprocessor = depth != std::string::npos && line[depth] == '#';
        if (depth != std::string::npos && depth <= indent.size() && !preprocessor) break;
      }
      const std::size_t length = end - start + 1;
      if (length > kFunctionLinesMax) {
        out.push_back({file.path, start + 1,
                       "a function of " + std::to_string(length) + " lines; more than " + std::to_string(kFunctionLinesMax) +
                           " do not fit a screen"});
      }
    }
  }
}

void check_name(const SourceFile& file, std::vector<Violation>& out) {
  const std::string name = file.path.substr(file.path.rfind('/') + 1);
  const std::string stem = lower(name.substr(0, name.find('.')));
  const std::string words = std::string("_").append(stem).append("_");
  for (const std::string vague : kVagueNames) {
    if (words.find(vague) != std::string::npos) {
      const std::string word = vague.substr(1, vague.size() - 2);
      out.push_back({file.path, 0, "is named " + word + ", which says nothing; name it after what it does"});
    }
  }
  const bool guarded =
      std::any_of(file.lines.begin(), file.lines.end(), [](const std::string& line) { return line == "#pragma once"; });
  if (name.ends_with(".hpp") && !guarded) out.push_back({file.path, 0, "lacks #pragma once"});
}

}  // namespace

std::string part_of(std::string_view path) {
  std::size_t end = path.find('/');
  const std::string_view first = path.substr(0, end);
  if (end == std::string_view::npos) return {};
  int depth = first == "core" || first == "sdk" ? 1 : first == "plugins" ? 2 : 0;
  for (; depth > 0 && end != std::string_view::npos; --depth) end = path.find('/', end + 1);
  return std::string(end == std::string_view::npos ? path.substr(0, path.rfind('/')) : path.substr(0, end));
}

bool is_cpp(std::string_view path) {
  return path.ends_with(".cpp") || path.ends_with(".hpp") || path.ends_with(".h") || path.ends_with(".c");
}

void check_text(const SourceFile& file, std::vector<Violation>& out) {
  check_lines(file, out);
  check_length(file, out);
  check_functions(file, out);
  check_name(file, out);
}

}  // namespace crdtd::tidy
