// The one canonical form of a JSON text, read from bytes that nobody vouches for.
//
// No space; object keys sorted by the bytes of their UTF-8 (before escaping), duplicates refused; strings escaped as in
// RFC 8785, not normalised; numbers as in json_number.hpp; nesting of at most 64. Invalid UTF-8 and lone surrogates are
// refused. Two texts mean the same value exactly when their canonical forms are equal bytes.
// A JsonCursor walks a text; the first failure is sticky and says where and what. Recursion is bounded by the nesting limit.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "crdtd/plugin/byte_buffer.hpp"
#include "crdtd/plugin/json_number.hpp"
#include "crdtd/plugin/json_string.hpp"

namespace crdtd {

struct JsonFault {
  const char* text = nullptr;  // a sentence, null when there is no fault
  std::size_t offset = 0;      // in bytes from the start of the text
};

class JsonCursor {
 public:
  static constexpr std::uint32_t kDepthMax = 64;

  JsonCursor() = default;
  explicit JsonCursor(std::string_view text) { restart(text); }
  // Begins anew, keeping the scratch memory.
  void restart(std::string_view text) {
    begin_ = at_ = text.data();
    end_ = begin_ + text.size();
    fault_ = {};
    members_.clear();
  }

  bool ok() const noexcept { return fault_.text == nullptr; }
  const JsonFault& fault() const noexcept { return fault_; }
  std::size_t offset() const noexcept { return static_cast<std::size_t>(at_ - begin_); }

  // The next byte that is no space, 0 at the end.
  char peek() noexcept {
    skip_space();
    return at_ == end_ ? '\0' : *at_;
  }
  // Steps over `wanted` if it comes next.
  bool consume(char wanted) noexcept {
    skip_space();
    if (at_ == end_ || *at_ != wanted) return false;
    ++at_;
    return true;
  }
  bool expect_end() noexcept {
    skip_space();
    return at_ == end_ || refuse("something follows the end of the JSON text");
  }

  // Appends the canonical form of the value that comes next. `depth`: of the containers already around it.
  bool value(ByteBuffer& out, std::uint32_t depth = 0) {
    skip_space();
    if (at_ == end_) return refuse("a JSON value is missing");
    switch (*at_) {
      case '"':
        return string(out);
      case '{':
        return object(out, depth);
      case '[':
        return array(out, depth);
      case 't':
        return literal("true", out);
      case 'f':
        return literal("false", out);
      case 'n':
        return literal("null", out);
      default:
        return number(out);
    }
  }

  // Appends the canonical form of a string, quotes included.
  bool string(ByteBuffer& out) {
    skip_space();
    if (at_ == end_ || *at_ != '"') return refuse("a string is wanted here");
    const char* why = nullptr;
    const char* stop = JsonString::canonical(at_, end_, out, why);
    if (why != nullptr) return at_ = stop, refuse(why);
    at_ = stop;
    return true;
  }

  // Steps over a value that is canonical as it stands and quickly seen to be so, a string without escapes or an integer, and
  // returns it as it stands in the text; empty, without a step, when the next value needs value() or string().
  std::string_view verbatim() noexcept {
    skip_space();
    if (at_ == end_) return {};
    const char* stop = nullptr;
    if (*at_ == '"') {
      const char* quote = JsonString::verbatim_end(at_ + 1, end_);
      if (quote != end_ && *quote == '"') stop = quote + 1;
    } else {
      stop = JsonNumber::plain_integer(at_, end_);
    }
    if (stop == nullptr) return {};
    const std::string_view found(at_, static_cast<std::size_t>(stop - at_));
    at_ = stop;
    return found;
  }
  // Steps over an object that is written as `head`, a value as verbatim() takes it, and the closing brace, and returns the value;
  // empty, without a step, when something else comes next. `head` is such as `{"name":`, without spaces.
  std::string_view verbatim_in(std::string_view head) noexcept {
    const char* const start = at_;
    if (static_cast<std::size_t>(end_ - at_) < head.size() || std::memcmp(at_, head.data(), head.size()) != 0) return {};
    at_ += head.size();
    const std::string_view found = verbatim();
    if (!found.empty() && at_ != end_ && *at_ == '}') return ++at_, found;
    at_ = start;
    return {};
  }
  // What the cursor walks.
  std::string_view text() const noexcept { return {begin_, static_cast<std::size_t>(end_ - begin_)}; }

  bool refuse(const char* text) noexcept {
    if (fault_.text == nullptr) fault_ = {text, offset()};
    at_ = end_;
    return false;
  }

 private:
  struct Member {  // of an object: where its `"key":value` stands in the output
    std::size_t begin, key_end, end;
  };

  void skip_space() noexcept {
    if (at_ != end_ && *at_ <= ' ') skip_more_space();
  }
  [[gnu::noinline]] void skip_more_space() noexcept {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r')) ++at_;
  }

  bool literal(std::string_view word, ByteBuffer& out) {
    if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(word)) return refuse("this is no JSON value");
    at_ += word.size();
    out.append(word);
    return true;
  }

  bool number(ByteBuffer& out) {
    if (*at_ != '-' && (*at_ < '0' || *at_ > '9')) return refuse("this is no JSON value");
    const char* why = nullptr;
    const char* stop = JsonNumber::canonical(at_, end_, out, why);
    if (stop == nullptr) return refuse(why);
    at_ = stop;
    return true;
  }

  bool array(ByteBuffer& out, std::uint32_t depth) {
    if (depth >= kDepthMax) return refuse("JSON is nested deeper than 64 levels");
    ++at_;
    out.push('[');
    if (!consume(']')) {
      while (true) {
        if (!value(out, depth + 1)) return false;
        if (consume(']')) break;
        if (!consume(',')) return refuse("an array wants ',' or ']' here");
        out.push(',');
      }
    }
    out.push(']');
    return true;
  }

  bool object(ByteBuffer& out, std::uint32_t depth) {
    if (depth >= kDepthMax) return refuse("JSON is nested deeper than 64 levels");
    const std::size_t object_begin = offset();
    const std::size_t first = members_.size();
    ++at_;
    out.push('{');
    if (!consume('}')) {
      while (true) {
        const std::size_t begin = out.size();
        if (!string(out)) return false;
        const std::size_t key_end = out.size();
        if (!consume(':')) return refuse("an object wants ':' here");
        out.push(':');
        if (!value(out, depth + 1)) return false;
        members_.push_back({begin, key_end, out.size()});
        if (consume('}')) break;
        if (!consume(',')) return refuse("an object wants ',' or '}' here");
        out.push(',');
      }
    }
    if (!sort_members(first, out)) return fault_ = {"an object has the same key twice", object_begin}, at_ = end_, false;
    out.push('}');
    members_.resize(first);
    return true;
  }

  // Puts the members from `first` on in key order; they are the end of `out`. False when two keys are equal.
  bool sort_members(std::size_t first, ByteBuffer& out) {
    const auto key_of = [&out](const Member& member) { return out.view(member.begin + 1, member.key_end - 1); };
    const auto before = [&](const Member& left, const Member& right) {
      return JsonString::compare(key_of(left), key_of(right)) < 0;
    };
    const auto begin = members_.begin() + static_cast<std::ptrdiff_t>(first);
    const auto unordered = [&](const Member& left, const Member& right) { return !before(left, right); };
    if (std::adjacent_find(begin, members_.end(), unordered) == members_.end()) return true;
    const std::size_t object_first = begin->begin;
    std::sort(begin, members_.end(), before);
    if (std::adjacent_find(begin, members_.end(), unordered) != members_.end()) return false;
    sorted_.clear();
    for (auto member = begin; member != members_.end(); ++member) {
      if (member != begin) sorted_.push(',');
      sorted_.append(out.view(member->begin, member->end));
    }
    out.truncate(object_first);
    out.append(sorted_.view());
    return true;
  }

  const char* begin_ = nullptr;
  const char* at_ = nullptr;
  const char* end_ = nullptr;
  JsonFault fault_;
  std::vector<Member> members_;
  ByteBuffer sorted_;
};

// Appends the canonical form of `text`, which is one JSON value. On a fault `out` is as it was.
inline JsonFault canonical_json(std::string_view text, ByteBuffer& out) {
  const std::size_t start = out.size();
  JsonCursor cursor(text);
  if (!cursor.value(out) || !cursor.expect_end()) out.truncate(start);
  return cursor.fault();
}

// Whether `text` is a JSON value in its canonical form. `scratch` is used when a look is not enough.
inline bool is_canonical_json(std::string_view text, ByteBuffer& scratch) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
    return JsonString::is_canonical_inside(text.substr(1, text.size() - 2));
  scratch.clear();
  return canonical_json(text, scratch).text == nullptr && scratch.view() == text;
}

// Calls `item(view)` for each element of a canonical array; stops when that returns false.
template <class Item>
void for_each_item(std::string_view array, Item item) {
  std::size_t begin = 1, depth = 0;
  bool quoted = false;
  for (std::size_t at = 1; at + 1 < array.size(); ++at) {
    const char c = array[at];
    if (quoted) {
      if (c == '\\') ++at;
      quoted = c != '"';
    } else if (c == '"') {
      quoted = true;
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if (c == ']' || c == '}') {
      --depth;
    } else if (c == ',' && depth == 0) {
      if (!item(array.substr(begin, at - begin))) return;
      begin = at + 1;
    }
  }
  if (array.size() > 2) item(array.substr(begin, array.size() - 1 - begin));
}

}  // namespace crdtd
