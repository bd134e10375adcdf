// Bytes of anybody's as a delta and as an encoded state, merged into states of several shapes.
//
// Input: shape, flags, kind; then the envelope and edits of a row that a real author made, or (kind 0) the delta itself.
//   - On a refusal the bytes of the state are as they were; without ADMIT only MALFORMED, GAP and UNSUPPORTED are answered.
//   - What is merged keeps all that holds for a state, changes nothing the second time, and grows by no more than it brings.
//   - `changed` tells whether the bytes differ; the effect is JSON, and not empty when the value differs.
//   - What the gate admits, everyone merges, to the same bytes. What is malformed cannot be looked at, and nothing else.
//   - load() takes exactly what encode() writes.
#include CRDTD_FUZZED_TYPE

using namespace crdtd_fuzz;

namespace {

const crdtd_crdt_type kType = crdtd::detail::type_table<Fuzzed::Type>("fuzzed", 1, 1);

// Bytes that are nearly those of a real row or state.
std::string edited(std::string bytes, Input& in) {
  for (std::size_t edits = in.roll(5); edits > 0; --edits) {
    const std::size_t at = in.number(2) % (bytes.size() + 1);
    const std::size_t what = in.roll(4);
    if (what == 0) bytes.erase(at, in.byte() % 20);
    if (what == 1) bytes.insert(at, in.take(in.roll(8)));
    if (what == 2 && at < bytes.size()) bytes[at] = static_cast<char>(in.byte());
    if (what == 3) bytes.insert(at, bytes.substr(in.number(2) % (bytes.size() + 1), in.byte() % 30));
  }
  return bytes;
}

void check_refused(const Result& merged, const Call& call, const std::string& before, const TypeInstance& state) {
  check_refusal(merged);
  FUZZ_CHECK(state.encode() == before, "a refused delta leaves the state as it was", status_text(merged));
  const bool plain = merged.status == CRDTD_MALFORMED || merged.status == CRDTD_GAP || merged.status == CRDTD_UNSUPPORTED;
  const bool gate = merged.status == CRDTD_LIMIT || merged.status == CRDTD_CLOCK_DRIFT || merged.status == CRDTD_ENVELOPE;
  FUZZ_CHECK(plain || (gate && (call.flags & CRDTD_FLAG_ADMIT) != 0), "only the gate refuses for more than form",
             status_text(merged));
  FUZZ_CHECK(merged.status != CRDTD_UNSUPPORTED || call.format != 1, "the format that is written is known", status_text(merged));
}

void check_merge(std::size_t shape, const std::vector<LogRow>& rows, const std::string& delta, const Call& call) {
  TypeInstance state = sample_state(kType, rows, shape);
  const std::string before = state.encode();
  const std::string value = state.value();
  const Exact exact(delta);
  const Result merged = state.merge(exact.view(), call);
  if (merged.status != CRDTD_OK) return check_refused(merged, call, before, state);
  const std::string after = state.encode();
  FUZZ_CHECK(merged.changed == (after != before), "`changed` tells whether the bytes differ", after);
  FUZZ_CHECK(after.size() <= before.size() + delta.size() + 64, "a state grows by no more than it is given", after);
  if ((call.flags & CRDTD_FLAG_WANT_EFFECT) != 0) {
    FUZZ_CHECK(is_json(merged.effect), "an effect is JSON", merged.effect);
    FUZZ_CHECK(state.value() == value || merged.effect != "[]", "what changes the value has an effect", state.value());
  }
  check_state(kType, state);

  TypeInstance other = sample_state(kType, rows, shape);
  Call plain = call;
  plain.flags = 0;
  const Result everyone = other.merge(delta, plain);
  FUZZ_CHECK(everyone.status == CRDTD_OK, "what the gate admits, everyone merges", status_text(everyone));
  FUZZ_CHECK(other.encode() == after, "with and without the gate the bytes are the same", other.encode());
  const Result again = other.merge(delta, plain);
  FUZZ_CHECK(again.status == CRDTD_OK && !again.changed && other.encode() == after, "a repeat changes nothing",
             status_text(again));
}

void check_load(const std::string& bytes, std::uint32_t format) {
  const Exact exact(bytes);
  TypeInstance fresh(kType);
  const Result load = fresh.load(exact.view(), format);
  TypeInstance joined(kType);
  const Result merged = joined.merge(exact.view());
  const bool refused = joined.inspect(bytes) == "refused";
  FUZZ_CHECK(refused == (merged.status == CRDTD_MALFORMED), "what is malformed cannot be looked at, and nothing else",
             status_text(merged));
  if (load.status != CRDTD_OK) {
    FUZZ_CHECK(load.status == CRDTD_MALFORMED || (load.status == CRDTD_UNSUPPORTED && format != 1), "load() refuses form only",
               status_text(load));
    FUZZ_CHECK(is_one_line(load.message), "a refusal is one sentence", load.message);
    FUZZ_CHECK(merged.status != CRDTD_OK || joined.encode() != bytes || format != 1, "load() takes what encode() writes",
               load.message);
    return;
  }
  FUZZ_CHECK(fresh.encode() == bytes, "load() takes nothing but what encode() writes", fresh.encode());
  FUZZ_CHECK(merged.status == CRDTD_OK && joined.encode() == bytes, "a state is a delta", status_text(merged));
  check_state(kType, fresh);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<LogRow> kRows = sample_rows<Fuzzed>(kType);
  Input in(data, size);
  const std::size_t shape = in.roll(5);
  Call call;
  call.flags = in.byte() & (CRDTD_FLAG_ADMIT | CRDTD_FLAG_HEAL | CRDTD_FLAG_WANT_EFFECT);
  if ((call.flags & CRDTD_FLAG_ADMIT) != 0) call.wall = 1'000;
  const std::size_t kind = in.roll(3);
  if (kind == 0) {
    call.replica = in.number(1);
    call.first = in.number(1);
    call.count = static_cast<std::uint32_t>(in.number(1));
    call.format = 1 + static_cast<std::uint32_t>(in.roll(16) == 15);
    const std::string delta(in.rest());
    check_merge(shape, kRows, delta, call);
    check_load(delta, call.format);
    return 0;
  }
  const LogRow& row = kRows[in.roll(kRows.size())];
  call.replica = row.replica;
  call.first = row.first;
  call.count = row.count;
  call.hlc = row.hlc;
  call.node = row.node;
  if (in.roll(4) == 0) call.limits = {in.number(1), in.roll(8)};  // bytes of one element, and elements, where a type counts them
  const std::string delta = edited(kind == 1 ? row.delta : sample_state(kType, kRows, in.roll(5)).encode(), in);
  check_merge(shape, kRows, delta, call);
  check_load(delta, call.format);
  return 0;
}
