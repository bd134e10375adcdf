// A max register, as a third party writes it: the greatest number wins. Join = max (Shapiro et al., 2011).
#include <charconv>
#include <string>

#include "crdtd/plugin/export.hpp"
#include "crdtd/plugin/op_reader.hpp"
#include "crdtd/plugin/reader.hpp"
#include "crdtd/plugin/writer.hpp"

using namespace crdtd;

struct AcmeMax {
  std::uint64_t greatest = 0;

  // Ops: {"raise": n}
  Outcome mutate(Bytes ops_json, const Context& ctx, MutateOut& out) {
    (void)ctx;
    std::uint64_t wanted = greatest;
    OpReader ops(ops_json.text());
    while (ops.next()) {
      if (!ops.only({"raise"})) break;
      const auto text = ops.field("raise").value_or("");
      std::uint64_t number = 0;
      const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
      if (read.ec != std::errc() || read.ptr != text.data() + text.size()) {
        ops.refuse("/raise", "`raise` takes a whole number from 0 to 2^64 - 1");
        break;
      }
      if (number > wanted) wanted = number;
    }
    if (ops.failed()) return invalid(std::string_view(ops.fault().message), ops.fault().pointer).in_op(ops.fault().op_index);
    if (wanted == greatest) return {};
    greatest = wanted;
    out.counters_used = 1;
    encode(out.delta);
    out.effect.append("[{\"raise\":" + std::to_string(greatest) + "}]");
    return {};
  }

  Outcome merge(Bytes delta, const Context& ctx, MergeOut& out) {
    (void)ctx;
    Reader reader(delta.text());
    const std::uint64_t theirs = reader.u64();
    if (!reader.ok() || !reader.at_end()) return malformed("a delta is 8 bytes");
    if (theirs <= greatest) return {};
    greatest = theirs;
    out.changed = true;
    out.effect.append("[{\"raise\":" + std::to_string(greatest) + "}]");
    return {};
  }

  void encode(Output& out) const {
    for (int shift = 0; shift < 64; shift += 8) out.push(static_cast<std::uint8_t>(greatest >> shift));
  }
  Outcome load(Bytes encoded, std::uint32_t) {
    Reader reader(encoded.text());
    greatest = reader.u64();
    return reader.ok() && reader.at_end() ? Outcome() : malformed("a state is 8 bytes");
  }
  Outcome query(Bytes query_json, std::uint32_t, Output& out) const {
    if (!query_json.empty()) return unsupported("this type has no queries");
    out.append(std::to_string(greatest));
    return {};
  }
  void compact() {}
  Footprint footprint() const { return {sizeof *this, 8, 1}; }
  static Outcome inspect(Bytes delta, std::uint32_t format, Output& out) {
    AcmeMax state;
    if (Outcome loaded = state.load(delta, format); !loaded) return loaded;
    return state.query({}, 0, out);
  }
};

CRDTD_EXPORT_TYPES(AcmeMax);
