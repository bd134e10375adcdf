/* A CRDT type: what a document means. Kind "crdt.type/1".
 *
 * The laws, checked for every type by the conformance kit:
 *   - merge() commutes for concurrent deltas, is idempotent, and an encoded state is itself a delta: merge(a, encode(b)) is
 *     the join. Equal states encode to equal bytes, on every machine.
 *   - The delta that mutate() returns, merged elsewhere, has the effect that it had here.
 *   - On any status but CRDTD_OK encode() is unchanged; after CRDTD_NO_MEMORY and CRDTD_INTERNAL only destroy() is allowed.
 *   - Nothing encoded depends on a clock, chance, locale, hash order, the width of a type, or binary floating point.
 * Theory: Shapiro, Preguiça, Baquero, Zawirski, "Conflict-free Replicated Data Types" (2011); Almeida, Shoker, Baquero,
 * "Delta State Replicated Data Types" (2018).
 *
 * One state is used by one thread at a time; different states in parallel. Calls never block, and call nothing of the host
 * but realloc and log. All functions are [state] unless they say otherwise.
 */
#ifndef CRDTD_ABI_CRDT_H
#define CRDTD_ABI_CRDT_H

#include "crdtd/abi/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct crdtd_crdt_state crdtd_crdt_state; /* opaque, the plugin's own */

/* A row of a document's log: the envelope of a delta, and the delta. Used by CRDT types (`recent`) and storages alike. */
typedef struct crdtd_row {
  uint32_t struct_size;
  uint32_t count;         /* counters that the delta uses: first_counter … first_counter + count - 1; 0 for a heal */
  uint64_t version;       /* 1, 2, 3 … */
  uint64_t replica;       /* whose counters */
  uint64_t first_counter; /* from 1 */
  uint64_t hlc_unix_ns;   /* hybrid logical clock of the author */
  uint32_t format;        /* of the delta */
  uint32_t check;         /* running checksum of the log up to this row */
  crdtd_bytes node;       /* the author's node name */
  crdtd_bytes key;        /* idempotency key of the request that made it; empty if none */
  crdtd_bytes delta;
} crdtd_row;

enum {
  CRDTD_FLAG_ADMIT = 1u << 0,      /* this is the gate for what is new: limits, clock drift and the envelope are enforced */
  CRDTD_FLAG_HEAL = 1u << 1,       /* with ADMIT: a whole state of a client after a data loss; the envelope is not enforced */
  CRDTD_FLAG_UTF16 = 1u << 2,      /* text indexes and lengths count UTF-16 code units, not code points */
  CRDTD_FLAG_WANT_EFFECT = 1u << 3 /* fill the effect */
};

/* All that a call may depend on besides the state and its arguments. */
typedef struct crdtd_ctx {
  uint32_t struct_size;
  uint32_t flags;
  uint64_t replica;       /* the author's: whose counters the delta uses, or may use */
  uint64_t first_counter; /* mutate: the first free one; merge: the envelope's */
  uint64_t hlc_unix_ns;   /* the author's hybrid logical clock */
  uint64_t wall_unix_ns;  /* this host's wall clock; only with ADMIT, else 0 */
  uint32_t count;         /* merge: how many counters the envelope covers; mutate: 0 */
  uint32_t format;        /* merge: of the delta; mutate: 0 */
  crdtd_bytes node;       /* the author's node name */

  /* The limits of this document, in the order in which the manifest lists them. */
  const uint64_t* limits;
  uint32_t limit_count;

  /* mutate: rows after the version that the author saw, its own left out, in version order; none when it saw the head.
   * `recent_stride` bytes from one to the next. Never holds a heal. */
  uint32_t recent_count;
  uint32_t recent_stride;
  uint32_t reserved;
  const crdtd_row* recent;
} crdtd_ctx;

/* What mutate() made. The buffers are the caller's; what they hold before the call is kept, results are appended. */
typedef struct crdtd_mutate_out {
  uint32_t struct_size;
  uint32_t counters_used; /* 0: nothing changed, and `delta` got nothing */
  crdtd_buffer* delta;    /* in format_written */
  crdtd_buffer* effect;   /* JSON array of ops: what changed in the value; only with WANT_EFFECT; may be null */
  crdtd_buffer* result;   /* JSON: what the author should know, `null` if nothing; may be null */
} crdtd_mutate_out;

typedef struct crdtd_merge_out {
  uint32_t struct_size;
  uint32_t changed;     /* 1 when encode() would now differ */
  crdtd_buffer* effect; /* as above; may be null */
} crdtd_merge_out;

typedef struct crdtd_footprint {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t memory_bytes;  /* what the state holds through realloc; cheap to ask, may be an estimate */
  uint64_t encoded_bytes; /* about what encode() would write; cheap to ask */
  uint64_t element_count; /* of the value: elements, characters; 1 for a scalar that is set */
} crdtd_footprint;

typedef struct crdtd_crdt_type {
  uint32_t struct_size;
  uint32_t semantics;      /* raised when merging changes; equals the manifest's */
  uint32_t format_written; /* equals the manifest's */
  uint32_t reserved;
  const char* name; /* the type id, "orset"; equals the manifest's */

  /* A new, empty state. */
  crdtd_status (*create)(crdtd_crdt_state** out, crdtd_error* err);

  /* Frees the state and all that it holds. Null is allowed. */
  void (*destroy)(crdtd_crdt_state* self);

  /* The author's side: applies the batch `ops_json` (a JSON array of ops) in order, all or nothing; later ops see earlier ones.
   * The delta uses counters first_counter, first_counter + 1 …; `err.op_index` names the op that was refused. An op whose
   * author did not see the head is resolved against what it saw, with the help of ctx.recent. */
  crdtd_status (*mutate)(crdtd_crdt_state* self, const crdtd_bytes* ops_json, const crdtd_ctx* ctx, crdtd_mutate_out* out,
                         crdtd_error* err);

  /* Everyone else's side: joins `delta` (an encoded state is one too). Without ADMIT only CRDTD_MALFORMED and CRDTD_GAP may
   * be answered: what was admitted once is merged by everyone, whatever their limits. */
  crdtd_status (*merge)(crdtd_crdt_state* self, const crdtd_bytes* delta, const crdtd_ctx* ctx, crdtd_merge_out* out,
                        crdtd_error* err);

  /* Appends the canonical bytes of the state, in format_written. */
  crdtd_status (*encode)(const crdtd_crdt_state* self, crdtd_buffer* out, crdtd_error* err);

  /* Fills a state fresh from create() with what encode() wrote in `format`. On failure the state may only be destroyed. */
  crdtd_status (*load)(crdtd_crdt_state* self, const crdtd_bytes* encoded, uint32_t format, crdtd_error* err);

  /* Appends JSON: the whole value for an empty `query_json`, else what the type's own query asks for. `flags`: UTF16. */
  crdtd_status (*query)(const crdtd_crdt_state* self, const crdtd_bytes* query_json, uint32_t flags, crdtd_buffer* out,
                        crdtd_error* err);

  /* Gives memory back where that is cheap. Never changes encode(). */
  crdtd_status (*compact)(crdtd_crdt_state* self, crdtd_error* err);

  void (*footprint)(const crdtd_crdt_state* self, crdtd_footprint* out);

  /* Appends a delta as JSON, for people. [any] */
  crdtd_status (*inspect)(const crdtd_bytes* delta, uint32_t format, crdtd_buffer* out, crdtd_error* err);
} crdtd_crdt_type;

#ifdef __cplusplus
}
#endif

#endif /* CRDTD_ABI_CRDT_H */
