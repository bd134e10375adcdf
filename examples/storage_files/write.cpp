// All that changes the store.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

#include "files_store.hpp"

namespace storage_files {

using storage::failure;
using storage::text;

namespace {

// A file's name may have 255 bytes, and a new one ends in ".doc.new".
constexpr std::size_t kEscapedMax = 255 - 8;
// A file is written anew when it holds more than this beside twice what is needed.
constexpr std::uint64_t kSlack = 64 << 10;

template <class T>
std::vector<T> copies(const storage::Strided<T>& all) {
  std::vector<T> out;
  for (const T& each : all) out.push_back(each);
  return out;
}

Entry entry_of(const crdtd_append_entry& entry) {
  Entry out;
  out.creates = entry.create != 0;
  out.creation = {entry.birth, entry.version_expected, 0, entry.check_create, text(entry.type)};
  out.keys = copies(storage::keys(entry));
  out.known = copies(storage::known(entry));
  out.version_before = entry.version_expected;
  out.rows = copies(storage::rows(entry));
  return out;
}

// What the contract says of an entry, before anything is written. `before` is null when there is neither document nor grave.
crdtd_status judge(const crdtd_append_entry& entry, const Document* before, std::uint64_t& version) {
  const bool exists = before != nullptr && before->exists;
  version = exists ? before->version : 0;
  if (before != nullptr && before->damaged) return CRDTD_CORRUPT;
  if (before != nullptr && std::count(before->graves.begin(), before->graves.end(), entry.birth) > 0) return CRDTD_GONE;
  if ((entry.create != 0) == exists) return CRDTD_CONFLICT;
  if (exists && before->birth != entry.birth) return CRDTD_CONFLICT;
  if (entry.version_expected != version) return CRDTD_CONFLICT;
  std::uint64_t expected = version;
  for (const crdtd_row& row : storage::rows(entry)) {
    if (row.version != ++expected) return CRDTD_INVALID;
  }
  return CRDTD_OK;
}

}  // namespace

Outcome FilesStore::fail(const std::string& what) {
  failure_ = what + ": " + std::strerror(errno);
  return has_failed();
}

Outcome FilesStore::has_failed() const {
  return failure_.empty() ? Outcome() : failure(CRDTD_FATAL, failure_ + "; nothing is written any more");
}

// Writes a record behind the last one of the document's file, not durably. Without room all is as before.
crdtd_status FilesStore::write_record(const Name& name, const Document* before, Kind kind, const std::string& payload,
                                      Pending& out) {
  const bool is_new = before == nullptr;
  const std::uint64_t offset = is_new ? kLine.size() : before->length;
  std::uint32_t chain = is_new ? first_chain(name.first, name.second) : before->chain;
  out.name = name;
  out.place = {offset, 0, chain};
  out.record = pack_record(kind, payload, offset, chain);
  out.place.bytes = out.record.size();
  out.new_file = is_new;
  out.new_folder = is_new && ::mkdir(folder_of(name).c_str(), 0700) == 0;
  if (is_new && !out.new_folder && errno != EEXIST) {
    if (errno == ENOSPC || errno == EDQUOT) return CRDTD_FULL;
    return fail("cannot make the folder " + folder_of(name)).status();
  }
  out.file = open_to_write(path_of(name));
  if (!out.file.is_open()) {
    if (errno == ENOSPC || errno == EDQUOT) return CRDTD_FULL;
    return fail("cannot open " + path_of(name)).status();
  }
  Written written = is_new ? write_at(out.file, 0, kLine) : Written::kYes;
  if (written == Written::kYes) written = write_at(out.file, offset, out.record);
  if (written == Written::kYes) return CRDTD_OK;
  if (written == Written::kNoRoom && (is_new ? ::unlink(path_of(name).c_str()) == 0 : cut(out.file, offset))) return CRDTD_FULL;
  return fail("cannot write " + path_of(name)).status();
}

// The only place where bytes become durable behind others. New files need their folder too, and new folders theirs.
Outcome FilesStore::make_durable(std::vector<Pending>& pending) {
  std::set<std::string> folders;
  for (Pending& each : pending) {
    if (!sync(each.file)) return fail("cannot sync " + path_of(each.name));
    if (each.new_file) folders.insert(folder_of(each.name));
    if (each.new_folder) folders.insert(root_ + "/documents");
    each.file = File();
  }
  for (const std::string& folder : folders) {
    if (!sync_folder(folder)) return fail("cannot sync the folder " + folder);
  }
  return {};
}

void FilesStore::publish(const Pending& pending) {
  Record record;
  const std::lock_guard lock(mutex_);
  Document& document = documents_[pending.name];
  const bool sound = read_record(pending.record, pending.place.offset, pending.place.chain_before, record);
  if (!sound || !document.apply(record)) document.damaged = true;  // not to happen: these are the bytes just made
}

crdtd_status FilesStore::prepare(const crdtd_append_entry& entry, std::uint64_t& version, std::vector<Pending>& pending) {
  const Name name = name_of(entry.doc);
  const auto found = documents_.find(name);
  const Document* before = found == documents_.end() ? nullptr : &found->second;
  if (const crdtd_status status = judge(entry, before, version); status != CRDTD_OK) return status;
  if (escaped(name.first).size() > kEscapedMax || escaped(name.second).size() > kEscapedMax) return CRDTD_INVALID;
  pending.emplace_back();
  const crdtd_status status = write_record(name, before, Kind::kAppend, pack_entry(entry_of(entry)), pending.back());
  if (status != CRDTD_OK) pending.pop_back();
  return status;
}

Outcome FilesStore::Session::may_write() const {
  return mode_ == storage::Mode::kWrite ? Outcome() : failure(CRDTD_INVALID, "this is a read session; use a write session");
}

// First all records are written, then all files synced, then all is published: a reader, and a verdict, know only what is
// durable. A crash in between leaves of each document all of its entry or nothing, as an entry is one record.
Outcome FilesStore::Session::append(const crdtd_append_batch& batch, const storage::Verdicts& verdicts) {
  if (Outcome refused = may_write(); !refused) return refused;
  const std::lock_guard lock(store_.write_mutex_);
  if (Outcome failed = store_.has_failed(); !failed) return failed;
  std::vector<Pending> pending;
  std::uint32_t index = 0;
  for (const crdtd_append_entry& entry : storage::entries(batch)) {
    std::uint64_t version = 0;
    const std::size_t written = pending.size();
    const crdtd_status status = store_.prepare(entry, version, pending);
    if (status == CRDTD_FATAL) return store_.has_failed();
    if (pending.size() > written) {
      pending.back().index = index;
      version += entry.row_count;
    }
    verdicts.set(index++, status, version);
  }
  if (Outcome failed = store_.make_durable(pending); !failed) return failed;
  for (const Pending& each : pending) store_.publish(each);
  return {};
}

Outcome FilesStore::append_one(const Name& name, const Document& before, Kind kind, const std::string& payload) {
  std::vector<Pending> pending(1);
  const crdtd_status status = write_record(name, &before, kind, payload, pending.front());
  if (status == CRDTD_FULL) return failure(CRDTD_FULL, "no room on the disk of " + root_);
  if (status != CRDTD_OK) return has_failed();
  if (Outcome failed = make_durable(pending); !failed) return failed;
  publish(pending.front());
  return {};
}

Outcome FilesStore::Session::put_checkpoint(const crdtd_doc_key& doc, const crdtd_checkpoint& checkpoint) {
  if (Outcome refused = may_write(); !refused) return refused;
  const std::lock_guard lock(store_.write_mutex_);
  if (Outcome failed = store_.has_failed(); !failed) return failed;
  const Name name = name_of(doc);
  const Document* document = nullptr;
  if (Outcome missing = store_.find(name, document); !missing) return missing;
  if (checkpoint.birth != document->birth) return failure(CRDTD_CONFLICT, "the document has another birth");
  if (checkpoint.version > document->version) return failure(CRDTD_CONFLICT, "the document is not that far");
  return store_.append_one(name, *document, Kind::kCheckpoint, pack_checkpoint(checkpoint));
}

// Said in a record first; the bytes are given back when they are worth the writing of a new file.
Outcome FilesStore::Session::trim(const crdtd_doc_key& doc, const crdtd_trim_to& to) {
  if (Outcome refused = may_write(); !refused) return refused;
  const std::lock_guard lock(store_.write_mutex_);
  if (Outcome failed = store_.has_failed(); !failed) return failed;
  const Name name = name_of(doc);
  const Document* document = nullptr;
  if (Outcome missing = store_.find(name, document); !missing) return missing;
  if (!document->trims(to)) return {};
  if (Outcome said = store_.append_one(name, *document, Kind::kTrim, pack_trim(to)); !said) return said;
  store_.compact_if_worth_it(name);
  return store_.has_failed();
}

void FilesStore::compact_if_worth_it(const Name& name) {
  const Document& document = documents_.at(name);
  if (document.length <= 2 * document.live_bytes() + kSlack) return;
  std::string file, content;
  if (!read_all(path_of(name), file) || !compacted(document, file, name.first, name.second, content)) {
    const std::lock_guard lock(mutex_);
    documents_.at(name).damaged = true;
    return;
  }
  if (Outcome replaced = replace(name, content); !replaced) {
    crdtd::log(CRDTD_LOG_WARNING, path_of(name) + " stays larger than needed: " + std::string(replaced.error().message.view()));
  }
}

// Between the renaming and the new index a reader may meet the new file by the old index: what it finds does not match, and it
// reads again once this is done (read.cpp). The erasure or compaction is durable with the folder's sync; until then a crash shows
// the old file, which is as true.
Outcome FilesStore::replace(const Name& name, const std::string& content) {
  const std::string path = path_of(name);
  Document document = read_document(content, name.first, name.second, true);
  const Written written = write_new(path, content);
  if (written == Written::kNoRoom) return failure(CRDTD_FULL, "no room on the disk of " + root_);
  if (written != Written::kYes) return fail("cannot write " + new_name(path));
  if (::rename(new_name(path).c_str(), path.c_str()) != 0) return fail("cannot rename " + new_name(path));
  if (!sync_folder(folder_of(name))) return fail("cannot sync the folder " + folder_of(name));
  const std::lock_guard lock(mutex_);
  documents_.at(name) = std::move(document);
  return {};
}

Outcome FilesStore::Session::erase(const crdtd_doc_key& doc, const crdtd_doc_head& expected) {
  if (Outcome refused = may_write(); !refused) return refused;
  const std::lock_guard lock(store_.write_mutex_);
  if (Outcome failed = store_.has_failed(); !failed) return failed;
  const Name name = name_of(doc);
  const Document* document = nullptr;
  if (Outcome missing = store_.find(name, document); !missing) return missing;
  if (document->birth != expected.birth || document->version != expected.version) {
    return failure(CRDTD_CONFLICT, "the document is not at that birth and version");
  }
  std::vector<std::uint64_t> graves = document->graves;
  graves.push_back(expected.birth);
  return store_.replace(name, graves_only(graves, name.first, name.second));
}

Outcome FilesStore::Session::meta_put(std::string_view name, std::string_view value) {
  if (Outcome refused = may_write(); !refused) return refused;
  const std::lock_guard lock(store_.write_mutex_);
  if (Outcome failed = store_.has_failed(); !failed) return failed;
  if (name.empty() || escaped(name).size() > kEscapedMax) return failure(CRDTD_INVALID, "the name is empty or too long");
  const std::string path = store_.meta_path(name);
  std::uint32_t chain = crc32(0, name);
  const Written written = write_new(path, pack_record(Kind::kMeta, value, 0, chain));
  if (written == Written::kNoRoom) return failure(CRDTD_FULL, "no room on the disk of " + store_.root_);
  if (written != Written::kYes) return store_.fail("cannot write " + new_name(path));
  if (::rename(new_name(path).c_str(), path.c_str()) != 0) return store_.fail("cannot rename " + new_name(path));
  return sync_folder(store_.root_ + "/meta") ? Outcome() : store_.fail("cannot sync the folder of " + path);
}

}  // namespace storage_files
