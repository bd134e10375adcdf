// The one error of the core: a stable code, a sentence for a person, and where it happened.
//
// Errors are made for whoever caused them: the code feeds the HTTP status, the retry advice and the clients' unions (see
// crdtd/wire/problem.hpp). Our own bugs are not errors but assertions (assert.hpp).
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "crdtd/wire/problem.hpp"

namespace crdtd::base {

using Code = wire::ProblemCode;

struct Error {
  Code code = Code::kInternal;
  std::string detail;      // one sentence: what was wrong, what was wanted
  std::string pointer;     // JSON pointer into the request body, "/ops/3/elem"; empty if it does not apply
  std::int64_t value = 0;  // clock-drift: offset in ns; limits: the limit; gap: the counter expected
};

inline Error make_error(Code code, std::string detail) { return Error{code, std::move(detail), {}, 0}; }

}  // namespace crdtd::base
