// crdtctl doc verify: proves one document, or all of a tenant, and names what does not fit.
#include <algorithm>
#include <functional>
#include <memory>
#include <set>
#include <utility>

#include "crdtd/abi/plugin.h"
#include "ctl/audit.hpp"
#include "ctl/listing.hpp"
#include "ctl/plugin_folder.hpp"
#include "ctl/verbs.hpp"

namespace crdtd::ctl {
namespace {

constexpr std::uint32_t kListPage = 500;

using ListPage = std::function<Outcome<std::vector<std::string>>(const std::string& after)>;
using AuditOne = std::function<Outcome<Audited>(const std::string& id)>;

Listing findings_of(const Findings& findings) {
  Listing rows({{"what", "", false}, {"where", "", false}, {"expected", "", false}, {"found", "", false}});
  for (const auto& finding : findings.kept()) {
    rows.add({Cell::of(finding.what), Cell::of(finding.where), Cell::of(finding.expected), Cell::of(finding.found)});
  }
  return rows;
}

// Prints each document as soon as it is proven, so that a tenant of a million documents needs no more memory than one.
class Report {
 public:
  Report(Console& console, OutputFormat format) : out_(console.out), format_(format) {
    if (format_ == OutputFormat::kJson) out_ << R"({"documents":[)";
  }

  void take(const std::string& id, const Audited& audited) {
    findings_ += audited.findings.count();
    worst_ = std::max(worst_, audited.findings.count() == 0 ? kExitOk : kExitFailed);
    if (format_ == OutputFormat::kJson) return take_json(id, audited);
    const bool sound = audited.findings.count() == 0;
    out_ << (sound ? "ok      " : "NOT OK  ") << printable(id) << "  " << printable(audited.type) << ", version "
         << audited.version << ", " << audited.rows << (audited.rows == 1 ? " row" : " rows") << " from " << audited.first_version
         << " on, " << audited.checkpoints << (audited.checkpoints == 1 ? " encoded state" : " encoded states") << '\n';
    for (const auto& finding : audited.findings.kept()) out_ << "  " << printable(finding.text()) << '\n';
    const auto more = audited.findings.count() - audited.findings.kept().size();
    if (more > 0) out_ << "  and " << more << " more\n";
    ++documents_;
  }
  // The audit could not be made.
  void fail(const std::string& id, const Failure& failure) {
    worst_ = std::max(worst_, failure.code);
    ++failed_;
    if (format_ == OutputFormat::kTable) {
      out_ << "FAILED  " << printable(id) << "  " << printable(failure.message) << '\n';
      return;
    }
    Sheet sheet;
    sheet.add("id", "", Cell::of(id));
    sheet.add("error", "", Cell::of(failure.message));
    out_ << (any_ ? "," : "") << sheet.json();
    any_ = true;
  }
  // What was printed is whole, also when the documents could not be listed to their end.
  Outcome<ExitCode> end_early(const Failure& failure) {
    end();
    return failure;
  }
  ExitCode end() {
    if (format_ == OutputFormat::kJson) {
      out_ << R"(],"verified":)" << documents_ << R"(,"failed":)" << failed_ << R"(,"findings":)" << findings_ << "}\n";
    } else {
      out_ << documents_ << (documents_ == 1 ? " document verified, " : " documents verified, ") << findings_
           << (findings_ == 1 ? " finding" : " findings");
      if (failed_ > 0) out_ << ", " << failed_ << " could not be verified";
      out_ << '\n';
    }
    return worst_;
  }

 private:
  void take_json(const std::string& id, const Audited& audited) {
    Sheet sheet;
    sheet.add("id", "", Cell::of(id));
    sheet.add("type", "", Cell::of(audited.type));
    sheet.add("version", "", Cell::of(audited.version));
    sheet.add("first_version", "", Cell::of(audited.first_version));
    sheet.add("rows", "", Cell::of(audited.rows));
    sheet.add("encoded_states", "", Cell::of(audited.checkpoints));
    sheet.add("finding_count", "", Cell::of(audited.findings.count()));
    sheet.add("findings", "", Cell::raw(findings_of(audited.findings).json()));
    out_ << (any_ ? "," : "") << sheet.json();
    any_ = true;
    ++documents_;
  }

  std::ostream& out_;
  OutputFormat format_;
  bool any_ = false;
  std::uint64_t documents_ = 0;
  std::uint64_t failed_ = 0;
  std::uint64_t findings_ = 0;
  ExitCode worst_ = kExitOk;
};

Outcome<ExitCode> verify(const DocVerify& command, Console& console, const ListPage& list_page, const AuditOne& audit) {
  if (!command.all) {
    const auto audited = audit(command.id);
    if (!audited) return audited.error();
    Report report(console, command.output);
    report.take(command.id, *audited);
    return report.end();
  }
  Report report(console, command.output);
  std::string after;
  for (;;) {
    const auto ids = list_page(after);
    if (!ids) return report.end_early(ids.error());
    for (const auto& id : *ids) {
      const auto audited = audit(id);
      if (audited) {
        report.take(id, *audited);
      } else {
        report.fail(id, audited.error());
      }
    }
    if (ids->size() < kListPage) return report.end();
    after = ids->back();
  }
}

Outcome<ExitCode> verify_store(const DocVerify& command, Console& console) {
  auto settings = read_settings(command.place.config, console.environment);
  if (!settings) return settings.error();
  Configured opened(std::move(*settings));
  if (auto enabled = opened.enable_types(); !enabled) return enabled.error();
  if (auto store = opened.open_store(); !store) return store.error();
  auto session = opened.store().open_session(host::SessionMode::kRead);
  if (!session) return failure_of(session.error(), {});
  const auto types = opened.types();
  const auto& tenant = command.place.tenant;
  const auto list_page = [&](const std::string& after) -> Outcome<std::vector<std::string>> {
    const auto items = session->list(tenant, after, kListPage);
    if (!items) return failure_of(items.error(), {});
    std::vector<std::string> ids;
    for (const auto& item : *items) ids.push_back(item.id);
    return ids;
  };
  return verify(command, console, list_page, [&](const std::string& id) { return audit_stored(*session, types, {tenant, id}); });
}

// The types that a server's documents may be of: as a configuration names them, or all in a folder under their own names.
Outcome<void> enable_types(host::PluginHost& plugins, const std::string& directory) {
  const auto found = find_plugins(directory);
  if (!found) return found.error();
  std::set<std::string> names;
  for (const auto& plugin : *found) {
    if (!plugin.manifest) continue;
    for (const auto& provision : plugin.manifest->provides) {
      if (provision.kind != CRDTD_KIND_CRDT_TYPE || !names.insert(provision.name).second) continue;
      auto enabled = plugins.enable_type({provision.name, provision.name, plugin.file, {}, {}});
      if (!enabled) return Failure{kExitPlugin, enabled.error().detail};
    }
  }
  return {};
}

Outcome<ExitCode> verify_server(const DocVerify& command, Console& console, const document::TypeTable& types) {
  auto server = open_server_source(command.place, console.environment);
  if (!server) return server.error();
  const auto list_page = [&](const std::string& after) -> Outcome<std::vector<std::string>> {
    const auto page = (*server)->list(after, kListPage);
    if (!page) return page.error();
    std::vector<std::string> ids;
    for (const auto& doc : page->docs) ids.push_back(doc.id);
    return ids;
  };
  return verify(command, console, list_page, [&](const std::string& id) { return audit_served(**server, types, id); });
}

}  // namespace

Outcome<ExitCode> doc_verify(const DocVerify& command, Console& console) {
  const auto& place = command.place;
  if (place.url.empty()) return verify_store(command, console);
  if (!place.config.empty()) {
    auto settings = read_settings(place.config, console.environment);
    if (!settings) return settings.error();
    Configured opened(std::move(*settings));
    if (auto enabled = opened.enable_types(); !enabled) return enabled.error();
    return verify_server(command, console, opened.types());
  }
  const auto directory = place.directory.empty() ? default_plugin_directory() : place.directory;
  host::PluginHost plugins(directory);
  if (auto enabled = enable_types(plugins, directory); !enabled) return enabled.error();
  return verify_server(command, console, document::TypeTable(plugins.types()));
}

}  // namespace crdtd::ctl
