#include "crdt/instance.hpp"

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <utility>

#include "crdt/history.hpp"

namespace crdtd::conformance {
namespace {

constexpr std::uint8_t kKeptByte = 0xB7;

crdtd_bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), static_cast<std::uint32_t>(text.size())};
}

crdtd_error fresh_error() {
  crdtd_error err{};
  err.struct_size = sizeof err;
  err.op_index = CRDTD_NO_INDEX;
  return err;
}

[[noreturn]] void broken(const char* function, const std::string& what) { throw LawBroken{std::string(function) + "() " + what}; }

// An output of one call, grown and freed by the host; `kept_bytes` stand in it before.
class Buffer {
 public:
  explicit Buffer(const Setup& setup) : setup_(&setup) {
    if (setup.kept_bytes == 0) return;
    raw_.data = static_cast<std::uint8_t*>(setup.host->realloc(nullptr, 0, setup.kept_bytes));
    if (raw_.data == nullptr) throw std::bad_alloc();
    raw_.size = raw_.capacity = setup.kept_bytes;
    std::memset(raw_.data, kKeptByte, setup.kept_bytes);
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() {
    if (raw_.data != nullptr) setup_->host->realloc(raw_.data, raw_.capacity, 0);
  }
  crdtd_buffer* raw() { return &raw_; }
  // What the call has appended.
  std::string take(const char* function) const {
    const std::uint32_t kept = setup_->kept_bytes;
    if (raw_.size > raw_.capacity || (raw_.data == nullptr && raw_.capacity != 0)) {
      broken(function, "left a buffer that says it holds " + std::to_string(raw_.size) + " bytes in room for " +
                           std::to_string(raw_.capacity));
    }
    const bool intact =
        raw_.size >= kept && std::all_of(raw_.data, raw_.data + kept, [](std::uint8_t b) { return b == kKeptByte; });
    if (!intact)
      broken(function, "did not keep the " + std::to_string(kept) + " bytes that its output buffer held before the call");
    return {reinterpret_cast<const char*>(raw_.data) + kept, raw_.size - kept};
  }

 private:
  const Setup* setup_;
  crdtd_buffer raw_ = {sizeof(crdtd_buffer), 0, 0, nullptr};
};

// A crdtd_ctx and the rows that it points at; borrows what it is made of. The rows stand wider apart than they are long.
class Context {
 public:
  Context(const Setup& setup, const Envelope& envelope, const CallStyle& style, const std::vector<const LogRow*>& recent = {}) {
    for (const LogRow* row : recent) {
      WideRow wide{};
      wide.row.struct_size = sizeof(crdtd_row);
      wide.row.count = row->count;
      wide.row.version = rows_.size() + 1;
      wide.row.replica = row->replica;
      wide.row.first_counter = row->first;
      wide.row.hlc_unix_ns = row->hlc;
      wide.row.format = setup.table->format_written;
      wide.row.node = bytes_of(row->node);
      wide.row.delta = bytes_of(row->delta);
      rows_.push_back(wide);
    }
    const auto& limits = style.limits == nullptr ? setup.limits : *style.limits;
    raw_.struct_size = sizeof raw_;
    raw_.flags = style.flags;
    raw_.replica = envelope.replica;
    raw_.first_counter = envelope.first;
    raw_.hlc_unix_ns = envelope.hlc;
    raw_.wall_unix_ns = (style.flags & CRDTD_FLAG_ADMIT) != 0 ? style.wall : 0;
    raw_.node = bytes_of(envelope.node);
    raw_.limits = limits.data();
    raw_.limit_count = static_cast<std::uint32_t>(limits.size());
    raw_.recent = rows_.empty() ? nullptr : &rows_.front().row;
    raw_.recent_count = static_cast<std::uint32_t>(rows_.size());
    raw_.recent_stride = sizeof(WideRow);
  }
  crdtd_ctx* raw() { return &raw_; }

 private:
  struct WideRow {
    crdtd_row row;
    std::uint64_t beyond[2];
  };
  std::vector<WideRow> rows_;
  crdtd_ctx raw_{};
};

// Puts the error into the answer after a look at whether the function may answer so.
void settle(const char* function, Answer& answer, const crdtd_error& err, std::initializer_list<crdtd_status> allowed) {
  if (answer.ok()) {
    if (err.op_index == CRDTD_NO_INDEX && err.detail == 0 && err.pointer[0] == 0 && err.message[0] == 0) return;
    broken(function, "answered OK and wrote to `err`, which it must leave alone then");
  }
  const bool ends = std::memchr(err.message, 0, sizeof err.message) != nullptr && std::memchr(err.pointer, 0, sizeof err.pointer);
  if (!ends) broken(function, "answered " + status_text(answer.status) + " with a text that has no end");
  answer.message = err.message;
  answer.pointer = err.pointer;
  answer.op_index = err.op_index;
  answer.detail = err.detail;
  if (std::find(allowed.begin(), allowed.end(), answer.status) != allowed.end()) return;
  broken(function, "answered " + status_text(answer.status) + ", which it may not: " + failure_text(answer));
}

void write_down(const Setup& setup, const char* function, const Answer& answer) {
  if (setup.transcript == nullptr) return;
  std::string& out = *setup.transcript;
  out.append(function).append(" ").append(std::to_string(answer.status)).append(" ").append(std::to_string(answer.counters));
  out.append(answer.changed ? " changed" : "");
  for (const std::string* part : {&answer.delta, &answer.effect, &answer.result, &answer.message, &answer.pointer}) {
    out.append(" ").append(shown(*part, part->size()));
  }
  out.append("\n");
}

}  // namespace

Instance::Instance(const Setup& setup) : setup_(&setup) {
  crdtd_error err = fresh_error();
  Answer answer;
  answer.status = setup.table->create(&state_, &err);
  settle("create", answer, err, {});
  if (state_ == nullptr) broken("create", "answered OK without a state");
}

Instance::Instance(const Setup& setup, std::string_view encoded) : Instance(setup) {
  const Answer answer = load(encoded);
  if (!answer.ok()) broken("load", "refused what encode() had written: " + failure_text(answer));
}

Instance::Instance(Instance&& other) noexcept : setup_(other.setup_), state_(std::exchange(other.state_, nullptr)) {}

Instance& Instance::operator=(Instance&& other) noexcept {
  std::swap(setup_, other.setup_);
  std::swap(state_, other.state_);
  return *this;
}

Instance::~Instance() { setup_->table->destroy(state_); }

Answer Instance::mutate(std::string_view ops_json, const Envelope& author, const std::vector<const LogRow*>& recent,
                        const CallStyle& style) {
  Context ctx(*setup_, author, style, recent);
  Buffer delta(*setup_), effect(*setup_), result(*setup_);
  crdtd_mutate_out out{sizeof out, 0, delta.raw(), style.outputs_null ? nullptr : effect.raw(),
                       style.outputs_null ? nullptr : result.raw()};
  crdtd_error err = fresh_error();
  const crdtd_bytes ops = bytes_of(ops_json);
  Answer answer;
  answer.status = setup_->table->mutate(state_, &ops, ctx.raw(), &out, &err);
  answer.delta = delta.take("mutate");
  answer.effect = effect.take("mutate");
  answer.result = result.take("mutate");
  if (answer.ok()) answer.counters = out.counters_used;
  settle("mutate", answer, err,
         {CRDTD_INVALID, CRDTD_LIMIT, CRDTD_CLOCK_DRIFT, CRDTD_GAP, CRDTD_ENVELOPE, CRDTD_MALFORMED, CRDTD_UNSUPPORTED});
  write_down(*setup_, "mutate", answer);
  return answer;
}

Answer Instance::merge(std::string_view delta, const Envelope& envelope, const CallStyle& style) {
  Context ctx(*setup_, envelope, style);
  ctx.raw()->count = envelope.count;
  ctx.raw()->format = setup_->table->format_written;
  Buffer effect(*setup_);
  crdtd_merge_out out{sizeof out, 0, style.outputs_null ? nullptr : effect.raw()};
  crdtd_error err = fresh_error();
  const crdtd_bytes view = bytes_of(delta);
  Answer answer;
  answer.status = setup_->table->merge(state_, &view, ctx.raw(), &out, &err);
  answer.effect = effect.take("merge");
  if (answer.ok() && out.changed > 1) broken("merge", "set `changed` to " + std::to_string(out.changed) + "; want 0 or 1");
  answer.changed = answer.ok() && out.changed == 1;
  if ((style.flags & CRDTD_FLAG_ADMIT) != 0) {
    settle("merge with ADMIT", answer, err, {CRDTD_LIMIT, CRDTD_CLOCK_DRIFT, CRDTD_GAP, CRDTD_ENVELOPE, CRDTD_MALFORMED});
  } else {
    settle("merge", answer, err, {CRDTD_GAP, CRDTD_MALFORMED});
  }
  write_down(*setup_, "merge", answer);
  return answer;
}

Answer Instance::load(std::string_view encoded) {
  crdtd_error err = fresh_error();
  const crdtd_bytes view = bytes_of(encoded);
  Answer answer;
  answer.status = setup_->table->load(state_, &view, setup_->table->format_written, &err);
  settle("load", answer, err, {CRDTD_MALFORMED, CRDTD_UNSUPPORTED});
  write_down(*setup_, "load", answer);
  return answer;
}

Answer Instance::query(std::string_view query_json) const {
  Buffer out(*setup_);
  crdtd_error err = fresh_error();
  const crdtd_bytes view = bytes_of(query_json);
  Answer answer;
  answer.status = setup_->table->query(state_, &view, 0, out.raw(), &err);
  answer.result = out.take("query");
  settle("query", answer, err, {CRDTD_INVALID, CRDTD_UNSUPPORTED, CRDTD_LIMIT});
  write_down(*setup_, "query", answer);
  return answer;
}

std::string Instance::encode() const {
  Buffer out(*setup_);
  crdtd_error err = fresh_error();
  Answer answer;
  answer.status = setup_->table->encode(state_, out.raw(), &err);
  settle("encode", answer, err, {});
  answer.result = out.take("encode");
  write_down(*setup_, "encode", answer);
  return answer.result;
}

std::string Instance::value() const {
  const Answer answer = query({});
  if (!answer.ok()) broken("query", "refused to give the whole value: " + failure_text(answer));
  return answer.result;
}

void Instance::compact() {
  crdtd_error err = fresh_error();
  Answer answer;
  answer.status = setup_->table->compact(state_, &err);
  settle("compact", answer, err, {});
}

crdtd_footprint Instance::footprint() const {
  crdtd_footprint print{};
  print.struct_size = sizeof print;
  setup_->table->footprint(state_, &print);
  return print;
}

Answer inspect(const Setup& setup, std::string_view delta) {
  Buffer out(setup);
  crdtd_error err = fresh_error();
  const crdtd_bytes view = bytes_of(delta);
  Answer answer;
  answer.status = setup.table->inspect(&view, setup.table->format_written, out.raw(), &err);
  answer.result = out.take("inspect");
  settle("inspect", answer, err, {CRDTD_MALFORMED, CRDTD_UNSUPPORTED});
  write_down(setup, "inspect", answer);
  return answer;
}

std::string status_text(crdtd_status status) {
  static constexpr std::pair<crdtd_status, const char*> kNames[] = {{CRDTD_OK, "OK"},
                                                                    {CRDTD_INVALID, "INVALID"},
                                                                    {CRDTD_LIMIT, "LIMIT"},
                                                                    {CRDTD_GAP, "GAP"},
                                                                    {CRDTD_CLOCK_DRIFT, "CLOCK_DRIFT"},
                                                                    {CRDTD_ENVELOPE, "ENVELOPE"},
                                                                    {CRDTD_MALFORMED, "MALFORMED"},
                                                                    {CRDTD_UNSUPPORTED, "UNSUPPORTED"},
                                                                    {CRDTD_NO_MEMORY, "NO_MEMORY"},
                                                                    {CRDTD_INTERNAL, "INTERNAL"}};
  for (const auto& [code, name] : kNames) {
    if (code == status) return name;
  }
  return "status " + std::to_string(status);
}

std::string failure_text(const Answer& answer) {
  std::string text = status_text(answer.status);
  if (answer.op_index != CRDTD_NO_INDEX) text += ", op " + std::to_string(answer.op_index);
  if (!answer.pointer.empty()) text += ", at " + answer.pointer;
  return text +
         (answer.message.empty() ? ", without a message" : ", \"" + shown(answer.message, sizeof(crdtd_error::message)) + "\"");
}

}  // namespace crdtd::conformance
