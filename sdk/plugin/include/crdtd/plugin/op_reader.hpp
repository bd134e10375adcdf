// Reads what users meant: a JSON array of ops, each an object whose fields are found by name.
//
//   OpReader ops(text);
//   while (ops.next()) {                       // one op, its values canonical
//     if (!ops.only({"type", "elem"})) break;  // unknown fields are refused by name
//     const std::string_view* elem = ops.field("elem");
//     ...
//   }
//   if (ops.failed()) ... ops.fault() names the op, the field ("/elem") and what was wrong
// A view of a field is valid until the next next(); the values of all ops stay, so that a batch may be checked whole before it is
// applied: keep(view) gives a place, and kept(place) the value again. What is canonical as it stands is not copied. Borrows its
// text.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "crdtd/plugin/json.hpp"

namespace crdtd {

// One JSON object with few fields: an op, or a query. Its views last as long as the text and the buffer, until the next read().
class JsonFields {
 public:
  static constexpr std::uint32_t kFieldsMax = 16;

  // Reads the object that comes next, appending canonical values to `values`. The nesting limit counts inside each value, so
  // that a value is good or bad wherever it stands.
  bool read(JsonCursor& cursor, ByteBuffer& values) {
    values_ = &values;
    count_ = 0;
    failed_field_ = kFieldsMax;
    if (cursor.peek() != '{') return cursor.refuse("an object is wanted here");
    cursor.consume('{');
    if (cursor.consume('}')) return true;
    while (true) {
      if (count_ == kFieldsMax) return cursor.refuse("the object has more than 16 fields");
      Field& field = fields_[count_];
      if (cursor.peek() != '"' || !read_piece(cursor, field.name)) return cursor.string(values);  // which says what is wrong
      for (std::uint32_t i = 0; i < count_; ++i) {
        if (name(i) == name_of(field)) return cursor.refuse("the object has the same field twice");
      }
      if (!cursor.consume(':')) return cursor.refuse("an object wants ':' here");
      failed_field_ = count_++;
      if (!read_piece(cursor, field.value)) return false;
      failed_field_ = kFieldsMax;
      if (cursor.consume('}')) return true;
      if (!cursor.consume(',')) return cursor.refuse("an object wants ',' or '}' here");
    }
  }

  std::uint32_t count() const noexcept { return count_; }
  // As it stands between the quotes, in canonical form.
  std::string_view name(std::uint32_t index) const noexcept { return name_of(fields_[index]); }
  std::string_view value(std::uint32_t index) const noexcept { return view_of(fields_[index].value); }
  std::optional<std::string_view> find(std::string_view wanted) const noexcept {
    for (std::uint32_t i = 0; i < count_; ++i) {
      if (name(i) == wanted) return value(i);
    }
    return std::nullopt;
  }
  // The first field that is none of `known`.
  std::optional<std::string_view> unknown(std::initializer_list<std::string_view> known) const noexcept {
    for (std::uint32_t i = 0; i < count_; ++i) {
      if (std::find(known.begin(), known.end(), name(i)) == known.end()) return name(i);
    }
    return std::nullopt;
  }
  // The field in whose value read() failed.
  std::optional<std::string_view> failed_field() const noexcept {
    if (failed_field_ == kFieldsMax) return std::nullopt;
    return name(failed_field_);
  }

 private:
  struct Piece {
    const char* text;   // where it stands, null: in *values_
    std::size_t begin;  // there
    std::size_t size;
  };
  struct Field {
    Piece name, value;
  };
  std::string_view view_of(const Piece& piece) const noexcept {
    if (piece.text != nullptr) return {piece.text, piece.size};
    return values_->view(piece.begin, piece.begin + piece.size);
  }
  std::string_view name_of(const Field& field) const noexcept {
    const std::string_view quoted = view_of(field.name);
    return {quoted.data() + 1, quoted.size() - 2};
  }
  bool read_piece(JsonCursor& cursor, Piece& piece) {
    const std::string_view verbatim = cursor.verbatim();
    piece = {verbatim.data(), values_->size(), verbatim.size()};
    if (!verbatim.empty()) return true;
    piece.text = nullptr;
    if (!cursor.value(*values_)) return false;
    piece.size = values_->size() - piece.begin;
    return true;
  }

  ByteBuffer* values_ = nullptr;
  Field fields_[kFieldsMax];
  std::uint32_t count_ = 0;
  std::uint32_t failed_field_ = kFieldsMax;
};

struct OpFault {
  std::uint32_t op_index = 0;  // kNoOp: the array itself is wrong
  std::string pointer;         // below the op: "/elem", or empty
  std::string message;
  static constexpr std::uint32_t kNoOp = 0xffffffffu;
};

class OpReader {
 public:
  OpReader() = default;
  explicit OpReader(std::string_view text) { restart(text); }
  // Begins anew; scratch memory above `keep` bytes is given back.
  void restart(std::string_view text, std::size_t keep = 64 * 1024) {
    cursor_.restart(text);
    values_.reset(keep);
    index_ = OpFault::kNoOp;
    failed_ = done_ = false;
  }

  // Steps to the next op and reads it; false at the end and on a fault.
  bool next() { return step() && read(); }
  // Steps to the next op, which read() or value_in() has to take then; false at the end and on a fault.
  bool step() {
    if (failed_ || done_) return false;
    const bool first = index_ == OpFault::kNoOp;
    if (first && !cursor_.consume('[')) return cursor_.refuse("ops must be a JSON array"), broken();
    if (cursor_.consume(']')) {
      done_ = true;
      return cursor_.expect_end() ? false : (index_ = OpFault::kNoOp, broken());
    }
    if (!first && !consume_comma()) return false;
    ++index_;
    return true;
  }
  // After step(): reads the op; false on a fault.
  bool read() { return fields_.read(cursor_, values_) || broken(); }
  // After step(), instead of read(): the value of an op that is written as `head`, a string or integer that is canonical, and a
  // brace, as programs write most ops; empty when read() must look at it. `head` is such as `{"type":"add","elem":`.
  std::string_view value_in(std::string_view head) noexcept { return cursor_.verbatim_in(head); }

  std::uint32_t index() const noexcept { return index_; }
  const JsonFields& fields() const noexcept { return fields_; }
  // The canonical JSON of a field, if the op has it.
  std::optional<std::string_view> field(std::string_view name) const noexcept { return fields_.find(name); }
  // The inside of a field that is a string (escapes are left), if the op has such a one.
  std::optional<std::string_view> text_field(std::string_view name) const noexcept {
    const auto value = field(name);
    if (!value || value->front() != '"') return std::nullopt;
    return value->substr(1, value->size() - 2);
  }
  // Refuses the op when it has other fields than these.
  bool only(std::initializer_list<std::string_view> known) {
    const auto stranger = fields_.unknown(known);
    if (!stranger) return true;
    std::string message = "unknown field; this op has";
    for (const std::string_view name : known) message.append(name == *known.begin() ? " `" : ", `").append(name).append("`");
    return refuse(pointer_to(*stranger), message);
  }
  // Refuses the op for a reason of the type's own.
  bool refuse(std::string_view pointer, std::string_view message) {
    fault_ = {index_, std::string(pointer), std::string(message)};
    failed_ = true;
    return false;
  }

  bool failed() const noexcept { return failed_; }
  const OpFault& fault() const noexcept { return fault_; }
  // Where a field's value stays until the next restart().
  struct Place {
    std::size_t begin, size;
    bool in_text;
  };
  Place keep(std::string_view value) const noexcept {
    const std::string_view text = cursor_.text();
    const bool in_text = value.data() >= text.data() && value.data() < text.data() + text.size();
    return {static_cast<std::size_t>(value.data() - (in_text ? text : values_.view()).data()), value.size(), in_text};
  }
  std::string_view kept(const Place& place) const noexcept {
    return {(place.in_text ? cursor_.text() : values_.view()).data() + place.begin, place.size};
  }
  std::size_t memory_bytes() const noexcept { return values_.capacity(); }

 private:
  static std::string pointer_to(std::string_view name) {
    std::string pointer = "/";
    for (const char c : name) {
      if (c == '~' || c == '/')
        pointer.append(c == '~' ? "~0" : "~1");
      else
        pointer.push_back(c);
    }
    return pointer;
  }
  bool consume_comma() {
    if (cursor_.consume(',')) {
      if (cursor_.peek() != ']') return true;
    }
    cursor_.refuse("the array of ops wants ',' and an op, or ']' here");
    index_ = OpFault::kNoOp;
    return broken();
  }
  bool broken() {
    const auto field = index_ == OpFault::kNoOp ? std::nullopt : fields_.failed_field();
    return refuse(field ? pointer_to(*field) : std::string(),
                  std::string(cursor_.fault().text) + " (at byte " + std::to_string(cursor_.fault().offset) + " of the ops)");
  }

  JsonCursor cursor_;
  ByteBuffer values_;
  JsonFields fields_;
  OpFault fault_;
  std::uint32_t index_ = OpFault::kNoOp;
  bool failed_ = false;
  bool done_ = false;
};

}  // namespace crdtd
