// What verbs print, as columns for people or as JSON for programs, from one description.
//
// Texts may come from plugins, stores and servers: control characters and broken UTF-8 never reach the terminal.
// Threads: values, one thread.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace crdtd::ctl {

// One value: how it reads, and its JSON.
struct Cell {
  std::string text;
  std::string json;

  static Cell of(std::string_view text);
  static Cell of(std::uint64_t number);
  static Cell of(const std::vector<std::string>& texts);  // "a, b", ["a","b"]
  static Cell none();                                     // "-", null
  static Cell raw(std::string json);                      // JSON that is shown as it is
};

struct Column {
  std::string key;         // in JSON
  std::string title;       // of the table; empty: only in JSON
  bool is_number = false;  // set to the right
};

// Rows under common columns.
class Listing {
 public:
  explicit Listing(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void add(std::vector<Cell> row);  // a cell for each column
  void print_table(std::ostream& out) const;
  std::string json() const;  // an array of objects

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

// The facts of one thing, each with its name.
class Sheet {
 public:
  // An empty title: only in JSON.
  void add(std::string key, std::string title, Cell cell);
  void print_table(std::ostream& out) const;
  std::string json() const;  // an object

 private:
  struct Fact {
    std::string key;
    std::string title;
    Cell cell;
  };
  std::vector<Fact> facts_;
};

// `text` with every control character, and every byte that is not UTF-8, replaced by '?'.
std::string printable(std::string_view text);
// Characters, not bytes: how wide it is printed.
std::size_t printed_width(std::string_view text);
// JSON on several lines, indented by two spaces. Takes its input for valid.
std::string pretty_json(std::string_view json);
// "2026-01-31T12:00:00.000000000Z"
std::string utc_text(std::uint64_t unix_ns);
// Lower-case hexadecimal digits: all that the number has, two a byte.
std::string hex8(std::uint32_t number);
std::string hex16(std::uint64_t number);
std::string hex_bytes(std::string_view bytes);

}  // namespace crdtd::ctl
