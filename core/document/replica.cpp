#include "document/replica.hpp"

#include <algorithm>
#include <utility>

#include "document/integrity.hpp"

namespace crdtd::document {
namespace {

base::Error damaged(const std::string& what) {
  return base::make_error(base::Code::kQuarantined, "the stored document is damaged: " + what);
}

base::Result<Replica> start_from(const host::CrdtType& type, const host::LoadedDocument& loaded) {
  if (!loaded.checkpoint) {
    auto replica = create_replica(type, loaded.head.birth);
    return replica;
  }
  const auto& checkpoint = *loaded.checkpoint;
  auto state = type.load(checkpoint.encoded, checkpoint.format);
  // The machine's fault, not the bytes'.
  if (!state && state.error().code == base::Code::kInternal) return std::move(state).error();
  if (!state) return damaged("checkpoint " + std::to_string(checkpoint.version) + ": " + state.error().detail);
  Replica replica(type, std::move(*state));
  replica.birth = loaded.head.birth;
  replica.version = checkpoint.version;
  replica.check = checkpoint.check;
  replica.checkpoint_version = checkpoint.version;
  replica.checkpoint_bytes = checkpoint.encoded.size();
  return replica;
}

base::Result<void> apply_row(Replica& replica, const host::Row& row) {
  if (row.version != replica.version + 1) return damaged("row " + std::to_string(replica.version + 1) + " is missing");
  if (check_next(replica.check, row) != row.check) return damaged("the checksum of row " + std::to_string(row.version));
  if (!replica.type->reads_format(row.format)) {
    return damaged("row " + std::to_string(row.version) + " has format " + std::to_string(row.format) + ", unknown to this type");
  }
  host::MergeInput input;
  input.delta = row.delta;
  input.format = row.format;
  input.author = {row.replica, row.first_counter, row.hlc_unix_ns, row.node};
  input.count = row.count;
  if (auto merged = replica.state.merge(input); !merged) {
    if (merged.error().code == base::Code::kInternal) return std::move(merged).error();
    return damaged("row " + std::to_string(row.version) + ": " + merged.error().detail);
  }
  replica.advance(row);
  return {};
}

}  // namespace

std::string TypeTable::names() const {
  std::string names;
  for (const auto& [name, type] : by_name_) names += (names.empty() ? "" : ", ") + name;
  return names;
}

void Replica::advance(const host::Row& row) {
  version = row.version;
  check = row.check;
  hlc_unix_ns = std::max(hlc_unix_ns, row.hlc_unix_ns);
  log_bytes += row.delta.size() + row.node.size() + row.key.size();
}

base::Result<Replica> create_replica(const host::CrdtType& type, std::uint64_t birth) {
  auto state = type.create();
  if (!state) return std::move(state).error();
  Replica replica(type, std::move(*state));
  replica.birth = birth;
  replica.check = check_start(birth);
  return replica;
}

base::Result<Replica> build_replica(const TypeTable& types, const host::LoadedDocument& loaded, std::uint64_t version_until) {
  const auto* type = types.find(loaded.head.type);
  if (type == nullptr) {
    return base::make_error(base::Code::kTypeNotEnabled, "the document is of type '" + loaded.head.type +
                                                             "', which is not enabled; enabled are: " + types.names());
  }
  auto replica = start_from(*type, loaded);
  if (!replica) return replica;
  for (const auto& row : loaded.rows) {
    if (auto applied = apply_row(*replica, *row); !applied) return std::move(applied).error();
  }
  const auto& head = loaded.head;
  const std::uint64_t wanted = version_until == 0 ? head.version : std::min(version_until, head.version);
  if (replica->version != wanted) return damaged("the log ends at row " + std::to_string(replica->version));
  if (wanted == head.version && replica->check != head.check) return damaged("the checksum of the log");
  replica->first_version = head.first_version;
  replica->hlc_unix_ns = std::max(replica->hlc_unix_ns, head.hlc_unix_ns);
  for (const auto& known : loaded.known) replica->known.emplace(known.replica, known);
  return replica;
}

}  // namespace crdtd::document
