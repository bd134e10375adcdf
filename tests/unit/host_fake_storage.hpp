// A crdtd_storage_backend table whose answers the test writes.
#pragma once

#include <functional>
#include <string_view>

#include "crdtd/abi/storage.h"
#include "host_fake_type.hpp"

namespace host_test {

struct FakeStorage {
  std::function<crdtd_status(const crdtd_store_options&, crdtd_store**, crdtd_store_info&, crdtd_error&)> open;
  std::function<crdtd_status(std::uint32_t, crdtd_storage_session**)> session_open;
  std::function<crdtd_status(const crdtd_append_batch&, crdtd_verdict*, crdtd_error&)> append;
  std::function<crdtd_status(const crdtd_doc_key&, const crdtd_read_range&, const crdtd_load_sink&, crdtd_error&)>
      read;  // load, read_rows
  std::function<crdtd_status(crdtd_key&)> find_key;
  std::function<crdtd_status(const crdtd_checkpoint&)> put_checkpoint;
  std::function<crdtd_status(const crdtd_trim_to&)> trim;
  std::function<crdtd_status(const crdtd_doc_head&)> erase;
  std::function<crdtd_status(const crdtd_doc_key&, std::uint32_t, const crdtd_list_sink&)> list;
  std::function<crdtd_status(crdtd_buffer&, crdtd_error&)> meta_get;
  std::function<crdtd_status(std::string_view, std::string_view)> meta_put;
  int stores_open = 0;
  int sessions_open = 0;
};
inline FakeStorage store_fake;

inline crdtd_bytes bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), static_cast<std::uint32_t>(text.size())};
}

inline crdtd_storage_backend make_fake_backend() {
  static int memory;
  crdtd_storage_backend table{};
  table.struct_size = sizeof table;
  table.name = "fake";
  table.open = [](const crdtd_store_options* options, crdtd_store** out, crdtd_store_info* info,
                  crdtd_error* err) -> crdtd_status {
    if (store_fake.open) return store_fake.open(*options, out, *info, *err);
    ++store_fake.stores_open;
    *out = reinterpret_cast<crdtd_store*>(&memory);
    info->writers_max = 1;
    info->readers_max = 4;
    return CRDTD_OK;
  };
  table.close = [](crdtd_store*) { --store_fake.stores_open; };
  table.session_open = [](crdtd_store*, std::uint32_t mode, crdtd_storage_session** out, crdtd_error*) -> crdtd_status {
    if (store_fake.session_open) return store_fake.session_open(mode, out);
    ++store_fake.sessions_open;
    *out = reinterpret_cast<crdtd_storage_session*>(&memory);
    return CRDTD_OK;
  };
  table.session_close = [](crdtd_storage_session*) { --store_fake.sessions_open; };
  table.append = [](crdtd_storage_session*, const crdtd_append_batch* batch, crdtd_verdict* verdicts, crdtd_error* err) {
    return store_fake.append(*batch, verdicts, *err);
  };
  table.load = [](crdtd_storage_session*, const crdtd_doc_key* doc, const crdtd_read_range* range, const crdtd_load_sink* sink,
                  crdtd_error* err) { return store_fake.read(*doc, *range, *sink, *err); };
  table.read_rows = table.load;
  table.find_key = [](crdtd_storage_session*, const crdtd_doc_key*, crdtd_key* inout, crdtd_error*) {
    return store_fake.find_key(*inout);
  };
  table.put_checkpoint = [](crdtd_storage_session*, const crdtd_doc_key*, const crdtd_checkpoint* checkpoint, crdtd_error*) {
    return store_fake.put_checkpoint(*checkpoint);
  };
  table.trim = [](crdtd_storage_session*, const crdtd_doc_key*, const crdtd_trim_to* to, crdtd_error*) {
    return store_fake.trim(*to);
  };
  table.erase = [](crdtd_storage_session*, const crdtd_doc_key*, const crdtd_doc_head* expected, crdtd_error*) {
    return store_fake.erase(*expected);
  };
  table.list = [](crdtd_storage_session*, const crdtd_doc_key* after, std::uint32_t count_max, const crdtd_list_sink* sink,
                  crdtd_error*) { return store_fake.list(*after, count_max, *sink); };
  table.meta_get = [](crdtd_storage_session*, const crdtd_bytes*, crdtd_buffer* out, crdtd_error* err) {
    return store_fake.meta_get(*out, *err);
  };
  table.meta_put = [](crdtd_storage_session*, const crdtd_bytes* name, const crdtd_bytes* value, crdtd_error*) {
    return store_fake.meta_put(view(*name), view(*value));
  };
  return table;
}

}  // namespace host_test
