#include "crdtd/loader/refusal.hpp"

#include <cstddef>
#include <string_view>

namespace crdtd::loader {
namespace {

constexpr std::size_t kPartBytesMax = 512;

void append_part(std::string& line, std::string_view part) {
  const bool cut = part.size() > kPartBytesMax;
  if (cut) part = part.substr(0, kPartBytesMax);
  for (const char c : part) {
    const auto byte = static_cast<unsigned char>(c);
    line += byte < 0x20 || byte == 0x7f ? '?' : c;
  }
  if (cut) line += "...";
}

}  // namespace

std::string Refusal::to_string() const {
  std::string line;
  append_part(line, file);
  line += ": ";
  append_part(line, field);
  line += ": wanted ";
  append_part(line, wanted);
  line += ", found ";
  append_part(line, found);
  line += ": ";
  append_part(line, advice);
  return line;
}

}  // namespace crdtd::loader
