// A server without sockets or threads: the real engine over a faulty store on virtual time. Several may share one disk.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "document/engine.hpp"
#include "faulty_storage.hpp"
#include "faulty_type.hpp"
#include "store/generation.hpp"
#include "virtual_disk.hpp"
#include "virtual_world.hpp"

namespace crdtd::testing {

using base::Code;
using document::Since;

// What became of a request: nothing yet, or its one answer.
template <class Reply>
class Answer {
 public:
  bool waits() const { return result_->empty(); }
  bool ok() const { return !waits() && result_->front().ok(); }
  bool is(Code code) const { return !waits() && !result_->front().ok() && result_->front().error().code == code; }
  // An answer that is not there or not good prints what it is instead.
  const Reply& operator*() const {
    if (!ok()) throw std::runtime_error(waits() ? "no answer yet" : "answered: " + result_->front().error().detail);
    return result_->front().value();
  }
  const Reply* operator->() const { return &**this; }
  std::string error() const { return waits() ? "waits" : ok() ? "" : result_->front().error().detail; }

  document::Done<Reply> done() const {
    return [result = result_](base::Result<Reply> answer) {
      CRDTD_ASSERT(result->empty());  // once
      result->push_back(std::move(answer));
    };
  }

 private:
  std::shared_ptr<std::vector<base::Result<Reply>>> result_ = std::make_shared<std::vector<base::Result<Reply>>>();
};

using WriteAnswer = Answer<document::WriteReply>;
using ReadAnswer = Answer<document::ReadReply>;
using RowsAnswer = Answer<document::RowsReply>;

inline base::DocKey doc(std::string id, std::string tenant = "t") { return {std::move(tenant), std::move(id)}; }
inline Since since_number(std::uint64_t number) { return {Since::Kind::kNumber, number, {}}; }
inline Since since_cursor(std::string cursor) { return {Since::Kind::kCursor, 0, std::move(cursor)}; }
// `ops`: "add:a", … see faulty_type.hpp
std::string ops_json(const std::vector<std::string>& ops);
document::WriteRequest write_request(const base::DocKey& key, const std::vector<std::string>& ops, std::string node = "n");
document::IdempotencyKey request_key(std::string key, unsigned char digest = 1);

struct ServerOptions {
  document::EngineSettings settings;
  store::CommitSettings commits;
  bool with_bag = true;  // is the type enabled?
};

class TestServer {
 public:
  TestServer(VirtualWorld& world, VirtualDisk& disk, ServerOptions options = {});
  ~TestServer();

  WriteAnswer write(document::WriteRequest request);
  WriteAnswer add(const base::DocKey& key, const std::string& text, std::string node = "n");
  WriteAnswer add_minimal(const base::DocKey& key, const std::string& text);  // without the value in the reply
  ReadAnswer read(const base::DocKey& key);
  ReadAnswer read(document::ReadRequest request);
  RowsAnswer rows(document::RowsRequest request);
  Answer<document::Nothing> erase(const base::DocKey& key, std::optional<std::string> if_match = {});
  Answer<document::ListReply> list(document::ListRequest request);

  VirtualWorld& world;
  FaultyStorage storage;
  std::vector<std::string> failures;  // what on_failure was told

  document::Engine& engine() { return *engine_; }
  std::uint64_t generation() const { return generation_; }
  std::uint64_t replica() const { return server_replica_; }
  void restart();  // a fresh engine on the same store; what was under way is lost

 private:
  void start();
  void stop();

  const ServerOptions options_;
  host::CrdtType bag_;
  host::CrdtType other_;  // another name for the same, so that types can mismatch
  document::TypeTable types_;
  std::uint64_t generation_ = 0;
  std::uint64_t server_replica_ = 0;
  std::optional<host::Store> store_;
  std::optional<store::DocumentStore> documents_;
  std::optional<document::Engine> engine_;
};

// A world with one disk and one server; resets the type's misbehaviour.
struct OneServer {
  explicit OneServer(ServerOptions options = {}) : server(world, disk, std::move(options)) {}
  VirtualWorld world;
  VirtualDisk disk;
  TestServer server;
};

// The state that the store holds, by a fresh engine.
std::string stored_value(VirtualDisk& disk, const base::DocKey& key);

}  // namespace crdtd::testing
