// Follows a document's log row by row and finds what does not fit: versions without holes, the running check, the counters of
// every replica without holes, and at the end the known table.
//
// Memory: one entry a replica, as in the known table itself; rows are not kept. Threads: one.
// A row of count 0 is a heal: it may bring counters of any replica without naming them. Behind it counters and chains that were
// not seen from their beginning are taken as they come.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ctl/findings.hpp"
#include "host/row.hpp"
#include "host/storage.hpp"

namespace crdtd::ctl {

class LogAudit {
 public:
  // The log is read from the row after `version` on, whose check is `check` where it is known. A `version` of 0 is the beginning.
  LogAudit(Findings& findings, std::uint64_t version, std::optional<std::uint32_t> check)
      : findings_(findings), version_(version), check_(check), whole_(version == 0) {}

  // The next row. `stated`: the check that is stored with it, where it can be seen.
  void take(const host::Row& row, std::optional<std::uint32_t> stated);
  // What the log's check is said to be at `version`; compared when the audit stands there.
  void expect_check(std::uint64_t version, std::uint32_t stated, const std::string& where);
  // At the head: the table holds, for every replica, the last counter and the chain that the rows give.
  void compare_known(const std::vector<host::Known>& known);

  std::uint64_t version() const noexcept { return version_; }
  std::optional<std::uint32_t> check() const noexcept { return check_; }
  std::uint64_t rows() const noexcept { return rows_; }
  std::uint64_t hlc_unix_ns() const noexcept { return hlc_unix_ns_; }  // greatest so far

 private:
  struct Track {
    std::uint64_t counter = 0;           // last one seen
    std::optional<std::uint64_t> chain;  // where it could be followed from counter 1
    std::string node;
    std::uint64_t first_version = 0;
  };
  void take_check(const host::Row& row, std::optional<std::uint32_t> stated);
  void take_dots(const host::Row& row);

  Findings& findings_;
  std::uint64_t version_;
  std::optional<std::uint32_t> check_;
  std::optional<std::uint32_t> computed_;  // where the last row's own check was another
  bool whole_;                             // the log was seen from row 1, and no heal since
  std::uint64_t rows_ = 0;
  std::uint64_t hlc_unix_ns_ = 0;
  std::map<std::uint64_t, Track> replicas_;
};

}  // namespace crdtd::ctl
