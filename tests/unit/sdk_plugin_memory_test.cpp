// Outcome, Output and the allocator, each by itself.
#include <catch2/catch.hpp>
#include <cstdint>
#include <string>

#include "crdtd/plugin/allocation.hpp"
#include "crdtd/plugin/outcome.hpp"
#include "crdtd/plugin/output.hpp"
#include "crdtd/plugin/writer.hpp"
#include "sdk_plugin_host.hpp"

namespace {

using namespace crdtd_test;

struct HostScope {
  HostScope() {
    account() = Account();
    crdtd::detail::host_table = &kHost;
  }
  ~HostScope() {
    account().allowed = -1;
    crdtd::detail::host_table = nullptr;
  }
};

}  // namespace

TEST_CASE("sdk plugin: texts are cut between code points", "[unit][sdk_plugin]") {
  crdtd::FixedText<8> text;
  text.assign("abcdef\xe2\x82\xac");  // nine bytes, the last three are one sign
  CHECK(text.view() == "abcdef");
  text.assign("abcde\xe2\x82\xac");
  CHECK(text.view() == "abcde\xe2\x82\xac");
  text.append("x");
  CHECK(text.view().size() == 8);
}

TEST_CASE("sdk plugin: an outcome is built of pieces and moved below a prefix", "[unit][sdk_plugin]") {
  CHECK(crdtd::Outcome().ok());
  const crdtd::Outcome refused =
      crdtd::invalid({"found ", -3, " in ", std::string_view("elem"), ", want ", UINT64_MAX}, "/2").under("/value").in_op(4);
  CHECK_FALSE(refused.ok());
  CHECK(refused.error().message.view() == "found -3 in elem, want 18446744073709551615");
  CHECK(refused.error().pointer.view() == "/value/2");
  CHECK(refused.error().op_index == 4);
  CHECK(crdtd::Outcome().in_op(4).error().op_index == CRDTD_NO_INDEX);
  CHECK(crdtd::clock_drift(61, "ahead", "/ts_unix_ns").error().detail == 61);
}

TEST_CASE("sdk plugin: an output grows in few steps and keeps what the buffer held", "[unit][sdk_plugin]") {
  HostScope host;
  {
    Buffer buffer;
    crdtd::Output(&buffer.raw).append("held ");
    crdtd::Output out(&buffer.raw);
    for (int i = 0; i < 100000; ++i) out.push('x');
    CHECK(out.size() == 100000);
    CHECK(buffer.raw.size == 100005);
    CHECK(account().allocations < 15);
    out.truncate(2);
    CHECK(buffer.text() == "held xx");
    CHECK(out.view() == crdtd::Bytes("xx"));
    crdtd::Writer writer(out);
    writer.varint(300);
    CHECK(out.size() == 4);
  }
  CHECK(account().blocks.empty());
  CHECK(account().breaches == 0);
}

TEST_CASE("sdk plugin: an output that found no memory stays failed and keeps the old block", "[unit][sdk_plugin]") {
  HostScope host;
  Buffer buffer;
  crdtd::Output out(&buffer.raw);
  out.append(std::string(64, 'a'));
  account().allowed = 0;
  out.push('b');
  CHECK(out.failed());
  CHECK_THROWS_AS(out.extend(1), std::bad_alloc);
  account().allowed = -1;
  out.push('c');
  CHECK(buffer.text() == std::string(64, 'a'));
}

TEST_CASE("sdk plugin: an unwanted output swallows everything, also through a writer", "[unit][sdk_plugin]") {
  HostScope host;
  {
    crdtd::Output out(nullptr);
    out.append("text");
    crdtd::Writer writer(out);
    writer.block(std::string(1000, 'x'));
    writer.u64(1);
    CHECK_FALSE(out.failed());
    CHECK(out.size() == 0);
    CHECK(out.prepare(3) == nullptr);
  }
  CHECK(account().blocks.empty());
}

TEST_CASE("sdk plugin: blocks are aligned, tell the host their size and go back", "[unit][sdk_plugin]") {
  HostScope host;
  for (std::size_t alignment = 1; alignment <= 4096; alignment *= 2) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{17}, std::size_t{5000}}) {
      void* block = crdtd::detail::allocate(size, alignment);
      REQUIRE(block != nullptr);
      CHECK(reinterpret_cast<std::uintptr_t>(block) % (alignment < 16 ? 16 : alignment) == 0);
      std::memset(block, 0x5a, size);
      crdtd::detail::release(block);
    }
  }
  CHECK(account().blocks.empty());
  CHECK(account().breaches == 0);
  CHECK(crdtd::detail::allocate(UINT32_MAX) == nullptr);
  CHECK(crdtd::detail::allocate(SIZE_MAX - 8) == nullptr);
  CHECK_THROWS_AS(crdtd::detail::allocate_or_fail(SIZE_MAX), std::bad_alloc);
  crdtd::detail::release(nullptr);
}

TEST_CASE("sdk plugin: a block goes back to where it came from, before and after the host", "[unit][sdk_plugin]") {
  crdtd::detail::host_table = nullptr;
  void* early = crdtd::detail::allocate(10);
  REQUIRE(early != nullptr);
  {
    HostScope host;
    crdtd::detail::release(early);
    CHECK(account().breaches == 0);
    void* late = crdtd::detail::allocate(10);
    crdtd::detail::host_table = nullptr;
    crdtd::detail::release(late);  // the host is gone: its functions must not be called
    CHECK(account().blocks.size() == 1);
    for (const auto& [block, size] : account().blocks) std::free(block);
    account().blocks.clear();
  }
}
