/* How a host finds what a plugin library holds: one exported data symbol, everything else is a table asked for by kind.
 *
 * Before any code of the library runs, a host reads its manifest: JSON in the ELF section CRDTD_MANIFEST_SECTION (in wasm
 * the custom section of that name without the leading dot). MANIFEST.md gives its fields. The entry must agree with it.
 * Lifecycle: load → init → count/get, use of the tables → shutdown once, at the end of the process. Never unloaded.
 */
#ifndef CRDTD_ABI_PLUGIN_H
#define CRDTD_ABI_PLUGIN_H

#include "crdtd/abi/base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CRDTD_PLUGIN_MAGIC 0x44545243u /* "CRTD", little-endian */
#define CRDTD_PLUGIN_ENTRY_SYMBOL "crdtd_plugin_entry_v1"
#define CRDTD_MANIFEST_SECTION ".crdtd_manifest"

/* Kinds carry their own version: a new one is added beside the old, never in place of it. */
#define CRDTD_KIND_CRDT_TYPE "crdt.type/1"             /* tables are crdtd_crdt_type */
#define CRDTD_KIND_STORAGE_BACKEND "storage.backend/1" /* tables are crdtd_storage_backend */

typedef struct crdtd_plugin_entry {
  uint32_t magic; /* CRDTD_PLUGIN_MAGIC */
  uint32_t struct_size;
  uint32_t abi_major; /* what the plugin was built against; the major must equal the host's, the minor must not exceed it */
  uint32_t abi_minor;
  const char* id;      /* reversed domain or "crdtd.crdt.lww"; equals the manifest's */
  const char* version; /* of the plugin, semantic versioning; equals the manifest's */

  /* Called once, first. Keeps `host`. On failure the library is not used and nothing else is called. [main] */
  crdtd_status (*init)(const crdtd_host* host, crdtd_error* err);

  /* Called once, last, when every state, session and store of this plugin is closed. [main] */
  void (*shutdown)(void);

  /* How many tables of `kind` there are; 0 for an unknown kind. [any] */
  uint32_t (*count)(const char* kind);

  /* Table `index` of `kind`, or null. Constant for the life of the process; order as in the manifest's `provides`. [any] */
  const void* (*get)(const char* kind, uint32_t index);

  /* A further table of this plugin by id, or null. [any] */
  const void* (*get_extension)(const char* id);
} crdtd_plugin_entry;

/* The one symbol that a plugin exports. */
extern
#if defined(_WIN32)
    __declspec(dllexport)
#else
    __attribute__((visibility("default")))
#endif
        const crdtd_plugin_entry crdtd_plugin_entry_v1;

#ifdef __cplusplus
}
#endif

#endif /* CRDTD_ABI_PLUGIN_H */
