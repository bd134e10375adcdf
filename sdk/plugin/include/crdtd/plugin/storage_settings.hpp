// The settings of a storage: the YAML mapping under `storage` (without `plugin`), which the host hands over as a flat JSON
// object.
//
//   Settings settings;
//   if (Outcome bad = Settings::parse(json, settings); !bad) return bad;
//   if (Outcome bad = settings.text("path", path); !bad) return bad;       // absent: `path` keeps its value
//   if (Outcome bad = settings.refuse_others(); !bad) return bad;          // whatever nobody asked for is a mistake
#pragma once

#include <charconv>
#include <map>
#include <string>
#include <string_view>

#include "crdtd/plugin/storage_views.hpp"

namespace crdtd::storage {

class Settings {
 public:
  static Outcome parse(std::string_view json, Settings& out) {
    Parser parser{json, 0};
    std::string why = parser.object(out.values_);
    if (why.empty()) return {};
    return bad_setting("", joined({"the storage settings are no flat JSON object: ", view(why), " at byte ", parser.at}));
  }

  Outcome text(const std::string& name, std::string& inout) {
    const Value* value = ask(name);
    if (value == nullptr) return {};
    if (value->kind != '"') return bad_setting(name, joined({"`", view(name), "` must be a string"}));
    inout = value->text;
    return {};
  }

  Outcome flag(const std::string& name, bool& inout) {
    const Value* value = ask(name);
    if (value == nullptr) return {};
    if (value->kind != 'b') return bad_setting(name, joined({"`", view(name), "` must be true or false"}));
    inout = value->text == "true";
    return {};
  }

  // A whole number, or one with a unit in a string: "64KiB", "1MiB", "2GiB".
  Outcome number(const std::string& name, std::uint64_t min, std::uint64_t max, std::uint64_t& inout) {
    const Value* value = ask(name);
    if (value == nullptr) return {};
    std::uint64_t read = 0;
    if (value->kind == 'b' || !read_number(value->text, read) || read < min || read > max) {
      return bad_setting(name, joined({"`", view(name), "` must be a whole number between ", min, " and ", max,
                                       " (KiB, MiB and GiB are understood), not `", view(value->text), "`"}));
    }
    inout = read;
    return {};
  }

  // After the last of the calls above: a setting that none of them asked for is refused, and the known ones are named.
  Outcome refuse_others() const {
    for (const auto& [name, value] : values_) {
      if (asked_.count(name) != 0) continue;
      std::string known;
      for (const auto& [other, ignored] : asked_) known += (known.empty() ? "" : ", ") + other;
      return bad_setting(name, joined({"`", view(name), "` is no setting of this storage; it knows: ", view(known)}));
    }
    return {};
  }

 private:
  struct Value {
    char kind = '"';  // '"' string, '0' number, 'b' boolean
    std::string text;
  };
  static std::string_view view(const std::string& text) { return text; }
  using Values = std::map<std::string, Value, std::less<>>;

  const Value* ask(const std::string& name) {
    asked_[name] = true;
    auto found = values_.find(name);
    return found == values_.end() ? nullptr : &found->second;
  }

  static bool read_number(std::string_view text, std::uint64_t& out) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc()) return false;
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    const int shift = unit.empty() ? 0 : unit == "KiB" ? 10 : unit == "MiB" ? 20 : unit == "GiB" ? 30 : -1;
    if (shift < 0 || out > (UINT64_MAX >> shift)) return false;
    out <<= shift;
    return true;
  }

  // Reads one flat object; each function returns what it missed, or an empty string.
  struct Parser {
    std::string_view json;
    std::size_t at = 0;

    void skip() {
      while (at < json.size() && (json[at] == ' ' || json[at] == '\t' || json[at] == '\n' || json[at] == '\r')) ++at;
    }
    bool take(char c) {
      skip();
      if (at >= json.size() || json[at] != c) return false;
      ++at;
      return true;
    }

    std::string object(Values& out) {
      if (!take('{')) return "expected `{`";
      for (bool first = true; !take('}'); first = false) {
        if (!first && !take(',')) return "expected `,` or `}`";
        std::string name;
        if (std::string why = string(name); !why.empty()) return why;
        if (!take(':')) return "expected `:`";
        Value value;
        if (std::string why = scalar(value); !why.empty()) return why;
        if (!out.emplace(name, value).second) return joined({"`", view(name), "` stands there twice"});
      }
      skip();
      return at == json.size() ? "" : "expected the end";
    }

    std::string scalar(Value& out) {
      skip();
      if (at < json.size() && json[at] == '"') return string(out.text);
      const std::size_t start = at;
      while (at < json.size() && std::string_view(",} \t\r\n").find(json[at]) == std::string_view::npos) ++at;
      out.text = std::string(json.substr(start, at - start));
      if (out.text.empty() || out.text[0] == '{' || out.text[0] == '[' || out.text == "null")
        return "expected a string, number or boolean";
      out.kind = out.text == "true" || out.text == "false" ? 'b' : '0';
      if (out.kind == '0' && out.text.find_first_not_of("0123456789+-.eE") != std::string::npos) return "expected a number";
      return "";
    }

    std::string string(std::string& out) {
      if (!take('"')) return "expected a string";
      while (at < json.size() && json[at] != '"') {
        if (json[at] != '\\') {
          out += json[at++];
        } else if (!escape(out)) {
          return "expected a known escape";
        }
      }
      return take('"') ? "" : "expected the closing quote";
    }

    bool escape(std::string& out) {
      static constexpr std::string_view kFrom = "\"\\/bfnrt";
      static constexpr std::string_view kTo = "\"\\/\b\f\n\r\t";
      if (++at >= json.size()) return false;
      if (const std::size_t which = kFrom.find(json[at]); which != std::string_view::npos) {
        out += kTo[which];
        ++at;
        return true;
      }
      unsigned code = 0;
      if (!unit(code)) return false;
      if (code >= 0xD800 && code < 0xDC00) {
        unsigned low = 0;
        if (at >= json.size() || json[at++] != '\\' || !unit(low) || low < 0xDC00 || low > 0xDFFF) return false;
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
      } else if (code >= 0xDC00 && code <= 0xDFFF) {
        return false;
      }
      append_utf8(code, out);
      return true;
    }

    bool unit(unsigned& out) {  // `uXXXX`
      if (json.size() - at < 5 || json[at] != 'u') return false;
      const char* first = json.data() + at + 1;
      at += 5;
      return std::from_chars(first, first + 4, out, 16).ptr == first + 4;
    }

    static void append_utf8(unsigned code, std::string& out) {
      const auto tail = [&](int shift) { out += static_cast<char>(0x80 | ((code >> shift) & 0x3F)); };
      if (code < 0x80) {
        out += static_cast<char>(code);
      } else if (code < 0x800) {
        out += static_cast<char>(0xC0 | (code >> 6));
        tail(0);
      } else if (code < 0x10000) {
        out += static_cast<char>(0xE0 | (code >> 12));
        tail(6), tail(0);
      } else {
        out += static_cast<char>(0xF0 | (code >> 18));
        tail(12), tail(6), tail(0);
      }
    }
  };

  Values values_;
  std::map<std::string, bool> asked_;
};

}  // namespace crdtd::storage
