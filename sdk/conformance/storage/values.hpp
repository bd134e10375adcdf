// What a store keeps, as plain C++ values that can be compared: the words of the suite.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "crdtd/abi/storage.h"

namespace crdtd::conformance {

struct Doc {
  std::string tenant = "tenant", id = "doc";
  auto operator<=>(const Doc&) const = default;
};

struct Row {
  std::uint64_t version = 0, replica = 0, first_counter = 0, hlc_unix_ns = 0;
  std::uint32_t count = 0, format = 0, check = 0;
  std::string node, key, delta;
  bool operator==(const Row&) const = default;
};

struct Known {
  std::uint64_t replica = 0, counter = 0, chain = 0;
  std::string node;
  auto operator<=>(const Known&) const = default;
};

struct Key {
  std::string node, key;
  std::uint64_t applied = 0, expires_unix_ms = 0;
  std::array<std::uint8_t, 32> digest{};
  bool operator==(const Key&) const = default;
};

struct Checkpoint {
  std::uint64_t birth = 0, version = 0;
  std::uint32_t format = 0, check = 0;
  std::string encoded;
  bool operator==(const Checkpoint&) const = default;
};

struct Head {
  std::string type;
  std::uint64_t birth = 0, version = 0, first_version = 1, hlc_unix_ns = 0;
  std::uint32_t check = 0;
  bool operator==(const Head&) const = default;
};

struct Entry {
  Doc doc;
  bool create = false;
  std::uint64_t birth = 0, version_expected = 0;
  std::string type;
  std::uint32_t check_create = 0;
  std::vector<Row> rows;
  std::vector<Key> keys;
  std::vector<Known> known;
};

struct Verdict {
  crdtd_status status = CRDTD_OK;
  std::uint64_t version = 0;
};

struct Range {
  std::uint64_t version_after = 0, version_until = 0;
  std::uint32_t row_count_max = 0;
  std::uint64_t bytes_max = 0;
};

// The answer of load() or read_rows(); `known` is sorted by replica.
struct Loaded {
  crdtd_status status = CRDTD_OK;
  std::int64_t detail = 0;
  Head head;
  std::vector<Known> known;
  std::optional<Checkpoint> checkpoint;
  std::vector<Row> rows;
};

struct Item {
  std::string id, type;
  std::uint64_t version = 0, birth = 0;
  bool operator==(const Item&) const = default;
};

}  // namespace crdtd::conformance
