#include "host/crdt_type.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "host/abi_bridge.hpp"
#include "host/storage_arrays.hpp"

namespace crdtd::host {
namespace {

using base::Code;
using base::Error;

// Which function answered; the same status means different things to different callers.
enum class Call { kCreate, kMutate, kMerge, kEncode, kLoad, kQuery, kCompact, kInspect };

constexpr const char* call_name(Call call) {
  constexpr const char* kNames[] = {"create", "mutate", "merge", "encode", "load", "query", "compact", "inspect"};
  return kNames[static_cast<int>(call)];
}

// After these a state may only be destroyed.
constexpr bool spoils(Code code) { return code == Code::kInternal; }

Error contract_broken(const CrdtType& type, Call call, std::string_view what) {
  std::string detail = "type \"";
  detail += type.type_id();
  detail += "\" broke the plugin contract in ";
  detail += call_name(call);
  detail += ": ";
  detail += what;
  return base::make_error(Code::kInternal, std::move(detail));
}

// The code of a status that the client or the machine is at fault for; none if `call` may not answer it.
std::optional<Code> code_of(crdtd_status status, Call call, bool admit) {
  const bool delta = call == Call::kMerge || call == Call::kInspect;
  const bool gate = call == Call::kMutate || (call == Call::kMerge && admit);
  switch (status) {
    case CRDTD_INVALID:
      if (call == Call::kMutate) return Code::kInvalidOp;
      if (call == Call::kQuery) return Code::kInvalidRequest;
      return std::nullopt;
    case CRDTD_UNSUPPORTED:
      if (call == Call::kMutate) return Code::kInvalidOp;
      if (call == Call::kQuery) return Code::kInvalidRequest;
      if (call == Call::kLoad) return Code::kQuarantined;
      return delta ? std::optional(Code::kMalformedDelta) : std::nullopt;
    case CRDTD_LIMIT:
      return gate || call == Call::kQuery ? std::optional(Code::kLimitExceeded) : std::nullopt;
    case CRDTD_CLOCK_DRIFT:
      return gate ? std::optional(Code::kClockDrift) : std::nullopt;
    case CRDTD_GAP:
      return call == Call::kMerge || call == Call::kMutate ? std::optional(Code::kGap) : std::nullopt;
    case CRDTD_ENVELOPE:
      return gate ? std::optional(Code::kMalformedDelta) : std::nullopt;
    case CRDTD_MALFORMED:
      if (call == Call::kLoad) return Code::kQuarantined;
      return delta || call == Call::kMutate ? std::optional(Code::kMalformedDelta) : std::nullopt;
    case CRDTD_NO_MEMORY:
    case CRDTD_INTERNAL:
      return Code::kInternal;
    default:
      return std::nullopt;
  }
}

std::string default_message(const CrdtType& type, Call call, crdtd_status status) {
  std::string text = "type \"";
  text += type.type_id();
  text += "\" refused ";
  text += call_name(call);
  return text + (status == CRDTD_NO_MEMORY ? ": out of memory" : " without giving a reason");
}

Error to_error(const CrdtType& type, Call call, crdtd_status status, const crdtd_error& raw, bool admit = false) {
  const auto code = code_of(status, call, admit);
  if (!code) return contract_broken(type, call, "it answered status " + std::to_string(status) + ", which it may not");
  auto texts = read_error(raw);
  if (!texts.terminated) return contract_broken(type, call, "a text of its error does not end");
  if (texts.message.empty()) texts.message = default_message(type, call, status);
  Error error{*code, std::move(texts.message), std::move(texts.pointer), raw.detail};
  if (call == Call::kMutate && *code != Code::kInternal) {
    std::string pointer = "/ops";
    if (raw.op_index != CRDTD_NO_INDEX) pointer.append("/").append(std::to_string(raw.op_index));
    error.pointer = pointer.append(error.pointer);
  }
  return error;
}

std::vector<crdtd_row> to_rows(std::span<const RowPtr> rows) {
  std::vector<crdtd_row> out;
  out.reserve(rows.size());
  for (const auto& row : rows) out.push_back(to_row(*row));
  return out;
}

crdtd_ctx make_ctx(const CrdtType& type, const Author& author, std::uint32_t flags) {
  crdtd_ctx ctx{};
  ctx.struct_size = sizeof ctx;
  ctx.flags = flags;
  ctx.replica = author.replica;
  ctx.first_counter = author.first_counter;
  ctx.hlc_unix_ns = author.hlc_unix_ns;
  ctx.node = to_bytes(author.node);
  ctx.limits = type.limits().data();
  ctx.limit_count = static_cast<std::uint32_t>(type.limits().size());
  return ctx;
}

Error spoilt_error(const CrdtType& type) {
  return base::make_error(Code::kInternal,
                          "the state of a document of type \"" + type.name() + "\" is spoilt and must be loaded again");
}

}  // namespace

State::State(State&& other) noexcept
    : type_(other.type_), raw_(std::exchange(other.raw_, nullptr)), spoilt_(std::exchange(other.spoilt_, true)) {}

State& State::operator=(State&& other) noexcept {
  std::swap(type_, other.type_);
  std::swap(raw_, other.raw_);
  std::swap(spoilt_, other.spoilt_);
  return *this;
}

State::~State() {
  if (raw_ != nullptr) type_->table_->destroy(raw_);
}

base::Result<Mutation> State::mutate(const MutateInput& input) {
  if (spoilt_) return spoilt_error(*type_);
  for (const auto& row : input.recent) {
    // A heal covers counters of others without naming them, so nothing can be resolved against it.
    if (row->count == 0)
      return base::make_error(Code::kInternal, "a heal cannot be among the rows that an op is resolved against");
  }
  std::uint32_t flags = CRDTD_FLAG_ADMIT;
  if (input.utf16) flags |= CRDTD_FLAG_UTF16;
  if (input.want_effect) flags |= CRDTD_FLAG_WANT_EFFECT;
  auto ctx = make_ctx(*type_, input.author, flags);
  ctx.wall_unix_ns = input.wall_unix_ns;
  const auto recent = to_rows(input.recent);
  ctx.recent = recent.data();
  ctx.recent_count = static_cast<std::uint32_t>(recent.size());
  ctx.recent_stride = sizeof(crdtd_row);

  Output delta(0), effect(1), result(2);
  crdtd_mutate_out out{sizeof out, 0, delta.raw(), input.want_effect ? effect.raw() : nullptr, result.raw()};
  const auto ops = to_bytes(input.ops_json);
  auto raw_error = fresh_error();
  // Spoilt until all is safely copied out: should that run out of memory, the state has moved and nobody knows how.
  spoilt_ = true;
  const auto status = type_->table_->mutate(raw_, &ops, &ctx, &out, &raw_error);
  if (status != CRDTD_OK) {
    auto error = to_error(*type_, Call::kMutate, status, raw_error);
    spoilt_ = spoils(error.code);
    return error;
  }
  const auto broken = [&](std::string_view what) { return contract_broken(*type_, Call::kMutate, what); };
  if (!delta.intact() || !effect.intact() || !result.intact()) return broken("an output buffer holds more than its capacity");
  if (out.counters_used > 0 && delta.view().empty()) return broken("counters were used, but the delta is empty");
  if (out.counters_used == 0 && !delta.view().empty()) return broken("there is a delta, but no counter was used");
  Mutation made{out.counters_used, std::string(delta.view()), std::string(effect.view()), {}};
  if (result.view() != "null") made.result_json = result.view();
  spoilt_ = false;
  return made;
}

base::Result<Merged> State::merge(const MergeInput& input) {
  if (spoilt_) return spoilt_error(*type_);
  if (!type_->reads_format(input.format)) {
    return base::make_error(Code::kMalformedDelta, "type \"" + type_->name() + "\" does not read deltas of format " +
                                                       std::to_string(input.format) + "; it writes format " +
                                                       std::to_string(type_->format_written()));
  }
  std::uint32_t flags = 0;
  if (input.admit) flags |= CRDTD_FLAG_ADMIT;
  if (input.admit && input.heal) flags |= CRDTD_FLAG_HEAL;
  if (input.want_effect) flags |= CRDTD_FLAG_WANT_EFFECT;
  auto ctx = make_ctx(*type_, input.author, flags);
  ctx.wall_unix_ns = input.admit ? input.wall_unix_ns : 0;
  ctx.count = input.count;
  ctx.format = input.format;

  Output effect(1);
  crdtd_merge_out out{sizeof out, 0, input.want_effect ? effect.raw() : nullptr};
  const auto delta = to_bytes(input.delta);
  auto raw_error = fresh_error();
  spoilt_ = true;  // as in mutate()
  const auto status = type_->table_->merge(raw_, &delta, &ctx, &out, &raw_error);
  if (status != CRDTD_OK) {
    auto error = to_error(*type_, Call::kMerge, status, raw_error, input.admit);
    spoilt_ = spoils(error.code);
    return error;
  }
  if (!effect.intact()) return contract_broken(*type_, Call::kMerge, "an output buffer holds more than its capacity");
  if (out.changed > 1) return contract_broken(*type_, Call::kMerge, "`changed` is neither 0 nor 1");
  Merged merged{out.changed == 1, std::string(effect.view())};
  spoilt_ = false;
  return merged;
}

base::Result<std::string> State::encode() const {
  if (spoilt_) return spoilt_error(*type_);
  Output out(0);
  auto raw_error = fresh_error();
  const auto status = type_->table_->encode(raw_, out.raw(), &raw_error);
  if (status != CRDTD_OK) {
    auto error = to_error(*type_, Call::kEncode, status, raw_error);
    spoilt_ = spoils(error.code);
    return error;
  }
  if (!out.intact()) return contract_broken(*type_, Call::kEncode, "an output buffer holds more than its capacity");
  return std::string(out.view());
}

base::Result<std::string> State::query(std::string_view query_json, bool utf16) const {
  if (spoilt_) return spoilt_error(*type_);
  Output out(0);
  const auto query = to_bytes(query_json);
  const std::uint32_t flags = utf16 ? std::uint32_t{CRDTD_FLAG_UTF16} : 0;
  auto raw_error = fresh_error();
  const auto status = type_->table_->query(raw_, &query, flags, out.raw(), &raw_error);
  if (status != CRDTD_OK) {
    auto error = to_error(*type_, Call::kQuery, status, raw_error);
    spoilt_ = spoils(error.code);
    return error;
  }
  if (!out.intact()) return contract_broken(*type_, Call::kQuery, "an output buffer holds more than its capacity");
  if (out.view().empty()) return contract_broken(*type_, Call::kQuery, "it answered no JSON");
  return std::string(out.view());
}

void State::compact() {
  if (spoilt_) return;
  auto raw_error = fresh_error();
  const auto status = type_->table_->compact(raw_, &raw_error);
  if (status != CRDTD_OK) spoilt_ = spoils(to_error(*type_, Call::kCompact, status, raw_error).code);
}

Footprint State::footprint() const {
  if (spoilt_) return {};
  crdtd_footprint out{};
  out.struct_size = sizeof out;
  type_->table_->footprint(raw_, &out);
  return {out.memory_bytes, out.encoded_bytes, out.element_count};
}

CrdtType::CrdtType(std::string name, const crdtd_crdt_type& table, std::vector<std::uint32_t> formats_read,
                   std::vector<std::uint64_t> limits)
    : name_(std::move(name)), table_(&table), formats_read_(std::move(formats_read)), limits_(std::move(limits)) {}

bool CrdtType::reads_format(std::uint32_t format) const noexcept {
  return std::find(formats_read_.begin(), formats_read_.end(), format) != formats_read_.end();
}

base::Result<State> CrdtType::create() const {
  crdtd_crdt_state* raw = nullptr;
  auto raw_error = fresh_error();
  const auto status = table_->create(&raw, &raw_error);
  if (status != CRDTD_OK) return to_error(*this, Call::kCreate, status, raw_error);
  if (raw == nullptr) return contract_broken(*this, Call::kCreate, "it answered OK without a state");
  return State(*this, raw);
}

base::Result<State> CrdtType::load(std::string_view encoded, std::uint32_t format) const {
  if (!reads_format(format)) {
    return base::make_error(Code::kQuarantined, "a stored state of type \"" + name_ + "\" has format " + std::to_string(format) +
                                                    ", which the plugin does not read");
  }
  auto state = create();
  if (!state) return state;
  const auto bytes = to_bytes(encoded);
  auto raw_error = fresh_error();
  const auto status = table_->load(state->raw_, &bytes, format, &raw_error);
  if (status != CRDTD_OK) return to_error(*this, Call::kLoad, status, raw_error);
  return state;
}

base::Result<std::string> CrdtType::inspect(std::string_view delta, std::uint32_t format) const {
  Output out(0);
  const auto bytes = to_bytes(delta);
  auto raw_error = fresh_error();
  const auto status = table_->inspect(&bytes, format, out.raw(), &raw_error);
  if (status != CRDTD_OK) return to_error(*this, Call::kInspect, status, raw_error);
  if (!out.intact()) return contract_broken(*this, Call::kInspect, "an output buffer holds more than its capacity");
  return std::string(out.view());
}

}  // namespace crdtd::host
