#include "ctl/listing.hpp"

#include <algorithm>
#include <cstdio>
#include <ctime>

#include "crdtd/wire/json_text.hpp"

namespace crdtd::ctl {
namespace {

void pad(std::ostream& out, std::size_t count) {
  for (; count > 0; --count) out << ' ';
}

}  // namespace

Cell Cell::of(std::string_view text) {
  Cell cell{printable(text), {}};
  wire::append_json_string(cell.json, text);
  return cell;
}

Cell Cell::of(std::uint64_t number) {
  const auto digits = std::to_string(number);
  return {digits, digits};
}

Cell Cell::of(const std::vector<std::string>& texts) {
  Cell cell{{}, "["};
  for (const auto& text : texts) {
    if (&text != &texts.front()) {
      cell.text += ", ";
      cell.json += ',';
    }
    cell.text += printable(text);
    wire::append_json_string(cell.json, text);
  }
  cell.json += ']';
  if (texts.empty()) cell.text = "-";
  return cell;
}

Cell Cell::none() { return {"-", "null"}; }

Cell Cell::raw(std::string json) {
  auto text = printable(json);
  return {std::move(text), std::move(json)};
}

void Listing::add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }

void Listing::print_table(std::ostream& out) const {
  std::vector<std::size_t> shown;
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].title.empty()) continue;
    std::size_t width = printed_width(columns_[i].title);
    for (const auto& row : rows_) width = std::max(width, printed_width(row.at(i).text));
    shown.push_back(i);
    widths.push_back(width);
  }
  const auto line = [&](const auto& text_of) {
    for (std::size_t at = 0; at < shown.size(); ++at) {
      const std::string& text = text_of(shown[at]);
      const std::size_t room = widths[at] - printed_width(text);
      const bool is_last = at + 1 == shown.size();
      if (columns_[shown[at]].is_number) pad(out, room);
      out << text;
      if (!columns_[shown[at]].is_number && !is_last) pad(out, room);
      out << (is_last ? "\n" : "  ");
    }
  };
  line([&](std::size_t i) -> const std::string& { return columns_[i].title; });
  for (const auto& row : rows_) line([&](std::size_t i) -> const std::string& { return row[i].text; });
}

std::string Listing::json() const {
  std::string out = "[";
  for (const auto& row : rows_) {
    out += out.size() > 1 ? ",{" : "{";
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (i > 0) out += ',';
      wire::append_json_string(out, columns_[i].key);
      out.append(":").append(row.at(i).json);
    }
    out += '}';
  }
  return out + ']';
}

void Sheet::add(std::string key, std::string title, Cell cell) {
  facts_.push_back({std::move(key), std::move(title), std::move(cell)});
}

void Sheet::print_table(std::ostream& out) const {
  std::size_t width = 0;
  for (const auto& fact : facts_) width = std::max(width, printed_width(fact.title));
  for (const auto& fact : facts_) {
    if (fact.title.empty()) continue;
    out << fact.title;
    pad(out, width - printed_width(fact.title) + 2);
    out << fact.cell.text << '\n';
  }
}

std::string Sheet::json() const {
  std::string out = "{";
  for (const auto& fact : facts_) {
    if (out.size() > 1) out += ',';
    wire::append_json_string(out, fact.key);
    out.append(":").append(fact.cell.json);
  }
  return out + '}';
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto length = wire::utf8_length(text);
    const auto first = static_cast<unsigned char>(text.front());
    // The C1 controls, U+0080 to U+009F, steer terminals too.
    const bool is_c1 = length == 2 && first == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0;
    const bool is_control = first < 0x20 || first == 0x7F || is_c1;
    if (length == 0 || is_control) {
      out += '?';
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

std::size_t printed_width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string pretty_json(std::string_view json) {
  std::string out;
  std::size_t depth = 0;
  bool in_string = false;
  const auto new_line = [&] { out.append("\n").append(2 * depth, ' '); };
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      out += c;
      if (c == '\\' && i + 1 < json.size()) out += json[++i];
      if (c == '"') in_string = false;
      continue;
    }
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') continue;
    const bool closes = c == '}' || c == ']';
    if (closes && depth > 0) --depth;
    if (closes && out.back() != '{' && out.back() != '[') new_line();
    const bool opened = !out.empty() && (out.back() == '{' || out.back() == '[');
    if (!closes && (opened || (!out.empty() && out.back() == ','))) new_line();
    out += c;
    if (c == ':') out += ' ';
    if (c == '{' || c == '[') ++depth;
    if (c == '"') in_string = true;
  }
  return out;
}

std::string utc_text(std::uint64_t unix_ns) {
  constexpr std::uint64_t kSecond = 1'000'000'000;
  const auto seconds = static_cast<std::time_t>(unix_ns / kSecond);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[64];
  const auto size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text + size, sizeof text - size, ".%09uZ", static_cast<unsigned>(unix_ns % kSecond));
  return text;
}

std::string hex8(std::uint32_t number) {
  std::string digits;
  wire::append_hex16(digits, number);
  return digits.substr(8);
}

std::string hex16(std::uint64_t number) {
  std::string digits;
  wire::append_hex16(digits, number);
  return digits;
}

std::string hex_bytes(std::string_view bytes) {
  std::string digits;
  digits.reserve(2 * bytes.size());
  for (const char c : bytes) {
    digits += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
    digits += "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
  }
  return digits;
}

}  // namespace crdtd::ctl
