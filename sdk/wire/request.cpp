#include "crdtd/wire/request.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>
#include <utility>
#include <vector>

#include "crdtd/wire/json_text.hpp"

namespace crdtd::wire {
namespace {

constexpr std::size_t kNameBytesMax = 128;
constexpr std::size_t kCursorBytesMax = 256;

constexpr bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '~' ||
         c == '-';
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

// What a person may be shown of a name that came from outside.
std::string shown(std::string_view name) {
  constexpr std::size_t kShownMax = 40;
  std::string text = "`";
  for (const char c : name.substr(0, kShownMax)) text += static_cast<unsigned char>(c) >= 0x20 && c != 0x7F ? c : '?';
  if (name.size() > kShownMax) text += "…";
  text += '`';
  return text;
}

// Built by appending: g++ 12 warns wrongly about `"literal" + std::string`.
std::string sentence(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const auto part : parts) text += part;
  return text;
}

std::string pointer_to(std::string_view key) {
  std::string pointer = "/";
  for (const char c : key.substr(0, kNameBytesMax)) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
  return pointer;
}

Problem wrong_kind(std::string_view field, std::string_view wanted, JsonKind found) {
  return make_problem(ProblemCode::kInvalidField, sentence({"`", field, "` takes ", wanted, ", not ", json_kind_name(found)}),
                      pointer_to(field));
}

Problem missing(std::string_view field, std::string_view wanted) {
  return make_problem(ProblemCode::kInvalidField, sentence({"`", field, "` is missing: ", wanted}), pointer_to(field));
}

// A top-level object: calls `field(key)` with the reader before each value, which it must consume.
template <class Field>
std::optional<Problem> read_object(JsonReader& reader, std::string_view what, Field&& field) {
  const auto kind = reader.peek();
  if (!kind) return reader.problem();
  if (*kind != JsonKind::kObject) {
    return make_problem(ProblemCode::kInvalidField, sentence({"the body is ", json_kind_name(*kind), ", ", what}));
  }
  reader.enter();
  std::string key;
  std::vector<std::string> seen;
  while (true) {
    const auto step = reader.next_key(key);
    if (step == JsonReader::Step::kEnd) break;
    if (step == JsonReader::Step::kError) return reader.problem();
    if (std::find(seen.begin(), seen.end(), key) != seen.end()) {
      return make_problem(ProblemCode::kInvalidJson, sentence({"the key ", shown(key), " stands twice"}), pointer_to(key));
    }
    if (auto problem = field(key)) return problem;
    seen.push_back(key);
  }
  if (!reader.end()) return reader.problem();
  return {};
}

std::optional<Problem> unknown_field(std::string_view key, std::initializer_list<std::string_view> known) {
  return make_problem(ProblemCode::kInvalidField, sentence({"there is no field ", shown(key), nearest_name(key, known)}),
                      pointer_to(key));
}

std::optional<Problem> read_type(JsonReader& reader, std::string& out) {
  const auto kind = reader.peek();
  if (!kind) return reader.problem();
  if (*kind != JsonKind::kString) return wrong_kind("type", "the name of a type as a string", *kind);
  if (!reader.string(out)) return reader.problem();
  if (!is_wire_name(out)) {
    return make_problem(ProblemCode::kInvalidField, "`type` takes 1 to 128 of A-Z a-z 0-9 . _ ~ -", "/type");
  }
  return {};
}

std::optional<Problem> read_since(JsonReader& reader, SinceField& out) {
  constexpr std::string_view kWanted = "a version (a whole number), a cursor (a string) or null";
  const auto kind = reader.peek();
  if (!kind) return reader.problem();
  std::string text;
  if (*kind == JsonKind::kString) {
    if (!reader.string(text)) return reader.problem();
    if (!parse_since(text, out)) {
      return make_problem(ProblemCode::kInvalidField, "`since` is no cursor of this server: send one as it was received",
                          "/since");
    }
    return {};
  }
  const auto raw = reader.value();
  if (!raw) return reader.problem();
  if (*kind == JsonKind::kNull) return {};
  if (*kind != JsonKind::kNumber) return wrong_kind("since", kWanted, *kind);
  out.kind = SinceField::Kind::kNumber;
  if (!parse_u64(*raw, out.number)) {
    return make_problem(ProblemCode::kInvalidField, sentence({"`since` takes ", kWanted, ", not ", shown(*raw)}), "/since");
  }
  return {};
}

std::optional<Problem> read_ops(JsonReader& reader, const BodyLimits& limits, OpsBody& out, const char* text) {
  const auto kind = reader.peek();
  if (!kind) return reader.problem();
  if (*kind != JsonKind::kArray) return wrong_kind("ops", "an array of ops", *kind);
  const std::size_t begin = reader.offset();
  reader.enter();
  while (true) {
    const auto step = reader.next_element();
    if (step == JsonReader::Step::kEnd) break;
    if (step == JsonReader::Step::kError || !reader.value()) return reader.problem();
    if (++out.op_count > limits.op_count_max) {
      return make_problem(ProblemCode::kLimitExceeded,
                          sentence({"a batch holds at most ", std::to_string(limits.op_count_max), " ops: send several"}), "/ops",
                          limits.op_count_max);
    }
  }
  out.ops = {text + begin, reader.offset() - begin};
  return {};
}

}  // namespace

std::optional<Problem> read_ops_body(std::string_view body, const BodyLimits& limits, OpsBody& out) {
  JsonReader reader(body, limits.json);
  out = {};
  auto problem =
      read_object(reader, R"(it takes {"since":…,"type":"…","ops":[…]})", [&](std::string_view key) -> std::optional<Problem> {
        if (key == "since") return read_since(reader, out.since);
        if (key == "type") return read_type(reader, out.type);
        if (key == "ops") return read_ops(reader, limits, out, body.data());
        return unknown_field(key, {"since", "type", "ops"});
      });
  if (problem) return problem;
  if (out.type.empty()) return missing("type", "the type of the document");
  if (out.ops.empty()) return missing("ops", "an array of ops, which may be empty");
  return {};
}

std::optional<Problem> read_put_body(std::string_view body, const BodyLimits& limits, PutBody& out) {
  JsonReader reader(body, limits.json);
  out = {};
  auto problem = read_object(reader, R"(it takes {"type":"…","value":…})", [&](std::string_view key) -> std::optional<Problem> {
    if (key == "type") return read_type(reader, out.type);
    if (key != "value") return unknown_field(key, {"type", "value"});
    const auto raw = reader.value();
    if (!raw) return reader.problem();
    out.value = *raw;
    return {};
  });
  if (problem) return problem;
  if (out.type.empty()) return missing("type", "the type of the document");
  if (out.value.empty()) return missing("value", "what the document is to hold");
  return {};
}

bool parse_u64(std::string_view text, std::uint64_t& out) noexcept {
  if (text.empty() || text[0] < '0' || text[0] > '9') return false;
  const auto end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, out);
  return result.ec == std::errc{} && result.ptr == end;
}

bool parse_since(std::string_view text, SinceField& out) {
  out = {};
  const bool digits = std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
  if (text.empty() || text.size() > kCursorBytesMax || !printable) return false;
  if (digits) {
    out.kind = SinceField::Kind::kNumber;
    return parse_u64(text, out.number);
  }
  out.kind = SinceField::Kind::kCursor;
  out.cursor = text;
  return true;
}

bool is_wire_name(std::string_view text) noexcept {
  return !text.empty() && text.size() <= kNameBytesMax && std::all_of(text.begin(), text.end(), is_name_char);
}

bool percent_decode(std::string_view text, bool plus_is_space, std::string& out) {
  const auto digit = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') return (c | 0x20) - 'a' + 10;
    return -1;
  };
  out.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const int high = i + 2 < text.size() ? digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return false;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return true;
}

std::optional<Problem> read_doc_id(std::string_view segment, std::string& out) {
  if (segment.size() > 3 * kNameBytesMax || !percent_decode(segment, false, out)) {
    return make_problem(ProblemCode::kInvalidDocId, "the document id is too long or has a broken percent escape");
  }
  if (is_wire_name(out)) return {};
  return make_problem(ProblemCode::kInvalidDocId,
                      sentence({"a document id has 1 to 128 of A-Z a-z 0-9 . _ ~ -, not ", shown(out)}));
}

std::string nearest_name(std::string_view name, std::initializer_list<std::string_view> known) {
  constexpr std::size_t kDistanceMax = 2;
  std::string_view best;
  std::size_t best_distance = kDistanceMax + 1;
  for (const auto candidate : known) {
    if (name.size() > candidate.size() + kDistanceMax) continue;
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  if (!best.empty()) return sentence({", did you mean `", best, "`?"});
  std::string list;
  for (const auto candidate : known) {
    list += list.empty() ? ": those known are " : ", ";
    list += candidate;
  }
  return list.empty() ? ": none is taken here" : list;
}

}  // namespace crdtd::wire
