#include "tail.hpp"

#include <algorithm>
#include <functional>

namespace crdtd_sqlite {

using crdtd::storage::text;

std::string Tail::name(std::string_view tenant, std::string_view id) {
  std::string out;
  out.reserve(4 + tenant.size() + id.size());
  const auto size = static_cast<std::uint32_t>(tenant.size());
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(size >> shift);
  out += tenant;
  out += id;
  return out;
}

std::uint64_t Tail::key_hash(std::uint64_t doc, const crdtd_key& key) {
  const std::hash<std::string_view> hash;
  std::uint64_t mixed = doc * 0x9E3779B97F4A7C15ULL;
  mixed = (mixed ^ hash(text(key.node))) * 0x9E3779B97F4A7C15ULL;
  return mixed ^ (mixed >> 29) ^ hash(text(key.key));
}

const TailDocument* Tail::find(std::string_view tenant, std::string_view id) const { return find_name(name(tenant, id)); }

const TailDocument* Tail::find_name(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &documents_.at(found->second);
}

TailDocument* Tail::find(std::uint64_t doc) {
  const auto found = documents_.find(doc);
  return found == documents_.end() ? nullptr : &found->second;
}

const TailDocument* Tail::find_from(std::uint64_t doc) const {
  const auto found = documents_.lower_bound(doc);
  return found == documents_.end() ? nullptr : &found->second;
}

TailDocument& Tail::add(const LogFront& front, std::uint64_t settled, const LogRef& ref) {
  const auto [place, is_new] = documents_.try_emplace(front.doc);
  TailDocument& document = place->second;
  if (is_new) {
    document.doc = front.doc;
    document.tenant = front.tenant;
    document.id = front.id;
    document.settled = settled;
    by_name_[name(front.tenant, front.id)] = front.doc;
  }
  document.head = front.head;
  document.refs.push_back(ref);
  bytes_ += ref.record_bytes;
  return document;
}

void Tail::add_key(std::uint64_t doc, const crdtd_key& key, std::uint64_t seq) { keys_.emplace(key_hash(doc, key), seq); }

void Tail::forget_key(std::uint64_t hash, std::uint64_t seq) {
  const auto [first, last] = keys_.equal_range(hash);
  const auto found = std::find_if(first, last, [&](const auto& entry) { return entry.second == seq; });
  if (found != last) keys_.erase(found);
}

void Tail::settle(std::uint64_t doc, std::uint64_t settled) {
  const auto found = documents_.find(doc);
  if (found == documents_.end()) return;
  TailDocument& document = found->second;
  document.settled = std::max(document.settled, settled);
  auto keep = document.refs.begin();
  for (; keep != document.refs.end() && keep->seq <= settled; ++keep) bytes_ -= keep->record_bytes;
  document.refs.erase(document.refs.begin(), keep);
  if (document.refs.empty()) {
    drop(document);
  } else {
    document.refs.shrink_to_fit();
  }
}

void Tail::erase(std::uint64_t doc) {
  const auto found = documents_.find(doc);
  if (found == documents_.end()) return;
  for (const LogRef& ref : found->second.refs) bytes_ -= ref.record_bytes;
  drop(found->second);
}

void Tail::drop(TailDocument& document) {
  by_name_.erase(name(document.tenant, document.id));
  documents_.erase(document.doc);
}

std::vector<std::uint64_t> Tail::key_records(std::uint64_t doc, const crdtd_key& key) const {
  std::vector<std::uint64_t> out;
  const auto [first, last] = keys_.equal_range(key_hash(doc, key));
  for (auto at = first; at != last; ++at) out.push_back(at->second);
  std::sort(out.rbegin(), out.rend());
  return out;
}

std::vector<const TailDocument*> Tail::list(std::string_view tenant, std::string_view after, std::size_t count_max) const {
  std::vector<const TailDocument*> out;
  for (auto at = by_name_.upper_bound(name(tenant, after)); at != by_name_.end() && out.size() < count_max; ++at) {
    const TailDocument& document = documents_.at(at->second);
    if (document.tenant != tenant) break;
    out.push_back(&document);
  }
  return out;
}

}  // namespace crdtd_sqlite
