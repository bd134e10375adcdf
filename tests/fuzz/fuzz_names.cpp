// What stands in a request's target: document ids, percent escapes, query strings, `since`.
//
//   - Decoding agrees with a slow one, and undoes encoding; an id that is taken is a name, and is its own encoding.
//   - A query string's parameters are those that splitting by hand finds, each once, each known.
//   - A number is exactly what a slow reading says; `since` is a number, a cursor, or refused.
#include <map>

#include "crdtd/wire/json_gate.hpp"
#include "crdtd/wire/request.hpp"
#include "net/query_string.hpp"
#include "oracle.hpp"

using namespace crdtd::wire;

namespace {

std::string encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    constexpr char kDigits[] = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

// False on a broken escape.
bool slow_decode(std::string_view text, bool plus, std::string& out) {
  out.clear();
  while (!text.empty()) {
    std::size_t used = 1;
    char c = text[0];
    if (c == '+' && plus) c = ' ';
    if (c == '%') {
      const std::string digits(text.substr(1, 2));
      if (digits.size() != 2 || digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) return false;
      c = static_cast<char>(std::stoi(digits, nullptr, 16));
      used = 3;
    }
    out += c;
    text.remove_prefix(used);
  }
  return true;
}

void check_decoding(std::string_view text) {
  for (const bool plus : {false, true}) {
    std::string mine, slow;
    const bool good = percent_decode(text, plus, mine);
    FUZZ_CHECK(good == slow_decode(text, plus, slow), "the same escapes are broken");
    FUZZ_CHECK(!good || mine == slow, "decoding is what it is by hand", mine);
    FUZZ_CHECK(percent_decode(encode(text), plus, mine) && mine == text, "decoding undoes encoding", mine);
  }
}

void check_id(std::string_view text) {
  std::string id;
  const auto problem = read_doc_id(text, id);
  if (problem) {
    std::string json;
    append_problem(json, *problem, {});
    FUZZ_CHECK(!check_json(json, {}), "a problem is written as JSON", json);
    FUZZ_CHECK(crdtd_fuzz::is_one_line(problem->detail), "a refusal is one sentence", problem->detail);
    FUZZ_CHECK(!is_wire_name(text), "a plain name is an id");
    return;
  }
  FUZZ_CHECK(is_wire_name(id) && id.size() <= 128, "an id is a name", id);
  std::string again;
  FUZZ_CHECK(!read_doc_id(id, again) && again == id, "an id stands for itself", id);
  FUZZ_CHECK(!read_doc_id(encode(id), again) && again == id, "an id may be encoded", id);
}

void check_query(std::string_view text) {
  crdtd::net::QueryString query;
  const auto problem = query.parse(text, {"since", "wait", "query"});
  std::map<std::string, std::string> slow;
  bool good = true;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string part(rest.substr(0, rest.find('&')));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    const std::string name = part.substr(0, part.find('='));
    std::string value;
    if (part.find('=') != std::string::npos) good &= slow_decode(part.substr(name.size() + 1), name == "query", value);
    good &= (name == "since" || name == "wait" || name == "query") && slow.emplace(name, value).second;
  }
  FUZZ_CHECK(good == !problem, "a query string is taken exactly when it is good", problem ? problem->detail : "taken");
  if (problem) return;
  for (const char* name : {"since", "wait", "query"}) {
    const std::string* found = query.find(name);
    FUZZ_CHECK((found != nullptr) == (slow.count(name) == 1), "a parameter is there or not", name);
    FUZZ_CHECK(found == nullptr || *found == slow[name], "a parameter has its value", name);
  }
  std::uint64_t wait = 7;
  const auto bad = query.read_number("wait", 1, 25, wait);
  if (bad) return;
  FUZZ_CHECK(slow.count("wait") == 0 ? wait == 7 : wait >= 1 && wait <= 25, "a number keeps its bounds");
}

void check_since(std::string_view text) {
  std::uint64_t number = 0;
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  std::string significant(text.substr(std::min(text.find_first_not_of('0'), text.size())));
  const bool fits = significant.size() < 20 || (significant.size() == 20 && significant <= "18446744073709551615");
  FUZZ_CHECK(parse_u64(text, number) == (digits && fits), "a number is digits that fit", text);
  if (digits && fits)
    FUZZ_CHECK(std::to_string(number) == (significant.empty() ? "0" : significant), "a number is its digits", text);
  SinceField since;
  if (!parse_since(text, since)) return;
  FUZZ_CHECK(since.kind != SinceField::Kind::kAbsent, "what is taken says something");
  FUZZ_CHECK((since.kind == SinceField::Kind::kNumber) == digits, "digits are a number, else it is a cursor", text);
  if (!digits) FUZZ_CHECK(since.cursor == text && crdtd_fuzz::is_one_line(text), "a cursor is kept as it came", text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const crdtd_fuzz::Exact exact({reinterpret_cast<const char*>(data), size});
  check_decoding(exact.view());
  check_id(exact.view());
  check_query(exact.view());
  check_since(exact.view());
  return 0;
}
