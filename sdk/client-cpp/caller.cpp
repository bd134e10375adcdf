#include "caller.hpp"

#include <algorithm>
#include <array>

#include "crdtd/wire/json_text.hpp"

namespace crdtd::client {
namespace {

// Statuses by which a proxy says what the server's own problems say too: later.
bool is_passing(std::uint16_t status) {
  return status == 408 || status == 429 || status == 502 || status == 503 || status == 504;
}

// After these the request may have taken effect: the server (or a proxy) does not know.
bool leaves_outcome_open(const HttpAnswer& answer, const std::optional<Problem>& problem) {
  if (!problem) return answer.status == 502 || answer.status == 504 || answer.status == 500;
  return problem->code == ProblemCode::kInternal || problem->code == ProblemCode::kStorageFailed ||
         (!problem->code && answer.status >= 500);
}

std::string sentence(std::initializer_list<std::string_view> parts) {
  std::string out;
  for (const auto part : parts) out += part;
  return out;
}

// What a person may be shown of what came from outside.
std::string shown(std::string_view text) {
  std::string out(text.substr(0, 200));
  for (char& c : out) c = is_field_value({&c, 1}) ? c : '?';
  return out;
}

}  // namespace

const char* cause_name(Cause cause) noexcept {
  constexpr std::array kNames{"usage", "problem", "resolve", "refused", "tls", "timeout", "broken", "malformed", "too-large"};
  return kNames.at(static_cast<std::size_t>(cause));
}

bool is_field_value(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

Failure usage_failure(std::string message) {
  Failure failure;
  failure.message = std::move(message);
  return failure;
}

RemoteDocs::Caller::Caller(Options options, const Url& url, LineMaker lines, std::unique_ptr<Surroundings> surroundings)
    : options_(std::move(options)),
      server_(url.text()),
      path_(url.path),
      authority_(url.authority()),
      agent_((options_.user_agent.empty() ? "" : options_.user_agent + ' ') + "crdtd-cpp/" CRDTD_CLIENT_VERSION),
      make_line_(std::move(lines)),
      surroundings_(std::move(surroundings)) {}

std::string RemoteDocs::Caller::draw_key() {
  std::array<unsigned char, 16> bytes{};
  std::string key;
  if (!surroundings_->fill_random(bytes)) return key;
  for (std::size_t half = 0; half < 2; ++half) {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < 8; ++i) number = number << 8 | bytes[half * 8 + i];
    wire::append_hex16(key, number);
  }
  return key;
}

std::unique_ptr<Line> RemoteDocs::Caller::take_line() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto line = std::move(idle_.back());
      idle_.pop_back();
      return line;
    }
  }
  return make_line_();
}

void RemoteDocs::Caller::keep_line(std::unique_ptr<Line> line) {
  if (!line->is_open()) return;
  const std::lock_guard lock(mutex_);
  if (idle_.size() < options_.idle_connections_max) idle_.push_back(std::move(line));
}

// A line that was kept may have been closed by the other side meanwhile; that shows only when it is used. Then a new one is taken
// at once: it is no failure of this attempt.
LineResult RemoteDocs::Caller::exchange(const HttpRequest& request, Milliseconds time, bool& maybe_done) {
  const auto times = [&](Milliseconds left) {
    return LineTimes{std::min(options_.timeouts.connect, left), std::min(options_.timeouts.attempt, left), left};
  };
  const auto begin = surroundings_->now();
  auto line = take_line();
  const bool kept = line->is_open();
  auto result = line->exchange(request, times(time));
  if (const auto* failure = std::get_if<LineFailure>(&result)) {
    maybe_done = maybe_done || failure->sent;
    const auto left = time - std::chrono::duration_cast<Milliseconds>(surroundings_->now() - begin);
    if (!kept || failure->cause != Cause::kBroken || failure->reply_begun || left <= Milliseconds(0)) return result;
    line = make_line_();
    result = line->exchange(request, times(left));
    if (const auto* again = std::get_if<LineFailure>(&result)) maybe_done = maybe_done || again->sent;
  }
  if (std::holds_alternative<HttpAnswer>(result)) keep_line(std::move(line));
  return result;
}

bool RemoteDocs::Caller::add_api_key(HttpRequest& request, Failure& failure) {
  std::erase_if(request.fields, [](const auto& field) { return field.first == "X-API-Key"; });
  if (!options_.api_key) return true;
  std::string key = options_.api_key();
  if (key.empty()) return true;
  if (!is_field_value(key)) {
    failure = usage_failure("the API key has a character that no header takes; it is printable ASCII");
    return false;
  }
  request.fields.emplace_back("X-API-Key", std::move(key));
  return true;
}

void RemoteDocs::Caller::explain(const LineFailure& failure, Failure& out) const {
  out.cause = failure.cause;
  out.problem.reset();
  out.status = 0;
  switch (failure.cause) {
    case Cause::kResolve:
      out.message = sentence({server_, ": the host is not found (", failure.detail, "); check the URL and the network"});
      break;
    case Cause::kRefused:
      out.message = sentence({server_, ": nobody answers there (", failure.detail, "); is the server running?"});
      break;
    case Cause::kTls:
      out.message = sentence({server_, ": no trusted connection (", failure.detail, ")"});
      break;
    case Cause::kTimeout:
      out.message = sentence({server_, ": no reply in time (", failure.detail, ")"});
      break;
    case Cause::kTooLarge:
      out.message = sentence({server_, ": the reply exceeds ", std::to_string(options_.reply_bytes_max),
                              " bytes; ask for less, or raise reply_bytes_max"});
      break;
    case Cause::kMalformed:
      out.message = sentence({server_, ": what answers speaks no HTTP/1.1 (", failure.detail, "); is it a crdtd?"});
      break;
    default:
      out.message = sentence({server_, ": the connection broke (", failure.detail, ")"});
  }
}

void RemoteDocs::Caller::explain(const HttpAnswer& answer, Failure& out, bool& worth_retrying) const {
  out.status = answer.status;
  out.problem.reset();
  Problem problem;
  std::string why;
  if (answer.content_type.starts_with("application/problem+json") && wire::read_problem_reply(answer.body, problem, why)) {
    worth_retrying = problem.retry == Retry::kLater;
    out.cause = Cause::kProblem;
    out.message = sentence({problem.title, problem.detail.empty() ? "" : ": ", problem.detail});
    if (!problem.pointer.empty()) out.message += sentence({" (at ", problem.pointer, ")"});
    if (problem.code) out.message += sentence({". ", wire::problem_info(*problem.code).advice});
    out.problem = std::move(problem);
    return;
  }
  worth_retrying = is_passing(answer.status);
  out.cause = Cause::kMalformed;
  out.message = sentence({server_, ": answered with HTTP status ", std::to_string(answer.status), ", not as a crdtd does"});
  if (!answer.location.empty()) out.message += sentence({"; it names another place, ", shown(answer.location)});
  if (!why.empty()) out.message += sentence({"; ", why});
}

Failure RemoteDocs::Caller::malformed(const Answered& answered, const std::string& why, bool is_write) const {
  Failure failure;
  failure.cause = Cause::kMalformed;
  failure.status = answered.http.status;
  failure.attempts = answered.attempts;
  failure.outcome_unknown = is_write;
  failure.message = sentence({server_, ": answered, but ", why});
  return failure;
}

Result<Answered> RemoteDocs::Caller::call(HttpRequest request, Repeat repeat) {
  request.target.insert(0, path_);
  request.fields.emplace_back("Host", authority_);
  request.fields.emplace_back("User-Agent", agent_);
  request.fields.emplace_back("X-Tenant-ID", options_.tenant);
  request.fields.emplace_back("X-Node-ID", options_.node);

  RetryPlan plan(options_.retry, surroundings_->now() + options_.timeouts.call);
  bool maybe_done = false;  // an attempt may have taken effect
  Failure failure;
  failure.cause = Cause::kTimeout;
  failure.message = sentence({server_, ": the call was given no time"});
  while (true) {
    const auto time = plan.begin(surroundings_->now());
    if (!time || !add_api_key(request, failure)) break;
    auto result = exchange(request, *time, maybe_done);
    bool worth_retrying = false;
    std::optional<std::chrono::seconds> retry_after;
    if (auto* answer = std::get_if<HttpAnswer>(&result)) {
      if (answer->status / 100 == 2 || answer->status == 304) return Answered{std::move(*answer), plan.attempts(), maybe_done};
      explain(*answer, failure, worth_retrying);
      retry_after = answer->retry_after;
      maybe_done = maybe_done || leaves_outcome_open(*answer, failure.problem);
      if (repeat == Repeat::kErase && maybe_done && failure.is(ProblemCode::kDocumentNotFound)) {
        return Answered{std::move(*answer), plan.attempts(), true};
      }
    } else {
      const auto& line = std::get<LineFailure>(result);
      explain(line, failure);
      worth_retrying = line.worth_retrying;
    }
    if (!worth_retrying) break;
    std::array<unsigned char, 8> bytes{};
    surroundings_->fill_random(bytes);  // without chance the pause is none, which is only impolite
    std::uint64_t random = 0;
    for (const auto byte : bytes) random = random << 8 | byte;
    const auto pause = plan.pause(surroundings_->now(), retry_after, random);
    if (!pause) break;
    surroundings_->sleep(*pause);
  }
  failure.attempts = plan.attempts();
  failure.outcome_unknown = repeat != Repeat::kRead && maybe_done;
  return failure;
}

}  // namespace crdtd::client
