// crdtctl doc list: the documents of a tenant, a page at a time.
#include "ctl/document_source.hpp"
#include "ctl/listing.hpp"
#include "ctl/verbs.hpp"

namespace crdtd::ctl {

Outcome<ExitCode> doc_list(const DocList& command, Console& console) {
  auto source = open_source(command.place, console.environment, TypesWanted::kNo);
  if (!source) return source.error();
  const auto page = (*source)->list(command.after, command.limit);
  if (!page) return page.error();
  Listing docs({{"id", "ID", false}, {"type", "TYPE", false}, {"version", "VERSION", true}});
  for (const auto& doc : page->docs) {
    // A store tells a damaged document by a type that is missing.
    docs.add({Cell::of(doc.id), doc.type.empty() ? Cell{"(damaged)", "null"} : Cell::of(doc.type), Cell::of(doc.version)});
  }
  if (command.output == OutputFormat::kJson) {
    Sheet sheet;
    sheet.add("docs", "", Cell::raw(docs.json()));
    sheet.add("next", "", page->next.empty() ? Cell::none() : Cell::of(page->next));
    console.out << sheet.json() << '\n';
    return kExitOk;
  }
  docs.print_table(console.out);
  if (!page->next.empty()) console.err << "more: --after " << printable(page->next) << '\n';
  return kExitOk;
}

}  // namespace crdtd::ctl
