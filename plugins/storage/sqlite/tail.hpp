// The way from a document to its log records that are not settled yet, kept in memory and rebuilt at open.
//
// The log is in commit order, which makes an append cheap and a read by document impossible; this index makes up for it until the
// records are settled into tables by document. It is bounded by the bytes of the unsettled tail. A document that has no unsettled
// record is not in it: its head is read from the tables.
// Threads: guarded by SqliteStore::index_mutex; only the writer changes it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "record.hpp"

namespace crdtd_sqlite {

// One unsettled log record.
struct LogRef {
  std::uint64_t seq = 0;
  std::uint64_t version_last = 0;  // the document's version after it
  std::uint32_t record_bytes = 0;
  std::uint32_t delta_bytes = 0;
};

struct TailDocument {
  std::uint64_t doc = 0;
  std::string tenant, id;
  Head head;                  // the present one; first_version stands in the tables
  std::uint64_t settled = 0;  // log records up to this one are in the tables; 0: the document is not in them at all
  bool corrupt = false;       // a record of it is damaged, or missing
  std::vector<LogRef> refs;   // never empty, by seq
};

class Tail {
 public:
  const TailDocument* find(std::string_view tenant, std::string_view id) const;
  const TailDocument* find_name(std::string_view name) const;  // as name() makes it
  TailDocument* find(std::uint64_t doc);
  // The first document numbered `doc` or more, or null.
  const TailDocument* find_from(std::uint64_t doc) const;

  // Adds a record to a document, which is taken in when it is new here.
  TailDocument& add(const LogFront& front, std::uint64_t settled, const LogRef& ref);
  void add_key(std::uint64_t doc, const crdtd_key& key, std::uint64_t seq);
  // Takes out all records up to `settled`; the document goes with its last one.
  void settle(std::uint64_t doc, std::uint64_t settled);
  void forget_key(std::uint64_t hash, std::uint64_t seq);
  void erase(std::uint64_t doc);

  // Records that may hold the key, the latest first.
  std::vector<std::uint64_t> key_records(std::uint64_t doc, const crdtd_key& key) const;
  // Up to `count_max` documents of `tenant` with an id above `after`, by id.
  std::vector<const TailDocument*> list(std::string_view tenant, std::string_view after, std::size_t count_max) const;
  std::uint64_t bytes() const noexcept { return bytes_; }
  static std::string name(std::string_view tenant, std::string_view id);  // orders by tenant, then by the bytes of the id
  static std::uint64_t key_hash(std::uint64_t doc, const crdtd_key& key);

 private:
  void drop(TailDocument& document);

  std::map<std::uint64_t, TailDocument> documents_;
  std::map<std::string, std::uint64_t, std::less<>> by_name_;
  std::unordered_multimap<std::uint64_t, std::uint64_t> keys_;  // hash → seq
  std::uint64_t bytes_ = 0;
};

}  // namespace crdtd_sqlite
