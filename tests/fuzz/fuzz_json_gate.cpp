// Any bytes as JSON from outside: the gate beside another parser.
//
//   - Gate and other parser agree, except on a lone surrogate and on numbers beyond a double.
//   - A refusal is a sentence with an offset within the text; one about a limit names it.
//   - Reading step by step finds what one look found, and every part stands alone as JSON again.
//   - With tighter limits nothing more passes; a text that passes is cut nowhere into one that passes unless it is a number's
//   start
//     or is followed by space.
#include "crdtd/wire/json_gate.hpp"

#include "crdtd/wire/json_text.hpp"
#include "json_oracle.hpp"
#include "oracle.hpp"

using namespace crdtd::wire;
using crdtd_fuzz::Exact;

namespace {

void check_problem(const Problem& problem, std::string_view text) {
  FUZZ_CHECK(problem.detail.starts_with("offset "), "a refusal says where", problem.detail);
  FUZZ_CHECK(std::stoull(problem.detail.substr(7)) <= text.size(), "the offset lies within the text", problem.detail);
  FUZZ_CHECK(crdtd_fuzz::is_one_line(problem.detail), "a refusal is one sentence", problem.detail);
  std::string json;
  append_problem(json, problem, {});
  FUZZ_CHECK(!check_json(json, {}), "a problem is written as JSON", json);
}

// Walks a text that has passed, one container at a time.
void walk(JsonReader& reader, std::size_t& values) {
  ++values;
  const auto kind = reader.peek();
  FUZZ_CHECK(kind.has_value(), "a value that has passed begins like one");
  std::string text;
  if (*kind == JsonKind::kString) {
    FUZZ_CHECK(reader.string(text), "a string that has passed is read");
    std::string quoted;
    append_json_string(quoted, text);
    std::string again;
    JsonReader inner(quoted, {});
    FUZZ_CHECK(inner.string(again) && inner.end() && again == text, "a string is the same after writing and reading", text);
    return;
  }
  if (*kind != JsonKind::kArray && *kind != JsonKind::kObject) {
    const auto raw = reader.value();
    FUZZ_CHECK(raw.has_value() && !check_json(*raw, {}), "a scalar stands alone as JSON", raw.value_or(""));
    return;
  }
  FUZZ_CHECK(reader.enter(), "a container that has passed is entered");
  while (true) {
    const auto step = *kind == JsonKind::kArray ? reader.next_element() : reader.next_key(text);
    FUZZ_CHECK(step != JsonReader::Step::kError, "a member that has passed is reached");
    if (step == JsonReader::Step::kEnd) return;
    walk(reader, values);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Exact exact({reinterpret_cast<const char*>(data), size});
  const std::string_view text = exact.view();
  const auto problem = check_json(text, {});
  if (problem) check_problem(*problem, text);

  const bool surrogate = problem && problem->detail.ends_with("a surrogate stands alone");
  const bool too_much = problem && problem->value != 0;
  const auto other = crdtd_fuzz::other_verdict(text);
  if (other != crdtd_fuzz::Verdict::kNumberTooBig && !surrogate && !too_much) {
    FUZZ_CHECK(!problem == (other == crdtd_fuzz::Verdict::kPasses), "the gate agrees with another parser",
               problem ? std::string_view(problem->detail) : std::string_view("passes the gate"));
  }

  JsonLimits tight;
  tight.depth_max = 3;
  tight.string_bytes_max = 8;
  tight.number_bytes_max = 4;
  tight.key_count_max = 2;
  const auto tight_problem = check_json(text, tight);
  if (tight_problem) check_problem(*tight_problem, text);
  FUZZ_CHECK(!problem || tight_problem, "tighter limits let nothing more pass");
  if (!problem && tight_problem)
    FUZZ_CHECK(tight_problem->value != 0, "a limit that is exceeded is named", tight_problem->detail);
  if (problem) return 0;

  JsonReader reader(text, {});
  std::size_t values = 0;
  walk(reader, values);
  FUZZ_CHECK(reader.end(), "a text that has passed ends where it should");
  JsonReader whole(text, {});
  const auto raw = whole.value();
  FUZZ_CHECK(raw && whole.end() && !check_json(*raw, {}), "the value alone passes too");
  return 0;
}
