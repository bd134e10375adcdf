// The one form of a JSON string: UTF-8, escaped as in RFC 8785 (only what must be), not normalised.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "crdtd/plugin/byte_buffer.hpp"

namespace crdtd {

class JsonString {
 public:
  // Reads the string whose opening quote stands at `at`, appends its canonical form with quotes, and returns where it stops.
  // When it is refused, `why` says so and the place of the fault is returned.
  static const char* canonical(const char* at, const char* end, ByteBuffer& out, const char*& why) {
    const char* run = at++;  // what needs no change is copied in runs, the quotes with it
    while (true) {
      at = skip_plain(at, end);
      if (at == end) return why = "a string has no closing quote", at;
      const auto byte = static_cast<unsigned char>(*at);
      if (byte == '"') break;
      if (byte >= 0x80) {
        const std::uint32_t size = sequence_size(at, end);
        if (size == 0) return why = "a string is not valid UTF-8", at;
        at += size;
      } else if (byte == '\\') {
        out.append({run, static_cast<std::size_t>(at - run)});
        at = escape(at, end, out, why);
        if (why != nullptr) return at;
        run = at;
      } else {
        return why = "a control character in a string must be escaped", at;
      }
    }
    ++at;
    out.append({run, static_cast<std::size_t>(at - run)});
    return at;
  }

  // Where a string that is canonical as it stands ends: at its closing quote, when all from `at` (behind the opening one) to
  // there is plain or valid UTF-8. Else elsewhere: at `end`, or at what needs a closer look.
  static const char* verbatim_end(const char* at, const char* end) noexcept {
    while (true) {
      at = skip_plain(at, end);
      if (at == end || static_cast<unsigned char>(*at) < 0x80) return at;
      const std::uint32_t size = sequence_size(at, end);
      if (size == 0) return at;
      at += size;
    }
  }

  // Whether `text` is what canonical() writes between the quotes.
  static bool is_canonical_inside(std::string_view text) noexcept {
    const char* end = text.data() + text.size();
    for (const char* at = text.data();;) {
      at = skip_plain(at, end);
      if (at == end) return true;
      const auto byte = static_cast<unsigned char>(*at);
      const std::uint32_t size = byte >= 0x80 ? sequence_size(at, end) : byte == '\\' ? escape_size(at, end) : 0;
      if (size == 0) return false;
      at += size;
    }
  }

  // Orders the insides of two canonical strings by the UTF-8 bytes that they stand for.
  static int compare(std::string_view left, std::string_view right) noexcept {
    std::size_t i = 0, j = 0;
    while (i < left.size() && j < right.size()) {
      const int a = unescaped(left, i), b = unescaped(right, j);
      if (a != b) return a < b ? -1 : 1;
    }
    return static_cast<int>(i < left.size()) - static_cast<int>(j < right.size());
  }

  // Appends raw text as a JSON string; bytes that are no UTF-8 become U+FFFD.
  template <class Sink>
  static void quote(Sink& out, std::string_view raw) {
    crdtd::append(out, "\"");
    for (const char *at = raw.data(), *end = at + raw.size(); at != end;) {
      const auto byte = static_cast<unsigned char>(*at);
      const std::uint32_t size = byte < 0x80 ? 1 : sequence_size(at, end);
      if (byte < 0x80) {
        put_ascii(byte, out);
      } else {
        crdtd::append(out, size == 0 ? std::string_view("\xEF\xBF\xBD") : std::string_view(at, size));
      }
      at += size == 0 ? 1 : size;
    }
    crdtd::append(out, "\"");
  }

 private:
  static_assert(std::endian::native == std::endian::little);

  static bool plain(unsigned char byte) noexcept { return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\'; }

  static const char* skip_plain(const char* at, const char* end) noexcept {
    constexpr std::uint64_t kOnes = 0x0101010101010101, kHighs = 0x8080808080808080;
    while (end - at >= 8) {  // eight at a time
      std::uint64_t word;
      std::memcpy(&word, at, 8);
      const std::uint64_t quotes = word ^ kOnes * '"', slashes = word ^ kOnes * '\\';
      const std::uint64_t hit = (word | (word - kOnes * 0x20) | (quotes - kOnes) | (slashes - kOnes)) & kHighs;
      // A borrow raises false alarms only behind a true one, and the lowest byte is the first.
      if (hit != 0) return at + std::countr_zero(hit) / 8;
      at += 8;
    }
    while (at != end && plain(static_cast<unsigned char>(*at))) ++at;
    return at;
  }

  // How long the multi-byte UTF-8 sequence at `at` is, 0 when it is none: no overlong form, no surrogate, nothing above U+10FFFF.
  static std::uint32_t sequence_size(const char* at, const char* end) noexcept {
    const auto byte = [&](int index) { return static_cast<unsigned char>(at[index]); };
    const auto tail = [&](int index) { return (byte(index) & 0xC0u) == 0x80u; };
    const auto room = end - at;
    const unsigned lead = byte(0);
    if (lead >= 0xC2 && lead <= 0xDF) return room >= 2 && tail(1) ? 2 : 0;
    if (lead >= 0xE0 && lead <= 0xEF) {
      if (room < 3 || !tail(1) || !tail(2) || (lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xED && byte(1) >= 0xA0)) return 0;
      return 3;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
      if (room < 4 || !tail(1) || !tail(2) || !tail(3) || (lead == 0xF0 && byte(1) < 0x90) || (lead == 0xF4 && byte(1) >= 0x90))
        return 0;
      return 4;
    }
    return 0;
  }

  template <class Sink>
  static void put_ascii(unsigned byte, Sink& out) {
    constexpr char kHex[] = "0123456789abcdef";
    constexpr std::string_view kFrom = "\"\\\b\t\n\f\r", kTo = "\"\\btnfr";
    const std::size_t known = kFrom.find(static_cast<char>(byte));
    if (known != std::string_view::npos) {
      const char pair[] = {'\\', kTo[known]};
      crdtd::append(out, {pair, 2});
    } else if (byte < 0x20) {
      const char code[] = {'\\', 'u', '0', '0', kHex[byte >> 4], kHex[byte & 15]};
      crdtd::append(out, {code, 6});
    } else {
      const char self = static_cast<char>(byte);
      crdtd::append(out, {&self, 1});
    }
  }

  static void put_code_point(std::uint32_t code, ByteBuffer& out) {
    if (code < 0x80) return put_ascii(code, out);
    const auto tail = [code](unsigned shift) { return static_cast<char>(0x80 | (code >> shift & 0x3F)); };
    if (code < 0x800) {
      out.push(static_cast<char>(0xC0 | code >> 6));
    } else if (code < 0x10000) {
      out.push(static_cast<char>(0xE0 | code >> 12));
      out.push(tail(6));
    } else {
      out.push(static_cast<char>(0xF0 | code >> 18));
      out.push(tail(12));
      out.push(tail(6));
    }
    out.push(tail(0));
  }

  // Four hex digits at `at`; above 0xffff when they are none.
  static std::uint32_t hex4(const char* at, const char* end) noexcept {
    if (end - at < 4) return 0x10000;
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = at[i];
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0) return 0x10000;
      value = value << 4 | static_cast<std::uint32_t>(digit);
    }
    return value;
  }

  static const char* escape(const char* at, const char* end, ByteBuffer& out, const char*& why) {
    constexpr std::string_view kFrom = "\"\\/bfnrt", kTo = "\"\\/\b\f\n\r\t";
    const char* code_at = at + 1;
    if (code_at == end) return why = "a string has no closing quote", end;
    const std::size_t simple = kFrom.find(*code_at);
    if (simple != std::string_view::npos) return put_ascii(static_cast<unsigned char>(kTo[simple]), out), code_at + 1;
    if (*code_at != 'u') return why = "a string has an unknown escape", at;
    std::uint32_t code = hex4(code_at + 1, end);
    if (code > 0xFFFF) return why = "\\u wants four hexadecimal digits", at;
    const char* stop = code_at + 5;
    if (code >= 0xD800 && code <= 0xDFFF) {
      const bool pair = code <= 0xDBFF && end - stop >= 6 && stop[0] == '\\' && stop[1] == 'u';
      const std::uint32_t low = pair ? hex4(stop + 2, end) : 0;
      if (low < 0xDC00 || low > 0xDFFF) return why = "a string has a surrogate without its other half", at;
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
      stop += 6;
    }
    put_code_point(code, out);
    return stop;
  }

  // How long the escape at `at` is, 0 when canonical() would not write it so.
  static std::uint32_t escape_size(const char* at, const char* end) noexcept {
    if (end - at < 2) return 0;
    if (at[1] != 'u') return std::string_view("\"\\btnfr").find(at[1]) == std::string_view::npos ? 0 : 2;
    const std::uint32_t code = hex4(at + 2, end);
    if (code >= 0x20 || std::string_view("\b\t\n\f\r").find(static_cast<char>(code)) != std::string_view::npos) return 0;
    const bool upper = std::string_view(at + 2, 4).find_first_of("ABCDEF") != std::string_view::npos;
    return upper ? 0 : 6;
  }

  // The byte at `at` of a canonical string's inside, its escape resolved; steps over it.
  static int unescaped(std::string_view text, std::size_t& at) noexcept {
    constexpr std::string_view kFrom = "\"\\btnfr", kTo = "\"\\\b\t\n\f\r";
    const char first = text[at++];
    if (first != '\\') return static_cast<unsigned char>(first);
    const char code = text[at++];
    if (code != 'u') return static_cast<unsigned char>(kTo[kFrom.find(code)]);
    const std::uint32_t value = hex4(text.data() + at, text.data() + text.size());
    at += 4;
    return static_cast<int>(value);
  }
};

}  // namespace crdtd
