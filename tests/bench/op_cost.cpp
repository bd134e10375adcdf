#include "op_cost.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "http_client.hpp"
#include "json_view.hpp"
#include "workload.hpp"

namespace crdtd::bench {
namespace {

constexpr std::uint64_t kBatch = 10'000;  // ops of one request while filling: the server's default bound
constexpr std::uint64_t kSampledRows = 100;
constexpr std::uint64_t kWarmUpOps = 5'000;
constexpr double kCheckpointLogMin = 64 << 10;  // documents get no checkpoint for less log

// What the storage does now and then is made to come often, so that a run holds many such periods whatever the document's size.
constexpr char kFrequentPeriods[] = ", settle_bytes: 4MiB, wal_bytes: 4MiB";
constexpr char kRoom[] = "engine: { memory_max: 2GiB }\n";

testing::HttpReply call(std::uint16_t port, const char* method, const std::string& target, testing::Headers headers,
                        const std::string& body = {}) {
  headers.emplace_back("X-Tenant-ID", kTenant);
  headers.emplace_back("X-Node-ID", "node-0");
  testing::HttpClient http("127.0.0.1:" + std::to_string(port), 60'000);
  const auto reply = http.request(method, target, headers, body);
  if (!reply) throw std::runtime_error("no reply to " + target);
  if (reply->status != 200) throw std::runtime_error(target + ": " + reply->body.substr(0, 400));
  return *reply;
}

std::string document() { return std::string("/v1/docs/") + kOneDocument; }

// A step with which the numbers below a power of ten all come once before one comes again, far apart from each other.
std::uint64_t step_for(std::uint64_t elements) {
  const std::uint64_t step = elements * 618 / 1000 | 1;
  return step % 5 == 0 ? step + 2 : step;
}

}  // namespace

SizedDocument::SizedDocument(std::uint64_t elements)
    : elements_(elements), server_(ServerProcess::crdtd(kFrequentPeriods, kRoom)) {
  fill();
}

void SizedDocument::fill() const {
  for (std::uint64_t from = 0; from < elements_; from += kBatch) {
    std::string body = R"({"type":"orset","ops":[)";
    for (std::uint64_t i = from; i < std::min(from + kBatch, elements_); ++i) {
      body += (i == from ? "" : ",") + (R"({"type":"add","elem":")" + element_of(i) + "\"}");
    }
    call(server_.port(), "POST", document() + "/ops", {{"Content-Type", "application/json"}, {"Prefer", "return=minimal"}},
         body + "]}");
  }
}

// From the rows that the API shows.
double SizedDocument::log_bytes_of_an_op() const {
  const testing::JsonView head(call(server_.port(), "GET", document() + "?query=%7B%22count%22%3Atrue%7D", {}).body);
  if (head.at("/value") != std::to_string(elements_)) throw std::runtime_error("the document holds " + head.at("/value"));
  const auto since = std::stoull(head.at("/version")) - kSampledRows;
  const testing::JsonView log(call(server_.port(), "GET", document() + "/ops?since=" + std::to_string(since), {}).body);
  const std::size_t rows = log.size("/rows");
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    const std::string row = "/rows/" + std::to_string(i);
    bytes += log.at(row + "/delta").size() * 3 / 4 + log.at(row + "/node").size();  // deltas are base64 there
  }
  return static_cast<double>(bytes) / static_cast<double>(rows);
}

// By the server's rule: one and a half times the encoded state, at least kCheckpointLogMin.
double SizedDocument::log_bytes_between_checkpoints() const {
  const auto state = call(server_.port(), "GET", document(), {{"Accept", "application/vnd.crdtd.snapshot"}}).body.size();
  return std::max(kCheckpointLogMin, static_cast<double>(state) * 3 / 2);
}

OpCost SizedDocument::measure(std::uint64_t ops_min) {
  HttpLoad load(server_.port(), requests_of(Type::kOrset, Documents::kOne), {0, step_for(elements_), elements_});
  load.run({.requests = kWarmUpOps});
  const double log_bytes = log_bytes_of_an_op();
  const auto period = static_cast<std::uint64_t>(log_bytes_between_checkpoints() / log_bytes) + 1;
  const std::uint64_t ops = (ops_min + period - 1) / period * period;
  const ProcessUsage before = server_.usage();
  load.run({.requests = ops});
  const ProcessUsage after = server_.usage();
  return {(after.cpu_seconds - before.cpu_seconds) * 1e6 / static_cast<double>(ops), log_bytes,
          static_cast<double>(after.written_bytes - before.written_bytes) / static_cast<double>(ops)};
}

}  // namespace crdtd::bench
