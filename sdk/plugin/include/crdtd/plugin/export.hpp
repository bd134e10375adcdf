// Makes a plugin of CRDT types: CRDTD_EXPORT_TYPES(TypeA, TypeB) once, at global scope, in a source of a crdtd_add_plugin()
// target.
//
// The types stand in the order of the manifest's `provides`. Where there are several, each names itself, so that they cannot be
// mixed up: static constexpr std::string_view kName = "rga". A type whose manifest lists limits repeats their names in kLimits.
// A plugin that also holds a storage: CRDTD_EXPORT_PLUGIN(::crdtd::Types<A, B>, ::crdtd::detail::StorageTable<C>).
#pragma once

#include <cstdint>
#include <iterator>
#include <string_view>
#include <utility>

#include "crdtd/plugin/crdt_type.hpp"
#include "crdtd/plugin/entry.hpp"
#include "crdtd/plugin/type_table.hpp"

namespace crdtd {

namespace detail {

// Says in a sentence what a struct lacks to be a CRDT type.
template <class T>
consteval bool require_crdt_type() {
  static_assert(HasDefaultConstructor<T>, "crdtd: the CRDT type is no struct with a default constructor (the empty state)");
  static_assert(HasMutate<T>, "crdtd: the CRDT type lacks `Outcome mutate(Bytes ops_json, const Context& ctx, MutateOut& out)`");
  static_assert(HasMerge<T>, "crdtd: the CRDT type lacks `Outcome merge(Bytes delta, const Context& ctx, MergeOut& out)`");
  static_assert(HasEncode<T>, "crdtd: the CRDT type lacks `void encode(Output& out) const` (it may return an Outcome)");
  static_assert(HasLoad<T>, "crdtd: the CRDT type lacks `Outcome load(Bytes encoded, std::uint32_t format)`");
  static_assert(HasQuery<T>,
                "crdtd: the CRDT type lacks `Outcome query(Bytes query_json, std::uint32_t flags, Output& out) const`");
  static_assert(HasCompact<T>, "crdtd: the CRDT type lacks `void compact()`");
  static_assert(HasFootprint<T>, "crdtd: the CRDT type lacks `Footprint footprint() const`");
  static_assert(HasInspect<T>,
                "crdtd: the CRDT type lacks `static Outcome inspect(Bytes delta, std::uint32_t format, Output& out)`");
  return true;
}

template <class T>
consteval bool same_limits(const ManifestItem& item) {
  if constexpr (requires { T::kLimits; }) {
    if (std::size(T::kLimits) != item.limit_count) return false;
    for (std::uint32_t i = 0; i < item.limit_count; ++i) {
      if (std::string_view(T::kLimits[i]) != item.limits[i]) return false;
    }
    return true;
  } else {
    return item.limit_count == 0;
  }
}

template <class T, bool kAlone>
consteval bool named_as(const ManifestItem& item) {
  if constexpr (requires { T::kName; }) {
    return std::string_view(T::kName) == item.name;
  } else {
    return kAlone;
  }
}

template <class T, const Manifest& kManifest, std::uint32_t kIndex, bool kAlone>
struct ExportedType {
  static constexpr ManifestItem kItem = *kManifest.find(CRDTD_KIND_CRDT_TYPE, kIndex);
  static_assert(
      named_as<T, kAlone>(kItem),
      "crdtd: kName of the CRDT type is not the name in manifest.json (several types each need one, in the manifest's order)");
  static_assert(same_limits<T>(kItem),
                "crdtd: kLimits of the CRDT type are not the names of `limits` in manifest.json, in its order");
  static constexpr crdtd_crdt_type kTable = type_table<T>(kItem.name, kItem.semantics, kItem.format_written);
};

}  // namespace detail

// The provision of CRDT types; see entry.hpp.
template <class... Ts>
struct Types {
  static constexpr const char* kKind = CRDTD_KIND_CRDT_TYPE;
  static constexpr std::uint32_t kCount = sizeof...(Ts);
  static constexpr bool kComplete = (detail::require_crdt_type<Ts>() && ...);

  template <const Manifest& kManifest>
  static const void* table(std::uint32_t index) noexcept {
    if constexpr (kComplete && (CrdtType<Ts> && ...) && kManifest.count(CRDTD_KIND_CRDT_TYPE) == sizeof...(Ts)) {
      return find<kManifest>(index, std::make_integer_sequence<std::uint32_t, sizeof...(Ts)>());
    } else {
      return nullptr;  // a static_assert has spoken
    }
  }

 private:
  template <const Manifest& kManifest, std::uint32_t... kIndexes>
  static const void* find(std::uint32_t index, std::integer_sequence<std::uint32_t, kIndexes...>) noexcept {
    static constexpr const crdtd_crdt_type* kTables[] = {
        &detail::ExportedType<Ts, kManifest, kIndexes, sizeof...(Ts) == 1>::kTable...};
    return index < sizeof...(Ts) ? kTables[index] : nullptr;
  }
};

}  // namespace crdtd

#define CRDTD_EXPORT_TYPES(...) CRDTD_EXPORT_PLUGIN(::crdtd::Types<__VA_ARGS__>)
