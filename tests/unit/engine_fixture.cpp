#include "engine_fixture.hpp"

namespace crdtd::testing {

std::string ops_json(const std::vector<std::string>& ops) {
  std::string json = "[";
  for (const auto& op : ops) json.append(json.size() > 1 ? ",\"" : "\"").append(op).append("\"");
  return json + "]";
}

document::WriteRequest write_request(const base::DocKey& key, const std::vector<std::string>& ops, std::string node) {
  document::WriteRequest request;
  request.doc = key;
  request.node = std::move(node);
  request.type = "bag";
  request.ops_json = ops_json(ops);
  return request;
}

document::IdempotencyKey request_key(std::string key, unsigned char digest) {
  document::IdempotencyKey out{std::move(key), {}};
  out.digest.fill(digest);
  return out;
}

TestServer::TestServer(VirtualWorld& in, VirtualDisk& disk, ServerOptions options)
    : world(in),
      storage(VirtualDisk::table(), disk.settings()),
      options_(options),
      bag_("bag", bag_type(), {1}, {}),
      other_("other", bag_type(), {1}, {}),
      types_(options.with_bag ? std::vector<const host::CrdtType*>{&bag_, &other_}
                              : std::vector<const host::CrdtType*>{&other_}) {
  bag_control() = {};
  start();
}

TestServer::~TestServer() { stop(); }

void TestServer::start() {
  auto opened = host::Store::open(FaultyStorage::table(), storage.settings(), "/");
  CRDTD_ASSERT(opened.ok());
  store_.emplace(std::move(*opened));
  const auto generation = store::open_generation(*store_, world.random);
  CRDTD_ASSERT(generation.ok());
  generation_ = *generation;
  server_replica_ = world.random.next_u64() | document::kServerReplicaBit;
  documents_.emplace(*store_, world.executor, world.scheduler, world.clock, options_.commits,
                     [this](std::string reason) { failures.push_back(std::move(reason)); });
  engine_.emplace(document::EngineContext{world.scheduler, world.clock, world.random, types_, *documents_, generation_,
                                          server_replica_, options_.settings});
}

void TestServer::stop() {
  world.crash();
  documents_->abandon();
  engine_.reset();
  documents_.reset();
  store_.reset();
}

void TestServer::restart() {
  stop();
  start();
}

WriteAnswer TestServer::write(document::WriteRequest request) {
  WriteAnswer answer;
  engine_->write(std::move(request), answer.done());
  return answer;
}

WriteAnswer TestServer::add(const base::DocKey& key, const std::string& text, std::string node) {
  return write(write_request(key, {"add:" + text}, std::move(node)));
}

WriteAnswer TestServer::add_minimal(const base::DocKey& key, const std::string& text) {
  auto request = write_request(key, {"add:" + text});
  request.want_value = false;
  return write(std::move(request));
}

ReadAnswer TestServer::read(const base::DocKey& key) {
  document::ReadRequest request;
  request.doc = key;
  return read(std::move(request));
}

ReadAnswer TestServer::read(document::ReadRequest request) {
  ReadAnswer answer;
  engine_->read(std::move(request), answer.done());
  return answer;
}

RowsAnswer TestServer::rows(document::RowsRequest request) {
  RowsAnswer answer;
  engine_->rows(std::move(request), answer.done());
  return answer;
}

Answer<document::Nothing> TestServer::erase(const base::DocKey& key, std::optional<std::string> if_match) {
  Answer<document::Nothing> answer;
  engine_->erase({key, std::move(if_match)}, answer.done());
  return answer;
}

Answer<document::ListReply> TestServer::list(document::ListRequest request) {
  Answer<document::ListReply> answer;
  engine_->list(std::move(request), answer.done());
  return answer;
}

std::string stored_value(VirtualDisk& disk, const base::DocKey& key) {
  const auto control = bag_control();
  VirtualWorld world(99);
  TestServer fresh(world, disk);
  const auto read = fresh.read(key);
  world.settle();
  bag_control() = control;
  return read.ok() ? read->value_json : "(" + read.error() + ")";
}

}  // namespace crdtd::testing
