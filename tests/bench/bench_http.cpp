// Durable updates over HTTP, beside what HTTP alone and the disk alone allow, and the cost of an op beside its document's size.
// Each run measures everything once, so that a slow minute of the machine meets figure and peer alike. README.md says what the
// rows mean.
//
// usage: bench_http [--quick | --smoke]      a run of seconds; the least that exercises all of it
#include <algorithm>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "disk_yardsticks.hpp"
#include "figure.hpp"
#include "op_cost.hpp"
#include "server_process.hpp"
#include "statistics.hpp"
#include "workload.hpp"

using namespace crdtd::bench;
using namespace std::chrono_literals;

namespace {

struct Effort {
  int runs;
  std::chrono::milliseconds time;
  std::chrono::milliseconds warm_up;
  int cost_runs;
  std::uint64_t cost_ops_min;
  std::uint64_t small_document;
  std::uint64_t large_document;
};
constexpr Effort kFull{5, 3000ms, 500ms, 3, 100'000, 1'000, 1'000'000};
constexpr Effort kQuick{3, 400ms, 200ms, 2, 20'000, 1'000, 100'000};
constexpr Effort kSmoke{1, 20ms, 5ms, 1, 200, 10, 100};

constexpr double kUpdatesGoal = 60'000;
constexpr double kFlatGoal = 1.10;
constexpr std::size_t kReplayedRecords = 4096;

// The runs of one server under one load.
struct Series {
  std::vector<double> rate, p50_us, p99_us, server_cpu_us, written_bytes, client_cpu_us;
};

struct Workload {
  const char* name;
  Type type;
  Documents documents;
  Series series = {};
};

void measure(const ServerProcess& server, std::vector<RequestBytes> requests, const Effort& effort, Series& series) {
  HttpLoad load(server.port(), std::move(requests), {});
  load.run({.time = effort.warm_up});
  const ProcessUsage before = server.usage();
  LoadResult result = load.run({.time = effort.time});
  const ProcessUsage after = server.usage();
  const auto replies = static_cast<double>(result.replies);
  series.rate.push_back(replies / result.seconds);
  series.p50_us.push_back(percentile(result.latencies_us, 50));
  series.p99_us.push_back(percentile(result.latencies_us, 99));
  series.server_cpu_us.push_back((after.cpu_seconds - before.cpu_seconds) * 1e6 / replies);
  series.written_bytes.push_back(static_cast<double>(after.written_bytes - before.written_bytes) / replies);
  series.client_cpu_us.push_back(result.client_cpu_seconds * 1e6 / replies);
}

struct Yardsticks {
  Series echo;
  std::vector<double> sqlite_rows, file_rows, fdatasync_us, record_bytes;
};

// Measures the workload on a server of its own; the records that this left in the log.
std::vector<std::string> measure(Workload& workload, const Effort& effort) {
  ServerProcess server = ServerProcess::crdtd();
  measure(server, requests_of(workload.type, workload.documents), effort, workload.series);
  server.stop();
  return log_records(server.database(), kReplayedRecords);
}

void run_once(std::vector<Workload>& workloads, Yardsticks& yardsticks, const Effort& effort) {
  ServerProcess echo = ServerProcess::echo();
  measure(echo, requests_of(Type::kLww, Documents::kOwn), effort, yardsticks.echo);
  echo.stop();
  std::vector<std::string> records;
  for (Workload& workload : workloads) {
    auto left = measure(workload, effort);
    if (records.empty()) records = std::move(left);  // of the first: one row a record, as the bare loops write them
  }
  double bytes = 0;
  for (const std::string& record : records) bytes += static_cast<double>(record.size());
  yardsticks.record_bytes.push_back(bytes / static_cast<double>(records.size()));
  yardsticks.sqlite_rows.push_back(sqlite_rows_per_second(records, effort.time));
  yardsticks.file_rows.push_back(file_rows_per_second(records, effort.time));
  yardsticks.fdatasync_us.push_back(fdatasync_us(effort.time / 4));
}

void print_workload(const Workload& workload, const Yardsticks& yardsticks) {
  const std::string name = workload.name;
  const Series& series = workload.series;
  const Series& echo = yardsticks.echo;
  const auto beside = [](const std::vector<double>& values) { return Peer{"beast echo", values}; };
  print({name + ": updates", "1/s", series.rate, Better::kHigher, kUpdatesGoal, beside(echo.rate)});
  if (workload.type == Type::kLww && workload.documents == Documents::kOwn) {  // the rows that the loop replays
    print({name + ": updates", "1/s", series.rate, Better::kHigher, {}, Peer{"sqlite loop", yardsticks.sqlite_rows}});
  }
  print({name + ": latency p50", "us", series.p50_us, Better::kLower, {}, beside(echo.p50_us)});
  print({name + ": latency p99", "us", series.p99_us, Better::kLower, {}, beside(echo.p99_us)});
  print({name + ": server CPU an update", "us", series.server_cpu_us, Better::kLower, {}, beside(echo.server_cpu_us)});
  print(
      {name + ": written an update", "B", series.written_bytes, Better::kLower, {}, Peer{"log record", yardsticks.record_bytes}});
  print({name + ": load's CPU an update", "us", series.client_cpu_us, Better::kLower, {}, beside(echo.client_cpu_us)});
}

void print_yardsticks(const Yardsticks& yardsticks) {
  print({"beast echo: requests", "1/s", yardsticks.echo.rate, Better::kHigher});
  print({"sqlite loop: rows in groups of 64", "1/s", yardsticks.sqlite_rows, Better::kHigher});
  print({"bare file: rows in groups of 64", "1/s", yardsticks.file_rows, Better::kHigher});
  print({"bare file: append and fdatasync of 4 KiB", "us", yardsticks.fdatasync_us, Better::kLower});
}

std::string count_text(std::uint64_t elements) {
  std::string text = std::to_string(elements);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3) text.insert(static_cast<std::size_t>(at), " ");
  return text;
}

void measure_op_cost(const Effort& effort) {
  SizedDocument small(effort.small_document);
  SizedDocument large(effort.large_document);
  std::vector<OpCost> at_small, at_large;
  for (int run = 0; run < effort.cost_runs; ++run) {
    at_small.push_back(small.measure(effort.cost_ops_min));
    at_large.push_back(large.measure(effort.cost_ops_min));
  }
  const std::string at = "op at " + count_text(effort.large_document) + " elements: ";
  const std::string peer = "at " + count_text(effort.small_document);
  const auto print_cost = [&](const std::string& what, const char* unit, double OpCost::*cost) {
    std::vector<double> small_values, large_values, ratios;
    for (std::size_t run = 0; run < at_small.size(); ++run) {
      small_values.push_back(at_small[run].*cost);
      large_values.push_back(at_large[run].*cost);
      ratios.push_back(large_values.back() / small_values.back());
    }
    print({at + what, unit, large_values, Better::kLower, {}, Peer{peer, small_values}});
    print({at + what + ", ratio", "1", ratios, Better::kLower, kFlatGoal});
  };
  print_cost("server CPU", "us", &OpCost::server_cpu_us);
  print_cost("bytes in its log", "B", &OpCost::log_bytes);
  print_cost("written, with checkpoints", "B", &OpCost::written_bytes);
}

Effort effort_of(int count, char** words) {
  if (count == 1) return kFull;
  if (count == 2 && words[1] == std::string_view("--quick")) return kQuick;
  if (count == 2 && words[1] == std::string_view("--smoke")) return kSmoke;
  throw std::invalid_argument("usage: bench_http [--quick | --smoke]");
}

}  // namespace

int main(int count, char** words) try {
  const Effort effort = effort_of(count, words);
  std::vector<Workload> workloads = {{"lww, 64 documents", Type::kLww, Documents::kOwn},
                                     {"lww, one document", Type::kLww, Documents::kOne},
                                     {"orset, 64 documents", Type::kOrset, Documents::kOwn},
                                     {"orset, one document", Type::kOrset, Documents::kOne}};
  Yardsticks yardsticks;
  for (int run = 0; run < effort.runs; ++run) run_once(workloads, yardsticks, effort);
  for (const Workload& workload : workloads) print_workload(workload, yardsticks);
  print_yardsticks(yardsticks);
  measure_op_cost(effort);
  return 0;
} catch (const std::exception& error) {
  std::cerr << "bench_http: " << error.what() << '\n';
  return 1;
}
