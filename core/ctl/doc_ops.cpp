// crdtctl doc ops: the rows of a document's log.
#include "ctl/document_source.hpp"
#include "ctl/listing.hpp"
#include "ctl/verbs.hpp"

namespace crdtd::ctl {
namespace {

// "00000000000000a1:7×3": three counters of that replica, from 7 on.
std::string dots_text(const host::Row& row) {
  return hex16(row.replica) + ':' + std::to_string(row.first_counter) + "×" + std::to_string(row.count);
}

Listing rows_of(const LogPage& page, bool with_delta) {
  Listing rows({{"version", "VERSION", true},
                {"dot", "", false},
                {"count", "", true},
                {"dots", "DOTS", false},
                {"node", "NODE", false},
                {"hlc_unix_ns", "", false},
                {"time", "TIME", false},
                {"format", "FORMAT", true},
                {"delta_bytes", "BYTES", true},
                {"key", "KEY", false},
                {"check", "CHECK", false},
                {"delta_hex", "", false},
                {"ops", with_delta ? "DELTA" : "", false}});
  for (const auto& [row, has_check, ops_json] : page.rows) {
    const auto dot = hex16(row.replica) + ':' + std::to_string(row.first_counter);
    rows.add({Cell::of(row.version), Cell::of(dot), Cell::of(std::uint64_t{row.count}), Cell::of(dots_text(row)),
              Cell::of(row.node), Cell::of(std::to_string(row.hlc_unix_ns)), Cell::of(utc_text(row.hlc_unix_ns)),
              Cell::of(std::uint64_t{row.format}), Cell::of(std::uint64_t{row.delta.size()}),
              row.key.empty() ? Cell::none() : Cell::of(row.key), has_check ? Cell::of(hex8(row.check)) : Cell::none(),
              Cell::of(hex_bytes(row.delta)), with_delta && !ops_json.empty() ? Cell::raw(ops_json) : Cell::none()});
  }
  return rows;
}

}  // namespace

Outcome<ExitCode> doc_ops(const DocOps& command, Console& console) {
  auto source = open_source(command.place, console.environment, command.delta ? TypesWanted::kYes : TypesWanted::kNo);
  if (!source) return source.error();
  const auto page = (*source)->rows(command.id, command.since, command.limit);
  if (!page) return page.error();
  const auto rows = rows_of(*page, command.delta);
  if (command.output == OutputFormat::kJson) {
    Sheet sheet;
    sheet.add("id", "", Cell::of(command.id));
    sheet.add("type", "", Cell::of(page->type));
    sheet.add("rows", "", Cell::raw(rows.json()));
    sheet.add("version", "", Cell::of(page->version));
    sheet.add("cursor", "", Cell::of(page->cursor));
    sheet.add("head", "", Cell::of(page->head));
    console.out << sheet.json() << '\n';
    return kExitOk;
  }
  rows.print_table(console.out);
  if (page->version < page->head) {
    console.err << "more: the head is " << page->head << "; go on with --since " << printable(page->cursor) << '\n';
  }
  return kExitOk;
}

}  // namespace crdtd::ctl
