// An author and a reader hold the same set of n elements. The author edits, timed; the reader merges the deltas, timed.
// Afterwards the set has n elements again, so that every run sees the same size.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "key_table.hpp"
#include "keys.hpp"
#include "rows.hpp"
#include "set_library.hpp"

namespace crdtd::bench {
namespace {

constexpr std::uint64_t kAuthor = 0xa000000000000001u;
constexpr std::uint64_t kOpsTimed = 100'000;  // a run, in rounds of as many as the size allows
constexpr const char* kPeer = "bare hash table";

struct Cost {
  double mutate_ns = 0, merge_ns = 0;  // an op

  void operator+=(const Cost& more) {
    mutate_ns += more.mutate_ns;
    merge_ns += more.merge_ns;
  }
};

class Stage {
 public:
  Stage(const crdtd_crdt_type& type, std::uint64_t size) : size_(size), author_(type), table_(size) {
    HostBuffer delta;
    std::vector<std::uint64_t> all(size);
    for (std::uint64_t i = 0; i < size; ++i) all[i] = i;
    const Texts ops = ops_of(true, all, 1000);
    for (std::size_t i = 0; i < ops.size(); ++i) {
      delta.clear();
      next_ += author_.mutate(ops[i], kAuthor, next_, delta);
    }
    for (std::uint64_t i = 0; i < size; ++i) table_.insert(key_of(i));
    HostBuffer encoded;
    author_.encode(encoded);
    reader_ = std::make_unique<Set>(type, encoded.view());
  }

  void run(Report& report) {
    const std::uint64_t ops = std::min(size_ / 2, kOpsTimed);
    const auto rounds = static_cast<double>(kOpsTimed / ops);
    Cost added, removed, batched, again;
    double found = 0;
    for (std::uint64_t round = 0; round < kOpsTimed / ops; ++round) {
      const auto fresh = fresh_indexes(ops), some = some_indexes(ops);
      added += apply(ops_of(true, fresh, 1), ops);
      apply(ops_of(false, fresh, 1000), ops);
      batched += apply(ops_of(true, fresh, 100), ops);
      apply(ops_of(false, fresh, 1000), ops);
      again += apply(ops_of(true, some, 1), ops);
      removed += apply(ops_of(false, some, 1), ops);
      apply(ops_of(true, some, 1000), ops);
      found += find_in_table(some);
    }
    const std::string at = " at " + size_name();
    const bool largest = size_ == 1'000'000;
    const auto mutate_goal = std::optional<double>(0.4), merge_goal = largest ? std::optional<double>(0.2) : std::nullopt;
    const double peer = found / rounds / 1000;
    const auto row = [&](const char* what, double ns, std::optional<double> goal) {
      report.add(what + at, "us/op", ns / rounds / 1000, goal, kPeer, peer);
    };
    row("mutate, add", added.mutate_ns, mutate_goal);
    row("mutate, add in batches of 100", batched.mutate_ns, mutate_goal);
    row("mutate, random add again", again.mutate_ns, mutate_goal);
    row("mutate, random remove", removed.mutate_ns, mutate_goal);
    row("merge, add", added.merge_ns, merge_goal);
    row("merge, add in batches of 100", batched.merge_ns, merge_goal);
    row("merge, random add again", again.merge_ns, merge_goal);
    row("merge, random remove", removed.merge_ns, merge_goal);
  }

 private:
  std::string size_name() const {
    std::string zeros = std::to_string(size_);
    return "10^" + std::to_string(zeros.size() - 1);
  }
  std::vector<std::uint64_t> fresh_indexes(std::uint64_t count) {
    std::vector<std::uint64_t> indexes;
    for (std::uint64_t i = 0; i < count; ++i) indexes.push_back(fresh_++);
    return indexes;
  }
  // Different ones of those that are in the set.
  std::vector<std::uint64_t> some_indexes(std::uint64_t count) {
    std::vector<std::uint64_t> indexes;
    std::vector<bool> taken(size_);
    while (indexes.size() < count) {
      const std::uint64_t index = dice_() % size_;
      if (!taken[index]) indexes.push_back(index);
      taken[index] = true;
    }
    return indexes;
  }
  static Texts ops_of(bool add, const std::vector<std::uint64_t>& indexes, std::size_t batch) {
    Texts texts;
    for (std::size_t i = 0; i < indexes.size();) {
      std::string ops = "[";
      const std::size_t end = std::min(indexes.size(), i + batch);
      for (; i < end; ++i) ops.append(ops.size() == 1 ? "" : ",").append(op_json(add, key_of(indexes[i])));
      texts.add(ops + "]");
    }
    return texts;
  }

  Cost apply(const Texts& ops, std::uint64_t count) {
    Cost cost;
    HostBuffer delta;
    std::vector<std::uint32_t> counts(ops.size()), ends(ops.size());
    std::uint64_t counter = next_;
    cost.mutate_ns = time_each(count, [&] {
      for (std::size_t i = 0; i < ops.size(); ++i) {
        counts[i] = author_.mutate(ops[i], kAuthor, next_, delta);
        next_ += counts[i];
        ends[i] = static_cast<std::uint32_t>(delta.view().size());
      }
    });
    cost.merge_ns = time_each(count, [&] {
      for (std::size_t i = 0; i < ops.size(); ++i) {
        const std::uint32_t begin = i == 0 ? 0 : ends[i - 1];
        reader_->merge(delta.view().substr(begin, ends[i] - begin), kAuthor, counter, counts[i]);
        counter += counts[i];
      }
    });
    return cost;
  }

  double find_in_table(const std::vector<std::uint64_t>& indexes) {
    Texts keys;
    for (const std::uint64_t index : indexes) keys.add(key_of(index));
    std::uint64_t found = 0;
    const double ns = time_each(indexes.size(), [&] {
      for (std::size_t i = 0; i < keys.size(); ++i) found += table_.contains(keys[i]) ? 1 : 0;
    });
    return found == indexes.size() ? ns : 0;
  }

  std::uint64_t size_;
  std::uint64_t next_ = 1;
  std::uint64_t fresh_ = 0x40000000;
  std::mt19937_64 dice_{7};
  Set author_;
  std::unique_ptr<Set> reader_;
  KeyTable table_;
};

}  // namespace

void measure_sizes(const crdtd_crdt_type& type, const Plan& plan, Report& report) {
  std::vector<std::unique_ptr<Stage>> stages;
  for (const std::uint64_t size : plan.sizes) stages.push_back(std::make_unique<Stage>(type, size));
  for (int run = 0; run < plan.runs; ++run) {
    for (const auto& stage : stages) stage->run(report);
  }
  for (const char* what : {"mutate, add", "mutate, random add again", "merge, add", "merge, random add again"}) {
    const double small = report.median(what + std::string(" at 10^3")), large = report.median(what + std::string(" at 10^6"));
    report.add(what + std::string(", 10^6 beside 10^3"), "ratio", large / small, 1.1);
  }
}

}  // namespace crdtd::bench
