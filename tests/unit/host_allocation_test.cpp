// What the wrappers allocate, and what happens when they cannot: this program's operator new counts, and fails on demand.
#include <catch2/catch.hpp>

#include <cstdlib>
#include <new>
#include <utility>

#include "host/crdt_type.hpp"
#include "host/storage.hpp"
#include "host_fake_storage.hpp"
#include "host_fake_type.hpp"

namespace {

std::size_t allocations = 0;
bool memory_is_gone = false;

}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  void* block = memory_is_gone ? nullptr : std::malloc(size);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return memory_is_gone ? nullptr : std::malloc(size);
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }

using namespace crdtd::host;
using namespace host_test;

TEST_CASE("crdt type: a call allocates only the strings that it returns", "[unit][host]") {
  fake = {};
  const auto table = make_fake_table();
  const CrdtType type("todo", table, {2}, {});
  auto state = type.create();
  REQUIRE(state);
  const std::string text(100, 'x');
  fake.mutate = [&](const auto&, const auto&, crdtd_mutate_out& out, auto&) -> crdtd_status {
    out.counters_used = 1;
    put(*out.delta, text);
    put(*out.effect, text);
    return CRDTD_OK;
  };
  fake.merge = [&](const auto&, const auto&, crdtd_merge_out& out, auto&) -> crdtd_status {
    out.changed = 1;
    put(*out.effect, text);
    return CRDTD_OK;
  };
  MutateInput mutate;
  mutate.want_effect = true;
  MergeInput merge;
  merge.format = 2;
  merge.want_effect = true;
  REQUIRE(state->mutate(mutate));
  auto before = allocations;
  auto mutated = state->mutate(mutate);
  CHECK(allocations - before == 2);
  before = allocations;
  auto merged = state->merge(merge);
  CHECK(allocations - before == 1);
  CHECK(mutated->delta == text);
  CHECK(merged->effect_json == text);
}

TEST_CASE("crdt type: a state whose outputs cannot be copied is spoilt", "[unit][host]") {
  fake = {};
  const auto table = make_fake_table();
  const CrdtType type("todo", table, {2}, {});
  auto state = type.create();
  REQUIRE(state);
  fake.mutate = [](const auto&, const auto&, crdtd_mutate_out& out, auto&) -> crdtd_status {
    out.counters_used = 1;
    put(*out.delta, std::string(100, 'x'));
    memory_is_gone = true;
    return CRDTD_OK;
  };
  fake.merge = [](const auto&, const auto&, crdtd_merge_out& out, auto&) -> crdtd_status {
    put(*out.effect, std::string(100, 'x'));
    memory_is_gone = true;
    return CRDTD_OK;
  };
  const bool merging = GENERATE(false, true);
  MergeInput merge;
  merge.format = 2;
  merge.want_effect = true;
  bool thrown = false;
  try {
    if (merging) {
      (void)state->merge(merge);
    } else {
      (void)state->mutate({});
    }
  } catch (const std::bad_alloc&) {
    thrown = true;
  }
  memory_is_gone = false;
  CHECK(thrown);
  CHECK(state->spoilt());
}

TEST_CASE("storage: no exception of a sink crosses the plugin", "[unit][host]") {
  store_fake = {};
  const auto backend = make_fake_backend();
  auto store = Store::open(backend, "{}", "/");
  REQUIRE(store);
  auto session = store->open_session(SessionMode::kRead);
  REQUIRE(session);
  crdtd_status first = CRDTD_OK, second = CRDTD_OK;
  const std::string type(100, 't');
  store_fake.read = [&](const auto&, const auto&, const crdtd_load_sink& sink, auto&) -> crdtd_status {
    const crdtd_doc_head head{sizeof head, 0, 1, 0, 1, 0, bytes(type)};
    memory_is_gone = true;
    first = sink.head(sink.user, &head);
    memory_is_gone = false;
    second = sink.head(sink.user, &head);  // a plugin that goes on is not listened to
    return CRDTD_OK;
  };
  bool thrown = false;
  try {
    (void)session->load({"t", "d"});
  } catch (const std::bad_alloc&) {
    thrown = true;
  }
  CHECK(thrown);
  CHECK(first == CRDTD_INTERNAL);
  CHECK(second == CRDTD_INTERNAL);
}
