// The built-in types against their slow models, over random histories; and the laws that random histories rarely meet.
#include <catch2/catch.hpp>
#include <random>
#include <string>

#include "crdtd/plugin/type_table.hpp"
#include "lww/lww.hpp"
#include "models/history.hpp"
#include "models/lww_model.hpp"
#include "models/orset_model.hpp"
#include "orset/orset.hpp"

using namespace crdtd_test;

namespace {

const crdtd_crdt_type kSet = crdtd::detail::type_table<crdtd::orset::OrSet>("orset", 1, 1);
const crdtd_crdt_type kRegister = crdtd::detail::type_table<crdtd::lww::Lww>("lww", 1, 1);

// Few elements, so that they meet often; of all kinds, and long enough to leave the slots' own room.
std::string draw_value(std::mt19937_64& dice) {
  static const std::string kLong(50, 'x');
  static const std::string kValues[] = {"\"a\"",
                                        "\"a!\"",
                                        "\"b\"",
                                        "\"\"",
                                        "1",
                                        "0.5",
                                        "null",
                                        "[1,2]",
                                        R"({"k":"v"})",
                                        "\"" + kLong + "1\"",
                                        "\"" + kLong + "2\"",
                                        "\"\\n\"",
                                        "\"\xC3\xA9\""};
  return kValues[dice() % std::size(kValues)];
}

SetOp draw_set_op(std::mt19937_64& dice) {
  const auto kind = dice() % 12;
  if (kind < 6) return {SetOp::kAdd, {draw_value(dice)}};
  if (kind < 11) return {SetOp::kRemove, {draw_value(dice)}};
  SetOp assign{SetOp::kAssign, {}};
  for (auto i = dice() % 4; i > 0; --i) assign.elems.push_back(draw_value(dice));
  return assign;
}

RegisterOp draw_register_op(std::mt19937_64& dice) {
  RegisterOp op{draw_value(dice), 0, dice() % 5 == 0};
  if (dice() % 3 == 0) op.stamp = 900 + dice() % 400;  // around the clocks of the histories
  return op;
}

}  // namespace

TEST_CASE("orset: agrees with its model over random histories", "[conformance][orset]") {
  run_histories<SetModel>(kSet, 500, draw_set_op);
}

TEST_CASE("lww: agrees with its model over random histories", "[conformance][lww]") {
  run_histories<RegisterModel>(kRegister, 500, draw_register_op);
}
