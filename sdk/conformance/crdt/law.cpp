#include "crdt/law.hpp"

#include "crdtd/plugin/json.hpp"

namespace crdtd::conformance {

void expect_same(const std::string& what, const std::string& expected, const std::string& came) {
  if (expected == came) return;
  std::string text = what + ": expected " + shown(expected) + ", came " + shown(came);
  std::size_t at = 0;
  while (at < expected.size() && at < came.size() && expected[at] == came[at]) ++at;
  if (at >= 32) text += " (they differ from byte " + std::to_string(at) + " on)";
  throw LawBroken{std::move(text)};
}

void expect_same_state(const std::string& what, const Instance& expected, const Instance& came) {
  expect_same(what + ", encoded", expected.encode(), came.encode());
  expect_same(what + ", value", expected.value(), came.value());
}

bool is_json(const std::string& text) {
  ByteBuffer canonical;
  return canonical_json(text, canonical).text == nullptr;
}

void expect_json(const std::string& what, const std::string& text) {
  ByteBuffer canonical;
  const JsonFault fault = canonical_json(text, canonical);
  if (fault.text == nullptr) return;
  throw LawBroken{what + ": expected JSON, came " + shown(text) + ": " + fault.text + " (byte " + std::to_string(fault.offset) +
                  ")"};
}

std::size_t array_size(const std::string& what, const std::string& text) {
  if (text.empty()) return 0;
  ByteBuffer canonical;
  if (canonical_json(text, canonical).text != nullptr || canonical.view().front() != '[') {
    throw LawBroken{what + ": expected a JSON array, came " + shown(text)};
  }
  std::size_t count = 0;
  for_each_item(canonical.view(), [&](std::string_view) { return ++count, true; });
  return count;
}

}  // namespace crdtd::conformance
