/* A plugin of a few lines for the loader's tests, straight against the ABI headers. The CMakeLists beside it builds one library
 * for each way of being wrong, by the macros below; without any of them it is right.
 *
 * Its type holds nothing and its storage opens nothing: they are there to be found, checked and refused. */
#define _POSIX_C_SOURCE 200809L /* setenv */
#include <stdlib.h>
#include <string.h>

#include "crdtd/abi/crdt.h"
#include "crdtd/abi/plugin.h"
#include "crdtd/abi/storage.h"

/* What the manifest says. */
#ifndef TINY_MANIFEST_ABI
#define TINY_MANIFEST_ABI "1.0"
#endif
#ifndef TINY_MANIFEST_ID
#define TINY_MANIFEST_ID "crdtd.test.tiny"
#endif
#ifndef TINY_TYPE
#define TINY_TYPE "tiny"
#endif
#ifndef TINY_STORE
#define TINY_STORE "tiny-store"
#endif
#ifndef TINY_MANIFEST
#define TINY_MANIFEST                                                                                  \
  "{\"manifest\":1,\"id\":\"" TINY_MANIFEST_ID "\",\"version\":\"0.1.0\",\"abi\":\"" TINY_MANIFEST_ABI \
  "\",\"provides\":["                                                                                  \
  "{\"kind\":\"crdt.type/1\",\"name\":\"" TINY_TYPE                                                    \
  "\",\"semantics\":3,\"format_written\":2,\"formats_read\":[1,2],\"limits\":["                        \
  "{\"name\":\"element\",\"unit\":\"bytes\",\"default\":64,\"max\":1024},"                             \
  "{\"name\":\"elements\",\"unit\":\"count\",\"default\":1000,\"max\":5000}]},"                        \
  "{\"kind\":\"storage.backend/1\",\"name\":\"" TINY_STORE "\"}]}"
#endif

/* What the code says. */
#ifndef TINY_MAGIC
#define TINY_MAGIC CRDTD_PLUGIN_MAGIC
#endif
#ifndef TINY_ENTRY_SIZE
#define TINY_ENTRY_SIZE sizeof(crdtd_plugin_entry)
#endif
#ifndef TINY_ABI_MAJOR
#define TINY_ABI_MAJOR CRDTD_ABI_MAJOR
#endif
#ifndef TINY_ABI_MINOR
#define TINY_ABI_MINOR CRDTD_ABI_MINOR
#endif
#ifndef TINY_ID
#define TINY_ID "crdtd.test.tiny"
#endif
#ifndef TINY_VERSION
#define TINY_VERSION "0.1.0"
#endif
#ifndef TINY_INIT
#define TINY_INIT tiny_init
#endif
#ifndef TINY_TABLE_SIZE
#define TINY_TABLE_SIZE sizeof(crdtd_crdt_type)
#endif
#ifndef TINY_TABLE_NAME
#define TINY_TABLE_NAME TINY_TYPE
#endif
#ifndef TINY_SEMANTICS
#define TINY_SEMANTICS 3
#endif
#ifndef TINY_FORMAT
#define TINY_FORMAT 2
#endif
#ifndef TINY_MERGE
#define TINY_MERGE tiny_merge
#endif
#ifndef TINY_TYPE_COUNT
#define TINY_TYPE_COUNT 1
#endif
#ifndef TINY_TYPE_TABLE
#define TINY_TYPE_TABLE &tiny_type
#endif
#ifndef TINY_STORE_TRIM
#define TINY_STORE_TRIM tiny_store_trim
#endif

#ifndef TINY_NO_MANIFEST
__attribute__((section(CRDTD_MANIFEST_SECTION), used, aligned(1))) static const char tiny_manifest[] = TINY_MANIFEST;
#endif

/* Tells the test that code of this library ran. */
__attribute__((constructor)) static void tiny_constructor(void) { setenv("CRDTD_TINY_RAN", TINY_ID, 1); }

#ifdef TINY_UNDEFINED_SYMBOL
extern int crdtd_test_no_such_function(void);
int tiny_calls_nothing(void) { return crdtd_test_no_such_function(); }
__attribute__((used)) static int (*volatile tiny_keeps_it)(void) = tiny_calls_nothing;
#endif

static void tiny_say(crdtd_error* err, const char* message, const char* pointer) {
  strncpy(err->message, message, sizeof err->message - 1);
  strncpy(err->pointer, pointer, sizeof err->pointer - 1);
}

/* --- the type ------------------------------------------------------------------------------------------------------------- */

static int tiny_memory; /* every state is this one: it holds nothing */

static crdtd_status tiny_create(crdtd_crdt_state** out, crdtd_error* err) {
  (void)err;
  *out = (crdtd_crdt_state*)&tiny_memory;
  return CRDTD_OK;
}
static void tiny_destroy(crdtd_crdt_state* self) { (void)self; }
static crdtd_status tiny_mutate(crdtd_crdt_state* self, const crdtd_bytes* ops, const crdtd_ctx* ctx, crdtd_mutate_out* out,
                                crdtd_error* err) {
  (void)self, (void)ops, (void)ctx, (void)out;
  tiny_say(err, "a tiny type takes no ops", "");
  err->op_index = 0;
  return CRDTD_INVALID;
}
static crdtd_status tiny_merge(crdtd_crdt_state* self, const crdtd_bytes* delta, const crdtd_ctx* ctx, crdtd_merge_out* out,
                               crdtd_error* err) {
  (void)self, (void)delta, (void)ctx, (void)out, (void)err;
  return CRDTD_OK;
}
static crdtd_status tiny_encode(const crdtd_crdt_state* self, crdtd_buffer* out, crdtd_error* err) {
  (void)self, (void)out, (void)err;
  return CRDTD_OK;
}
static crdtd_status tiny_load(crdtd_crdt_state* self, const crdtd_bytes* encoded, uint32_t format, crdtd_error* err) {
  (void)self, (void)encoded, (void)format, (void)err;
  return CRDTD_OK;
}
static crdtd_status tiny_query(const crdtd_crdt_state* self, const crdtd_bytes* query, uint32_t flags, crdtd_buffer* out,
                               crdtd_error* err) {
  (void)self, (void)query, (void)flags, (void)out;
  tiny_say(err, "a tiny type has no value", "");
  return CRDTD_UNSUPPORTED;
}
static crdtd_status tiny_compact(crdtd_crdt_state* self, crdtd_error* err) {
  (void)self, (void)err;
  return CRDTD_OK;
}
static void tiny_footprint(const crdtd_crdt_state* self, crdtd_footprint* out) { (void)self, (void)out; }
static crdtd_status tiny_inspect(const crdtd_bytes* delta, uint32_t format, crdtd_buffer* out, crdtd_error* err) {
  (void)delta, (void)format, (void)out, (void)err;
  return CRDTD_OK;
}

static const crdtd_crdt_type tiny_type = {TINY_TABLE_SIZE, TINY_SEMANTICS, TINY_FORMAT, 0,           TINY_TABLE_NAME, tiny_create,
                                          tiny_destroy,    tiny_mutate,    TINY_MERGE,  tiny_encode, tiny_load,       tiny_query,
                                          tiny_compact,    tiny_footprint, tiny_inspect};

/* --- the storage ---------------------------------------------------------------------------------------------------------- */

static crdtd_status tiny_store_open(const crdtd_store_options* options, crdtd_store** out, crdtd_store_info* info,
                                    crdtd_error* err) {
  (void)out, (void)info;
  if (options->settings_json.size > 2) { /* more than {} */
    tiny_say(err, "a tiny store has no such setting", "colour");
    return CRDTD_INVALID;
  }
  tiny_say(err, "the store is held by process 42", "");
  return CRDTD_RETRY;
}
static void tiny_store_close(crdtd_store* store) { (void)store; }
static crdtd_status tiny_session_open(crdtd_store* store, uint32_t mode, crdtd_storage_session** out, crdtd_error* err) {
  (void)store, (void)mode, (void)out, (void)err;
  return CRDTD_INTERNAL;
}
static void tiny_session_close(crdtd_storage_session* session) { (void)session; }
static crdtd_status tiny_store_append(crdtd_storage_session* s, const crdtd_append_batch* b, crdtd_verdict* v, crdtd_error* e) {
  (void)s, (void)b, (void)v, (void)e;
  return CRDTD_INTERNAL;
}
static crdtd_status tiny_store_load(crdtd_storage_session* s, const crdtd_doc_key* d, const crdtd_read_range* r,
                                    const crdtd_load_sink* k, crdtd_error* e) {
  (void)s, (void)d, (void)r, (void)k, (void)e;
  return CRDTD_INTERNAL;
}
static crdtd_status tiny_find_key(crdtd_storage_session* s, const crdtd_doc_key* d, crdtd_key* k, crdtd_error* e) {
  (void)s, (void)d, (void)k, (void)e;
  return CRDTD_INTERNAL;
}
static crdtd_status tiny_put_checkpoint(crdtd_storage_session* s, const crdtd_doc_key* d, const crdtd_checkpoint* c,
                                        crdtd_error* e) {
  (void)s, (void)d, (void)c, (void)e;
  return CRDTD_INTERNAL;
}
static crdtd_status tiny_store_trim(crdtd_storage_session* s, const crdtd_doc_key* d, const crdtd_trim_to* t, crdtd_error* e) {
  (void)s, (void)d, (void)t, (void)e;
  return CRDTD_INTERNAL;
}
static crdtd_status tiny_erase(crdtd_storage_session* s, const crdtd_doc_key* d, const crdtd_doc_head* h, crdtd_error* e) {
  (void)s, (void)d, (void)h, (void)e;
  return CRDTD_INTERNAL;
}
static crdtd_status tiny_list(crdtd_storage_session* s, const crdtd_doc_key* d, uint32_t n, const crdtd_list_sink* k,
                              crdtd_error* e) {
  (void)s, (void)d, (void)n, (void)k, (void)e;
  return CRDTD_INTERNAL;
}
static crdtd_status tiny_meta_get(crdtd_storage_session* s, const crdtd_bytes* n, crdtd_buffer* o, crdtd_error* e) {
  (void)s, (void)n, (void)o, (void)e;
  return CRDTD_INTERNAL;
}
static crdtd_status tiny_meta_put(crdtd_storage_session* s, const crdtd_bytes* n, const crdtd_bytes* v, crdtd_error* e) {
  (void)s, (void)n, (void)v, (void)e;
  return CRDTD_INTERNAL;
}

static const crdtd_storage_backend tiny_store = {sizeof(crdtd_storage_backend),
                                                 0,
                                                 TINY_STORE,
                                                 tiny_store_open,
                                                 tiny_store_close,
                                                 tiny_session_open,
                                                 tiny_session_close,
                                                 tiny_store_append,
                                                 tiny_store_load,
                                                 tiny_store_load,
                                                 tiny_find_key,
                                                 tiny_put_checkpoint,
                                                 TINY_STORE_TRIM,
                                                 tiny_erase,
                                                 tiny_list,
                                                 tiny_meta_get,
                                                 tiny_meta_put};

/* --- the entry ------------------------------------------------------------------------------------------------------------ */

/* How often init and shutdown were called: the table "crdtd.test.calls". */
static struct {
  uint32_t struct_size;
  uint32_t init;
  uint32_t shutdown;
} tiny_calls = {sizeof tiny_calls, 0, 0};

static crdtd_status tiny_init(const crdtd_host* host, crdtd_error* err) {
  (void)host, (void)err;
  ++tiny_calls.init;
#ifdef TINY_INIT_FAILS
  tiny_say(err, "the licence\nhas expired", "");
  return CRDTD_INTERNAL;
#else
  return CRDTD_OK;
#endif
}
static void tiny_shutdown(void) { ++tiny_calls.shutdown; }
static uint32_t tiny_count(const char* kind) {
  if (strcmp(kind, CRDTD_KIND_CRDT_TYPE) == 0) return TINY_TYPE_COUNT;
  return strcmp(kind, CRDTD_KIND_STORAGE_BACKEND) == 0 ? 1 : 0;
}
static const void* tiny_get(const char* kind, uint32_t index) {
  if (index != 0) return NULL;
  if (strcmp(kind, CRDTD_KIND_CRDT_TYPE) == 0) return TINY_TYPE_TABLE;
  return strcmp(kind, CRDTD_KIND_STORAGE_BACKEND) == 0 ? &tiny_store : NULL;
}
static const void* tiny_get_extension(const char* id) { return strcmp(id, "crdtd.test.calls") == 0 ? &tiny_calls : NULL; }

#if defined(TINY_NO_ENTRY)
#define TINY_ENTRY __attribute__((visibility("default"))) const crdtd_plugin_entry tiny_entry_of_another_name
#elif defined(TINY_SHORT_ENTRY)
/* An entry as a host of the future, or a careless author, might have it: too small for the fields that this host reads. */
__attribute__((visibility("default"))) const uint32_t tiny_short_entry[4] __asm__(CRDTD_PLUGIN_ENTRY_SYMBOL) = {
    CRDTD_PLUGIN_MAGIC, 16, CRDTD_ABI_MAJOR, CRDTD_ABI_MINOR};
#define TINY_ENTRY __attribute__((used)) static const crdtd_plugin_entry tiny_entry_unused
#else
#define TINY_ENTRY const crdtd_plugin_entry crdtd_plugin_entry_v1
#endif

TINY_ENTRY = {TINY_MAGIC, TINY_ENTRY_SIZE, TINY_ABI_MAJOR, TINY_ABI_MINOR, TINY_ID,           TINY_VERSION,
              TINY_INIT,  tiny_shutdown,   tiny_count,     tiny_get,       tiny_get_extension};
