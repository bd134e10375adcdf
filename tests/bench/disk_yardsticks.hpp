// What the disk allows: the server's own bytes, committed without a server. All of it on the disk that the server's data is on
// (the temporary folder: TMPDIR).
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace crdtd::bench {

// As many rows go into one commit as there are connections: more the server cannot have waiting.
constexpr std::size_t kGroup = 64;

// The records of the log of a stopped server's database, at most `records_max`. Throws when there are none.
std::vector<std::string> log_records(const std::string& database, std::size_t records_max);

// Rows a second of a bare SQLite loop: the log's table and the server's pragmas (WAL, synchronous=FULL, a checkpoint at 16 MiB),
// one prepared insert a row, `records` in turn, one transaction for each kGroup.
double sqlite_rows_per_second(const std::vector<std::string>& records, std::chrono::nanoseconds time);

// Rows a second of the same bytes appended to a bare file: one write and one fdatasync for each kGroup.
double file_rows_per_second(const std::vector<std::string>& records, std::chrono::nanoseconds time);

// The median of one 4 KiB append with its fdatasync, in microseconds.
double fdatasync_us(std::chrono::nanoseconds time);

}  // namespace crdtd::bench
