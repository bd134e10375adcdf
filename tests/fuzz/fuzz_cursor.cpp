// Cursors as they come back from clients.
//
//   - A text is taken exactly when it is what the server writes for the cursor that it reads.
//   - Any cursor, written and read, is itself; texts of different cursors differ.
#include "document/cursor.hpp"
#include "oracle.hpp"

using namespace crdtd::document;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const crdtd_fuzz::Exact exact({reinterpret_cast<const char*>(data), size});
  if (const auto cursor = parse_cursor(exact.view())) {
    FUZZ_CHECK(cursor_text(*cursor) == exact.view(), "a cursor has one text", cursor_text(*cursor));
  }
  crdtd_fuzz::Input in(exact.view());
  const Cursor cursor{in.number(8), in.number(8), in.number(8), static_cast<std::uint32_t>(in.number(4))};
  std::string text = cursor_text(cursor);
  FUZZ_CHECK(parse_cursor(text) == cursor, "a cursor comes back as it went", text);
  // Changed anywhere, it is refused or another cursor, never the same one.
  const std::size_t at = in.byte() % text.size();
  const char other = static_cast<char>(in.byte());
  if (other == text[at]) return 0;
  text[at] = other;
  FUZZ_CHECK(parse_cursor(text) != cursor, "two texts are never the same cursor", text);
  text.pop_back();
  FUZZ_CHECK(!parse_cursor(text), "a cursor that is cut is refused", text);
  return 0;
}
