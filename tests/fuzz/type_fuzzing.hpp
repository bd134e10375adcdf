// A CRDT type under a fuzzer: its C table, the ops that a byte string draws, and what every call must leave behind.
//
// types/<name>.hpp names a type by `using Fuzzed = …`: WithoutModel<Type, "op", "op"…>, or a struct with `Type`, `Model` and
// `draw_op` where tests/support/models has a slow model. Threads: one.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "crdtd/plugin/type_table.hpp"
#include "crdtd/wire/json_gate.hpp"
#include "crdtd/wire/json_text.hpp"
#include "models/type_instance.hpp"
#include "oracle.hpp"

namespace crdtd_fuzz {

using crdtd_test::Call;
using crdtd_test::LogRow;
using crdtd_test::Result;
using crdtd_test::TypeInstance;

template <std::size_t Size>
struct OpText {
  constexpr OpText(const char (&source)[Size]) { std::copy_n(source, Size, text); }
  char text[Size];
};

// Stands in where a type has no slow model: knows nothing, and all that can be compared are the replicas themselves.
struct NoModel {
  static constexpr bool kTells = false;
  struct Op {
    std::string text;
    std::string json() const { return text; }
  };
  struct Row {
    std::uint32_t counters = 0;
  };
  Row mutate(const std::vector<Op>&, const Call&) const { return {}; }
  void receive(const Row&) {}
  void receive_all(const NoModel&) {}
  std::string value() const { return {}; }
  static std::string effect(const NoModel&, const NoModel&) { return {}; }
};

template <class T, OpText... Ops>
struct WithoutModel {
  using Type = T;
  using Model = NoModel;
  static NoModel::Op draw_op(Input& in) {
    static constexpr const char* kOps[] = {Ops.text...};
    return {kOps[in.roll(sizeof...(Ops))]};
  }
};

template <class Model>
constexpr bool kHasModel = !requires { Model::kTells; };

// Whether a type says that a row without its causes is GAP to it.
template <class Fuzzed>
constexpr bool kNeedsCauses = requires { Fuzzed::kNeedsCauses; };

// Values that meet often and are of all kinds; two of them are longer than what an element holds without further memory.
inline std::string draw_value(Input& in) {
  static const std::string kLong(50, 'x');
  static const std::string kValues[] = {R"("a")",
                                        R"("a!")",
                                        R"("b")",
                                        R"("")",
                                        "1",
                                        "0.5",
                                        "null",
                                        "[1,2]",
                                        R"({"k":1})",
                                        "\"" + kLong + "1\"",
                                        "\"" + kLong + "2\"",
                                        R"("\n")",
                                        "\"\xC3\xA9\""};
  return kValues[in.roll(std::size(kValues))];
}

inline bool is_json(std::string_view text) { return !crdtd::wire::check_json(text, {}); }

inline std::string status_text(const Result& result) { return std::to_string(result.status) + ": " + result.message; }

inline bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = crdtd::wire::utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

// What a refusal owes: a status that blames the caller, and a sentence; and it leaves nothing behind.
inline void check_refusal(const Result& result) {
  FUZZ_CHECK(result.status != CRDTD_INTERNAL && result.status != CRDTD_NO_MEMORY, "no input is the plugin's own failure",
             status_text(result));
  FUZZ_CHECK(is_one_line(result.message) && is_utf8(result.message), "a refusal is one sentence", status_text(result));
  FUZZ_CHECK(result.delta.empty() && result.effect.empty() && result.result.empty() && result.counters == 0 && !result.changed,
             "a refused call leaves nothing behind", status_text(result));
}

// What holds for any state: its bytes are canonical and a delta too, its value is JSON, compact() changes nothing.
inline void check_state(const crdtd_crdt_type& type, TypeInstance& state) {
  const std::string encoded = state.encode();
  TypeInstance loaded(type);
  const Result load = loaded.load(encoded);
  FUZZ_CHECK(load.status == CRDTD_OK, "an encoded state is loaded", status_text(load));
  FUZZ_CHECK(loaded.encode() == encoded, "a loaded state encodes to the same bytes", encoded);
  TypeInstance joined(type);
  const Result merge = joined.merge(encoded);
  FUZZ_CHECK(merge.status == CRDTD_OK, "an encoded state is a delta", status_text(merge));
  FUZZ_CHECK(joined.encode() == encoded, "the join with the empty state is the state", encoded);
  FUZZ_CHECK(is_json(state.value()), "a value is JSON", state.value());
  FUZZ_CHECK(loaded.value() == state.value() && joined.value() == state.value(), "equal bytes have equal values", state.value());
  const Result again = state.merge(encoded);
  FUZZ_CHECK(again.status == CRDTD_OK && !again.changed, "a state joined with itself does not change", status_text(again));
  state.compact();
  FUZZ_CHECK(state.encode() == encoded, "compact() never changes what is encoded", encoded);
  FUZZ_CHECK(is_json(state.inspect(encoded)), "people can look at a state", state.inspect(encoded));
}

// Rows of three replicas, the second and third of which have seen the first: what states of several shapes are made of.
template <class Fuzzed>
std::vector<LogRow> sample_rows(const crdtd_crdt_type& type) {
  std::vector<LogRow> rows;
  TypeInstance first(type);
  std::string seen;
  for (std::uint64_t replica = 1; replica <= 3; ++replica) {
    TypeInstance author = replica == 1 ? std::move(first) : TypeInstance::loaded(type, seen);
    std::uint64_t next = 1;
    for (std::uint8_t i = 0; i < 6; ++i) {
      const std::uint8_t choices[] = {
          static_cast<std::uint8_t>(i * 3 + replica), static_cast<std::uint8_t>(i * 5 + 1), i, 0, 0, 0};
      Input in(choices, sizeof choices);
      Call call;
      call.replica = replica;
      call.first = next;
      call.hlc = 1000 + 10 * replica + i;
      call.node = std::string(1, static_cast<char>('a' + replica));
      const Result made = author.mutate("[" + Fuzzed::draw_op(in).json() + "]", call);
      if (made.status != CRDTD_OK || made.counters == 0) continue;
      rows.push_back({replica, next, made.counters, call.hlc, call.node, made.delta});
      next += made.counters;
    }
    if (replica == 1) seen = author.encode();
  }
  FUZZ_CHECK(!rows.empty(), "the ops of a type make rows");
  return rows;
}

// A state made of the first rows, of all, or of those of one replica.
inline TypeInstance sample_state(const crdtd_crdt_type& type, const std::vector<LogRow>& rows, std::size_t shape) {
  TypeInstance state(type);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bool wanted = shape % 5 == 1   ? rows[i].replica == 1
                        : shape % 5 == 2 ? rows[i].replica < 3
                        : shape % 5 == 3 ? i < 3
                                         : shape % 5 == 4;
    if (wanted) state.merge(rows[i]);
  }
  return state;
}

}  // namespace crdtd_fuzz
