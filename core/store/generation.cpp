#include "store/generation.hpp"

#include <charconv>
#include <string>

namespace crdtd::store {
namespace {

constexpr std::string_view kName = "generation";

}  // namespace

host::StorageResult<std::uint64_t> open_generation(host::Store& store, base::Random& random) {
  auto session = store.open_session(host::SessionMode::kWrite);
  if (!session) return std::move(session).error();
  auto text = session->meta_get(kName);
  if (text) {
    std::uint64_t generation = 0;
    const char* end = text->data() + text->size();
    const auto parsed = std::from_chars(text->data(), end, generation, 16);
    if (parsed.ec != std::errc{} || parsed.ptr != end) {
      return host::StorageError{host::StorageStatus::kCorrupt, "the store's generation is unreadable: '" + *text + "'", {}, 0};
    }
    return generation;
  }
  if (text.error().status != host::StorageStatus::kNotFound) return std::move(text).error();
  const std::uint64_t generation = random.next_u64();
  char digits[17];
  const auto end = std::to_chars(digits, digits + sizeof digits, generation, 16).ptr;
  if (auto put = session->meta_put(kName, std::string_view(digits, static_cast<std::size_t>(end - digits))); !put) {
    return std::move(put).error();
  }
  return generation;
}

}  // namespace crdtd::store
