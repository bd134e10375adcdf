// Whole sets: two of them merged, one loaded, encoded and told as JSON, and what remains in memory of one that was emptied.
#include <cstdint>
#include <string>

#include "key_table.hpp"
#include "keys.hpp"
#include "rows.hpp"
#include "set_library.hpp"

namespace crdtd::bench {
namespace {

constexpr const char* kPeer = "bare hash table";

// A set of the keys begin … end - 1, added by `replica` in one batch after another; its encoded bytes.
void build(const crdtd_crdt_type& type, std::uint64_t replica, std::uint64_t begin, std::uint64_t end, HostBuffer& encoded) {
  Set set(type);
  HostBuffer delta;
  std::uint64_t next = 1;
  for (std::uint64_t i = begin; i < end;) {
    std::string ops = "[";
    for (const std::uint64_t stop = i + 1000 < end ? i + 1000 : end; i < stop; ++i) {
      ops.append(ops.size() == 1 ? "" : ",").append(op_json(true, key_of(i)));
    }
    delta.clear();
    next += set.mutate(ops + "]", replica, next, delta);
  }
  encoded.clear();
  set.encode(encoded);
}

// Nanoseconds an entry for merging `other` into a set loaded from `mine`.
double merge_ns(const crdtd_crdt_type& type, const HostBuffer& mine, const HostBuffer& other, std::uint64_t entries) {
  Set set(type, mine.view());
  return time_each(entries, [&] { set.merge(other.view(), 0, 0, 0); });
}

double table_ns(const Texts& mine, const Texts& other) {
  KeyTable table(mine.size() + other.size());
  for (std::size_t i = 0; i < mine.size(); ++i) table.insert(mine[i]);
  return time_each(other.size(), [&] {
    for (std::size_t i = 0; i < other.size(); ++i) table.insert(other[i]);
  });
}

void measure_memory(const crdtd_crdt_type& type, const HostBuffer& encoded, std::uint64_t entries, Report& report) {
  const std::uint64_t before = host_bytes_held();
  Set set(type, encoded.view());
  const std::uint64_t full = host_bytes_held() - before;
  KeyTable table(entries);
  for (std::uint64_t i = 0; i < entries; ++i) table.insert(key_of(i));
  report.add("memory an element, its key of 17 bytes included", "bytes", static_cast<double>(full) / static_cast<double>(entries),
             {}, kPeer, static_cast<double>(table.memory_bytes()) / static_cast<double>(entries));
  std::uint64_t next = entries + 1;
  HostBuffer delta;
  for (std::uint64_t i = 0; i < entries;) {
    std::string ops = "[";
    for (const std::uint64_t stop = i + 1000 < entries ? i + 1000 : entries; i < stop; ++i) {
      ops.append(ops.size() == 1 ? "" : ",").append(op_json(false, key_of(i)));
    }
    delta.clear();
    next += set.mutate(ops + "]", 1, next, delta);
  }
  const std::uint64_t buffer = delta.raw()->capacity;
  report.add("memory of a set after all its elements were removed", "bytes",
             static_cast<double>(host_bytes_held() - before - buffer));
  set.compact();
  report.add("memory after compact() too", "bytes", static_cast<double>(host_bytes_held() - before - buffer), 4096);
}

}  // namespace

void measure_whole(const crdtd_crdt_type& type, const Plan& plan, Report& report) {
  const std::uint64_t count = plan.whole;
  HostBuffer mine, apart, half, out;
  build(type, 1, 0, count, mine);
  build(type, 2, count, count * 2, apart);
  build(type, 3, count / 2, count / 2 + count, half);
  Texts keys, others;
  for (std::uint64_t i = 0; i < count; ++i) keys.add(key_of(i)), others.add(key_of(count + i));
  const double key_bytes = static_cast<double>(mine.view().size()) / static_cast<double>(count) - kKeyBytes;
  const std::string size = count == 500'000 ? "500 000" : std::to_string(count);
  for (int run = 0; run < plan.runs; ++run) {
    const double table = table_ns(keys, others) / 1000;
    const auto row = [&](const std::string& name, double ns, std::optional<double> goal) {
      report.add(name, "us/entry", ns / 1000, goal, kPeer, table);
    };
    row("merge two sets of " + size + ", nothing in common", merge_ns(type, mine, apart, count), 0.15);
    row("merge two sets of " + size + ", half in common", merge_ns(type, mine, half, count), 0.15);
    row("merge two equal sets of " + size, merge_ns(type, mine, mine, count), 0.15);
    row("load " + size, time_each(count, [&] { Set(type, mine.view()); }), {});
    Set set(type, mine.view());
    out.clear();
    row("encode " + size, time_each(count, [&] { set.encode(out); }), {});
    out.clear();
    row("tell the value of " + size, time_each(count, [&] { set.value(out); }), {});
  }
  report.add("encoded bytes an entry above its key", "bytes", key_bytes, 4);
  measure_memory(type, mine, count, report);
}

}  // namespace crdtd::bench
