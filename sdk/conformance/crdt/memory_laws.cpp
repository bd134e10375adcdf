// Allocations, buffers, addresses: whatever is done with a type, nothing leaks and nothing depends on where things lie.
#include <algorithm>
#include <string_view>

#include "crdt/law.hpp"
#include "crdt/mangle.hpp"
#include "crdtd/conformance/counting_host.hpp"

namespace crdtd::conformance {
namespace {

// Calls every function with good and bad input, and judges nothing.
class Exercise : public Watch {
 public:
  void edited(const Event& event) override {
    World& world = event.world;
    const Envelope author{event.me.id, event.me.seen[event.me.index] + 1, 0, world.clock(), "a"};
    const std::string& op = event.step.ops.front();
    const auto& texts = texts_that_are_no_ops();
    for (const std::string& ops :
         {"[" + mangled_op(op, world.dice()) + "]", "[" + op + "," + kUnknownOp + "]", texts[roll(world.dice(), texts.size())]}) {
      Instance copy = copy_of(event.me.state);
      copy.mutate(ops, author, {}, world.gate());
      if (!copy_of(event.me.state).mutate(ops, author, {}, world.gate()).ok())
        event.me.state.mutate(ops, author, {}, world.gate());
    }
    if (event.row == nullptr) return;
    static_cast<void>(inspect(world.setup(), event.row->delta));
    const std::string bytes = mangled_bytes(event.row->delta, world.dice());
    Instance(world.setup(), event.before).merge(bytes, *event.row, world.gate());
    Instance(world.setup(), event.before).merge(bytes);
    static_cast<void>(inspect(world.setup(), bytes));
  }
  void stepped(World& world, Replica& me) override {
    const std::string encoded = me.state.encode();
    Instance(world.setup()).load(mangled_bytes(encoded, world.dice()));
    static_cast<void>(inspect(world.setup(), encoded));
    static_cast<void>(me.state.value());
    static_cast<void>(me.state.query(R"({"crdtd-no-such-query":1})"));
    static_cast<void>(me.state.footprint());
    if (roll(world.dice(), 4) == 0) me.state.compact();
    if (!me.log.empty()) world.take(me.state, world.rows()[me.log.front()]);
  }
};

void exercise(const Setup& setup, const History& history) {
  Exercise watch;
  play(setup, history, watch);
}

// What a call may not do whatever its outcome is looked at by the calls themselves (instance.cpp, world.cpp).
void judge_contract(const LawRun& run) { exercise(run.setup, run.history); }

// The second time, as a plugin may set something up at first use and keep it.
void judge_leaks(const LawRun& run) {
  exercise(run.setup, run.history);
  const CountedMemory before = counted_memory();
  exercise(run.setup, run.history);
  const CountedMemory after = counted_memory();
  if (after.blocks == before.blocks && after.bytes == before.bytes) return;
  throw LawBroken{"when all states were destroyed: expected as many blocks as before, came " +
                  std::to_string(static_cast<std::int64_t>(after.blocks - before.blocks)) + " more, of " +
                  std::to_string(static_cast<std::int64_t>(after.bytes - before.bytes)) + " bytes more"};
}

void judge_sizes(const LawRun& run) {
  const std::uint64_t before = counted_memory().faults;
  exercise(run.setup, run.history);
  const std::uint64_t faults = counted_memory().faults - before;
  if (faults != 0) throw LawBroken{std::to_string(faults) + " wrong calls of realloc; the last one: " + newest_memory_fault()};
}

std::string_view line_at(std::string_view text, std::size_t at) {
  const std::size_t begin = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
  return text.substr(begin, text.find('\n', at) - begin);
}

void judge_determinism(const LawRun& run) {
  std::string transcripts[2];
  for (std::uint32_t i = 0; i < 2; ++i) {
    set_memory_pattern(2 + i * 11);
    Setup setup = run.setup;
    setup.transcript = &transcripts[i];
    exercise(setup, run.history);
  }
  const auto& [first, second] = transcripts;
  if (first == second) return;
  const auto differ = std::mismatch(first.begin(), first.end(), second.begin(), second.end()).first - first.begin();
  const auto at = std::min(static_cast<std::size_t>(differ), std::min(first.size(), second.size()) - 1);
  throw LawBroken{"the same calls, memory elsewhere and filled otherwise: expected the same answer, came " +
                  shown(std::string(line_at(first, at))) + " and then " + shown(std::string(line_at(second, at)))};
}

void judge_buffers(const LawRun& run) {
  Setup setup = run.setup;
  setup.kept_bytes = 1 + static_cast<std::uint32_t>(run.history.seed % 40);
  exercise(setup, run.history);
}

// Estimates will do, but not ones that mislead a host about what a document costs.
class FootprintSane : public Watch {
 public:
  void stepped(World& world, Replica& me) override {
    const crdtd_footprint print = me.state.footprint();
    near("footprint.encoded_bytes", print.encoded_bytes, me.state.encode().size(), 4, 32);
    const std::string value = me.state.value();
    if (print.element_count > value.size()) {  // each takes a byte of JSON at least
      throw LawBroken{"footprint.element_count is " + std::to_string(print.element_count) + ", the value " + shown(value)};
    }
    if (world.setup().host != &counting_host()) return;
    const std::uint64_t before = counted_memory().bytes;
    const Instance copy = copy_of(me.state);
    const std::uint64_t held = counted_memory().bytes - before;
    // A type that is linked in takes its memory from the program; there is nothing to compare with then.
    if (held != 0) near("footprint.memory_bytes", copy.footprint().memory_bytes, held, 8, 4096);
  }

 private:
  static void near(const char* what, std::uint64_t told, std::uint64_t real, std::uint64_t factor, std::uint64_t slack) {
    if (told <= real * factor + slack && real <= (told > UINT32_MAX ? told : told * factor) + slack) return;
    throw LawBroken{std::string(what) + ": expected about " + std::to_string(real) + " (a factor of " + std::to_string(factor) +
                    " is let pass), came " + std::to_string(told)};
  }
};

}  // namespace

std::vector<Law> memory_laws() {
  return {
      {"contract-kept",
       "Every call answers a status that it may answer, and keeps to the rules of the ABI about errors and buffers.",
       judge_contract},
      {"deterministic", "The same calls give the same bytes, wherever memory lies and whatever it held.", judge_determinism},
      {"buffers-kept", "What an output buffer holds before a call is kept.", judge_buffers},
      {"footprint-sane", "footprint() tells about what a state takes.", judge_by_watching<FootprintSane>},
      {"leak-exact", "When all states are destroyed, all their memory is back.", judge_leaks, true},
      {"realloc-sizes", "Every block is given back once, with exactly the size that it has.", judge_sizes, true},
  };
}

}  // namespace crdtd::conformance
