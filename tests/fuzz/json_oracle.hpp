// JSON as another parser sees it, for the fuzzers to compare with.
#pragma once

#include <rapidjson/document.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace crdtd_fuzz {

// Numbers stay text: the other parser's doubles are not what is compared.
inline constexpr unsigned kOtherFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag |
                                        rapidjson::kParseNumbersAsStringsFlag | rapidjson::kParseFullPrecisionFlag;

// The other parser's verdict. It takes escapes of a low surrogate that stands alone, and refuses numbers beyond a double.
enum class Verdict { kPasses, kFails, kNumberTooBig };
inline Verdict other_verdict(std::string_view text) {
  rapidjson::Reader reader;
  rapidjson::MemoryStream stream(text.data(), text.size());
  rapidjson::BaseReaderHandler<> handler;
  const auto result = reader.Parse<kOtherFlags>(stream, handler);
  if (result.Code() == rapidjson::kParseErrorNumberTooBig) return Verdict::kNumberTooBig;
  // A NUL outside a string ends the text for it.
  return result.IsError() || stream.Tell() != text.size() ? Verdict::kFails : Verdict::kPasses;
}

// A value as text that is the same for equal values: a tree walk, and numbers normalised as one learns it at school.
class Meaning : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Meaning> {
 public:
  // What `text`, which the other parser takes, means.
  static std::string of(std::string_view text) {
    rapidjson::Reader reader;
    rapidjson::MemoryStream stream(text.data(), text.size());
    Meaning meaning;
    reader.Parse<kOtherFlags>(stream, meaning);
    return meaning.top_.items.empty() ? "" : meaning.top_.items.back();
  }
  static bool has_duplicate_keys(std::string_view text) {
    rapidjson::Reader reader;
    rapidjson::MemoryStream stream(text.data(), text.size());
    Meaning meaning;
    reader.Parse<kOtherFlags>(stream, meaning);
    return meaning.duplicate_;
  }

  bool Null() { return add("null"); }
  bool Bool(bool value) { return add(value ? "true" : "false"); }
  bool RawNumber(const char* text, rapidjson::SizeType size, bool) { return add(number({text, size})); }
  bool String(const char* text, rapidjson::SizeType size, bool) { return add(quoted({text, size})); }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    top().key = quoted({text, size});
    return true;
  }
  bool StartObject() { return open(); }
  bool StartArray() { return open(); }
  bool EndArray(rapidjson::SizeType) {
    std::string all = "[";
    for (const std::string& item : top().items) all += item + ",";
    return close(all + "]");
  }
  bool EndObject(rapidjson::SizeType) {
    std::string all = "{";
    for (const auto& [key, value] : top().members) all += key + ":" + value + ",";
    return close(all + "}");
  }

 private:
  struct Level {
    std::vector<std::string> items;
    std::map<std::string, std::string> members;
    std::string key;
  };
  Level& top() { return levels_.empty() ? top_ : levels_.back(); }
  bool open() {
    levels_.emplace_back();
    return true;
  }
  bool close(const std::string& text) {
    levels_.pop_back();
    return add(text);
  }
  bool add(std::string text) {
    Level& level = top();
    if (level.key.empty()) {
      level.items.push_back(std::move(text));
    } else {
      duplicate_ |= !level.members.emplace(std::move(level.key), std::move(text)).second;
      level.key.clear();
    }
    return true;
  }
  static std::string quoted(std::string_view text) { return "'" + std::to_string(text.size()) + "'" + std::string(text); }
  // Digits without zeros at either end, and the power of ten of the last one.
  static std::string number(std::string_view text) {
    const bool minus = text.starts_with('-');
    const std::size_t e = std::min(text.find_first_of("eE"), text.size());
    const std::string_view mantissa = text.substr(minus ? 1 : 0, e - (minus ? 1 : 0));
    const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
    std::string digits(mantissa.substr(0, point));
    if (point < mantissa.size()) digits += mantissa.substr(point + 1);
    const std::size_t first = digits.find_first_not_of('0');
    if (first == std::string::npos) return "0";
    long power = e < text.size() ? std::stol(std::string(text.substr(e + 1))) : 0;
    if (point < mantissa.size()) power -= static_cast<long>(mantissa.size() - point - 1);
    while (digits.back() == '0') {
      digits.pop_back();
      ++power;
    }
    return (minus ? "-" : "") + digits.substr(first) + "p" + std::to_string(power);
  }

  std::vector<Level> levels_;
  Level top_;
  bool duplicate_ = false;
};

// A text that means the same and is written otherwise: the members of each object in reverse, space around everything.
class Reversed : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Reversed> {
 public:
  // Of `text`, which the other parser takes.
  static std::string of(std::string_view text) {
    rapidjson::Reader reader;
    rapidjson::MemoryStream stream(text.data(), text.size());
    Reversed reversed;
    reader.Parse<kOtherFlags>(stream, reversed);
    return reversed.done_;
  }

  bool Null() { return add("null"); }
  bool Bool(bool value) { return add(value ? "true" : "false"); }
  bool RawNumber(const char* text, rapidjson::SizeType size, bool) { return add({text, size}); }
  bool String(const char* text, rapidjson::SizeType size, bool) { return add(escaped({text, size})); }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    levels_.back().key = escaped({text, size}) + " : ";
    return true;
  }
  bool StartObject() { return open(true); }
  bool StartArray() { return open(false); }
  bool EndObject(rapidjson::SizeType) { return close("{", "}"); }
  bool EndArray(rapidjson::SizeType) { return close("[", "]"); }

 private:
  struct Level {
    bool object = false;
    std::string key, all;
  };
  bool open(bool object) {
    levels_.push_back({object, {}, {}});
    return true;
  }
  bool close(std::string_view left, std::string_view right) {
    const std::string all = std::string(left) + levels_.back().all + std::string(right);
    levels_.pop_back();
    return add(all);
  }
  bool add(const std::string& text) {
    if (levels_.empty()) {
      done_ = text;
      return true;
    }
    Level& level = levels_.back();
    const std::string item = " " + level.key + text + " ";
    level.all = level.all.empty() ? item : level.object ? item + "," + level.all : level.all + "," + item;
    return true;
  }
  // ASCII as escapes, all else as it is.
  static std::string escaped(std::string_view text) {
    constexpr char kDigits[] = "0123456789ABCDEF";
    std::string out = "\"";
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      out += byte >= 0x80 ? std::string(1, c) : std::string("\\u00") + kDigits[byte >> 4] + kDigits[byte & 15];
    }
    return out + '"';
  }

  std::vector<Level> levels_;
  std::string done_;
};

}  // namespace crdtd_fuzz
