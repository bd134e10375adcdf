// One state of a CRDT type behind its table: strings in, strings out, everything about a failure kept.
//
// A status that a function may not answer, a text that does not end or a buffer that says it holds more than it has room for
// breaks whatever law is being judged. Threads: one at a time. Ownership: the state is destroyed with the instance.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "crdtd/abi/crdt.h"

namespace crdtd::conformance {

// A law that did not hold: what was expected and what came.
struct LawBroken {
  std::string what;
};

// What came with the table, and how the calls of one run are made.
struct Setup {
  const crdtd_crdt_type* table = nullptr;
  const crdtd_host* host = nullptr;
  std::vector<std::uint64_t> limits;
  std::uint32_t kept_bytes = 0;       // what each output buffer holds before a call; must still be there afterwards
  std::string* transcript = nullptr;  // if set, all that comes back is written there
};

// A row as others see it: the envelope of a delta, and the delta.
struct Envelope {
  std::uint64_t replica = 0;
  std::uint64_t first = 0;
  std::uint32_t count = 0;
  std::uint64_t hlc = 0;
  std::string node;
};

struct LogRow : Envelope {
  std::string delta;
};

// How a call ended. What a function does not give stays empty.
struct Answer {
  crdtd_status status = CRDTD_OK;
  std::uint32_t counters = 0;  // of mutate
  bool changed = false;        // of merge
  std::string delta, effect, result;
  std::string message, pointer;
  std::uint32_t op_index = CRDTD_NO_INDEX;
  std::int64_t detail = 0;
  bool ok() const { return status == CRDTD_OK; }
};

// How mutate and merge are called, apart from the envelope.
struct CallStyle {
  std::uint32_t flags = CRDTD_FLAG_WANT_EFFECT;
  std::uint64_t wall = 0;                              // with ADMIT
  const std::vector<std::uint64_t>* limits = nullptr;  // instead of the setup's
  bool outputs_null = false;                           // effect and result are not wanted at all
};

class Instance {
 public:
  explicit Instance(const Setup& setup);
  // Filled with `encoded`, which encode() wrote; a refusal breaks the law.
  Instance(const Setup& setup, std::string_view encoded);
  Instance(Instance&& other) noexcept;
  Instance& operator=(Instance&& other) noexcept;
  ~Instance();

  // `author.count` is not used; `recent`: what the author had not seen.
  Answer mutate(std::string_view ops_json, const Envelope& author, const std::vector<const LogRow*>& recent = {},
                const CallStyle& style = {});
  Answer merge(std::string_view delta, const Envelope& envelope = {}, const CallStyle& style = {});
  Answer merge(const LogRow& row, const CallStyle& style = {}) { return merge(row.delta, row, style); }
  Answer load(std::string_view encoded);
  Answer query(std::string_view query_json) const;  // the answer is in `result`

  std::string encode() const;
  std::string value() const;  // of the empty query
  void compact();
  crdtd_footprint footprint() const;

  const Setup& setup() const noexcept { return *setup_; }

 private:
  const Setup* setup_;
  crdtd_crdt_state* state_ = nullptr;
};

// A delta or encoded state as JSON (in `result`).
Answer inspect(const Setup& setup, std::string_view delta);

// "GAP (4)" and the like.
std::string status_text(crdtd_status status);
// The answer's failure in words: status, op, pointer, message.
std::string failure_text(const Answer& answer);

}  // namespace crdtd::conformance
