// Assertions for our own bugs, also in release: a server that is wrong about itself must not go on acknowledging.
#pragma once

namespace crdtd::base {

[[noreturn]] void assertion_failed(const char* expression, const char* file, int line) noexcept;

}  // namespace crdtd::base

#define CRDTD_ASSERT(expression) \
  (static_cast<bool>(expression) ? static_cast<void>(0) : ::crdtd::base::assertion_failed(#expression, __FILE__, __LINE__))
