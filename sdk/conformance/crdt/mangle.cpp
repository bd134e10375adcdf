#include "crdt/mangle.hpp"

#include <algorithm>

#include "crdtd/plugin/json.hpp"

namespace crdtd::conformance {
namespace {

struct Member {
  std::string key;  // with its quotes
  std::string value;
};

std::vector<Member> members_of(const std::string& op) {
  std::vector<Member> all;
  JsonCursor cursor(op);
  if (!cursor.consume('{') || cursor.consume('}')) return all;
  do {
    ByteBuffer key, value;
    if (!cursor.string(key) || !cursor.consume(':') || !cursor.value(value)) break;
    all.push_back({std::string(key.view()), std::string(value.view())});
  } while (cursor.consume(','));
  return all;
}

}  // namespace

const std::vector<std::string>& texts_that_are_no_ops() {
  static const std::vector<std::string> kTexts = {"",      "[",     "[{]",           "nul",  "{}",
                                                  "\"x\"", "7",     "[{\"a\":1,}]",  "[1,]", "[\"\xFF\"]",
                                                  "[]]",   "[] []", "[\"\\ud800\"]", "[01]", std::string("[]\0", 3)};
  return kTexts;
}

std::string mangled_op(const std::string& op, Dice& dice) {
  std::vector<Member> members = members_of(op);
  const std::size_t at = members.empty() ? 0 : roll(dice, members.size());
  switch (members.empty() ? 3 : roll(dice, 4)) {
    case 0:
      members[at].value = nth_value(roll(dice, 24));
      break;
    case 1:
      members.erase(members.begin() + static_cast<std::ptrdiff_t>(at));
      break;
    case 2:
      members[at].key.insert(1, "crdtd-no-such-");
      break;
    default:
      members.push_back({"\"crdtd-no-such-field\"", "1"});
      break;
  }
  std::string text;
  for (const Member& member : members) text.append(text.empty() ? "" : ",").append(member.key).append(":").append(member.value);
  return "{" + text + "}";
}

std::string mangled_bytes(std::string bytes, Dice& dice) {
  if (bytes.empty()) return std::string(1, static_cast<char>(roll(dice, 256)));
  const std::size_t at = roll(dice, bytes.size());
  switch (roll(dice, 6)) {
    case 0:
    case 1:
      bytes.resize(at);
      break;
    case 2:
    case 3:
      bytes[at] = static_cast<char>(static_cast<unsigned char>(bytes[at]) ^ (1U << roll(dice, 8)));
      break;
    case 4:
      bytes[at] = static_cast<char>(roll(dice, 2) == 0 ? 0xFF : roll(dice, 256));
      break;
    default:
      bytes.insert(at, std::string(1 + roll(dice, 9), bytes[at]));
      break;
  }
  return bytes;
}

}  // namespace crdtd::conformance
