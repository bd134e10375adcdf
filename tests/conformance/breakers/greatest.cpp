// The greatest number that anybody has named. A delta is a state, and order never matters: no delta is ever a gap.
#include <string>

#include "crdtd/plugin/decimal.hpp"
#include "crdtd/plugin/export.hpp"
#include "crdtd/plugin/op_reader.hpp"
#include "crdtd/plugin/reader.hpp"

using namespace crdtd;

struct Greatest {
  std::uint64_t number = 0;

  Outcome mutate(Bytes ops_json, const Context&, MutateOut& out) {
    std::uint64_t wanted = number;
    OpReader ops(ops_json.text());
    while (ops.next() && ops.only({"raise"})) {
      const auto text = ops.field("raise");
      const auto named = text ? parse_decimal(*text) : std::nullopt;
      if (!named) return invalid("`raise` takes a whole number from 0 to 2^64 - 1", "/raise").in_op(ops.index());
      if (*named > wanted) wanted = *named;
    }
    if (ops.failed()) return invalid({ops.fault().message}, ops.fault().pointer).in_op(ops.fault().op_index);
    if (!raise(wanted, out.effect)) return {};
    out.counters_used = 1;
    encode(out.delta);
    return {};
  }

  Outcome merge(Bytes delta, const Context&, MergeOut& out) {
    Greatest other;
    if (Outcome loaded = other.load(delta, 1); !loaded) return loaded;
    out.changed = raise(other.number, out.effect);
    return {};
  }

  void encode(Output& out) const {
    for (int shift = 0; shift < 64; shift += 8) out.push(static_cast<std::uint8_t>(number >> shift));
  }
  Outcome load(Bytes encoded, std::uint32_t) {
    Reader reader(encoded.text());
    number = reader.u64();
    return reader.ok() && reader.at_end() ? Outcome() : malformed("a state is 8 bytes");
  }
  Outcome query(Bytes query_json, std::uint32_t, Output& out) const {
    if (!query_json.empty()) return unsupported("this type has no queries");
    out.append(std::to_string(number));
    return {};
  }
  void compact() {}
  Footprint footprint() const { return {sizeof *this, 8, 1}; }
  static Outcome inspect(Bytes delta, std::uint32_t format, Output& out) {
    Greatest other;
    if (Outcome loaded = other.load(delta, format); !loaded) return loaded;
    return other.query({}, 0, out);
  }

 private:
  bool raise(std::uint64_t wanted, Output& effect) {
    if (wanted <= number) return false;
    number = wanted;
    effect.append(R"([{"raise":)" + std::to_string(number) + "}]");
    return true;
  }
};

CRDTD_EXPORT_TYPES(Greatest);
