#include "faulty_type.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "virtual_disk.hpp"

namespace crdtd::testing {
namespace {

using Dot = std::pair<std::uint64_t, std::uint64_t>;  // replica, counter
using Elements = std::map<Dot, std::string>;

struct Bag {
  Elements elements;
  std::uint64_t text_bytes = 0;
};

Bag& of(crdtd_crdt_state* state) { return *reinterpret_cast<Bag*>(state); }
const Bag& of(const crdtd_crdt_state* state) { return *reinterpret_cast<const Bag*>(state); }

crdtd_status say(crdtd_error* err, crdtd_status status, const char* what, std::uint32_t op = CRDTD_NO_INDEX) {
  err->op_index = op;
  std::snprintf(err->message, sizeof err->message, "%s", what);
  return status;
}

template <class Integer>
void write(std::string& out, Integer value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

template <class Integer>
bool read(std::string_view& in, Integer& value) {
  if (in.size() < sizeof value) return false;
  std::memcpy(&value, in.data(), sizeof value);
  in.remove_prefix(sizeof value);
  return true;
}

std::string encode_elements(const Elements& elements, std::uint32_t padding) {
  std::string out;
  write(out, padding);
  out.append(padding, '.');
  for (const auto& [dot, text] : elements) {
    write(out, dot.first);
    write(out, dot.second);
    write(out, static_cast<std::uint32_t>(text.size()));
    out += text;
  }
  return out;
}

std::optional<Elements> decode(const crdtd_bytes& bytes) {
  std::string_view in(reinterpret_cast<const char*>(bytes.data), bytes.size);
  std::uint32_t padding = 0;
  if (!read(in, padding) || in.size() < padding) return std::nullopt;
  in.remove_prefix(padding);
  Elements elements;
  while (!in.empty()) {
    Dot dot;
    std::uint32_t size = 0;
    if (!read(in, dot.first) || !read(in, dot.second) || !read(in, size) || in.size() < size) return std::nullopt;
    elements.emplace(dot, in.substr(0, size));
    in.remove_prefix(size);
  }
  return elements;
}

bool join(Bag& bag, const Elements& elements) {
  bool changed = false;
  for (const auto& [dot, text] : elements) {
    if (!bag.elements.emplace(dot, text).second) continue;
    changed = true;
    bag.text_bytes += text.size();
  }
  return changed;
}

bool contains(const Elements& elements, std::string_view text) {
  return std::any_of(elements.begin(), elements.end(), [&](const auto& element) { return element.second == text; });
}

std::string as_json(const Elements& elements) {
  std::vector<std::string_view> texts;
  for (const auto& [dot, text] : elements) texts.push_back(text);
  std::sort(texts.begin(), texts.end());
  std::string json = "[";
  for (const auto text : texts) json.append(json.size() > 1 ? ",\"" : "\"").append(text).append("\"");
  return json + "]";
}

std::vector<std::string> parse_ops(const crdtd_bytes& json) {
  std::vector<std::string> ops;
  const std::string text = to_text(json);
  for (auto open = text.find('"'); open != std::string::npos;) {
    const auto close = text.find('"', open + 1);
    ops.push_back(text.substr(open + 1, close - open - 1));
    open = text.find('"', close + 1);
  }
  return ops;
}

void remember_recent(const crdtd_ctx& ctx) {
  auto& control = bag_control();
  ++control.mutations;
  control.recent.clear();
  for (std::uint32_t i = 0; i < ctx.recent_count; ++i) {
    const auto* at = reinterpret_cast<const char*>(ctx.recent) + static_cast<std::size_t>(ctx.recent_stride) * i;
    control.recent.push_back(to_row(*reinterpret_cast<const crdtd_row*>(at)));
  }
}

crdtd_status mutate(crdtd_crdt_state* self, const crdtd_bytes* ops_json, const crdtd_ctx* ctx, crdtd_mutate_out* out,
                    crdtd_error* err) {
  auto& bag = of(self);
  remember_recent(*ctx);
  Elements added;
  std::uint32_t index = 0;
  for (const auto& op : parse_ops(*ops_json)) {
    if (op.starts_with("add:")) {
      added.emplace(Dot{ctx->replica, ctx->first_counter + added.size()}, op.substr(4));
    } else if (op == "refuse") {
      return say(err, CRDTD_INVALID, "refused as asked", index);
    } else if (op.starts_with("unless:") && (contains(bag.elements, op.substr(7)) || contains(added, op.substr(7)))) {
      return say(err, CRDTD_INVALID, "it is in the bag", index);
    } else if (op == "spoil") {
      bag.elements.emplace(Dot{0, ++bag_control().mutations}, "spoilt");
      return say(err, CRDTD_INTERNAL, "spoilt as asked", index);
    }
    ++index;
  }
  out->counters_used = static_cast<std::uint32_t>(added.size());
  if (!added.empty()) append_to(*out->delta, encode_elements(added, bag_control().delta_padding));
  join(bag, added);
  Elements seen;
  for (const auto& row : bag_control().recent) {
    if (const auto elements =
            decode({reinterpret_cast<const std::uint8_t*>(row->delta.data()), static_cast<std::uint32_t>(row->delta.size())})) {
      seen.insert(elements->begin(), elements->end());
    }
  }
  if (out->result != nullptr) append_to(*out->result, seen.empty() ? "null" : as_json(seen));
  return CRDTD_OK;
}

crdtd_status merge(crdtd_crdt_state* self, const crdtd_bytes* delta, const crdtd_ctx*, crdtd_merge_out* out, crdtd_error* err) {
  const auto elements = decode(*delta);
  if (!elements) return say(err, CRDTD_MALFORMED, "not a bag");
  out->changed = join(of(self), *elements) ? 1 : 0;
  return CRDTD_OK;
}

crdtd_status encode(const crdtd_crdt_state* self, crdtd_buffer* out, crdtd_error* err) {
  if (std::exchange(bag_control().spoil_encode, false)) return say(err, CRDTD_INTERNAL, "encode spoilt as asked");
  append_to(*out, encode_elements(of(self).elements, bag_control().padding));
  return CRDTD_OK;
}

crdtd_status load(crdtd_crdt_state* self, const crdtd_bytes* encoded, std::uint32_t, crdtd_error* err) {
  if (std::exchange(bag_control().load_without_memory, false)) return say(err, CRDTD_NO_MEMORY, "no memory, as asked");
  const auto elements = decode(*encoded);
  if (!elements) return say(err, CRDTD_MALFORMED, "not a bag");
  join(of(self), *elements);
  return CRDTD_OK;
}

crdtd_status query(const crdtd_crdt_state* self, const crdtd_bytes* query_json, std::uint32_t, crdtd_buffer* out,
                   crdtd_error* err) {
  if (std::exchange(bag_control().spoil_query, false)) return say(err, CRDTD_INTERNAL, "query spoilt as asked");
  const auto text = to_text(*query_json);
  if (text == "\"count\"") {
    append_to(*out, std::to_string(of(self).elements.size()));
  } else if (text.empty()) {
    append_to(*out, as_json(of(self).elements));
  } else {
    return say(err, CRDTD_UNSUPPORTED, "the only query is \"count\"");
  }
  return CRDTD_OK;
}

void footprint(const crdtd_crdt_state* self, crdtd_footprint* out) {
  const auto& bag = of(self);
  out->element_count = bag.elements.size();
  out->encoded_bytes = 4 + bag_control().padding + 20 * bag.elements.size() + bag.text_bytes;
  out->memory_bytes = 100 * bag.elements.size() + bag.text_bytes;
}

crdtd_status inspect(const crdtd_bytes* delta, std::uint32_t, crdtd_buffer* out, crdtd_error* err) {
  const auto elements = decode(*delta);
  if (!elements) return say(err, CRDTD_MALFORMED, "not a bag");
  append_to(*out, as_json(*elements));
  return CRDTD_OK;
}

}  // namespace

BagControl& bag_control() {
  static BagControl control;
  return control;
}

const crdtd_crdt_type& bag_type() {
  static const crdtd_crdt_type type{sizeof(crdtd_crdt_type),
                                    1,
                                    1,
                                    0,
                                    "bag",
                                    [](crdtd_crdt_state** out, crdtd_error*) -> crdtd_status {
                                      *out = reinterpret_cast<crdtd_crdt_state*>(new Bag);
                                      return CRDTD_OK;
                                    },
                                    [](crdtd_crdt_state* self) { delete reinterpret_cast<Bag*>(self); },
                                    &mutate,
                                    &merge,
                                    &encode,
                                    &load,
                                    &query,
                                    [](crdtd_crdt_state*, crdtd_error*) -> crdtd_status { return CRDTD_OK; },
                                    &footprint,
                                    &inspect};
  return type;
}

}  // namespace crdtd::testing
