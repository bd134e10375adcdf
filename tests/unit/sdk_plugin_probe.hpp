// A type that does what its op says, to try the layer around it. Its state is a string; merge() appends, which is no CRDT.
#pragma once

#include <cstdint>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>

#include "crdtd/plugin/crdt_type.hpp"

namespace crdtd_test {

struct Probe {
  static constexpr std::string_view kLimits[] = {"first", "second"};
  enum Limit : std::uint32_t { kFirst, kSecond, kUnlisted };

  std::string content;

  crdtd::Outcome mutate(crdtd::Bytes ops, const crdtd::Context& ctx, crdtd::MutateOut& out) {
    const std::string_view op = ops.text();
    out.delta.append(op);  // also what then fails has written
    out.counters_used = 1;
    if (op == "throw") throw std::runtime_error(std::string(600, 'x'));
    if (op == "throw-int") throw 7;
    if (op == "throw-bad-alloc") throw std::bad_alloc();
    if (op == "invalid") return crdtd::invalid({"op ", 3, " is wrong"}, "/elem").in_op(3);
    if (op == "limit") return crdtd::limit_exceeded(ctx.limit(kFirst), {"at most ", ctx.limit(kFirst)}, "/by");
    if (op == "no-counter") out.counters_used = 0;
    if (op == "no-delta") out.delta.truncate(0);
    if (op == "nothing") {
      out.delta.truncate(0);
      out.counters_used = 0;
    }
    if (op == "ctx") return show(ctx, out);
    if (op == "grow") content.append(100000, 'g');
    if (op == "runtime-strings") return show_runtime_strings(out);
    if (op == "big-delta") out.delta.append(std::string(100000, 'd'));
    content.append(op);
    out.effect.append("[\"effect\"]");
    out.result.append("\"result\"");
    return {};
  }

  crdtd::Outcome merge(crdtd::Bytes delta, const crdtd::Context& ctx, crdtd::MergeOut& out) {
    if (ctx.admit() && !ctx.heal() && ctx.count() == 0) return crdtd::outside_envelope("no counter");
    if (delta == crdtd::Bytes("gap")) return crdtd::gap(ctx.first_counter(), "a hole");
    if (delta == crdtd::Bytes("throw")) throw std::runtime_error("merge");
    content.append(delta.text());
    out.effect.append("[\"effect\"]");
    out.changed = !delta.empty();
    return {};
  }

  void encode(crdtd::Output& out) const { out.append(content); }

  crdtd::Outcome load(crdtd::Bytes encoded, std::uint32_t format) {
    if (format != 1) return crdtd::unsupported({"format ", format, ", want 1"});
    content = encoded.text();
    return {};
  }

  crdtd::Outcome query(crdtd::Bytes query, std::uint32_t flags, crdtd::Output& out) const {
    out.append(query.empty() ? std::string_view(content) : query.text());
    if (query == crdtd::Bytes("fail")) return crdtd::invalid("no such query", "/fail");
    if ((flags & CRDTD_FLAG_UTF16) != 0) out.append("16");
    return {};
  }

  void compact() { content.shrink_to_fit(); }

  crdtd::Footprint footprint() const {
    if (content == "throw-footprint") throw std::runtime_error("footprint");
    return {sizeof(Probe) + content.capacity(), content.size(), 1};
  }

  static crdtd::Outcome inspect(crdtd::Bytes delta, std::uint32_t format, crdtd::Output& out) {
    if (format != 1) return crdtd::unsupported({"format ", format, ", want 1"});
    out.append(delta);
    return {};
  }

 private:
  static crdtd::Outcome show(const crdtd::Context& ctx, crdtd::MutateOut& out) {
    std::ostringstream text;
    text << ctx.replica() << ' ' << ctx.first_counter() << ' ' << ctx.node() << " limits";
    for (const std::uint32_t limit : {kFirst, kSecond, kUnlisted}) text << ' ' << ctx.limit(limit);
    text << " recent";
    for (const crdtd::Row row : ctx.recent()) text << ' ' << row.version << row.delta.text();
    out.result.append(std::string_view(text.str()));
    return {};
  }

  // Strings that the C++ runtime's own code allocates and this library frees.
  static crdtd::Outcome show_runtime_strings(crdtd::MutateOut& out) {
    std::ostringstream stream;
    for (int i = 0; i < 100; ++i) stream << i << ' ';
    std::string line;
    std::istringstream lines(stream.str() + "\n" + std::error_code(ENOENT, std::generic_category()).message());
    while (std::getline(lines, line)) out.result.append(std::string_view(line));
    return {};
  }
};

}  // namespace crdtd_test
