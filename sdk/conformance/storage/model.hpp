// The contract said slowly: a store as maps of values, obviously right, which the randomised check compares backends with.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "storage/values.hpp"

namespace crdtd::conformance {

struct ModelDocument {
  Head head;
  std::map<std::uint64_t, Row> rows;
  std::map<std::uint64_t, Known> known;
  std::map<std::uint64_t, Checkpoint> checkpoints;
  std::map<std::pair<std::string, std::string>, Key> keys;
};

class StorageModel {
 public:
  Verdict append(const Entry& entry);
  Loaded load(const Doc& doc, std::uint64_t version_until) const;
  Loaded read_rows(const Doc& doc, const Range& range) const;
  crdtd_status find_key(const Doc& doc, Key& inout) const;
  crdtd_status put_checkpoint(const Doc& doc, const Checkpoint& checkpoint);
  crdtd_status trim(const Doc& doc, std::uint64_t first_version, std::uint64_t now_unix_ms);
  crdtd_status erase(const Doc& doc, std::uint64_t birth, std::uint64_t version);
  std::vector<Item> list(const std::string& tenant, const std::string& after, std::uint32_t count_max) const;

  // The document, or null.
  const ModelDocument* find(const Doc& doc) const;

 private:
  Loaded missing(const Doc& doc) const;  // NOT_FOUND or GONE
  std::map<Doc, ModelDocument> documents_;
  std::map<Doc, std::vector<std::uint64_t>> graves_;
};

}  // namespace crdtd::conformance
