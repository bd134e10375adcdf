// A problem as it goes to the client: what happened to this request, written as RFC 9457 application/problem+json.
//
// Plain values: no state, any thread. The writer escapes everything it is given.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "crdtd/wire/problem.hpp"

namespace crdtd::wire {

struct Problem {
  ProblemCode code = ProblemCode::kInternal;
  std::string detail;                // one sentence: what was wrong, what was wanted
  std::string pointer;               // JSON pointer into the request body; empty if it does not apply
  std::int64_t value = 0;            // clock-drift: offset_ns; gap: expected; limits: limit; 0 = not said
  std::vector<std::string> enabled;  // type-not-enabled: the types that are
};

inline Problem make_problem(ProblemCode code, std::string detail, std::string pointer = {}, std::int64_t value = 0) {
  return Problem{code, std::move(detail), std::move(pointer), value, {}};
}

// Appends the JSON object. `instance` is a URI that names this occurrence; empty leaves it out.
void append_problem(std::string& out, const Problem& problem, std::string_view instance);

// The problem whose slug is `slug`; null if there is none.
const ProblemInfo* find_problem(std::string_view slug);

// Help pages, made from the table: one problem, or all of them.
std::string problem_page_html(const ProblemInfo& info);
std::string problem_page_json(const ProblemInfo& info);
std::string problem_list_html();
std::string problem_list_json();

}  // namespace crdtd::wire
