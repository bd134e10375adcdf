// What an op costs beside its document's size: a set of a given size on a server of its own, to which elements that it holds are
// added again, so that it stays as large as it is.
#pragma once

#include <cstdint>

#include "server_process.hpp"

namespace crdtd::bench {

struct OpCost {
  double server_cpu_us = 0;
  double log_bytes = 0;      // what the document's log got: the delta and its author's name
  double written_bytes = 0;  // to the disk, with all that the storage does around it, checkpoints included
};

class SizedDocument {
 public:
  // Starts a server and fills the document with `elements` (a power of ten, 10 at least).
  explicit SizedDocument(std::uint64_t elements);

  // Of one op, over at least `ops_min` of them. Checkpoints come after a share of the document has been written as log: rarely
  // when it is large. So whole periods are measured, else the figure would depend on where in one it began.
  OpCost measure(std::uint64_t ops_min);

 private:
  void fill() const;
  double log_bytes_of_an_op() const;
  double log_bytes_between_checkpoints() const;

  std::uint64_t elements_;
  ServerProcess server_;
};

}  // namespace crdtd::bench
