// The plugin's side of crdtd/abi/plugin.h: the entry, the way to the host, and the guard that keeps exceptions inside.
//
// CRDTD_EXPORT_PLUGIN(provisions…) defines the one exported symbol. A provision is what CRDTD_EXPORT_TYPES and
// CRDTD_EXPORT_STORAGE are made of; it says which tables of one kind there are:
//
//   struct MyTables {
//     static constexpr const char* kKind = CRDTD_KIND_STORAGE_BACKEND;
//     static constexpr std::uint32_t kCount = 1;                  // must be what the manifest lists
//     template <const Manifest& kManifest>
//     static const void* table(std::uint32_t index) noexcept;     // index < kCount; constant for ever
//     static const void* extension(std::string_view id) noexcept; // optional
//   };
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <new>
#include <string_view>
#include <type_traits>

#include "crdtd/abi/plugin.h"
#include "crdtd/plugin/allocation.hpp"
#include "crdtd/plugin/bytes.hpp"
#include "crdtd/plugin/manifest.hpp"
#include "crdtd/plugin/outcome.hpp"

namespace crdtd {

// The host, or null before init() and after shutdown(). [any]
inline const crdtd_host* plugin_host() noexcept { return detail::host_table; }

// One line in the host's log: CRDTD_LOG_DEBUG … CRDTD_LOG_ERROR. [any]
inline void log(std::uint32_t level, std::string_view text) noexcept {
  if (detail::host_table == nullptr) return;
  const crdtd_bytes raw = Bytes(text).raw();
  detail::host_table->log(level, &raw);
}

namespace detail {

// How many bytes of `field`, `size` long at `offset`, a struct of `struct_size` bytes has.
constexpr std::size_t covered(std::uint32_t struct_size, std::size_t offset, std::size_t size) noexcept {
  return struct_size <= offset ? 0 : (struct_size - offset < size ? struct_size - offset : size);
}
#define CRDTD_COVERS(object, field) \
  ((object)->struct_size >= offsetof(std::remove_cvref_t<decltype(*(object))>, field) + sizeof((object)->field))

// Copies text with its terminating null into as much of an array as the caller's struct covers.
inline void put_text(char* to, std::size_t room, std::string_view text) noexcept {
  if (room == 0) return;
  std::size_t size = text.size();
  if (size >= room) {
    size = room - 1;
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0u) == 0x80u) --size;
  }
  if (size > 0) std::memcpy(to, text.data(), size);
  to[size] = '\0';
}

// Fills the caller's struct as far as it goes and returns the status. `err` may be null. Allocates nothing.
[[gnu::noinline, gnu::cold]] inline crdtd_status put_error(crdtd_error* err, const Outcome& outcome) noexcept {
  const Error& error = outcome.error();
  if (err == nullptr) return error.status;
  if (CRDTD_COVERS(err, op_index)) err->op_index = error.op_index;
  if (CRDTD_COVERS(err, detail)) err->detail = error.detail;
  put_text(err->pointer, covered(err->struct_size, offsetof(crdtd_error, pointer), sizeof err->pointer), error.pointer.view());
  put_text(err->message, covered(err->struct_size, offsetof(crdtd_error, message), sizeof err->message), error.message.view());
  return error.status;
}

#if defined(__cpp_exceptions)
// Inside a catch block: the exception in flight as a status.
[[gnu::noinline, gnu::cold]] inline crdtd_status put_exception(crdtd_error* err) noexcept {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return put_error(err, no_memory());
  } catch (const std::exception& exception) {
    return put_error(err, internal({"the plugin threw: ", exception.what()}));
  } catch (...) {
    return put_error(err, internal("the plugin threw something that is no std::exception"));
  }
}
#endif

}  // namespace detail

// Runs `body`, which returns an Outcome, and fills `err` with how it failed. Lets no exception out.
template <class Body>
crdtd_status guarded(crdtd_error* err, Body&& body) noexcept {
#if defined(__cpp_exceptions)
  try {
#endif
    const Outcome outcome = body();
    if (outcome.ok()) [[likely]]
      return CRDTD_OK;
    return detail::put_error(err, outcome);
#if defined(__cpp_exceptions)
  } catch (...) {
    return detail::put_exception(err);
  }
#endif
}

// Runs `body`, which returns nothing, where the ABI has no way to tell of a failure: one is logged as that of `function`.
template <class Body>
void guarded_quietly(const char* function, Body&& body) noexcept {
#if defined(__cpp_exceptions)
  try {
    body();
  } catch (const std::exception& exception) {
    log(CRDTD_LOG_ERROR, Sentence{function, "() of a plugin threw: ", exception.what()}.view());
  } catch (...) {
    log(CRDTD_LOG_ERROR, Sentence{function, "() of a plugin threw"}.view());
  }
#else
  static_cast<void>(function);
  body();
#endif
}

namespace detail {

// Why a plugin of `manifest` cannot work with `host`; success if it can.
inline Outcome accept_host(const crdtd_host* host, const Manifest& manifest) noexcept {
  if (host == nullptr) return internal({manifest.id, ": init() was given no host"});
  if (!CRDTD_COVERS(host, get_extension)) {
    return internal({manifest.id, ": host.struct_size is ", host->struct_size, ", at least ", sizeof(crdtd_host),
                     " is needed; use a host of ABI ", manifest.abi_major, ".", manifest.abi_minor});
  }
  if (host->abi_major != manifest.abi_major || host->abi_minor < manifest.abi_minor) {
    return {CRDTD_UNSUPPORTED,
            {manifest.id, " needs ABI ", manifest.abi_major, ".", manifest.abi_minor, ", the host has ", host->abi_major, ".",
             host->abi_minor, "; use a plugin built for this host"}};
  }
  if (host->realloc == nullptr || host->log == nullptr) return internal({manifest.id, ": host.realloc or host.log is null"});
  return {};
}

template <const Manifest& kManifest, class... Provisions>
struct Entry {
  static_assert(kManifest.abi_major == CRDTD_ABI_MAJOR && kManifest.abi_minor <= CRDTD_ABI_MINOR,
                "`abi` in manifest.json is not one that this SDK provides");
  static_assert(((kManifest.count(Provisions::kKind) == Provisions::kCount) && ...),
                "the export macro and `provides` in manifest.json list a different number of types or storages");
  static_assert((Provisions::kCount + ... + 0u) == kManifest.item_count,
                "`provides` in manifest.json lists something that the export macro does not");

  static crdtd_status init(const crdtd_host* host, crdtd_error* err) noexcept {
    const Outcome accepted = accept_host(host, kManifest);
    if (!accepted.ok()) return put_error(err, accepted);
    host_table = host;
    return CRDTD_OK;
  }

  static void shutdown() noexcept { host_table = nullptr; }

  static std::uint32_t count(const char* kind) noexcept {
    if (kind == nullptr) return 0;
    std::uint32_t found = 0;
    ((found += std::string_view(kind) == Provisions::kKind ? Provisions::kCount : 0u), ...);
    return found;
  }

  static const void* get(const char* kind, std::uint32_t index) noexcept {
    if (kind == nullptr) return nullptr;
    const void* table = nullptr;
    ((std::string_view(kind) == Provisions::kKind && index < Provisions::kCount
          ? static_cast<void>(table = Provisions::template table<kManifest>(index))
          : static_cast<void>(0)),
     ...);
    return table;
  }

  static const void* get_extension(const char* id) noexcept {
    const void* found = nullptr;
    if (id != nullptr) (ask<Provisions>(id, found), ...);
    return found;
  }

  static constexpr crdtd_plugin_entry make() {
    return {CRDTD_PLUGIN_MAGIC,
            sizeof(crdtd_plugin_entry),
            kManifest.abi_major,
            kManifest.abi_minor,
            kManifest.id,
            kManifest.version,
            init,
            shutdown,
            count,
            get,
            get_extension};
  }

 private:
  template <class Provision>
  static void ask(std::string_view id, const void*& found) noexcept {
    if constexpr (requires { Provision::extension(id); }) {
      if (found == nullptr) found = Provision::extension(id);
    } else {
      static_cast<void>(id), static_cast<void>(found);
    }
  }
};

}  // namespace detail

}  // namespace crdtd

// Defines the plugin: its entry and its operator new. Once, at global scope, in a source of a crdtd_add_plugin() target.
#ifdef CRDTD_MANIFEST_HEADER
#define CRDTD_EXPORT_PLUGIN(...)                                                 \
  CRDTD_DEFINE_OPERATOR_NEW                                                      \
  extern "C" {                                                                   \
  constinit const crdtd_plugin_entry crdtd_plugin_entry_v1 =                     \
      ::crdtd::detail::Entry<::crdtd::manifest::kManifest, __VA_ARGS__>::make(); \
  }                                                                              \
  static_assert(true)
#else
#define CRDTD_EXPORT_PLUGIN(...) \
  static_assert(false, "no manifest: build this source with crdtd_add_plugin(<name> SOURCES … MANIFEST manifest.json)")
#endif
