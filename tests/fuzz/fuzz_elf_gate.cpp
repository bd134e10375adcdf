// Any bytes as a plugin's library file.
//
//   - Nothing is read outside the file, and the work stays in proportion to its size.
//   - A refusal is one line. What passes has its manifest somewhere in the file, and a data symbol.
#include "crdtd/loader/elf_gate.hpp"

#include <cstring>

#include "crdtd/loader/manifest.hpp"
#include "oracle.hpp"

using namespace crdtd::loader;

namespace {

class Bytes final : public ByteSource {
 public:
  explicit Bytes(std::string_view bytes) : bytes_(bytes) {}
  std::uint64_t size() const override { return bytes_.size(); }
  bool read(std::uint64_t offset, std::span<std::byte> to) const override {
    FUZZ_CHECK(offset <= bytes_.size() && to.size() <= bytes_.size() - offset, "nothing is asked for outside the file");
    if (!to.empty()) std::memcpy(to.data(), bytes_.data() + offset, to.size());
    read_ += to.size();
    return true;
  }
  std::uint64_t read_bytes() const { return read_; }

 private:
  std::string_view bytes_;
  mutable std::uint64_t read_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const crdtd_fuzz::Exact exact({reinterpret_cast<const char*>(data), size});
  const Bytes file(exact.view());
  const std::string name = "x.so";
  const auto facts = read_elf(name, file);
  // Each section is read once at most, and there is one for every 64 bytes.
  FUZZ_CHECK(file.read_bytes() <= (size + 64) * (size / 64 + 4), "the work is in proportion to the file");
  if (!facts) {
    const std::string line = facts.refusal().to_string();
    FUZZ_CHECK(crdtd_fuzz::is_one_line(line) && line.starts_with("x.so: "), "a refusal is one line", line);
    return 0;
  }
  FUZZ_CHECK(!facts->manifest.empty() && exact.view().find(facts->manifest) != std::string_view::npos,
             "the manifest is the file's own bytes");
  FUZZ_CHECK(facts->entry_size != 0, "there is an entry");
  FUZZ_CHECK(facts->sanitizers.size() <= 3, "the list of sanitizers is bounded");
  const auto manifest = parse_manifest(name, facts->manifest);
  if (!manifest) FUZZ_CHECK(crdtd_fuzz::is_one_line(manifest.refusal().to_string()), "a refusal is one line");
  return 0;
}
