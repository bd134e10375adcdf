// Any bytes as an encoded snapshot, as clients read it.
//
//   - A snapshot has one form: what is read and written again is the same bytes.
//   - What is read lies within the bytes, and nothing longer or shorter is taken.
#include "crdtd/wire/snapshot.hpp"
#include "oracle.hpp"

using namespace crdtd::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const crdtd_fuzz::Exact exact({reinterpret_cast<const char*>(data), size});
  const std::string_view bytes = exact.view();
  const auto snapshot = read_snapshot(bytes);
  if (!snapshot) return 0;
  const auto inside = [&](std::string_view part) {
    return part.empty() || (part.data() >= bytes.data() && part.data() + part.size() <= bytes.data() + bytes.size());
  };
  FUZZ_CHECK(inside(snapshot->type) && inside(snapshot->cursor) && inside(snapshot->encoded),
             "what is read lies within the bytes");
  for (const SnapshotKnown& known : snapshot->known) FUZZ_CHECK(inside(known.node), "what is read lies within the bytes");
  std::string again;
  append_snapshot(again, *snapshot);
  FUZZ_CHECK(again == bytes, "a snapshot has one form", again);
  FUZZ_CHECK(!read_snapshot(bytes.substr(0, bytes.size() - 1)), "a snapshot that is cut is refused");
  FUZZ_CHECK(!read_snapshot(again + '\0'), "nothing follows a snapshot");
  return 0;
}
