/* Where every field of the ABI structs lies on a 64-bit machine: a change here is a change of the contract. C11 and C++20. */
#ifndef CRDTD_TEST_ABI_LAYOUT_H
#define CRDTD_TEST_ABI_LAYOUT_H

#include <assert.h>
#include <stddef.h>

#include "crdtd/abi/base.h"
#include "crdtd/abi/crdt.h"
#include "crdtd/abi/plugin.h"
#include "crdtd/abi/storage.h"

#define SIZE(type, size) static_assert(sizeof(type) == (size), #type)
#define FIELD(type, field, offset) static_assert(offsetof(type, field) == (offset), #type "." #field)

SIZE(crdtd_bytes, 16);
FIELD(crdtd_bytes, data, 0);
FIELD(crdtd_bytes, size, 8);

SIZE(crdtd_buffer, 24);
FIELD(crdtd_buffer, struct_size, 0);
FIELD(crdtd_buffer, size, 4);
FIELD(crdtd_buffer, capacity, 8);
FIELD(crdtd_buffer, data, 16);

SIZE(crdtd_error, 528);
FIELD(crdtd_error, struct_size, 0);
FIELD(crdtd_error, op_index, 4);
FIELD(crdtd_error, detail, 8);
FIELD(crdtd_error, pointer, 16);
FIELD(crdtd_error, message, 144);

SIZE(crdtd_host, 40);
FIELD(crdtd_host, struct_size, 0);
FIELD(crdtd_host, abi_major, 4);
FIELD(crdtd_host, abi_minor, 8);
FIELD(crdtd_host, reserved, 12);
FIELD(crdtd_host, realloc, 16);
FIELD(crdtd_host, log, 24);
FIELD(crdtd_host, get_extension, 32);

SIZE(crdtd_row, 96);
FIELD(crdtd_row, struct_size, 0);
FIELD(crdtd_row, count, 4);
FIELD(crdtd_row, version, 8);
FIELD(crdtd_row, replica, 16);
FIELD(crdtd_row, first_counter, 24);
FIELD(crdtd_row, hlc_unix_ns, 32);
FIELD(crdtd_row, format, 40);
FIELD(crdtd_row, check, 44);
FIELD(crdtd_row, node, 48);
FIELD(crdtd_row, key, 64);
FIELD(crdtd_row, delta, 80);

SIZE(crdtd_ctx, 96);
FIELD(crdtd_ctx, struct_size, 0);
FIELD(crdtd_ctx, flags, 4);
FIELD(crdtd_ctx, replica, 8);
FIELD(crdtd_ctx, first_counter, 16);
FIELD(crdtd_ctx, hlc_unix_ns, 24);
FIELD(crdtd_ctx, wall_unix_ns, 32);
FIELD(crdtd_ctx, count, 40);
FIELD(crdtd_ctx, format, 44);
FIELD(crdtd_ctx, node, 48);
FIELD(crdtd_ctx, limits, 64);
FIELD(crdtd_ctx, limit_count, 72);
FIELD(crdtd_ctx, recent_count, 76);
FIELD(crdtd_ctx, recent_stride, 80);
FIELD(crdtd_ctx, reserved, 84);
FIELD(crdtd_ctx, recent, 88);

SIZE(crdtd_mutate_out, 32);
FIELD(crdtd_mutate_out, struct_size, 0);
FIELD(crdtd_mutate_out, counters_used, 4);
FIELD(crdtd_mutate_out, delta, 8);
FIELD(crdtd_mutate_out, effect, 16);
FIELD(crdtd_mutate_out, result, 24);

SIZE(crdtd_merge_out, 16);
FIELD(crdtd_merge_out, struct_size, 0);
FIELD(crdtd_merge_out, changed, 4);
FIELD(crdtd_merge_out, effect, 8);

SIZE(crdtd_footprint, 32);
FIELD(crdtd_footprint, struct_size, 0);
FIELD(crdtd_footprint, reserved, 4);
FIELD(crdtd_footprint, memory_bytes, 8);
FIELD(crdtd_footprint, encoded_bytes, 16);
FIELD(crdtd_footprint, element_count, 24);

SIZE(crdtd_crdt_type, 104);
FIELD(crdtd_crdt_type, struct_size, 0);
FIELD(crdtd_crdt_type, semantics, 4);
FIELD(crdtd_crdt_type, format_written, 8);
FIELD(crdtd_crdt_type, reserved, 12);
FIELD(crdtd_crdt_type, name, 16);
FIELD(crdtd_crdt_type, create, 24);
FIELD(crdtd_crdt_type, destroy, 32);
FIELD(crdtd_crdt_type, mutate, 40);
FIELD(crdtd_crdt_type, merge, 48);
FIELD(crdtd_crdt_type, encode, 56);
FIELD(crdtd_crdt_type, load, 64);
FIELD(crdtd_crdt_type, query, 72);
FIELD(crdtd_crdt_type, compact, 80);
FIELD(crdtd_crdt_type, footprint, 88);
FIELD(crdtd_crdt_type, inspect, 96);

SIZE(crdtd_plugin_entry, 72);
FIELD(crdtd_plugin_entry, magic, 0);
FIELD(crdtd_plugin_entry, struct_size, 4);
FIELD(crdtd_plugin_entry, abi_major, 8);
FIELD(crdtd_plugin_entry, abi_minor, 12);
FIELD(crdtd_plugin_entry, id, 16);
FIELD(crdtd_plugin_entry, version, 24);
FIELD(crdtd_plugin_entry, init, 32);
FIELD(crdtd_plugin_entry, shutdown, 40);
FIELD(crdtd_plugin_entry, count, 48);
FIELD(crdtd_plugin_entry, get, 56);
FIELD(crdtd_plugin_entry, get_extension, 64);

SIZE(crdtd_doc_key, 40);
FIELD(crdtd_doc_key, struct_size, 0);
FIELD(crdtd_doc_key, reserved, 4);
FIELD(crdtd_doc_key, tenant, 8);
FIELD(crdtd_doc_key, id, 24);

SIZE(crdtd_doc_head, 56);
FIELD(crdtd_doc_head, struct_size, 0);
FIELD(crdtd_doc_head, check, 4);
FIELD(crdtd_doc_head, birth, 8);
FIELD(crdtd_doc_head, version, 16);
FIELD(crdtd_doc_head, first_version, 24);
FIELD(crdtd_doc_head, hlc_unix_ns, 32);
FIELD(crdtd_doc_head, type, 40);

SIZE(crdtd_known, 48);
FIELD(crdtd_known, struct_size, 0);
FIELD(crdtd_known, reserved, 4);
FIELD(crdtd_known, replica, 8);
FIELD(crdtd_known, counter, 16);
FIELD(crdtd_known, chain, 24);
FIELD(crdtd_known, node, 32);

SIZE(crdtd_checkpoint, 48);
FIELD(crdtd_checkpoint, struct_size, 0);
FIELD(crdtd_checkpoint, format, 4);
FIELD(crdtd_checkpoint, birth, 8);
FIELD(crdtd_checkpoint, version, 16);
FIELD(crdtd_checkpoint, check, 24);
FIELD(crdtd_checkpoint, reserved, 28);
FIELD(crdtd_checkpoint, encoded, 32);

SIZE(crdtd_key, 88);
FIELD(crdtd_key, struct_size, 0);
FIELD(crdtd_key, reserved, 4);
FIELD(crdtd_key, applied, 8);
FIELD(crdtd_key, expires_unix_ms, 16);
FIELD(crdtd_key, digest, 24);
FIELD(crdtd_key, node, 56);
FIELD(crdtd_key, key, 72);

SIZE(crdtd_append_entry, 136);
FIELD(crdtd_append_entry, struct_size, 0);
FIELD(crdtd_append_entry, create, 4);
FIELD(crdtd_append_entry, doc, 8);
FIELD(crdtd_append_entry, birth, 48);
FIELD(crdtd_append_entry, version_expected, 56);
FIELD(crdtd_append_entry, type, 64);
FIELD(crdtd_append_entry, check_create, 80);
FIELD(crdtd_append_entry, row_count, 84);
FIELD(crdtd_append_entry, row_stride, 88);
FIELD(crdtd_append_entry, key_count, 92);
FIELD(crdtd_append_entry, key_stride, 96);
FIELD(crdtd_append_entry, known_count, 100);
FIELD(crdtd_append_entry, known_stride, 104);
FIELD(crdtd_append_entry, reserved, 108);
FIELD(crdtd_append_entry, rows, 112);
FIELD(crdtd_append_entry, keys, 120);
FIELD(crdtd_append_entry, known, 128);

SIZE(crdtd_append_batch, 24);
FIELD(crdtd_append_batch, struct_size, 0);
FIELD(crdtd_append_batch, entry_count, 4);
FIELD(crdtd_append_batch, entry_stride, 8);
FIELD(crdtd_append_batch, verdict_stride, 12);
FIELD(crdtd_append_batch, entries, 16);

SIZE(crdtd_verdict, 16);
FIELD(crdtd_verdict, struct_size, 0);
FIELD(crdtd_verdict, status, 4);
FIELD(crdtd_verdict, version, 8);

SIZE(crdtd_store_options, 40);
FIELD(crdtd_store_options, struct_size, 0);
FIELD(crdtd_store_options, reserved, 4);
FIELD(crdtd_store_options, settings_json, 8);
FIELD(crdtd_store_options, base_directory, 24);

SIZE(crdtd_store_info, 16);
FIELD(crdtd_store_info, struct_size, 0);
FIELD(crdtd_store_info, writers_max, 4);
FIELD(crdtd_store_info, readers_max, 8);
FIELD(crdtd_store_info, reserved, 12);

SIZE(crdtd_load_sink, 48);
FIELD(crdtd_load_sink, struct_size, 0);
FIELD(crdtd_load_sink, reserved, 4);
FIELD(crdtd_load_sink, user, 8);
FIELD(crdtd_load_sink, head, 16);
FIELD(crdtd_load_sink, known, 24);
FIELD(crdtd_load_sink, checkpoint, 32);
FIELD(crdtd_load_sink, row, 40);

SIZE(crdtd_list_item, 56);
FIELD(crdtd_list_item, struct_size, 0);
FIELD(crdtd_list_item, reserved, 4);
FIELD(crdtd_list_item, version, 8);
FIELD(crdtd_list_item, birth, 16);
FIELD(crdtd_list_item, id, 24);
FIELD(crdtd_list_item, type, 40);

SIZE(crdtd_list_sink, 24);
FIELD(crdtd_list_sink, struct_size, 0);
FIELD(crdtd_list_sink, reserved, 4);
FIELD(crdtd_list_sink, user, 8);
FIELD(crdtd_list_sink, item, 16);

SIZE(crdtd_read_range, 32);
FIELD(crdtd_read_range, struct_size, 0);
FIELD(crdtd_read_range, row_count_max, 4);
FIELD(crdtd_read_range, version_after, 8);
FIELD(crdtd_read_range, version_until, 16);
FIELD(crdtd_read_range, bytes_max, 24);

SIZE(crdtd_trim_to, 24);
FIELD(crdtd_trim_to, struct_size, 0);
FIELD(crdtd_trim_to, reserved, 4);
FIELD(crdtd_trim_to, first_version, 8);
FIELD(crdtd_trim_to, now_unix_ms, 16);

SIZE(crdtd_storage_backend, 128);
FIELD(crdtd_storage_backend, struct_size, 0);
FIELD(crdtd_storage_backend, reserved, 4);
FIELD(crdtd_storage_backend, name, 8);
FIELD(crdtd_storage_backend, open, 16);
FIELD(crdtd_storage_backend, close, 24);
FIELD(crdtd_storage_backend, session_open, 32);
FIELD(crdtd_storage_backend, session_close, 40);
FIELD(crdtd_storage_backend, append, 48);
FIELD(crdtd_storage_backend, load, 56);
FIELD(crdtd_storage_backend, read_rows, 64);
FIELD(crdtd_storage_backend, find_key, 72);
FIELD(crdtd_storage_backend, put_checkpoint, 80);
FIELD(crdtd_storage_backend, trim, 88);
FIELD(crdtd_storage_backend, erase, 96);
FIELD(crdtd_storage_backend, list, 104);
FIELD(crdtd_storage_backend, meta_get, 112);
FIELD(crdtd_storage_backend, meta_put, 120);

#endif
