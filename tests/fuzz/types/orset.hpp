// The observed-remove set beside its model.
#pragma once

#include "models/orset_model.hpp"
#include "orset/orset.hpp"
#include "type_fuzzing.hpp"

namespace crdtd_fuzz {

struct Fuzzed {
  using Type = crdtd::orset::OrSet;
  using Model = crdtd_test::SetModel;
  static constexpr bool kNeedsCauses = true;  // a row that comes too early is GAP, never taken
  static crdtd_test::SetOp draw_op(Input& in) {
    using Op = crdtd_test::SetOp;
    const std::size_t kind = in.roll(12);
    if (kind < 6) return {Op::kAdd, {draw_value(in)}};
    if (kind < 11) return {Op::kRemove, {draw_value(in)}};
    Op assign{Op::kAssign, {}};
    for (std::size_t i = in.roll(4); i > 0; --i) assign.elems.push_back(draw_value(in));
    return assign;
  }
};

}  // namespace crdtd_fuzz
