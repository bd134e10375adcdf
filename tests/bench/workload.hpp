// The requests of the load: durable ops with the smallest reply, from kConnections clients.
#pragma once

#include <string>
#include <vector>

#include "http_load.hpp"

namespace crdtd::bench {

constexpr std::size_t kConnections = 64;

enum class Type { kLww, kOrset };
enum class Documents { kOwn, kOne };  // a document for each connection, or the same for all

// One `POST /v1/docs/{id}/ops` with `Prefer: return=minimal` and one op for each connection. The number in it makes values and
// elements differ: `{"set":"item 0000000042"}`, `{"type":"add","elem":"item 0000000042"}`.
std::vector<RequestBytes> requests_of(Type type, Documents documents);

// The element with this number, and the document that Documents::kOne names.
std::string element_of(std::uint64_t number);
inline constexpr char kOneDocument[] = "bench";
inline constexpr char kTenant[] = "bench";

}  // namespace crdtd::bench
