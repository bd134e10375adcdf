// One pass over the text with a bit stack: a level is a bit (object or array), so that depth costs nothing and deep input cannot
// overflow anything. Numbers are only looked at, since what 1e400 means is for the type to say.
#include "crdtd/wire/json_gate.hpp"

#include <algorithm>

#include "crdtd/wire/json_text.hpp"

namespace crdtd::wire {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

void append_utf8(std::string& out, std::uint32_t point) {
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xC0 | point >> 6);
    out += static_cast<char>(0x80 | (point & 63));
  } else if (point < 0x10000) {
    out += static_cast<char>(0xE0 | point >> 12);
    out += static_cast<char>(0x80 | (point >> 6 & 63));
    out += static_cast<char>(0x80 | (point & 63));
  } else {
    out += static_cast<char>(0xF0 | point >> 18);
    out += static_cast<char>(0x80 | (point >> 12 & 63));
    out += static_cast<char>(0x80 | (point >> 6 & 63));
    out += static_cast<char>(0x80 | (point & 63));
  }
}

std::uint32_t hex4(std::string_view digits) {
  std::uint32_t unit = 0;
  for (const char c : digits) unit = unit << 4 | static_cast<std::uint32_t>(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
  return unit;
}

// Only for strings that scan_string() has passed.
void unescape(std::string_view raw, std::string& out) {
  out.clear();
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '\\') {
      out += raw[i];
      continue;
    }
    switch (raw[++i]) {
      case 'b':
        out += '\b';
        break;
      case 'f':
        out += '\f';
        break;
      case 'n':
        out += '\n';
        break;
      case 'r':
        out += '\r';
        break;
      case 't':
        out += '\t';
        break;
      case 'u': {
        std::uint32_t point = hex4(raw.substr(i + 1, 4));
        i += 4;
        if (point >= 0xD800 && point < 0xDC00) {
          point = 0x10000 + ((point - 0xD800) << 10) + (hex4(raw.substr(i + 3, 4)) - 0xDC00);
          i += 6;
        }
        append_utf8(out, point);
        break;
      }
      default:
        out += raw[i];
    }
  }
}

}  // namespace

std::string_view json_kind_name(JsonKind kind) {
  constexpr std::string_view kNames[] = {"null", "true or false", "a number", "a string", "an array", "an object"};
  return kNames[static_cast<int>(kind)];
}

JsonReader::JsonReader(std::string_view text, const JsonLimits& limits) noexcept
    : text_(text), limits_(limits), at_(text.data()), end_(text.data() + text.size()) {}

bool JsonReader::fail_at(const char* what, const char* where) noexcept {
  if (error_ == nullptr) {
    error_ = what;
    error_offset_ = static_cast<std::size_t>(where - text_.data());
  }
  return false;
}

bool JsonReader::fail_limit(const char* what, std::uint64_t limit) noexcept {
  if (error_ == nullptr) error_limit_ = limit;
  return fail(what);
}

Problem JsonReader::problem() const {
  std::string detail = "offset " + std::to_string(error_offset_) + ": " + (error_ != nullptr ? error_ : "no error");
  if (error_limit_ > 0) detail += ", the limit is " + std::to_string(error_limit_);
  return make_problem(ProblemCode::kInvalidJson, std::move(detail), {}, static_cast<std::int64_t>(error_limit_));
}

void JsonReader::skip_space() noexcept {
  while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
}

std::optional<JsonKind> JsonReader::peek() {
  if (failed()) return {};
  skip_space();
  if (at_ == end_) {
    fail("the text ends where a value should stand");
    return {};
  }
  switch (*at_) {
    case 'n':
      return JsonKind::kNull;
    case 't':
    case 'f':
      return JsonKind::kBool;
    case '"':
      return JsonKind::kString;
    case '[':
      return JsonKind::kArray;
    case '{':
      return JsonKind::kObject;
    default:
      if (*at_ == '-' || is_digit(*at_)) return JsonKind::kNumber;
      fail("no JSON value begins with this character");
      return {};
  }
}

bool JsonReader::push(bool is_object) {
  if (depth_ >= std::min(limits_.depth_max, kJsonDepthMax)) {
    return fail_limit("arrays and objects are nested too deep", std::min(limits_.depth_max, kJsonDepthMax));
  }
  objects_ = objects_ << 1 | static_cast<std::uint64_t>(is_object);
  depth_ += 1;
  first_ = true;
  ++at_;
  return true;
}

bool JsonReader::enter() {
  const auto kind = peek();
  if (!kind) return false;
  if (*kind != JsonKind::kArray && *kind != JsonKind::kObject) return fail("an array or an object is expected");
  return push(*kind == JsonKind::kObject);
}

JsonReader::Step JsonReader::next_element() {
  if (failed()) return Step::kError;
  skip_space();
  const bool object = (objects_ & 1) != 0;
  const char close = object ? '}' : ']';
  if (at_ == end_) return fail(object ? "the text ends within an object" : "the text ends within an array"), Step::kError;
  if (*at_ == close) {
    ++at_;
    objects_ >>= 1;
    depth_ -= 1;
    first_ = false;
    return Step::kEnd;
  }
  if (!first_) {
    if (*at_ != ',') return fail(object ? "a comma or } is expected" : "a comma or ] is expected"), Step::kError;
    ++at_;
    skip_space();
  }
  first_ = false;
  return Step::kMember;
}

bool JsonReader::scan_key() {
  if (at_ == end_ || *at_ != '"') return fail("a key in quotes is expected");
  if (++keys_ > limits_.key_count_max) return fail_limit("too many keys", limits_.key_count_max);
  return scan_string();
}

JsonReader::Step JsonReader::next_key(std::string& key) {
  const Step step = next_element();
  if (step != Step::kMember) return step;
  const char* begin = at_;
  if (!scan_key()) return Step::kError;
  unescape({begin + 1, static_cast<std::size_t>(at_ - begin) - 2}, key);
  skip_space();
  if (at_ == end_ || *at_ != ':') return fail("a colon is expected"), Step::kError;
  ++at_;
  return Step::kMember;
}

bool JsonReader::string(std::string& out) {
  const auto kind = peek();
  if (!kind) return false;
  if (*kind != JsonKind::kString) return fail("a string is expected");
  const char* begin = at_;
  if (!scan_string()) return false;
  unescape({begin + 1, static_cast<std::size_t>(at_ - begin) - 2}, out);
  return true;
}

std::optional<std::string_view> JsonReader::value() {
  auto kind = peek();
  if (!kind) return {};
  const char* begin = at_;
  const std::uint32_t base = depth_;
  while (true) {
    if (*kind == JsonKind::kArray || *kind == JsonKind::kObject) {
      if (!push(*kind == JsonKind::kObject)) return {};
    } else if (!scan_scalar()) {
      return {};
    }
    // Close what ends here; then stand before the next value, or behind the whole.
    Step step = Step::kEnd;
    while (step == Step::kEnd) {
      if (depth_ == base) {
        first_ = false;
        return std::string_view(begin, static_cast<std::size_t>(at_ - begin));
      }
      step = next_element();
    }
    if (step == Step::kError) return {};
    if ((objects_ & 1) != 0) {
      if (!scan_key()) return {};
      skip_space();
      if (at_ == end_ || *at_ != ':') return fail("a colon is expected"), std::nullopt;
      ++at_;
    }
    kind = peek();
    if (!kind) return {};
  }
}

std::optional<std::string_view> JsonReader::value_apart() {
  const auto objects = objects_;
  const auto depth = depth_;
  objects_ = 0;
  depth_ = 0;
  const auto result = value();
  objects_ = objects;
  depth_ = depth;
  return result;
}

bool JsonReader::end() {
  if (failed()) return false;
  skip_space();
  return at_ == end_ || fail("only one JSON value is expected");
}

bool JsonReader::scan_scalar() {
  switch (*at_) {
    case '"':
      return scan_string();
    case 'n':
      return scan_word("null");
    case 't':
      return scan_word("true");
    case 'f':
      return scan_word("false");
    default:
      return scan_number();
  }
}

bool JsonReader::scan_word(std::string_view word) {
  if (std::string_view(at_, static_cast<std::size_t>(end_ - at_)).substr(0, word.size()) != word) {
    return fail("null, true or false is expected");
  }
  at_ += word.size();
  return true;
}

bool JsonReader::scan_digits() {
  if (at_ == end_ || !is_digit(*at_)) return fail("a digit is expected");
  while (at_ != end_ && is_digit(*at_)) ++at_;
  return true;
}

bool JsonReader::scan_number() {
  const char* begin = at_;
  if (*at_ == '-') ++at_;
  if (at_ != end_ && *at_ == '0') {
    ++at_;
    if (at_ != end_ && is_digit(*at_)) return fail("a number does not begin with a spare zero");
  } else if (!scan_digits()) {
    return false;
  }
  if (at_ != end_ && *at_ == '.') {
    ++at_;
    if (!scan_digits()) return false;
  }
  if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
    ++at_;
    if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
    if (!scan_digits()) return false;
  }
  if (static_cast<std::size_t>(at_ - begin) > limits_.number_bytes_max) {
    return fail_limit("a number has too many digits", limits_.number_bytes_max);
  }
  return true;
}

bool JsonReader::scan_string() {
  const char* begin = ++at_;
  while (true) {
    while (at_ != end_ && static_cast<unsigned char>(*at_) - 0x20u < 0x60u && *at_ != '"' && *at_ != '\\') ++at_;
    if (static_cast<std::size_t>(at_ - begin) > limits_.string_bytes_max) {
      return fail_limit("a string has too many bytes", limits_.string_bytes_max);
    }
    if (at_ == end_) return fail("the text ends within a string");
    if (*at_ == '"') {
      ++at_;
      return true;
    }
    if (*at_ == '\\') {
      if (!scan_escape()) return false;
    } else if (static_cast<unsigned char>(*at_) < 0x20) {
      return fail("a control character in a string has to be escaped");
    } else {
      const std::size_t length = utf8_length({at_, static_cast<std::size_t>(end_ - at_)});
      if (length == 0) return fail("the text is not UTF-8");
      at_ += length;
    }
  }
}

bool JsonReader::scan_escape() {
  ++at_;
  if (at_ == end_) return fail("the text ends within a string");
  const char c = *at_++;
  if (c == 'u') return scan_unicode_escape();
  if (std::string_view("\"\\/bfnrt").find(c) == std::string_view::npos) return fail_at("there is no such escape", at_ - 1);
  return true;
}

bool JsonReader::scan_hex4(std::uint32_t& unit) {
  if (end_ - at_ < 4) return fail("four hex digits are expected");
  const std::string_view digits(at_, 4);
  const auto is_hex = [](char c) { return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); };
  if (!std::all_of(digits.begin(), digits.end(), is_hex)) return fail("four hex digits are expected");
  unit = hex4(digits);
  at_ += 4;
  return true;
}

bool JsonReader::scan_unicode_escape() {
  const char* begin = at_ - 2;
  std::uint32_t unit = 0;
  if (!scan_hex4(unit)) return false;
  if (unit < 0xD800 || unit > 0xDFFF) return true;
  std::uint32_t low = 0;
  const bool pair = unit < 0xDC00 && end_ - at_ >= 2 && at_[0] == '\\' && at_[1] == 'u';
  if (!pair) return fail_at("a surrogate stands alone", begin);
  at_ += 2;
  if (!scan_hex4(low)) return false;
  if (low < 0xDC00 || low > 0xDFFF) return fail_at("a surrogate stands alone", begin);
  return true;
}

std::optional<Problem> check_json(std::string_view text, const JsonLimits& limits) {
  JsonReader reader(text, limits);
  if (reader.value() && reader.end()) return {};
  return reader.problem();
}

}  // namespace crdtd::wire
