// Makes bad input of good: ops that say something else, texts that are no ops, bytes that were cut or changed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "crdt/op_templates.hpp"

namespace crdtd::conformance {

// Texts that are no JSON array: every type refuses them.
const std::vector<std::string>& texts_that_are_no_ops();

// `op`, with a field of another JSON type, without one, with one too many. A type may take some of them.
std::string mangled_op(const std::string& op, Dice& dice);

// `bytes`, cut, with bits changed, bytes exchanged, repeated or added.
std::string mangled_bytes(std::string bytes, Dice& dice);

}  // namespace crdtd::conformance
