// The counting host: exact counts, and faults noted instead of followed.
#include "crdtd/conformance/counting_host.hpp"

#include <catch2/catch.hpp>

#include <cstring>

using namespace crdtd::conformance;

TEST_CASE("counting host: counts blocks and bytes, and keeps contents when a block grows", "[conformance][host]") {
  const crdtd_host& host = counting_host();
  const CountedMemory before = counted_memory();
  auto* block = static_cast<char*>(host.realloc(nullptr, 0, 5));
  std::memcpy(block, "hello", 5);
  CHECK(reinterpret_cast<std::uintptr_t>(block) % 16 == 0);
  block = static_cast<char*>(host.realloc(block, 5, 1000));
  CHECK(std::memcmp(block, "hello", 5) == 0);
  CHECK(counted_memory() == CountedMemory{before.blocks + 1, before.bytes + 1000, before.faults});
  CHECK(host.realloc(block, 1000, 0) == nullptr);
  CHECK(counted_memory() == before);
  CHECK(host.realloc(nullptr, 0, 0) == nullptr);
  CHECK(counted_memory() == before);
}

TEST_CASE("counting host: notes wrong sizes, double frees and strange blocks", "[conformance][host]") {
  const crdtd_host& host = counting_host();
  const std::uint64_t faults = counted_memory().faults;
  void* block = host.realloc(nullptr, 0, 24);
  host.realloc(block, 23, 0);
  CHECK(counted_memory().faults == faults + 1);
  CHECK(newest_memory_fault() == "realloc of a block of 24 bytes was told an old size of 23");
  host.realloc(block, 24, 0);
  CHECK(counted_memory().faults == faults + 2);
  int mine = 0;
  host.realloc(&mine, 4, 0);
  CHECK(counted_memory().faults == faults + 3);
  CHECK(newest_memory_fault().find("never given out") != std::string::npos);
  CHECK(host.realloc(nullptr, 8, 0) == nullptr);
  CHECK(counted_memory().faults == faults + 4);
}

TEST_CASE("counting host: another pattern fills fresh memory otherwise", "[conformance][host]") {
  const crdtd_host& host = counting_host();
  unsigned char seen[2];
  for (std::uint32_t i = 0; i < 2; ++i) {
    set_memory_pattern(i);
    auto* block = static_cast<unsigned char*>(host.realloc(nullptr, 0, 1));
    seen[i] = *block;
    host.realloc(block, 1, 0);
  }
  CHECK(seen[0] != seen[1]);
}
