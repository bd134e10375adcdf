// Lets a Writer, or anything that wants a ByteSink, write to an Output: collects up to 64 KiB and hands it over.
//
// Call flush() at the end; what was not flushed is lost. Lifetime: within that of the Output.
#pragma once

#include <cstdint>

#include "crdtd/plugin/byte_buffer.hpp"
#include "crdtd/plugin/output.hpp"

namespace crdtd {

class OutputSink {
 public:
  explicit OutputSink(Output& out) noexcept : out_(out) {}
  OutputSink(const OutputSink&) = delete;
  OutputSink& operator=(const OutputSink&) = delete;

  std::uint8_t* extend(std::size_t size) {
    if (held_.size() + size > kHeldMax) flush();
    return held_.extend(size);
  }
  void flush() {
    out_.append(held_.view());
    held_.reset(kHeldMax);
  }

 private:
  static constexpr std::size_t kHeldMax = 64 * 1024;

  Output& out_;
  ByteBuffer held_;
};

}  // namespace crdtd
