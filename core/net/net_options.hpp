// What the HTTP server is told at its start, and what all its connections share: immutable while it runs, but for the flags.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "crdtd/wire/reply.hpp"
#include "crdtd/wire/request.hpp"
#include "document/document_hub.hpp"
#include "net/api_keys.hpp"
#include "settings/settings.hpp"

namespace crdtd::net {

struct NetOptions {
  settings::Address listen;
  settings::Http http;                     // limits, deadlines, origins, hosts
  std::vector<settings::ApiKey> api_keys;  // empty: everyone is served
  std::vector<wire::TypeView> types;       // enabled, by name
  wire::JsonLimits json;
  std::size_t body_bytes_total = 64 << 20;  // what large bodies may take together while they arrive; at least four of the largest
  std::function<std::string()> not_ready;   // why the server is not ready; empty text: it is. May be absent. [any]
};

struct ServerState {
  ServerState(document::DocumentHub& engine, NetOptions given) : hub(engine), options(std::move(given)), keys(options.api_keys) {
    body_limits.json = options.json;
    body_bytes_max = std::max<std::size_t>(options.body_bytes_total, 4 * static_cast<std::size_t>(options.http.body_max));
    body_limits.op_count_max = static_cast<std::uint32_t>(options.http.batch_ops_max);
  }

  document::DocumentHub& hub;
  const NetOptions options;
  const ApiKeys keys;
  wire::BodyLimits body_limits;
  std::uint64_t request_id_seed = 0;  // drawn at start, so that ids of two runs differ
  std::size_t body_bytes_max = 0;
  std::atomic<std::size_t> body_bytes{0};
  std::atomic<std::uint64_t> request_count{0};
  std::atomic<std::int64_t> connection_count{0};
  std::atomic<bool> stopping{false};
};

}  // namespace crdtd::net
