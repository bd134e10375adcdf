// Any bytes as a batch of ops, and as a query, for states of several shapes.
//
// Input: shape, flags; then the text.
//   - A refused batch names an op and leaves the bytes of the state as they were.
//   - What a batch did has the same effect elsewhere: the delta, merged into what the author had, gives what the author has.
//   - No counter without a delta, no delta without a counter; effect, result and answers are JSON.
#include CRDTD_FUZZED_TYPE

using namespace crdtd_fuzz;

namespace {

const crdtd_crdt_type kType = crdtd::detail::type_table<Fuzzed::Type>("fuzzed", 1, 1);

void check_query(const TypeInstance& state, std::string_view text) {
  const Result answer = state.query(text);
  if (answer.status == CRDTD_OK) {
    FUZZ_CHECK(is_json(answer.result), "an answer is JSON", answer.result);
  } else {
    check_refusal(answer);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<LogRow> kRows = sample_rows<Fuzzed>(kType);
  Input in(data, size);
  const std::size_t shape = in.roll(5);
  Call call;
  const std::uint8_t choice = in.byte();
  call.flags = CRDTD_FLAG_WANT_EFFECT | (choice & 1 ? std::uint32_t{CRDTD_FLAG_ADMIT} : 0);
  call.replica = 9;
  call.hlc = 1100;
  if ((choice & 2) != 0) call.limits = {12, 3};
  if ((choice & 4) != 0) call.recent.assign(kRows.end() - 2, kRows.end());
  if ((call.flags & CRDTD_FLAG_ADMIT) != 0) call.wall = 1000;
  const Exact text(in.rest());

  TypeInstance state = sample_state(kType, kRows, shape);
  check_query(state, text.view());
  const std::string before = state.encode();
  const std::string value = state.value();
  const Result made = state.mutate(text.view(), call);
  if (made.status != CRDTD_OK) {
    check_refusal(made);
    FUZZ_CHECK(made.status != CRDTD_MALFORMED, "an author's mistake is an op's", status_text(made));
    FUZZ_CHECK(state.encode() == before, "a refused batch leaves the state as it was", status_text(made));
    return 0;
  }
  FUZZ_CHECK(is_json(text.view()), "ops are JSON", text.view());
  FUZZ_CHECK((made.counters == 0) == made.delta.empty(), "a delta uses a counter, and a counter needs a delta", made.delta);
  FUZZ_CHECK(is_json(made.effect) && is_json(made.result), "effect and result are JSON", made.effect);
  FUZZ_CHECK(state.value() == value || made.effect != "[]", "what changes the value has an effect", made.effect);
  check_state(kType, state);
  if (made.counters == 0) {
    FUZZ_CHECK(state.encode() == before, "what uses no counter changes nothing", made.effect);
    return 0;
  }
  FUZZ_CHECK(is_json(state.inspect(made.delta)), "people can look at a delta", state.inspect(made.delta));
  TypeInstance other = TypeInstance::loaded(kType, before);
  call.first = 1;
  call.count = made.counters;
  call.limits.clear();
  const Result merged = other.merge(made.delta, call);
  FUZZ_CHECK(merged.status == CRDTD_OK, "an author's delta is admitted elsewhere", status_text(merged));
  FUZZ_CHECK(merged.effect == made.effect, "the effect elsewhere is the author's", merged.effect);
  FUZZ_CHECK(other.encode() == state.encode(), "the delta elsewhere gives the author's bytes", other.encode());
  return 0;
}
