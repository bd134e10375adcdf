// Every promise has a storage that breaks it, and must be caught: a check that cannot fail is no check. Each of these is the
// memory storage with one function that lies.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstring>

#include "crdtd/conformance/storage_contract.hpp"
#include "storage_plugin.hpp"
#include "temp_folder.hpp"

using namespace crdtd;

namespace {

const crdtd_storage_backend& sound() { return test::storage_plugin("memory"); }

struct Liar {
  const char* lie;
  const char* caught_by;
  void (*spoil)(crdtd_storage_backend& table);
};

// A load sink in between, that hands on what `Change` makes of it.
template <class Change>
struct Between {
  const crdtd_load_sink* sink;
  Change change;
};

template <class Change>
crdtd_status read_rows_changed(crdtd_storage_session* session, const crdtd_doc_key* doc, const crdtd_read_range* range,
                               const crdtd_load_sink* sink, crdtd_error* err, Change change) {
  Between<Change> between{sink, change};
  crdtd_load_sink inner = *sink;
  inner.user = &between;
  inner.head = [](void* user, const crdtd_doc_head* head) {
    const auto& outer = *static_cast<Between<Change>*>(user)->sink;
    return outer.head(outer.user, head);
  };
  inner.row = [](void* user, const crdtd_row* row) {
    auto& self = *static_cast<Between<Change>*>(user);
    crdtd_row changed = *row;
    self.change(changed);
    return self.sink->row(self.sink->user, &changed);
  };
  return sound().read_rows(session, doc, range, &inner, err);
}

const Liar kLiars[] = {
    {"says OK to a conflict", "version-expected",
     [](crdtd_storage_backend& table) {
       table.append = [](crdtd_storage_session* session, const crdtd_append_batch* batch, crdtd_verdict* verdicts,
                         crdtd_error* err) {
         const crdtd_status status = sound().append(session, batch, verdicts, err);
         if (batch->entry_count == 1 && verdicts->status == CRDTD_CONFLICT) verdicts->status = CRDTD_OK;
         return status;
       };
     }},
    {"ignores the strides of arrays", "create-append-load",
     [](crdtd_storage_backend& table) {
       table.append = [](crdtd_storage_session* session, const crdtd_append_batch* batch, crdtd_verdict* verdicts,
                         crdtd_error* err) {
         crdtd_append_batch changed = *batch;
         crdtd_append_entry first = *batch->entries;
         first.row_stride = sizeof(crdtd_row);
         if (batch->entry_count == 1) changed.entries = &first;
         return sound().append(session, &changed, verdicts, err);
       };
     }},
    {"loses the batch after a conflict", "verdict-per-entry",
     [](crdtd_storage_backend& table) {
       table.append = [](crdtd_storage_session* session, const crdtd_append_batch* batch, crdtd_verdict* verdicts,
                         crdtd_error* err) {
         crdtd_append_batch shorter = *batch;
         shorter.entry_count = std::min(shorter.entry_count, 2U);
         return sound().append(session, &shorter, verdicts, err);
       };
     }},
    {"finds keys of any node", "keys-scoped",
     [](crdtd_storage_backend& table) {
       table.find_key = [](crdtd_storage_session* session, const crdtd_doc_key* doc, crdtd_key* inout, crdtd_error* err) {
         const crdtd_status status = sound().find_key(session, doc, inout, err);
         if (status == CRDTD_OK) return status;
         static const std::string ann = "ann";
         crdtd_key other = *inout;
         other.node = {reinterpret_cast<const std::uint8_t*>(ann.data()), static_cast<std::uint32_t>(ann.size())};
         return sound().find_key(session, doc, &other, err);
       };
     }},
    {"gives no known table", "known-replaced",
     [](crdtd_storage_backend& table) {
       table.load = [](crdtd_storage_session* session, const crdtd_doc_key* doc, const crdtd_read_range* range,
                       const crdtd_load_sink* sink, crdtd_error* err) {
         crdtd_load_sink without = *sink;
         without.known = nullptr;
         return sound().load(session, doc, range, &without, err);
       };
     }},
    {"loads the newest checkpoint whatever version was asked for", "checkpoint-newest-before",
     [](crdtd_storage_backend& table) {
       table.load = [](crdtd_storage_session* session, const crdtd_doc_key* doc, const crdtd_read_range* range,
                       const crdtd_load_sink* sink, crdtd_error* err) {
         crdtd_read_range head = *range;
         head.version_until = 0;
         return sound().load(session, doc, &head, sink, err);
       };
     }},
    {"keeps no checkpoint", "checkpoint-newest-before",
     [](crdtd_storage_backend& table) {
       table.put_checkpoint = [](crdtd_storage_session*, const crdtd_doc_key*, const crdtd_checkpoint*, crdtd_error*) {
         return crdtd_status{CRDTD_OK};
       };
     }},
    {"takes a checkpoint of the future", "checkpoint-refused",
     [](crdtd_storage_backend& table) {
       table.put_checkpoint = [](crdtd_storage_session* session, const crdtd_doc_key* doc, const crdtd_checkpoint* checkpoint,
                                 crdtd_error* err) {
         const crdtd_status status = sound().put_checkpoint(session, doc, checkpoint, err);
         return status == CRDTD_CONFLICT ? crdtd_status{CRDTD_OK} : status;
       };
     }},
    {"knows no bound in bytes", "read-rows-ranges",
     [](crdtd_storage_backend& table) {
       table.read_rows = [](crdtd_storage_session* session, const crdtd_doc_key* doc, const crdtd_read_range* range,
                            const crdtd_load_sink* sink, crdtd_error* err) {
         crdtd_read_range unbounded = *range;
         unbounded.bytes_max = 0;
         return sound().read_rows(session, doc, &unbounded, sink, err);
       };
     }},
    {"goes on after the sink said stop", "sink-ends-read",
     [](crdtd_storage_backend& table) {
       table.load = [](crdtd_storage_session* session, const crdtd_doc_key* doc, const crdtd_read_range* range,
                       const crdtd_load_sink* sink, crdtd_error* err) {
         const crdtd_status status = sound().load(session, doc, range, sink, err);
         return status == CRDTD_LIMIT ? crdtd_status{CRDTD_OK} : status;
       };
     }},
    {"trims nothing", "trim-behind-checkpoint",
     [](crdtd_storage_backend& table) {
       table.trim = [](crdtd_storage_session*, const crdtd_doc_key*, const crdtd_trim_to*, crdtd_error*) {
         return crdtd_status{CRDTD_OK};
       };
     }},
    {"keeps keys for ever", "trim-expired-keys",
     [](crdtd_storage_backend& table) {
       table.trim = [](crdtd_storage_session* session, const crdtd_doc_key* doc, const crdtd_trim_to* to, crdtd_error* err) {
         crdtd_trim_to rows_only = *to;
         rows_only.now_unix_ms = 0;
         return sound().trim(session, doc, &rows_only, err);
       };
     }},
    {"erases whatever is there", "erase-leaves-grave",
     [](crdtd_storage_backend& table) {
       table.erase = [](crdtd_storage_session* session, const crdtd_doc_key* doc, const crdtd_doc_head* expected,
                        crdtd_error* err) {
         crdtd_doc_head any = *expected;
         if (any.version == 2) any.version = 3;
         return sound().erase(session, doc, &any, err);
       };
     }},
    {"has no memory of what was erased", "erase-leaves-grave",
     [](crdtd_storage_backend& table) {
       table.load = [](crdtd_storage_session* session, const crdtd_doc_key* doc, const crdtd_read_range* range,
                       const crdtd_load_sink* sink, crdtd_error* err) {
         const crdtd_status status = sound().load(session, doc, range, sink, err);
         return status == CRDTD_GONE ? crdtd_status{CRDTD_NOT_FOUND} : status;
       };
     }},
    {"lists one too many", "list-order-paging",
     [](crdtd_storage_backend& table) {
       table.list = [](crdtd_storage_session* session, const crdtd_doc_key* after, std::uint32_t count_max,
                       const crdtd_list_sink* sink,
                       crdtd_error* err) { return sound().list(session, after, count_max + 1, sink, err); };
     }},
    {"lists from the start each time", "list-order-paging",
     [](crdtd_storage_backend& table) {
       table.list = [](crdtd_storage_session* session, const crdtd_doc_key* after, std::uint32_t count_max,
                       const crdtd_list_sink* sink, crdtd_error* err) {
         crdtd_doc_key start = *after;
         if (count_max > 8) start.id = {nullptr, 0};
         start.id.size = std::min(start.id.size, 1U);
         return sound().list(session, &start, count_max, sink, err);
       };
     }},
    {"cuts values at a NUL", "meta-values",
     [](crdtd_storage_backend& table) {
       table.meta_put = [](crdtd_storage_session* session, const crdtd_bytes* name, const crdtd_bytes* value, crdtd_error* err) {
         const void* nul = value->size == 0 ? nullptr : std::memchr(value->data, 0, value->size);
         crdtd_bytes cut = *value;
         if (nul != nullptr) cut.size = static_cast<std::uint32_t>(static_cast<const std::uint8_t*>(nul) - value->data);
         return sound().meta_put(session, name, &cut, err);
       };
     }},
    {"changes a byte of a large delta", "large-deltas",
     [](crdtd_storage_backend& table) {
       table.read_rows = [](crdtd_storage_session* session, const crdtd_doc_key* doc, const crdtd_read_range* range,
                            const crdtd_load_sink* sink, crdtd_error* err) {
         return read_rows_changed(session, doc, range, sink, err,
                                  [](crdtd_row& row) { row.delta.size -= row.delta.size > 100'000 ? 1 : 0; });
       };
     }},
    {"refuses no setting", "settings-refused",
     [](crdtd_storage_backend& table) {
       table.open = [](const crdtd_store_options* options, crdtd_store** out, crdtd_store_info* info, crdtd_error* err) {
         static const std::string none = "{}";
         crdtd_store_options plain = *options;
         plain.settings_json = {reinterpret_cast<const std::uint8_t*>(none.data()), 2};
         return sound().open(&plain, out, info, err);
       };
     }},
    {"forgets at close, though it says it is durable", "reopen-keeps-everything", [](crdtd_storage_backend&) {}},
    {"does not do as the model", "random-steps-as-the-model",
     [](crdtd_storage_backend& table) {
       table.read_rows = [](crdtd_storage_session* session, const crdtd_doc_key* doc, const crdtd_read_range* range,
                            const crdtd_load_sink* sink, crdtd_error* err) {
         return read_rows_changed(session, doc, range, sink, err, [](crdtd_row& row) { row.check ^= row.version == 9 ? 1 : 0; });
       };
     }},
};

}  // namespace

TEST_CASE("storage contract: each broken promise is caught by its check", "[conformance][storage]") {
  const testing::TempFolder folder;
  conformance::StorageContractOptions options;
  options.host = &test::plugin_host();
  options.directory = folder.path();
  for (const Liar& liar : kLiars) {
    INFO("a storage that " << liar.lie << ", check " << liar.caught_by);
    crdtd_storage_backend table = sound();
    options.durable = false;
    CHECK(conformance::run_storage_check(table, "{}", options, liar.caught_by).passed);
    options.durable = std::strcmp(liar.caught_by, "reopen-keeps-everything") == 0;
    liar.spoil(table);
    CHECK_FALSE(conformance::run_storage_check(table, "{}", options, liar.caught_by).passed);
  }
}
