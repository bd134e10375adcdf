/* The vocabulary of the crdtd binary contract: status codes, slices, buffers, errors, and the table a host passes in.
 *
 * One header serves a native shared library and a wasm32 module that JavaScript reads out of linear memory. So parameters
 * are 32-bit scalars or pointers, 64-bit values travel inside structs, and nothing here is a bitfield, `bool`, `long`,
 * `size_t` or a struct passed by value. ABI.md gives the rules by which these headers may change.
 *
 * Conventions that hold for every function in this folder:
 *   - Every struct begins with `struct_size`, set by whoever allocates it; a reader ignores what lies beyond that size and
 *     treats fields that it does not cover as zero. crdtd_bytes is the one exception: two fields, for ever.
 *   - Inputs are borrowed for the call. Outputs go to memory that the caller owns.
 *   - A function that returns crdtd_status fills `err` on anything but CRDTD_OK; an error never needs an allocation.
 *   - No exception crosses this border, in either direction.
 * A tag closes each comment: [any] concurrent, [state] one thread per state at a time, [session] one thread per session at a
 * time, [main] before the first and after the last other call.
 */
#ifndef CRDTD_ABI_BASE_H
#define CRDTD_ABI_BASE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CRDTD_ABI_MAJOR 1u
#define CRDTD_ABI_MINOR 0u

/* Why a call failed. Values are never reused; an unknown value is treated as CRDTD_INTERNAL. */
typedef uint32_t crdtd_status;
enum {
  CRDTD_OK = 0,
  /* The caller's request is at fault; the state is as it was. */
  CRDTD_INVALID = 1,     /* an op or query is wrong: `pointer` says where */
  CRDTD_LIMIT = 2,       /* a configured limit is exceeded: `detail` is the limit */
  CRDTD_CLOCK_DRIFT = 3, /* a stamp lies too far ahead: `detail` is the offset in nanoseconds */
  CRDTD_GAP = 4,         /* a cause is missing: `detail` is the counter that was expected, 0 if none can be named */
  CRDTD_ENVELOPE = 5,    /* a delta carries new dots that its envelope does not cover */
  CRDTD_MALFORMED = 6,   /* bytes that no encoder writes */
  CRDTD_UNSUPPORTED = 7, /* a format, query or extension that this plugin does not know */
  CRDTD_NOT_FOUND = 8,   /* no such document, key, checkpoint or meta entry */
  CRDTD_GONE = 9,        /* the document was erased: `detail` is the graved birth */
  CRDTD_BEHIND = 10,     /* the version asked for lies before what is kept: `detail` is the first version that can be read */
  /* The machine is at fault. */
  CRDTD_NO_MEMORY = 20, /* a CRDT state is spoilt after this one: only destroy() is allowed */
  CRDTD_INTERNAL = 21,  /* likewise */
  CRDTD_RETRY = 22,     /* nothing happened; the same call may succeed later */
  CRDTD_FULL = 23,      /* no room; nothing was stored */
  CRDTD_CORRUPT = 24,   /* what is stored does not match its checksum */
  CRDTD_UNKNOWN = 25,   /* the outcome cannot be told: the connection broke in mid-commit */
  CRDTD_CONFLICT = 26,  /* the expected head is not the head; nothing was stored */
  CRDTD_FATAL = 27      /* the store can no longer promise durability (a failed fsync is always this one) */
};

/* A borrowed slice. `data` may be null when `size` is 0. Never grows, so it carries no struct_size. */
typedef struct crdtd_bytes {
  const uint8_t* data;
  uint32_t size;
} crdtd_bytes;

/* A growing output, owned by the caller. The callee appends at `size` and enlarges `data` through crdtd_host.realloc
 * (in wasm: the module's own). The caller frees it the same way, with `capacity`. Start with data = null and 0, 0. */
typedef struct crdtd_buffer {
  uint32_t struct_size;
  uint32_t size;
  uint32_t capacity;
  uint8_t* data;
} crdtd_buffer;

#define CRDTD_NO_INDEX 0xffffffffu

/* What went wrong, in the caller's memory. Texts are UTF-8, null-terminated, cut to fit. */
typedef struct crdtd_error {
  uint32_t struct_size;
  uint32_t op_index; /* the op at fault, from 0; CRDTD_NO_INDEX when it is none */
  int64_t detail;    /* see the status codes */
  char pointer[128]; /* JSON pointer below that op, or into the query: "/elem"; empty = the whole */
  char message[384]; /* one sentence for a person: what was wrong, what was wanted */
} crdtd_error;

enum { CRDTD_LOG_DEBUG = 0, CRDTD_LOG_INFO = 1, CRDTD_LOG_WARNING = 2, CRDTD_LOG_ERROR = 3 };

/* What a host offers a plugin. Lives until shutdown() has returned. */
typedef struct crdtd_host {
  uint32_t struct_size;
  uint32_t abi_major;
  uint32_t abi_minor;
  uint32_t reserved;

  /* The only allocator that a CRDT type may use. `size_old` is exactly what was asked for before (0 with a null `ptr`);
   * `size_new` 0 frees and returns null. Blocks are aligned to 16 bytes. Returns null when there is no memory: the old
   * block then stays as it was. [any] */
  void* (*realloc)(void* ptr, uint32_t size_old, uint32_t size_new);

  /* Writes one line to the host's log; `text` is UTF-8 without a line end. [any] */
  void (*log)(uint32_t level, const crdtd_bytes* text);

  /* Returns a table of the host by id, or null. Such a table begins with struct_size. [any] */
  const void* (*get_extension)(const char* id);
} crdtd_host;

#ifdef __cplusplus
}
#endif

#endif /* CRDTD_ABI_BASE_H */
