// Any bytes as JSON for a CRDT type: the canonical form of the plugin SDK.
//
//   - The canonical form of a canonical form is itself, and is known to be one; a text is canonical exactly when it is its own.
//   - One value has one form, in whatever order, space and escapes it is written.
//   - It means what the text meant, to another parser (which takes the last of equal keys, so those must have been refused).
//   - It passes the gate of the server. What the gate takes and the canonical form refuses has one of five reasons.
#include "crdtd/plugin/json.hpp"
#include "crdtd/wire/json_gate.hpp"
#include "json_oracle.hpp"
#include "oracle.hpp"

using namespace crdtd;
using crdtd_fuzz::Exact;
using crdtd_fuzz::Meaning;

namespace {

// A number as the canonical form writes it: plain from 1e-7 up to 1e21, else d.ddde±n; no zero that says nothing.
bool is_number_form(std::string_view text) {
  if (text == "0") return true;
  if (text.starts_with('-')) text.remove_prefix(1);
  const std::size_t e = text.find('e');
  const std::string_view mantissa = text.substr(0, e);
  const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
  if (point < mantissa.size() && mantissa.back() == '0') return false;
  if (e == std::string_view::npos) {
    const std::size_t first = mantissa.find_first_not_of("0.");
    return mantissa.starts_with("0.") ? first >= 2 && first <= 8 : first == 0 && point <= 21;
  }
  const long exponent = std::stol(std::string(text.substr(e + 1)));
  return point == 1 && mantissa[0] != '0' && (exponent >= 21 || exponent <= -8) && exponent >= -999 && exponent <= 999;
}

// All numbers of a canonical text: what begins with a digit or a minus outside of strings.
void check_numbers(std::string_view text) {
  bool quoted = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (quoted && text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      quoted = !quoted;
    } else if (!quoted && (text[at] == '-' || (text[at] >= '0' && text[at] <= '9'))) {
      const std::size_t end = std::min(text.find_first_of(",]}", at), text.size());
      FUZZ_CHECK(is_number_form(text.substr(at, end - at)), "a number has its one form", text.substr(at, end - at));
      at = end - 1;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Exact exact({reinterpret_cast<const char*>(data), size});
  const std::string_view text = exact.view();
  ByteBuffer out;
  out.append("kept");
  const JsonFault fault = canonical_json(text, out);
  FUZZ_CHECK(out.view().starts_with("kept"), "what stood in the output stays");
  const std::string canonical(out.view().substr(4));
  ByteBuffer scratch;
  const bool gate = !wire::check_json(text, {});

  if (fault.text != nullptr) {
    FUZZ_CHECK(canonical.empty(), "a refused text leaves nothing behind", canonical);
    FUZZ_CHECK(fault.offset <= size, "the offset lies within the text");
    FUZZ_CHECK(!is_canonical_json(text, scratch), "a refused text is not canonical");
    const std::string_view why = fault.text;
    const bool known = why.find("twice") != why.npos || why.find("40 significant") != why.npos || why.find("999") != why.npos;
    FUZZ_CHECK(!gate || known, "what the gate takes is refused only for its keys and numbers", why);
    const bool twice = why.find("twice") != why.npos;
    const bool other = crdtd_fuzz::other_verdict(text) == crdtd_fuzz::Verdict::kPasses;
    if (other && twice) FUZZ_CHECK(Meaning::has_duplicate_keys(text), "an object has the same key twice when it is said", text);
    return 0;
  }
  ByteBuffer again;
  FUZZ_CHECK(canonical_json(canonical, again).text == nullptr && again.view() == canonical, "canonical twice is canonical once",
             canonical);
  const Exact form(canonical);
  FUZZ_CHECK(is_canonical_json(form.view(), scratch), "a canonical form is known as one", canonical);
  FUZZ_CHECK(is_canonical_json(text, scratch) == (text == canonical), "only the canonical form is taken as one", canonical);
  check_numbers(canonical);
  FUZZ_CHECK(!wire::check_json(canonical, {}), "a canonical form passes the gate", canonical);
  if (crdtd_fuzz::other_verdict(text) != crdtd_fuzz::Verdict::kPasses) return 0;  // a number beyond a double
  FUZZ_CHECK(!Meaning::has_duplicate_keys(text), "an object with the same key twice is refused", text);
  FUZZ_CHECK(Meaning::of(text) == Meaning::of(canonical), "the canonical form means the same", canonical);
  ByteBuffer reversed;
  const std::string otherwise = crdtd_fuzz::Reversed::of(text);
  FUZZ_CHECK(canonical_json(otherwise, reversed).text == nullptr, "the same value, written otherwise, is taken too", otherwise);
  FUZZ_CHECK(reversed.view() == canonical, "one value has one canonical form", otherwise);
  return 0;
}
