// Every error that a client can meet: one table, from which the HTTP status, the help page and the retry advice follow.
//
// A problem's `slug` is the stable part: it ends the `type` URI ("/problems/clock-drift") of RFC 9457, and is never reused or
// renamed. Add at the end of a group; give each a sentence that says what happened and one that says what to do.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace crdtd::wire {

// What a client may do with the very same request.
enum class Retry : std::uint8_t {
  kNever,   // it will fail again: change the request
  kLater,   // as it is, after Retry-After
  kReload,  // after reading the document again
};

// clang-format off
//          name                    slug                       status  retry    title / what to do
#define CRDTD_PROBLEMS(X) \
  X(kInvalidRequest,       "invalid-request",        400, kNever,  "The request is malformed", \
    "Send what the API describes; `detail` says which part was not understood.") \
  X(kInvalidJson,          "invalid-json",           400, kNever,  "The body is not acceptable JSON", \
    "Send one UTF-8 JSON text without duplicate keys, at most 64 levels deep; `detail` gives the offset.") \
  X(kInvalidField,         "invalid-field",          400, kNever,  "A field of the request is missing, unknown or of the wrong type", \
    "`pointer` names the field; `detail` says what it takes.") \
  X(kInvalidDocId,         "invalid-doc-id",         400, kNever,  "The document id is not usable", \
    "Use 1 to 128 of A-Z a-z 0-9 . _ ~ - in the path.") \
  X(kMissingHeader,        "missing-header",         400, kNever,  "A required header is missing", \
    "Send X-Tenant-ID and X-Node-ID with every request under /v1/docs.") \
  X(kInvalidHeader,        "invalid-header",         400, kNever,  "A header has an unusable value", \
    "`detail` names the header and what it takes.") \
  X(kUnauthorized,         "unauthorized",           401, kNever,  "No valid API key", \
    "Send X-API-Key with a key that the operator issued for this tenant.") \
  X(kOriginRefused,        "origin-refused",         403, kNever,  "This web origin may not call the server", \
    "The operator adds the origin to `http.origins`.") \
  X(kHostRefused,          "host-refused",           403, kNever,  "The Host header names no host of this server", \
    "The operator adds the host to `http.hosts`.") \
  X(kRouteNotFound,        "route-not-found",        404, kNever,  "There is nothing at this path", \
    "See the API section of the manual for the paths.") \
  X(kDocumentNotFound,     "document-not-found",     404, kNever,  "The document does not exist", \
    "Create it with PUT, or with POST and at least one op.") \
  X(kMethodNotAllowed,     "method-not-allowed",     405, kNever,  "The path does not take this method", \
    "The Allow header lists those it takes.") \
  X(kNotAcceptable,        "not-acceptable",         406, kNever,  "None of the accepted media types can be sent", \
    "Accept application/json.") \
  X(kRequestTimeout,       "request-timeout",        408, kLater,  "The request did not arrive in time", \
    "Send it again, faster or in smaller parts.") \
  X(kTypeMismatch,         "type-mismatch",          409, kNever,  "The document is of another type", \
    "`detail` names the document's type; use it, or another document id.") \
  X(kDotConflict,          "dot-conflict",           409, kReload, "A counter of this replica was used for something else", \
    "Two copies share a replica id: draw a new one and send the unsent ops again.") \
  X(kGap,                  "gap",                    409, kReload, "A delta depends on one that the server does not have", \
    "Send the missing deltas first; `expected` gives the counter.") \
  X(kConflict,             "conflict",               409, kLater,  "Others changed the document at the same time, again and again", \
    "Send the request again.") \
  X(kGone,                 "gone",                   410, kNever,  "The document was erased", \
    "Keep what is unsent for the user to decide; writing anew creates another document.") \
  X(kStale,                "stale",                  410, kReload, "What `since` refers to is no longer known to the server", \
    "Read the document again, and send the ops with the new cursor.") \
  X(kPreconditionFailed,   "precondition-failed",    412, kReload, "The document is not at the version that If-Match names", \
    "Read the document again and decide anew.") \
  X(kBodyTooLarge,         "body-too-large",         413, kNever,  "The body exceeds the limit", \
    "Split the batch; `limit` gives the bytes.") \
  X(kUriTooLong,           "uri-too-long",           414, kNever,  "The request target exceeds the limit", \
    "Shorten the path or the query.") \
  X(kUnsupportedMediaType, "unsupported-media-type", 415, kNever,  "The body is of a media type that this path does not take", \
    "Send application/json.") \
  X(kTypeNotEnabled,       "type-not-enabled",       422, kNever,  "This CRDT type is not enabled", \
    "`enabled` lists those that are; the operator enables others under `types`.") \
  X(kInvalidOp,            "invalid-op",             422, kNever,  "An op is not one that this type knows", \
    "`pointer` names the op and the field; the whole batch was left out.") \
  X(kClockDrift,           "clock-drift",            422, kNever,  "A timestamp lies in the future", \
    "Set the device's clock, or send 0 to let the server stamp; `offset_ns` says how far ahead it was.") \
  X(kLimitExceeded,        "limit-exceeded",         422, kNever,  "A limit of the document or the batch is exceeded", \
    "`pointer` names the op, `limit` the limit; the whole batch was left out.") \
  X(kMalformedDelta,       "malformed-delta",        422, kReload, "A delta does not decode", \
    "Update the client; send the unsent ops again.") \
  X(kKeyReused,            "idempotency-key-reused", 422, kNever,  "This Idempotency-Key was used for another request", \
    "Use a new random key for every new request.") \
  X(kPreconditionRequired, "precondition-required",  428, kReload, "This request needs If-Match", \
    "Send the cursor of the version that you saw.") \
  X(kQuotaExceeded,        "quota-exceeded",         429, kLater,  "The tenant's share of the server is used up for the moment", \
    "Send again after Retry-After.") \
  X(kHeadersTooLarge,      "headers-too-large",      431, kNever,  "The request headers exceed the limit", \
    "Send fewer or shorter headers.") \
  X(kInternal,             "internal",               500, kLater,  "The server failed", \
    "Nothing of the request was stored unless `detail` says so. Report the request id to the operator.") \
  X(kQuarantined,          "document-quarantined",   500, kNever,  "The stored document is damaged and is kept aside", \
    "Other documents are not affected. The operator repairs or erases it.") \
  X(kFramingUnsupported,   "framing-unsupported",    501, kNever,  "The transfer coding is not supported", \
    "Send Content-Length, or Transfer-Encoding: chunked and nothing else.") \
  X(kOverloaded,           "overloaded",             503, kLater,  "The server is busy", \
    "Nothing was stored. Send again after Retry-After.") \
  X(kStorageFailed,        "storage-failed",         503, kLater,  "The storage failed", \
    "The request was not acknowledged; with an Idempotency-Key it can be repeated safely.") \
  X(kShuttingDown,         "shutting-down",          503, kLater,  "The server is stopping", \
    "Nothing was stored. Connect again after Retry-After.") \
  X(kVersionUnsupported,   "http-version-unsupported", 505, kNever, "The HTTP version is not supported", \
    "Use HTTP/1.1.") \
  X(kStorageFull,          "storage-full",           507, kLater,  "The storage is full", \
    "Nothing was stored. The operator makes room.")
// clang-format on

enum class ProblemCode : std::uint8_t {
#define CRDTD_PROBLEM_NAME(name, slug, status, retry, title, advice) name,
  CRDTD_PROBLEMS(CRDTD_PROBLEM_NAME)
#undef CRDTD_PROBLEM_NAME
};

struct ProblemInfo {
  ProblemCode code;
  std::string_view slug;
  std::uint16_t status;  // HTTP
  Retry retry;
  std::string_view title;
  std::string_view advice;
};

inline constexpr auto kProblems = std::to_array<ProblemInfo>({
#define CRDTD_PROBLEM_ROW(name, slug, status, retry, title, advice) \
  {ProblemCode::name, slug, status, Retry::retry, title, advice},
    CRDTD_PROBLEMS(CRDTD_PROBLEM_ROW)
#undef CRDTD_PROBLEM_ROW
});

constexpr const ProblemInfo& problem_info(ProblemCode code) { return kProblems[static_cast<std::size_t>(code)]; }

}  // namespace crdtd::wire
