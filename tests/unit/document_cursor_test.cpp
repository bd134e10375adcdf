#include <catch2/catch.hpp>

#include "document/cursor.hpp"
#include "virtual_world.hpp"

using namespace crdtd;
using namespace crdtd::document;

TEST_CASE("cursor: what is written is read", "[unit][document]") {
  testing::SeededRandom random(testing::test_seed("cursor", 7));
  for (int i = 0; i < 1000; ++i) {
    const Cursor cursor{random.next_u64(), random.next_u64(), random.next_u64(), static_cast<std::uint32_t>(random.next_u64())};
    CHECK(parse_cursor(cursor_text(cursor)) == cursor);
  }
  const Cursor zero;
  CHECK(parse_cursor(cursor_text(zero)) == zero);
  const Cursor most{~0ULL, ~0ULL, ~0ULL, ~0u};
  CHECK(parse_cursor(cursor_text(most)) == most);
}

TEST_CASE("cursor: nothing is accepted that would not be written", "[unit][document]") {
  const Cursor cursor{0x0123456789ABCDEF, 0xFEDCBA9876543210, 42, 0xDEADBEEF};
  const auto text = cursor_text(cursor);
  for (std::size_t size = 0; size < text.size(); ++size) CHECK_FALSE(parse_cursor(text.substr(0, size)));
  for (std::size_t from = 1; from < text.size(); ++from) CHECK_FALSE(parse_cursor(text.substr(from)));
  CHECK_FALSE(parse_cursor(text + "A"));
  CHECK_FALSE(parse_cursor(text + "="));
  CHECK_FALSE(parse_cursor(std::string(1'000'000, 'A')));
  // Any byte at any place: either refused, or exactly another cursor.
  unsigned accepted = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      auto changed = text;
      changed[at] = static_cast<char>(byte);
      const auto parsed = parse_cursor(changed);
      if (!parsed) continue;
      ++accepted;
      CHECK(cursor_text(*parsed) == changed);
      CHECK((*parsed == cursor) == (changed == text));
    }
  }
  CHECK(accepted > text.size() * 32);
  for (const char* junk : {"", "AQ", "0", "1", "-1", "null", "\"\""}) CHECK_FALSE(parse_cursor(junk));
}
