// snapshot = magic layout:u32 format:u32 version:u64 type:bytes cursor:bytes count:u32 known*count encoded:bytes; see
// SNAPSHOT.md.
#include "crdtd/wire/snapshot.hpp"

namespace crdtd::wire {
namespace {

constexpr std::string_view kMagic = "crdtsnap";
constexpr std::uint32_t kLayout = 1;
constexpr std::size_t kKnownBytesMin = 3 * 8 + 4;

template <class Number>
void append_le(std::string& out, Number number) {
  for (std::size_t i = 0; i < sizeof number; ++i) out += static_cast<char>(number >> (8 * i) & 0xFF);
}

void append_bytes(std::string& out, std::string_view bytes) {
  append_le(out, static_cast<std::uint32_t>(bytes.size()));
  out += bytes;
}

class Reader {
 public:
  explicit Reader(std::string_view rest) : rest_(rest) {}

  template <class Number>
  Number number() {
    const auto raw = take(sizeof(Number));
    Number result = 0;
    for (std::size_t i = 0; i < raw.size(); ++i) result |= static_cast<Number>(static_cast<unsigned char>(raw[i])) << (8 * i);
    return result;
  }
  std::string_view bytes() { return take(number<std::uint32_t>()); }
  std::string_view take(std::size_t size) {
    if (size > rest_.size()) ok_ = false;
    if (!ok_) return {};
    const auto taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  std::size_t left() const { return rest_.size(); }
  bool ok() const { return ok_; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace

void append_snapshot(std::string& out, const SnapshotView& snapshot) {
  out.reserve(out.size() + 128 + snapshot.encoded.size() + snapshot.known.size() * 64);
  out += kMagic;
  append_le(out, kLayout);
  append_le(out, snapshot.format);
  append_le(out, snapshot.version);
  append_bytes(out, snapshot.type);
  append_bytes(out, snapshot.cursor);
  append_le(out, static_cast<std::uint32_t>(snapshot.known.size()));
  for (const auto& known : snapshot.known) {
    append_le(out, known.replica);
    append_le(out, known.counter);
    append_le(out, known.chain);
    append_bytes(out, known.node);
  }
  append_bytes(out, snapshot.encoded);
}

std::optional<SnapshotView> read_snapshot(std::string_view bytes) {
  Reader reader(bytes);
  SnapshotView snapshot;
  if (reader.take(kMagic.size()) != kMagic || reader.number<std::uint32_t>() != kLayout) return {};
  snapshot.format = reader.number<std::uint32_t>();
  snapshot.version = reader.number<std::uint64_t>();
  snapshot.type = reader.bytes();
  snapshot.cursor = reader.bytes();
  const auto count = reader.number<std::uint32_t>();
  if (!reader.ok() || count > reader.left() / kKnownBytesMin) return {};
  snapshot.known.resize(count);
  for (auto& known : snapshot.known) {
    known.replica = reader.number<std::uint64_t>();
    known.counter = reader.number<std::uint64_t>();
    known.chain = reader.number<std::uint64_t>();
    known.node = reader.bytes();
  }
  snapshot.encoded = reader.bytes();
  if (!reader.ok() || reader.left() > 0) return {};
  return snapshot;
}

}  // namespace crdtd::wire
