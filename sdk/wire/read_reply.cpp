#include "crdtd/wire/read_reply.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include "crdtd/wire/json_gate.hpp"
#include "crdtd/wire/problem_json.hpp"
#include "crdtd/wire/snapshot.hpp"

namespace crdtd::wire {
namespace {

// The reply as a whole is bounded by whoever received it; only the depth needs a bound of its own.
constexpr JsonLimits kReplyLimits{.depth_max = kJsonDepthMax,
                                  .string_bytes_max = std::numeric_limits<std::uint32_t>::max(),
                                  .number_bytes_max = std::numeric_limits<std::uint32_t>::max(),
                                  .key_count_max = std::numeric_limits<std::uint32_t>::max()};

constexpr std::string_view kProblemPath = "/problems/";

// Reads one reply. Each step returns false once something was wrong; `why` then has the first sentence about it.
class ReplyReader {
 public:
  ReplyReader(std::string_view text, std::string& why) : reader_(text, kReplyLimits), why_(why) { why_.clear(); }

  // An object: calls `member(name)` before each value, which it must consume. `required` has to be there, each once.
  template <class Member>
  bool object(std::initializer_list<std::string_view> required, Member&& member) {
    if (!enter(JsonKind::kObject, "an object")) return false;
    std::uint32_t seen = 0;
    std::string name;
    while (true) {
      const auto step = reader_.next_key(name);
      if (step == JsonReader::Step::kError) return spoilt();
      if (step == JsonReader::Step::kEnd) break;
      const auto known = std::find(required.begin(), required.end(), name);
      if (known != required.end()) {
        const std::uint32_t bit = 1u << (known - required.begin());
        if ((seen & bit) != 0) return wrong(name, "stands twice");
        seen |= bit;
      }
      if (!member(std::string_view(name))) return false;
    }
    for (std::size_t i = 0; i < required.size(); ++i) {
      if ((seen >> i & 1) == 0) return wrong(required.begin()[i], "is missing");
    }
    return true;
  }

  // An array: calls `element()` before each value, which it must consume.
  template <class Element>
  bool array(Element&& element) {
    if (!enter(JsonKind::kArray, "an array")) return false;
    while (true) {
      const auto step = reader_.next_element();
      if (step == JsonReader::Step::kError) return spoilt();
      if (step == JsonReader::Step::kEnd) return true;
      if (!element()) return false;
    }
  }

  bool text(std::string& out) { return is(JsonKind::kString, "a string") && (reader_.string(out) || spoilt()); }

  bool json(std::string& out) {
    const auto raw = reader_.value_apart();
    if (!raw) return spoilt();
    out = *raw;
    return true;
  }

  bool skip() { return reader_.value_apart().has_value() || spoilt(); }

  template <class Number>
  bool number(Number& out) {
    if (!is(JsonKind::kNumber, "a number")) return false;
    const auto raw = reader_.value();
    if (!raw) return spoilt();
    return digits(*raw, out);
  }

  template <class Number>
  bool number_text(Number& out) {
    std::string held;
    return text(held) && digits(held, out);
  }

  template <class Number>
  bool digits(std::string_view raw, Number& out, int base = 10) {
    const auto result = std::from_chars(raw.data(), raw.data() + raw.size(), out, base);
    if (!raw.empty() && result.ec == std::errc{} && result.ptr == raw.data() + raw.size()) return true;
    return fault("holds a number that is none, or out of range");
  }

  bool end() { return reader_.end() || spoilt(); }
  std::optional<JsonKind> peek() { return reader_.peek(); }
  bool fault(std::string_view what) {
    if (why_.empty()) why_.append("the reply ").append(what).append(", near offset ").append(std::to_string(reader_.offset()));
    return false;
  }
  bool wrong(std::string_view name, std::string_view what) {
    std::string sentence("has a member `");
    return fault(sentence.append(name.substr(0, 40)).append("` that ").append(what));
  }

 private:
  bool spoilt() {
    if (why_.empty()) why_.append("the reply is no JSON: ").append(reader_.problem().detail);
    return false;
  }
  bool is(JsonKind wanted, std::string_view name) {
    const auto kind = reader_.peek();
    if (!kind) return spoilt();
    if (*kind == wanted) return true;
    std::string sentence("has ");
    return fault(sentence.append(json_kind_name(*kind)).append(" where ").append(name).append(" is expected"));
  }
  bool enter(JsonKind wanted, std::string_view name) { return is(wanted, name) && (reader_.enter() || spoilt()); }

  JsonReader reader_;
  std::string& why_;
};

int base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

// RFC 4648 with padding; the unused bits of the last digit are 0.
bool decode_base64(std::string_view text, std::string& out) {
  out.clear();
  if (text.size() % 4 != 0) return false;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  text.remove_suffix(padding);
  out.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const int digit = base64_digit(c);
    if (digit < 0) return false;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    held += 6;
    if (held >= 8) {
      held -= 8;
      out += static_cast<char>(bits >> held & 0xFF);
      bits &= (1u << held) - 1;
    }
  }
  return bits == 0;
}

bool read_row(ReplyReader& reader, Row& row) {
  std::string text;
  return reader.object({"version", "dot", "count", "hlc_unix_ns", "node", "format", "delta", "ops"}, [&](std::string_view name) {
    if (name == "version") return reader.number(row.version);
    if (name == "count") return reader.number(row.count);
    if (name == "hlc_unix_ns") return reader.number_text(row.hlc_unix_ns);
    if (name == "node") return reader.text(row.node);
    if (name == "key") return reader.text(row.key);
    if (name == "format") return reader.number(row.format);
    if (name == "ops") return reader.json(row.ops_json);
    if (name == "delta") {
      return reader.text(text) && (decode_base64(text, row.delta) || reader.fault("has a `delta` that is not base64"));
    }
    if (name != "dot") return reader.skip();
    if (!reader.text(text)) return false;
    const std::string_view dot = text;
    if (dot.size() < 18 || dot[16] != ':') return reader.fault("has a `dot` that is not 16 hex digits, a colon and a counter");
    return reader.digits(dot.substr(0, 16), row.replica, 16) && reader.digits(dot.substr(17), row.first_counter);
  });
}

bool read_type(ReplyReader& reader, TypeInfo& type) {
  return reader.object({"name", "type", "semantics", "format"}, [&](std::string_view name) {
    if (name == "name") return reader.text(type.name);
    if (name == "type") return reader.text(type.type);
    if (name == "semantics") return reader.number(type.semantics);
    if (name == "format") return reader.number(type.format);
    if (name == "formats_read") return reader.array([&] { return reader.number(type.formats_read.emplace_back()); });
    if (name != "limits") return reader.skip();
    return reader.object({}, [&](std::string_view limit) {
      auto& held = type.limits.emplace_back(limit, 0);
      return reader.number(held.second);
    });
  });
}

Retry retry_of_status(std::uint16_t status) {
  return status == 408 || status == 429 || status >= 500 ? Retry::kLater : Retry::kNever;
}

}  // namespace

bool read_write_reply(std::string_view body, WriteReply& out, std::string& why) {
  ReplyReader reader(body, why);
  out = {};
  const auto member = [&](std::string_view name) {
    if (name == "version") return reader.number(out.version);
    if (name == "applied") return reader.number(out.applied);
    if (name == "cursor") return reader.text(out.cursor);
    if (name == "snapshot") return reader.json(out.value_json);
    if (name == "result") return reader.json(out.result_json);
    return reader.skip();
  };
  if (!reader.object({"version", "applied"}, member) || !reader.end()) return false;
  return out.cursor.empty() == out.value_json.empty() || reader.fault("has only one of `snapshot` and `cursor`");
}

bool read_read_reply(std::string_view body, ReadReply& out, std::string& why) {
  ReplyReader reader(body, why);
  out = {};
  const auto member = [&](std::string_view name) {
    if (name == "type") return reader.text(out.type);
    if (name == "version") return reader.number(out.version);
    if (name == "cursor") return reader.text(out.cursor);
    if (name == "value") return reader.json(out.value_json);
    return reader.skip();
  };
  return reader.object({"type", "version", "cursor", "value"}, member) && reader.end();
}

bool read_rows_reply(std::string_view body, RowsPage& out, std::string& why) {
  ReplyReader reader(body, why);
  out = {};
  const auto member = [&](std::string_view name) {
    if (name == "type") return reader.text(out.type);
    if (name == "rows") return reader.array([&] { return read_row(reader, out.rows.emplace_back()); });
    if (name == "version") return reader.number(out.version);
    if (name == "cursor") return reader.text(out.cursor);
    if (name == "head") return reader.number(out.head);
    return reader.skip();
  };
  return reader.object({"type", "rows", "version", "cursor", "head"}, member) && reader.end();
}

bool read_list_reply(std::string_view body, ListReply& out, std::string& why) {
  ReplyReader reader(body, why);
  out = {};
  const auto doc = [&] {
    auto& held = out.docs.emplace_back();
    return reader.object({"id", "type", "version"}, [&](std::string_view name) {
      if (name == "id") return reader.text(held.id);
      if (name == "type") return reader.text(held.type);
      if (name == "version") return reader.number(held.version);
      return reader.skip();
    });
  };
  const auto member = [&](std::string_view name) {
    if (name == "docs") return reader.array(doc);
    if (name == "next" && reader.peek() != JsonKind::kNull) return reader.text(out.next);
    return reader.skip();
  };
  return reader.object({"docs", "next"}, member) && reader.end();
}

bool read_types_reply(std::string_view body, std::vector<TypeInfo>& out, std::string& why) {
  ReplyReader reader(body, why);
  out.clear();
  const auto member = [&](std::string_view name) {
    if (name == "types") return reader.array([&] { return read_type(reader, out.emplace_back()); });
    return reader.skip();
  };
  return reader.object({"types"}, member) && reader.end();
}

bool read_snapshot_reply(std::string_view body, SnapshotReply& out, std::string& why) {
  const auto view = read_snapshot(body);
  if (!view) {
    why = "the reply is not exactly one snapshot of layout 1";
    return false;
  }
  why.clear();
  out = {std::string(view->type), view->format, view->version, std::string(view->cursor), {}, std::string(view->encoded)};
  out.known.reserve(view->known.size());
  for (const auto& known : view->known) {
    out.known.push_back({known.replica, known.counter, known.chain, std::string(known.node)});
  }
  return true;
}

bool read_problem_reply(std::string_view body, ProblemReply& out, std::string& why) {
  ReplyReader reader(body, why);
  out = {};
  std::string type;
  const auto member = [&](std::string_view name) {
    if (name == "type") return reader.text(type);
    if (name == "title") return reader.text(out.title);
    if (name == "status") return reader.number(out.status);
    if (name == "detail") return reader.text(out.detail);
    if (name == "instance") return reader.text(out.instance);
    if (name == "pointer") return reader.text(out.pointer);
    if (name == "limit" || name == "expected" || name == "offset_ns") return reader.number(out.value);
    if (name == "enabled") return reader.array([&] { return reader.text(out.enabled.emplace_back()); });
    return reader.skip();
  };
  if (!reader.object({"type", "title", "status"}, member) || !reader.end()) return false;
  const auto at = type.rfind(kProblemPath);
  if (at == std::string::npos) return reader.fault("has a `type` that is no problem of this server");
  out.slug = type.substr(at + kProblemPath.size());
  const auto* info = find_problem(out.slug);
  if (info != nullptr) out.code = info->code;
  out.retry = info != nullptr ? info->retry : retry_of_status(out.status);
  return true;
}

}  // namespace crdtd::wire
