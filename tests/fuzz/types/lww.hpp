// The last-writer-wins register beside its model.
#pragma once

#include "lww/lww.hpp"
#include "models/lww_model.hpp"
#include "type_fuzzing.hpp"

namespace crdtd_fuzz {

struct Fuzzed {
  using Type = crdtd::lww::Lww;
  using Model = crdtd_test::RegisterModel;
  static crdtd_test::RegisterOp draw_op(Input& in) {
    const std::size_t kind = in.roll(8);
    crdtd_test::RegisterOp op{draw_value(in), 0, kind == 0};
    if (kind > 5) op.stamp = 900 + in.roll(250);  // around the clocks of a trace
    return op;
  }
};

}  // namespace crdtd_fuzz
