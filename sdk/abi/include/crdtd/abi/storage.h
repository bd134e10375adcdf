/* A storage backend: where documents are kept. Kind "storage.backend/1". Native only.
 *
 * What a store keeps of a document:
 *   head         type, birth, newest version with its running check and HLC, first version whose row is still kept
 *   log          rows first_version … version, without a hole
 *   known table  per replica: node, highest counter, chain (running 64-bit hash of its deltas)
 *   checkpoints  encoded states at a version: the newest one, and older ones until trim() drops them
 *   keys         idempotency keys with the digest of the request and the version at which it took effect
 * and, of a document that was erased, its grave: the births that shall not come back.
 *
 * Promises that the contract suite (sdk/conformance) checks:
 *   - What append() answered CRDTD_OK for survives kill -9, power loss and a torn write. All of an entry is there, or nothing.
 *   - A reader sees a document as of one moment; it never sees what is not committed.
 *   - Damage is found by checksum and answered CRDTD_CORRUPT, never returned as data.
 *   - A failed fsync is CRDTD_FATAL, now and for every later append: it is never tried again.
 *   - Where an append touches several documents they are locked in (tenant, id) order.
 *
 * Threads: open and close [main]; everything that takes a session: [session], on the host's storage threads, and may block.
 * Sinks are called within the call, on its thread; what they are given is borrowed until they return. A sink that returns
 * other than CRDTD_OK ends the read, which then returns that status.
 */
#ifndef CRDTD_ABI_STORAGE_H
#define CRDTD_ABI_STORAGE_H

#include "crdtd/abi/base.h"
#include "crdtd/abi/crdt.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct crdtd_store crdtd_store;                     /* an open store, opaque */
typedef struct crdtd_storage_session crdtd_storage_session; /* one thread's way into it, opaque */

/* Names a document. Both slices are non-empty. */
typedef struct crdtd_doc_key {
  uint32_t struct_size;
  uint32_t reserved;
  crdtd_bytes tenant;
  crdtd_bytes id;
} crdtd_doc_key;

typedef struct crdtd_doc_head {
  uint32_t struct_size;
  uint32_t check; /* of row `version`; the check that the creation was given while there is no row */
  uint64_t birth;
  uint64_t version;       /* 0: created, no row yet */
  uint64_t first_version; /* first row kept; version + 1 when none is */
  uint64_t hlc_unix_ns;   /* greatest HLC of any row so far, 0 if none */
  crdtd_bytes type;
} crdtd_doc_head;

typedef struct crdtd_known {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t replica;
  uint64_t counter; /* highest used */
  uint64_t chain;
  crdtd_bytes node; /* the name that the replica is bound to */
} crdtd_known;

typedef struct crdtd_checkpoint {
  uint32_t struct_size;
  uint32_t format;
  uint64_t birth; /* of the document that it was taken of */
  uint64_t version;
  uint32_t check; /* running check of the log at `version` */
  uint32_t reserved;
  crdtd_bytes encoded;
} crdtd_checkpoint;

typedef struct crdtd_key {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t applied;         /* version at which the request took effect */
  uint64_t expires_unix_ms; /* may be forgotten from then on */
  uint8_t digest[32];       /* SHA-256 of the request */
  crdtd_bytes node;         /* scope: (tenant, document, node) */
  crdtd_bytes key;
} crdtd_key;

/* What one document gets in one append: any of rows, keys and known entries, or just its creation. */
typedef struct crdtd_append_entry {
  uint32_t struct_size;
  uint32_t create; /* 1: the document must not exist; birth, type and check_create are its own. GONE if graved with it */
  crdtd_doc_key doc;
  uint64_t birth;            /* must be the document's */
  uint64_t version_expected; /* the head must be at this version; rows continue at version_expected + 1 */
  crdtd_bytes type;          /* at creation, else empty */
  uint32_t check_create;     /* at creation: the check of version 0 */
  uint32_t row_count;
  uint32_t row_stride;
  uint32_t key_count;
  uint32_t key_stride;
  uint32_t known_count;
  uint32_t known_stride;
  uint32_t reserved;
  const crdtd_row* rows;
  const crdtd_key* keys;
  const crdtd_known* known; /* replaces the entries of the same replicas */
} crdtd_append_entry;

typedef struct crdtd_append_batch {
  uint32_t struct_size;
  uint32_t entry_count;
  uint32_t entry_stride;
  uint32_t verdict_stride;
  const crdtd_append_entry* entries; /* different documents */
} crdtd_append_batch;

/* Verdicts: OK; CONFLICT, FULL, RETRY (nothing of the entry is stored); UNKNOWN (the host repeats the same append in a new
 * session); CORRUPT (the host quarantines the document); FATAL (the host stops). */
typedef struct crdtd_verdict {
  uint32_t struct_size;
  crdtd_status status;
  uint64_t version; /* the head afterwards, where it is known */
} crdtd_verdict;

typedef struct crdtd_store_options {
  uint32_t struct_size;
  uint32_t reserved;
  crdtd_bytes
      settings_json; /* the YAML mapping under `storage` without `plugin`, as a JSON object of strings, numbers, booleans */
  crdtd_bytes base_directory; /* absolute; relative paths in the settings start here */
} crdtd_store_options;

typedef struct crdtd_store_info {
  uint32_t struct_size;
  uint32_t writers_max; /* how many write sessions may append at the same time, at least 1 */
  uint32_t readers_max; /* how many read sessions make sense, at least 1 */
  uint32_t reserved;
} crdtd_store_info;

enum { CRDTD_SESSION_READ = 0, CRDTD_SESSION_WRITE = 1 };

/* Where load() puts what it reads, in this order: head once, known entries, the checkpoint if there is one, rows.
 * A null member skips that part. */
typedef struct crdtd_load_sink {
  uint32_t struct_size;
  uint32_t reserved;
  void* user;
  crdtd_status (*head)(void* user, const crdtd_doc_head* head);
  crdtd_status (*known)(void* user, const crdtd_known* known);
  crdtd_status (*checkpoint)(void* user, const crdtd_checkpoint* checkpoint);
  crdtd_status (*row)(void* user, const crdtd_row* row);
} crdtd_load_sink;

typedef struct crdtd_list_item {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t version;
  uint64_t birth;
  crdtd_bytes id;
  crdtd_bytes type;
} crdtd_list_item;

typedef struct crdtd_list_sink {
  uint32_t struct_size;
  uint32_t reserved;
  void* user;
  crdtd_status (*item)(void* user, const crdtd_list_item* item);
} crdtd_list_sink;

typedef struct crdtd_read_range {
  uint32_t struct_size;
  uint32_t row_count_max; /* stop after so many rows; 0 = no bound */
  uint64_t version_after; /* start with the row after this version */
  uint64_t version_until; /* stop with the row of this version; 0 = the head */
  uint64_t bytes_max;     /* stop once the deltas sum to this, after at least one row; 0 = no bound */
} crdtd_read_range;

typedef struct crdtd_trim_to {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t first_version; /* rows before it go, and checkpoints older than the newest one at or before first_version - 1 */
  uint64_t now_unix_ms;   /* keys that expired before it go */
} crdtd_trim_to;

typedef struct crdtd_storage_backend {
  uint32_t struct_size;
  uint32_t reserved;
  const char* name; /* as `storage.plugin` in the YAML: "memory" */

  /* Opens a store and recovers it. An unusable setting is CRDTD_INVALID with its name in `err.pointer`; a store that another
   * process holds is CRDTD_RETRY with a text that names the holder. [main] */
  crdtd_status (*open)(const crdtd_store_options* options, crdtd_store** out, crdtd_store_info* info, crdtd_error* err);

  /* Every session is closed before. [main] */
  void (*close)(crdtd_store* store);

  /* `mode`: CRDTD_SESSION_READ or _WRITE. Each session may read; only a write session appends, trims, erases, puts. [any] */
  crdtd_status (*session_open)(crdtd_store* store, uint32_t mode, crdtd_storage_session** out, crdtd_error* err);
  void (*session_close)(crdtd_storage_session* session); /* [session] */

  /* Stores the entries in one durable transaction, and gives a verdict for each (`verdicts`: entry_count of them, verdict_stride
   * apart). An entry that conflicts or does not fit leaves the others untouched. The returned status says only whether the
   * verdicts were filled; other than CRDTD_OK it holds for every entry. */
  crdtd_status (*append)(crdtd_storage_session* session, const crdtd_append_batch* batch, crdtd_verdict* verdicts,
                         crdtd_error* err);

  /* Reads a document as of one moment: head, known table, the newest checkpoint at or before `range->version_until` and the
   * rows from there to it; of `range` only version_until counts (0 or beyond the head: the head). The known table and the head
   * are always the present ones. NOT_FOUND, GONE (erased), BEHIND (that version cannot be rebuilt any more). */
  crdtd_status (*load)(crdtd_storage_session* session, const crdtd_doc_key* doc, const crdtd_read_range* range,
                       const crdtd_load_sink* sink, crdtd_error* err);

  /* Gives `sink->head`, then rows to `sink->row`. BEHIND when the row after version_after is no longer kept. */
  crdtd_status (*read_rows)(crdtd_storage_session* session, const crdtd_doc_key* doc, const crdtd_read_range* range,
                            const crdtd_load_sink* sink, crdtd_error* err);

  /* Looks up (doc, node, key): fills digest, applied and expires of `inout`, whose `node` and `key` are given. NOT_FOUND. */
  crdtd_status (*find_key)(crdtd_storage_session* session, const crdtd_doc_key* doc, crdtd_key* inout, crdtd_error* err);

  /* Keeps a checkpoint; CONFLICT when the document has another birth or is not that far. Durable when it returns. */
  crdtd_status (*put_checkpoint)(crdtd_storage_session* session, const crdtd_doc_key* doc, const crdtd_checkpoint* checkpoint,
                                 crdtd_error* err);

  /* Forgets old rows, checkpoints and keys. Only what a checkpoint that is durable makes unnecessary is dropped. */
  crdtd_status (*trim)(crdtd_storage_session* session, const crdtd_doc_key* doc, const crdtd_trim_to* to, crdtd_error* err);

  /* Removes a document and leaves its grave, durably. CONFLICT unless `expected` holds its birth and version. */
  crdtd_status (*erase)(crdtd_storage_session* session, const crdtd_doc_key* doc, const crdtd_doc_head* expected,
                        crdtd_error* err);

  /* Documents of doc->tenant with an id greater than doc->id (bytewise; empty = from the start), at most `count_max`. */
  crdtd_status (*list)(crdtd_storage_session* session, const crdtd_doc_key* after, uint32_t count_max,
                       const crdtd_list_sink* sink, crdtd_error* err);

  /* Small named values of the store itself: the host keeps its generation there. Durable when put returns. NOT_FOUND. */
  crdtd_status (*meta_get)(crdtd_storage_session* session, const crdtd_bytes* name, crdtd_buffer* out, crdtd_error* err);
  crdtd_status (*meta_put)(crdtd_storage_session* session, const crdtd_bytes* name, const crdtd_bytes* value, crdtd_error* err);
} crdtd_storage_backend;

#ifdef __cplusplus
}
#endif

#endif /* CRDTD_ABI_STORAGE_H */
