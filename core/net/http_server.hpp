// The HTTP door of the server: listens, keeps the connections, stops gracefully.
//
// Threads: constructor, start() and destructor [main]; stop() [any]. Connections are dealt out to the loops.
// Lifetime: the loops and the hub outlive the server; its connections may outlive it, until the loops go.
#pragma once

#include <memory>

#include "base/result.hpp"
#include "base/task.hpp"
#include "document/document_hub.hpp"
#include "net/io_loops.hpp"
#include "net/net_options.hpp"

namespace crdtd::net {

class HttpServer {
 public:
  HttpServer(IoLoops& loops, document::DocumentHub& hub, NetOptions options);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Binds and accepts. Answers the address with the port that was taken, or why there is none, in one sentence.
  base::Result<settings::Address> start();

  // Accepts no more, closes idle connections, lets requests under way finish for http.shutdown_timeout and then cuts them off.
  // Calls `done` once, on an I/O thread, when no connection is left.
  void stop(base::Task done);

  // Of open connections. [any]
  std::int64_t connection_count() const noexcept;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace crdtd::net
