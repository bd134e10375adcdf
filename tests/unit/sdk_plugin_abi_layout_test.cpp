// The layout as a C++20 compiler sees it; the assertions are static.
#include "sdk_plugin_abi_layout.h"

#include <catch2/catch.hpp>

TEST_CASE("sdk abi: the C and C++ layouts are the promised ones", "[unit][sdk_abi]") {
  CHECK(sizeof(void*) == 8);  // the offsets are those of a 64-bit machine
  CHECK(CRDTD_ABI_MAJOR == 1);
}
