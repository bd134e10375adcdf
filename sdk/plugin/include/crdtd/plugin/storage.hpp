// Write a storage backend in C++: two classes with the methods listed by the concepts below, and one macro.
//
//   class Files {                                            // an open store; one for each open() [main]
//    public:
//     static constexpr const char* kName = "files";          // `storage.plugin` in the YAML, `name` in the manifest
//     class Session;                                         // one thread's way in; calls may block [session]
//     static Outcome open(std::string_view settings_json, std::string_view base_directory, std::unique_ptr<Files>& out);
//     storage::Capacity capacity() const;
//     Outcome open_session(storage::Mode mode, std::unique_ptr<Session>& out);  // [any]
//   };
//   CRDTD_EXPORT_STORAGE(Files);
//
// The contract itself, with all that a backend promises, is crdtd/abi/storage.h; its structs arrive here as they are, with
// text(), rows(), keys(), known() to walk them (storage_views.hpp). storage_settings.hpp reads the settings. Exceptions that a
// method lets out become CRDTD_INTERNAL or CRDTD_NO_MEMORY, which a host takes as fatal: answer a status instead where you can.
#pragma once

#include <concepts>
#include <memory>
#include <string_view>

#include "crdtd/abi/storage.h"
#include "crdtd/plugin/entry.hpp"
#include "crdtd/plugin/output.hpp"
#include "crdtd/plugin/storage_views.hpp"

namespace crdtd {

namespace storage {

enum class Mode : std::uint32_t { kRead = CRDTD_SESSION_READ, kWrite = CRDTD_SESSION_WRITE };

struct Capacity {
  std::uint32_t writers_max = 1;  // how many write sessions may append at the same time
  std::uint32_t readers_max = 1;  // how many read sessions make sense
};

}  // namespace storage

// What each method must do stands in crdtd/abi/storage.h, at the function of the same name.
template <class S>
concept StorageSession =
    requires(S session, const crdtd_append_batch& batch, const storage::Verdicts& verdicts, const crdtd_doc_key& doc,
             const crdtd_read_range& range, const storage::LoadSink& load_sink, crdtd_key& key,
             const crdtd_checkpoint& checkpoint, const crdtd_trim_to& to, const crdtd_doc_head& head,
             const storage::ListSink& list_sink, std::string_view name, Output& output) {
      { session.append(batch, verdicts) } -> std::same_as<Outcome>;
      { session.load(doc, std::uint64_t{} /* version_until */, load_sink) } -> std::same_as<Outcome>;
      { session.read_rows(doc, range, load_sink) } -> std::same_as<Outcome>;
      { session.find_key(doc, key) } -> std::same_as<Outcome>;
      { session.put_checkpoint(doc, checkpoint) } -> std::same_as<Outcome>;
      { session.trim(doc, to) } -> std::same_as<Outcome>;
      { session.erase(doc, head) } -> std::same_as<Outcome>;
      { session.list(doc /* after */, std::uint32_t{} /* count_max */, list_sink) } -> std::same_as<Outcome>;
      { session.meta_get(name, output) } -> std::same_as<Outcome>;
      { session.meta_put(name, name /* value */) } -> std::same_as<Outcome>;
    };

template <class B>
concept StorageBackend =
    StorageSession<typename B::Session> &&
    requires(B& backend, std::string_view text, std::unique_ptr<B>& out, std::unique_ptr<typename B::Session>& session) {
      { B::kName } -> std::convertible_to<const char*>;
      { B::open(text /* settings_json */, text /* base_directory */, out) } -> std::same_as<Outcome>;
      { backend.capacity() } -> std::same_as<storage::Capacity>;
      { backend.open_session(storage::Mode::kRead, session) } -> std::same_as<Outcome>;
    };

namespace detail {

// The C functions of a backend: each turns its arguments into those of the method and stops what the method throws.
template <StorageBackend Backend>
struct StorageTable {
  using Session = typename Backend::Session;

  static Session& of(crdtd_storage_session* raw) noexcept { return *reinterpret_cast<Session*>(raw); }

  static crdtd_status open(const crdtd_store_options* options, crdtd_store** out, crdtd_store_info* info,
                           crdtd_error* err) noexcept {
    return guarded(err, [&]() -> Outcome {
      std::unique_ptr<Backend> backend;
      Outcome opened = Backend::open(storage::text(options->settings_json), storage::text(options->base_directory), backend);
      if (!opened) return opened;
      const storage::Capacity capacity = backend->capacity();
      info->writers_max = capacity.writers_max;
      info->readers_max = capacity.readers_max;
      *out = reinterpret_cast<crdtd_store*>(backend.release());
      return {};
    });
  }

  static void close(crdtd_store* store) noexcept {
    guarded_quietly("close", [&] { delete reinterpret_cast<Backend*>(store); });
  }

  static crdtd_status session_open(crdtd_store* store, std::uint32_t mode, crdtd_storage_session** out,
                                   crdtd_error* err) noexcept {
    return guarded(err, [&]() -> Outcome {
      if (mode > CRDTD_SESSION_WRITE) return invalid({"session mode ", mode, " is unknown"});
      std::unique_ptr<Session> session;
      Outcome opened = reinterpret_cast<Backend*>(store)->open_session(static_cast<storage::Mode>(mode), session);
      if (opened) *out = reinterpret_cast<crdtd_storage_session*>(session.release());
      return opened;
    });
  }

  static void session_close(crdtd_storage_session* session) noexcept {
    guarded_quietly("session_close", [&] { delete &of(session); });
  }

  static crdtd_status append(crdtd_storage_session* session, const crdtd_append_batch* batch, crdtd_verdict* verdicts,
                             crdtd_error* err) noexcept {
    return guarded(
        err, [&] { return of(session).append(*batch, storage::Verdicts(verdicts, batch->entry_count, batch->verdict_stride)); });
  }

  static crdtd_status load(crdtd_storage_session* session, const crdtd_doc_key* doc, const crdtd_read_range* range,
                           const crdtd_load_sink* sink, crdtd_error* err) noexcept {
    return guarded(err, [&] { return of(session).load(*doc, range ? range->version_until : 0, storage::LoadSink(*sink)); });
  }

  static crdtd_status read_rows(crdtd_storage_session* session, const crdtd_doc_key* doc, const crdtd_read_range* range,
                                const crdtd_load_sink* sink, crdtd_error* err) noexcept {
    return guarded(err, [&] { return of(session).read_rows(*doc, *range, storage::LoadSink(*sink)); });
  }

  static crdtd_status find_key(crdtd_storage_session* session, const crdtd_doc_key* doc, crdtd_key* inout,
                               crdtd_error* err) noexcept {
    return guarded(err, [&] { return of(session).find_key(*doc, *inout); });
  }

  static crdtd_status put_checkpoint(crdtd_storage_session* session, const crdtd_doc_key* doc, const crdtd_checkpoint* checkpoint,
                                     crdtd_error* err) noexcept {
    return guarded(err, [&] { return of(session).put_checkpoint(*doc, *checkpoint); });
  }

  static crdtd_status trim(crdtd_storage_session* session, const crdtd_doc_key* doc, const crdtd_trim_to* to,
                           crdtd_error* err) noexcept {
    return guarded(err, [&] { return of(session).trim(*doc, *to); });
  }

  static crdtd_status erase(crdtd_storage_session* session, const crdtd_doc_key* doc, const crdtd_doc_head* expected,
                            crdtd_error* err) noexcept {
    return guarded(err, [&] { return of(session).erase(*doc, *expected); });
  }

  static crdtd_status list(crdtd_storage_session* session, const crdtd_doc_key* after, std::uint32_t count_max,
                           const crdtd_list_sink* sink, crdtd_error* err) noexcept {
    return guarded(err, [&] { return of(session).list(*after, count_max, storage::ListSink(*sink)); });
  }

  static crdtd_status meta_get(crdtd_storage_session* session, const crdtd_bytes* name, crdtd_buffer* out,
                               crdtd_error* err) noexcept {
    return guarded(err, [&]() -> Outcome {
      Output output(out);
      Outcome got = of(session).meta_get(storage::text(*name), output);
      return got && output.failed() ? no_memory() : got;
    });
  }

  static crdtd_status meta_put(crdtd_storage_session* session, const crdtd_bytes* name, const crdtd_bytes* value,
                               crdtd_error* err) noexcept {
    return guarded(err, [&] { return of(session).meta_put(storage::text(*name), storage::text(*value)); });
  }

  static constexpr crdtd_storage_backend kTable = {sizeof(crdtd_storage_backend),
                                                   0,
                                                   Backend::kName,
                                                   open,
                                                   close,
                                                   session_open,
                                                   session_close,
                                                   append,
                                                   load,
                                                   read_rows,
                                                   find_key,
                                                   put_checkpoint,
                                                   trim,
                                                   erase,
                                                   list,
                                                   meta_get,
                                                   meta_put};

  static constexpr const char* kKind = CRDTD_KIND_STORAGE_BACKEND;
  static constexpr std::uint32_t kCount = 1;
  template <const Manifest& kManifest>
  static const void* table(std::uint32_t) noexcept {
    static_assert(std::string_view(kManifest.find(CRDTD_KIND_STORAGE_BACKEND, 0)->name) == Backend::kName,
                  "the storage's kName is not the `name` that manifest.json provides");
    return &kTable;
  }
};

}  // namespace detail

// The table of a backend, for whoever links it rather than loading it.
template <StorageBackend Backend>
constexpr const crdtd_storage_backend& storage_table() noexcept {
  return detail::StorageTable<Backend>::kTable;
}

}  // namespace crdtd

// Makes a plugin of `Backend`. Once, at global scope, in a source of a crdtd_add_plugin() target.
#define CRDTD_EXPORT_STORAGE(Backend) CRDTD_EXPORT_PLUGIN(::crdtd::detail::StorageTable<Backend>)
