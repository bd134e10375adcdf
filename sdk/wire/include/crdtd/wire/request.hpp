// The bodies and names that clients send, read strictly: a field that is unknown, missing, doubled or of another type is named.
//
// What belongs to a plugin (ops, values) is checked as JSON and kept as the bytes that came.
// Plain functions, any thread; views borrow the body.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "crdtd/wire/json_gate.hpp"
#include "crdtd/wire/problem_json.hpp"

namespace crdtd::wire {

struct BodyLimits {
  JsonLimits json;
  std::uint32_t op_count_max = 10'000;  // of one batch
};

// What an author had seen: nothing said, a number in the present epoch (also as a string of digits), or a cursor.
struct SinceField {
  enum class Kind { kAbsent, kNumber, kCursor };
  Kind kind = Kind::kAbsent;
  std::uint64_t number = 0;
  std::string cursor;
};

// {"since":v,"type":t,"ops":[…]}
struct OpsBody {
  SinceField since;
  std::string type;
  std::string_view ops;  // the array's bytes
  std::uint32_t op_count = 0;
};
std::optional<Problem> read_ops_body(std::string_view body, const BodyLimits& limits, OpsBody& out);

// {"type":t,"value":any}
struct PutBody {
  std::string type;
  std::string_view value;
};
std::optional<Problem> read_put_body(std::string_view body, const BodyLimits& limits, PutBody& out);

// `since` of a query string or a string field: digits are a number, other printable text is a cursor; false if it is neither.
bool parse_since(std::string_view text, SinceField& out);

// Decimal digits only, no sign, no leading "+"; false on anything else or beyond 64 bits.
bool parse_u64(std::string_view text, std::uint64_t& out) noexcept;

// 1 to 128 of A-Z a-z 0-9 . _ ~ -
bool is_wire_name(std::string_view text) noexcept;

// One percent-decode; false on a broken escape. With `plus_is_space` as in HTML forms.
bool percent_decode(std::string_view text, bool plus_is_space, std::string& out);

// A document id as it stands in a path: one percent-decode, then the rule for names ("%2e" is ".", "%252e" is refused).
std::optional<Problem> read_doc_id(std::string_view segment, std::string& out);

// ", did you mean `since`?" for the nearest of `known`, or a list of them if none is near.
std::string nearest_name(std::string_view name, std::initializer_list<std::string_view> known);

}  // namespace crdtd::wire
