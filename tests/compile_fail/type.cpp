// A whole CRDT type, less what -DWITHOUT_<function> takes away. What must not compile is also compiled in the form that must.
#include "crdtd/plugin/export.hpp"

struct Candidate {
#ifdef WITH_OTHER_LIMITS
  static constexpr std::string_view kLimits[] = {"length"};
#elif !defined(WITHOUT_LIMITS)
  static constexpr std::string_view kLimits[] = {"size", "count"};
#endif
#ifdef WITH_OTHER_NAME
  static constexpr std::string_view kName = "another";
#endif
#ifdef WITHOUT_CONSTRUCTOR
  explicit Candidate(int) {}
#endif
#ifndef WITHOUT_MUTATE
  crdtd::Outcome mutate(crdtd::Bytes, const crdtd::Context&, crdtd::MutateOut&) { return {}; }
#endif
#ifdef WITH_BOOL_MERGE
  bool merge(crdtd::Bytes, const crdtd::Context&, crdtd::MergeOut&) { return true; }
#elif !defined(WITHOUT_MERGE)
  crdtd::Outcome merge(crdtd::Bytes, const crdtd::Context&, crdtd::MergeOut&) { return {}; }
#endif
#ifdef WITH_CHANGING_ENCODE
  void encode(crdtd::Output&) {}
#elif !defined(WITHOUT_ENCODE)
  void encode(crdtd::Output&) const {}
#endif
#ifndef WITHOUT_LOAD
  crdtd::Outcome load(crdtd::Bytes, std::uint32_t) { return {}; }
#endif
#ifndef WITHOUT_QUERY
  crdtd::Outcome query(crdtd::Bytes, std::uint32_t, crdtd::Output&) const { return {}; }
#endif
#ifndef WITHOUT_COMPACT
  void compact() {}
#endif
#ifndef WITHOUT_FOOTPRINT
  crdtd::Footprint footprint() const { return {}; }
#endif
#ifndef WITHOUT_INSPECT
  static crdtd::Outcome inspect(crdtd::Bytes, std::uint32_t, crdtd::Output&) { return {}; }
#endif
};

#ifdef WITH_TWO_TYPES
CRDTD_EXPORT_TYPES(Candidate, Candidate);
#else
CRDTD_EXPORT_TYPES(Candidate);
#endif
