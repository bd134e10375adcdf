// crdtctl doc get: one document's value, or its encoded state into a file.
#include <cerrno>
#include <cstring>
#include <fstream>

#include "crdtd/wire/snapshot.hpp"
#include "ctl/document_source.hpp"
#include "ctl/listing.hpp"
#include "ctl/verbs.hpp"

namespace crdtd::ctl {
namespace {

Outcome<void> write_file(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) return Failure{kExitFailed, "cannot write " + path + ": " + std::strerror(errno)};
  return {};
}

Outcome<ExitCode> save_encoded(DocumentSource& source, const DocGet& command, Console& console) {
  const auto state = source.encoded(command.id, command.version);
  if (!state) return state.error();
  wire::SnapshotView view{state->type, state->format, state->version, state->cursor, {}, state->encoded};
  for (const auto& known : state->known) view.known.push_back({known.replica, known.counter, known.chain, known.node});
  std::string bytes;
  wire::append_snapshot(bytes, view);
  if (auto written = write_file(command.encoded_file, bytes); !written) return written.error();
  Sheet sheet;
  sheet.add("id", "id", Cell::of(command.id));
  sheet.add("type", "type", Cell::of(state->type));
  sheet.add("version", "version", Cell::of(state->version));
  sheet.add("cursor", "cursor", Cell::of(state->cursor));
  sheet.add("format", "format", Cell::of(std::uint64_t{state->format}));
  sheet.add("encoded_bytes", "encoded bytes", Cell::of(std::uint64_t{state->encoded.size()}));
  sheet.add("file", "file", Cell::of(command.encoded_file));
  if (command.output == OutputFormat::kJson) {
    console.out << sheet.json() << '\n';
  } else {
    sheet.print_table(console.out);
  }
  return kExitOk;
}

}  // namespace

Outcome<ExitCode> doc_get(const DocGet& command, Console& console) {
  auto source = open_source(command.place, console.environment, TypesWanted::kYes);
  if (!source) return source.error();
  if (!command.encoded_file.empty()) return save_encoded(**source, command, console);
  const auto read = (*source)->read(command.id, command.version, command.query);
  if (!read) return read.error();
  if (command.raw) {
    console.out << read->value_json << '\n';
    return kExitOk;
  }
  Sheet sheet;
  sheet.add("id", "id", Cell::of(command.id));
  sheet.add("type", "type", Cell::of(read->type));
  sheet.add("version", "version", Cell::of(read->version));
  sheet.add("cursor", "cursor", Cell::of(read->cursor));
  sheet.add("value", "", Cell::raw(read->value_json));
  if (command.output == OutputFormat::kJson) {
    console.out << sheet.json() << '\n';
    return kExitOk;
  }
  sheet.print_table(console.out);
  console.out << '\n' << pretty_json(read->value_json) << '\n';
  return kExitOk;
}

}  // namespace crdtd::ctl
