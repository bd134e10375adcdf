#include "storage/harness.hpp"

#include <algorithm>
#include <cstring>

namespace crdtd::conformance {

namespace {

// An element with something after it, as a newer host's would have: the stride is not the size.
template <class T>
struct Padded {
  T value{};
  std::uint64_t beyond = 0xfeedfeedfeedfeedULL;
};

crdtd_bytes lend(const std::string& text) {
  return {text.empty() ? nullptr : reinterpret_cast<const std::uint8_t*>(text.data()), static_cast<std::uint32_t>(text.size())};
}
std::string take(const crdtd_bytes& bytes) {
  return bytes.size == 0 ? "" : std::string(reinterpret_cast<const char*>(bytes.data), bytes.size);
}

crdtd_doc_key lend(const Doc& doc) { return {sizeof(crdtd_doc_key), 0, lend(doc.tenant), lend(doc.id)}; }
crdtd_row lend(const Row& row) {
  return {sizeof(crdtd_row), row.count, row.version,    row.replica,   row.first_counter, row.hlc_unix_ns,
          row.format,        row.check, lend(row.node), lend(row.key), lend(row.delta)};
}
crdtd_known lend(const Known& known) {
  return {sizeof(crdtd_known), 0, known.replica, known.counter, known.chain, lend(known.node)};
}
crdtd_key lend(const Key& key) {
  crdtd_key raw{sizeof(crdtd_key), 0, key.applied, key.expires_unix_ms, {}, lend(key.node), lend(key.key)};
  std::memcpy(raw.digest, key.digest.data(), sizeof raw.digest);
  return raw;
}

template <class Raw, class Value>
std::vector<Padded<Raw>> lend_all(const std::vector<Value>& values) {
  std::vector<Padded<Raw>> raw(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) raw[i].value = lend(values[i]);
  return raw;
}

// One entry with the arrays that it points to.
struct LentEntry {
  std::vector<Padded<crdtd_row>> rows;
  std::vector<Padded<crdtd_key>> keys;
  std::vector<Padded<crdtd_known>> known;

  crdtd_append_entry fill(const Entry& entry) {
    rows = lend_all<crdtd_row>(entry.rows);
    keys = lend_all<crdtd_key>(entry.keys);
    known = lend_all<crdtd_known>(entry.known);
    crdtd_append_entry raw{};
    raw.struct_size = sizeof raw;
    raw.create = entry.create ? 1 : 0;
    raw.doc = lend(entry.doc);
    raw.birth = entry.birth;
    raw.version_expected = entry.version_expected;
    raw.type = lend(entry.type);
    raw.check_create = entry.check_create;
    raw.row_count = static_cast<std::uint32_t>(rows.size());
    raw.row_stride = sizeof(Padded<crdtd_row>);
    raw.key_count = static_cast<std::uint32_t>(keys.size());
    raw.key_stride = sizeof(Padded<crdtd_key>);
    raw.known_count = static_cast<std::uint32_t>(known.size());
    raw.known_stride = sizeof(Padded<crdtd_known>);
    raw.rows = rows.empty() ? nullptr : &rows[0].value;
    raw.keys = keys.empty() ? nullptr : &keys[0].value;
    raw.known = known.empty() ? nullptr : &known[0].value;
    return raw;
  }
};

// Catches what load() and read_rows() give, and notices when it comes in another order than promised.
struct Catcher {
  Loaded loaded;
  int stage = 0;  // 0 nothing yet, 1 head, 2 known, 3 checkpoint, 4 rows
  bool in_order = true;
  crdtd_status answer_to_row = CRDTD_OK;

  void reach(int next, bool once) {
    if (next < stage || (once && next == stage) || (next > 1 && stage == 0)) in_order = false;
    stage = next;
  }
  static Catcher& of(void* user) { return *static_cast<Catcher*>(user); }

  static crdtd_status head(void* user, const crdtd_doc_head* head) {
    of(user).reach(1, true);
    of(user).loaded.head = {take(head->type), head->birth, head->version, head->first_version, head->hlc_unix_ns, head->check};
    return CRDTD_OK;
  }
  static crdtd_status known(void* user, const crdtd_known* known) {
    of(user).reach(2, false);
    of(user).loaded.known.push_back({known->replica, known->counter, known->chain, take(known->node)});
    return CRDTD_OK;
  }
  static crdtd_status checkpoint(void* user, const crdtd_checkpoint* checkpoint) {
    of(user).reach(3, true);
    of(user).loaded.checkpoint =
        Checkpoint{checkpoint->birth, checkpoint->version, checkpoint->format, checkpoint->check, take(checkpoint->encoded)};
    return CRDTD_OK;
  }
  static crdtd_status row(void* user, const crdtd_row* row) {
    of(user).reach(4, false);
    of(user).loaded.rows.push_back({row->version, row->replica, row->first_counter, row->hlc_unix_ns, row->count, row->format,
                                    row->check, take(row->node), take(row->key), take(row->delta)});
    return of(user).answer_to_row;
  }
  crdtd_load_sink sink() { return {sizeof(crdtd_load_sink), 0, this, head, known, checkpoint, row}; }

  Loaded finish(crdtd_status status, const crdtd_error& err) {
    EXPECT(in_order);
    EXPECT(status != CRDTD_OK || stage > 0);
    loaded.status = status;
    loaded.detail = err.detail;
    std::sort(loaded.known.begin(), loaded.known.end());
    return std::move(loaded);
  }
};

crdtd_error fresh_error() {
  crdtd_error err{};
  err.struct_size = sizeof err;
  return err;
}

crdtd_read_range lend(const Range& range) {
  return {sizeof(crdtd_read_range), range.row_count_max, range.version_after, range.version_until, range.bytes_max};
}

}  // namespace

void fail(const char* file, int line, const std::string& what) {
  throw Failed{std::filesystem::path(file).filename().string() + ":" + std::to_string(line) + ": " + what};
}

std::string status_name(crdtd_status status) {
  static constexpr std::pair<crdtd_status, const char*> kNames[] = {
      {CRDTD_OK, "OK"},           {CRDTD_INVALID, "INVALID"},    {CRDTD_NOT_FOUND, "NOT_FOUND"}, {CRDTD_GONE, "GONE"},
      {CRDTD_BEHIND, "BEHIND"},   {CRDTD_RETRY, "RETRY"},        {CRDTD_FULL, "FULL"},           {CRDTD_CORRUPT, "CORRUPT"},
      {CRDTD_UNKNOWN, "UNKNOWN"}, {CRDTD_CONFLICT, "CONFLICT"},  {CRDTD_FATAL, "FATAL"},         {CRDTD_INTERNAL, "INTERNAL"},
      {CRDTD_LIMIT, "LIMIT"},     {CRDTD_NO_MEMORY, "NO_MEMORY"}};
  for (const auto& [value, name] : kNames) {
    if (value == status) return name;
  }
  return "status " + std::to_string(status);
}

Session::Session(const crdtd_storage_backend& table, const crdtd_host* host, crdtd_store* store, std::uint32_t mode)
    : table_(&table), host_(host) {
  crdtd_error err = fresh_error();
  EXPECT_STATUS(checked(table.session_open(store, mode, &raw_, &err), err, "session_open"), CRDTD_OK);
}
Session::Session(Session&& other) noexcept : table_(other.table_), host_(other.host_), raw_(std::exchange(other.raw_, nullptr)) {}
Session::~Session() {
  if (raw_ != nullptr) table_->session_close(raw_);
}

// A failure must come with a sentence, cut to fit.
crdtd_status Session::checked(crdtd_status status, const crdtd_error& err, const char* function) const {
  const bool terminated = std::memchr(err.message, 0, sizeof err.message) != nullptr;
  if (!terminated) fail(__FILE__, __LINE__, std::string(function) + "() left a message without its end");
  if (status != CRDTD_OK && err.message[0] == '\0') {
    fail(__FILE__, __LINE__, std::string(function) + "() answered " + status_name(status) + " without a message");
  }
  return status;
}

std::vector<Verdict> Session::append(const std::vector<Entry>& entries, crdtd_status* call_status) {
  std::vector<LentEntry> lent(entries.size());
  std::vector<Padded<crdtd_append_entry>> raw(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) raw[i].value = lent[i].fill(entries[i]);
  std::vector<Padded<crdtd_verdict>> verdicts(entries.size());
  for (auto& verdict : verdicts) verdict.value = {sizeof(crdtd_verdict), 0xdeadU, 0};
  const crdtd_append_batch batch{sizeof(crdtd_append_batch), static_cast<std::uint32_t>(raw.size()),
                                 sizeof(Padded<crdtd_append_entry>), sizeof(Padded<crdtd_verdict>),
                                 raw.empty() ? nullptr : &raw[0].value};
  crdtd_error err = fresh_error();
  const crdtd_status status =
      checked(table_->append(raw_, &batch, verdicts.empty() ? nullptr : &verdicts[0].value, &err), err, "append");
  if (call_status != nullptr) {
    *call_status = status;
  } else if (status != CRDTD_OK) {
    fail(__FILE__, __LINE__, "append gave " + status_name(status) + ": " + err.message);
  }
  std::vector<Verdict> out;
  for (const auto& verdict : verdicts) {
    EXPECT(status != CRDTD_OK || verdict.value.status != 0xdeadU);
    EXPECT(verdict.beyond == 0xfeedfeedfeedfeedULL);
    out.push_back({verdict.value.status, verdict.value.version});
  }
  return out;
}

Loaded Session::load(const Doc& doc, std::uint64_t version_until) {
  Catcher catcher;
  crdtd_error err = fresh_error();
  const crdtd_doc_key key = lend(doc);
  const crdtd_read_range range = lend(Range{0, version_until, 0, 0});
  const crdtd_load_sink sink = catcher.sink();
  return catcher.finish(checked(table_->load(raw_, &key, &range, &sink, &err), err, "load"), err);
}

crdtd_status Session::load_stopped(const Doc& doc, crdtd_status stop_with) {
  Catcher catcher;
  catcher.answer_to_row = stop_with;
  crdtd_error err = fresh_error();
  const crdtd_doc_key key = lend(doc);
  const crdtd_read_range range = lend(Range{});
  const crdtd_load_sink sink = catcher.sink();
  const Loaded loaded = catcher.finish(checked(table_->load(raw_, &key, &range, &sink, &err), err, "load"), err);
  EXPECT(loaded.rows.size() == 1);
  return loaded.status;
}

Loaded Session::read_rows(const Doc& doc, const Range& range) {
  Catcher catcher;
  crdtd_error err = fresh_error();
  const crdtd_doc_key key = lend(doc);
  const crdtd_read_range raw = lend(range);
  const crdtd_load_sink sink = catcher.sink();
  Loaded loaded = catcher.finish(checked(table_->read_rows(raw_, &key, &raw, &sink, &err), err, "read_rows"), err);
  EXPECT(loaded.known.empty());
  EXPECT(!loaded.checkpoint);
  return loaded;
}

crdtd_status Session::find_key(const Doc& doc, Key& inout) {
  crdtd_error err = fresh_error();
  const crdtd_doc_key key = lend(doc);
  crdtd_key raw{};
  raw.struct_size = sizeof raw;
  raw.node = lend(inout.node);
  raw.key = lend(inout.key);
  const crdtd_status status = checked(table_->find_key(raw_, &key, &raw, &err), err, "find_key");
  inout.applied = raw.applied;
  inout.expires_unix_ms = raw.expires_unix_ms;
  std::memcpy(inout.digest.data(), raw.digest, inout.digest.size());
  return status;
}

crdtd_status Session::put_checkpoint(const Doc& doc, const Checkpoint& checkpoint) {
  crdtd_error err = fresh_error();
  const crdtd_doc_key key = lend(doc);
  const crdtd_checkpoint raw{sizeof(crdtd_checkpoint), checkpoint.format, checkpoint.birth,
                             checkpoint.version,       checkpoint.check,  0,
                             lend(checkpoint.encoded)};
  return checked(table_->put_checkpoint(raw_, &key, &raw, &err), err, "put_checkpoint");
}

crdtd_status Session::trim(const Doc& doc, std::uint64_t first_version, std::uint64_t now_unix_ms) {
  crdtd_error err = fresh_error();
  const crdtd_doc_key key = lend(doc);
  const crdtd_trim_to to{sizeof(crdtd_trim_to), 0, first_version, now_unix_ms};
  return checked(table_->trim(raw_, &key, &to, &err), err, "trim");
}

crdtd_status Session::erase(const Doc& doc, std::uint64_t birth, std::uint64_t version) {
  crdtd_error err = fresh_error();
  const crdtd_doc_key key = lend(doc);
  crdtd_doc_head head{};
  head.struct_size = sizeof head;
  head.birth = birth;
  head.version = version;
  return checked(table_->erase(raw_, &key, &head, &err), err, "erase");
}

std::vector<Item> Session::list(const std::string& tenant, const std::string& after, std::uint32_t count_max) {
  crdtd_error err = fresh_error();
  const Doc doc{tenant, after};
  const crdtd_doc_key key = lend(doc);
  std::vector<Item> items;
  const crdtd_list_sink sink{
      sizeof(crdtd_list_sink), 0, &items, [](void* user, const crdtd_list_item* item) -> crdtd_status {
        static_cast<std::vector<Item>*>(user)->push_back({take(item->id), take(item->type), item->version, item->birth});
        return CRDTD_OK;
      }};
  EXPECT_STATUS(checked(table_->list(raw_, &key, count_max, &sink, &err), err, "list"), CRDTD_OK);
  return items;
}

crdtd_status Session::meta_get(const std::string& name, std::string& out) {
  crdtd_error err = fresh_error();
  const crdtd_bytes raw_name = lend(name);
  crdtd_buffer buffer{sizeof(crdtd_buffer), 0, 0, nullptr};
  const crdtd_status status = checked(table_->meta_get(raw_, &raw_name, &buffer, &err), err, "meta_get");
  out = take({buffer.data, buffer.size});
  if (buffer.data != nullptr) host_->realloc(buffer.data, buffer.capacity, 0);
  return status;
}

crdtd_status Session::meta_put(const std::string& name, const std::string& value) {
  crdtd_error err = fresh_error();
  const crdtd_bytes raw_name = lend(name);
  const crdtd_bytes raw_value = lend(value);
  return checked(table_->meta_put(raw_, &raw_name, &raw_value, &err), err, "meta_put");
}

Bench::Bench(const crdtd_storage_backend& table, std::string_view settings_json, const StorageContractOptions& options,
             std::filesystem::path folder)
    : table_(table), settings_json_(settings_json), options_(options), folder_(std::move(folder)), random_(options.seed) {
  open();
}

Bench::~Bench() {
  if (store_ != nullptr) table_.close(store_);
}

void Bench::open() {
  const std::string folder = folder_.string();
  const crdtd_store_options options{sizeof(crdtd_store_options), 0, lend(settings_json_), lend(folder)};
  info_ = {};
  info_.struct_size = sizeof info_;
  crdtd_error err = fresh_error();
  if (const crdtd_status status = table_.open(&options, &store_, &info_, &err); status != CRDTD_OK) {
    store_ = nullptr;
    fail(__FILE__, __LINE__, "open gave " + status_name(status) + ": " + err.message);
  }
  EXPECT(info_.writers_max >= 1);
  EXPECT(info_.readers_max >= 1);
}

void Bench::reopen() {
  table_.close(std::exchange(store_, nullptr));
  open();
}

crdtd_status Bench::open_with(const std::string& settings_json, crdtd_error& err) {
  const std::string folder = folder_.string();
  const crdtd_store_options options{sizeof(crdtd_store_options), 0, lend(settings_json), lend(folder)};
  crdtd_store_info info{};
  info.struct_size = sizeof info;
  crdtd_store* store = nullptr;
  err = fresh_error();
  const crdtd_status status = table_.open(&options, &store, &info, &err);
  if (status == CRDTD_OK) table_.close(store);
  return status;
}

std::string Bench::random_bytes(std::size_t size) {
  std::string out(size, '\0');
  for (char& byte : out) byte = static_cast<char>(random_() >> 32);
  return out;
}

std::string numbered(std::string_view prefix, std::uint64_t number) { return std::string(prefix).append(std::to_string(number)); }

Row make_row(std::uint64_t version, std::string delta) {
  if (delta.empty()) delta = numbered("delta ", version);
  const std::uint32_t check = static_cast<std::uint32_t>(version * 2654435761U);
  return {version, 7, version, 1'000 + version, 1, 1, check, "node", "", std::move(delta)};
}

Entry make_append(const Doc& doc, std::uint64_t birth, std::uint64_t version_expected, std::uint64_t row_count) {
  Entry entry;
  entry.doc = doc;
  entry.birth = birth;
  entry.version_expected = version_expected;
  for (std::uint64_t i = 1; i <= row_count; ++i) entry.rows.push_back(make_row(version_expected + i));
  return entry;
}

Entry make_creation(const Doc& doc, std::uint64_t birth, std::uint64_t row_count) {
  Entry entry = make_append(doc, birth, 0, row_count);
  entry.create = true;
  entry.type = "orset";
  entry.check_create = 99;
  return entry;
}

}  // namespace crdtd::conformance
