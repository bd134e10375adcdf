// Documents read from a server, by its HTTP API.
#include <cstdlib>
#include <fstream>
#include <string_view>
#include <utility>

#include "crdtd/client/remote_docs.hpp"
#include "ctl/document_source.hpp"
#include "document/cursor.hpp"

namespace crdtd::ctl {
namespace {

constexpr std::size_t kApiKeyBytesMax = 4096;

std::string variable(const char* const* environment, std::string_view name) {
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    const std::string_view entry(*environment);
    if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=') {
      return std::string(entry.substr(name.size() + 1));
    }
  }
  return {};
}

Outcome<std::string> read_key_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string key(kApiKeyBytesMax + 1, '\0');
  file.read(key.data(), static_cast<std::streamsize>(key.size()));
  if (!file.is_open() || file.bad()) return Failure{kExitUsage, "the file of the API key cannot be read: " + path};
  key.resize(static_cast<std::size_t>(file.gcount()));
  if (key.size() > kApiKeyBytesMax) {
    return Failure{kExitUsage, path + " holds more than " + std::to_string(kApiKeyBytesMax) + " bytes; wanted an API key alone"};
  }
  while (!key.empty() && (key.back() == '\n' || key.back() == '\r')) key.pop_back();
  return key;
}

// The options first, then the environment; the value itself before a file of it.
Outcome<std::string> api_key(const Place& place, const char* const* environment) {
  if (!place.api_key.empty()) return place.api_key;
  if (!place.api_key_file.empty()) return read_key_file(place.api_key_file);
  if (auto key = variable(environment, "CRDTCTL_API_KEY"); !key.empty()) return key;
  const auto file = variable(environment, "CRDTCTL_API_KEY_FILE");
  return file.empty() ? Outcome<std::string>(std::string()) : read_key_file(file);
}

Failure failure_of(const client::Failure& failure) {
  using client::ProblemCode;
  if (failure.cause == client::Cause::kUsage) return {kExitUsage, failure.message};
  for (const auto code : {ProblemCode::kDocumentNotFound, ProblemCode::kGone, ProblemCode::kStale, ProblemCode::kInvalidRequest,
                          ProblemCode::kInvalidField, ProblemCode::kInvalidJson}) {
    if (failure.is(code)) return {kExitFailed, failure.message};
  }
  return {kExitServer, failure.message};
}

class ServerSource final : public DocumentSource {
 public:
  explicit ServerSource(client::RemoteDocs docs) : docs_(std::move(docs)) {}

  Outcome<wire::ListReply> list(const std::string& after, std::uint32_t limit) override {
    return outcome_of(docs_.list({after, limit}));
  }
  Outcome<wire::ReadReply> read(const std::string& id, std::optional<std::uint64_t> version,
                                const std::string& query_json) override {
    auto read = docs_.get(id, {version, query_json, {}});
    if (!read) return failure_of(read.failure());
    return wire::ReadReply(std::move(*read));
  }
  Outcome<wire::SnapshotReply> encoded(const std::string& id, std::optional<std::uint64_t> version) override {
    return outcome_of(docs_.get_encoded(id, version));
  }
  Outcome<LogPage> rows(const std::string& id, const std::string& since, std::uint32_t limit) override {
    auto read = docs_.ops(id, since, limit);
    if (!read) return failure_of(read.failure());
    LogPage page{std::move(read->type), {}, read->version, std::move(read->cursor), read->head};
    for (auto& row : read->rows) {
      page.rows.push_back({{row.version, row.replica, row.first_counter, row.hlc_unix_ns, row.count, row.format, 0,
                            std::move(row.node), std::move(row.key), std::move(row.delta)},
                           false,
                           row.ops_json == "null" ? std::string() : std::move(row.ops_json)});
    }
    const auto cursor = document::parse_cursor(page.cursor);
    if (cursor && !page.rows.empty() && page.rows.back().row.version == cursor->version) {
      page.rows.back().row.check = cursor->check;
      page.rows.back().has_check = true;
    }
    return page;
  }

 private:
  template <class T>
  static Outcome<T> outcome_of(client::Result<T> result) {
    if (!result) return failure_of(result.failure());
    return std::move(*result);
  }

  client::RemoteDocs docs_;
};

}  // namespace

Outcome<std::unique_ptr<DocumentSource>> open_server_source(const Place& place, const char* const* environment) {
  auto key = api_key(place, environment);
  if (!key) return key.error();
  client::Options options;
  options.url = place.url;
  options.tenant = place.tenant;
  options.node = place.node;
  if (!key->empty()) options.api_key = [key = *key] { return key; };
  options.timeouts.call = std::chrono::milliseconds(place.timeout_ms);
  options.user_agent = "crdtctl";
  auto docs = client::RemoteDocs::open(std::move(options));
  if (!docs) return failure_of(docs.failure());
  return std::unique_ptr<DocumentSource>(std::make_unique<ServerSource>(std::move(*docs)));
}

}  // namespace crdtd::ctl
