#include "crdtd/client/remote_docs.hpp"

#include <limits>

#include "caller.hpp"
#include "crdtd/wire/json_gate.hpp"
#include "crdtd/wire/json_text.hpp"
#include "crdtd/wire/request.hpp"
#include "crdtd/wire/snapshot.hpp"

namespace crdtd::client {
namespace {

constexpr std::uint32_t kUnbounded = std::numeric_limits<std::uint32_t>::max();
constexpr wire::JsonLimits kJsonLimits{wire::kJsonDepthMax, kUnbounded, kUnbounded, kUnbounded};
constexpr std::size_t kKeyBytesMax = 128;
constexpr std::uint32_t kRowsMax = 10'000;
constexpr std::uint32_t kListMax = 1'000;
constexpr std::string_view kNames = "takes 1 to 128 of A-Z a-z 0-9 . _ ~ -";

std::string sentence(std::initializer_list<std::string_view> parts) {
  std::string out;
  for (const auto part : parts) out += part;
  return out;
}

void append_percent(std::string& out, std::string_view text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  for (const char c : text) {
    if (wire::is_wire_name({&c, 1})) {
      out += c;
    } else {
      out += '%';
      out += kDigits[static_cast<unsigned char>(c) >> 4];
      out += kDigits[static_cast<unsigned char>(c) & 15];
    }
  }
}

// The path and query of a request, put together.
class Target {
 public:
  explicit Target(std::string_view path) : text_(path) {}
  static Target doc(std::string_view id, std::string_view after = {}) {
    Target target("/v1/docs/");
    target.text_.append(id).append(after);
    return target;
  }
  void add(std::string_view name, std::string_view value) {
    text_ += has_query_ ? '&' : '?';
    has_query_ = true;
    text_.append(name).append("=");
    append_percent(text_, value);
  }
  std::string take() && { return std::move(text_); }

 private:
  std::string text_;
  bool has_query_ = false;
};

HttpRequest get_request(Target target, std::string_view accept = "application/json") {
  HttpRequest request;
  request.method = "GET";
  request.target = std::move(target).take();
  request.fields.emplace_back("Accept", accept);
  return request;
}

// --- arguments, checked before anything is sent: the first sentence about what is wrong, or nothing ---

std::optional<Failure> check_name(std::string_view what, std::string_view name) {
  if (wire::is_wire_name(name)) return {};
  return usage_failure(sentence({what, " ", kNames}));
}

std::optional<Failure> check_since(std::string_view since) {
  wire::SinceField field;
  if (since.empty() || wire::parse_since(since, field)) return {};
  return usage_failure("`since` takes a cursor as it was received, or a version in digits");
}

std::optional<Failure> check_cursor(std::string_view what, std::string_view cursor) {
  if (is_field_value(cursor) && cursor.find('"') == std::string_view::npos) return {};
  return usage_failure(sentence({what, " takes a cursor as it was received, without quotes"}));
}

std::optional<Failure> check_json_text(std::string_view what, std::string_view json, bool wants_array) {
  wire::JsonReader reader(json, kJsonLimits);
  const auto kind = reader.peek();
  if (kind && wants_array && *kind != wire::JsonKind::kArray) {
    return usage_failure(sentence({what, " takes a JSON array, not ", wire::json_kind_name(*kind)}));
  }
  if (kind && reader.value() && reader.end()) return {};
  return usage_failure(sentence({what, " is not JSON: ", reader.problem().detail}));
}

std::optional<Failure> check_options(const Options& options) {
  if (auto failure = check_name("the option `tenant`", options.tenant)) return failure;
  if (auto failure = check_name("the option `node`", options.node)) return failure;
  if (!is_field_value(options.user_agent)) return usage_failure("the option `user_agent` takes printable ASCII");
  if (options.retry.attempts_max == 0) return usage_failure("the option `retry.attempts_max` is at least 1");
  const auto& times = options.timeouts;
  if (times.connect.count() > 0 && times.attempt.count() > 0 && times.call.count() > 0) return {};
  return usage_failure("the options `timeouts` are all above zero");
}

// --- writes ---

struct WriteArguments {
  bool minimal;
  bool create_only;
  const std::string& if_match;
  const std::string& key;
};

Result<HttpRequest> write_request(RemoteDocs::Caller& caller, std::string_view method, Target target, std::string body,
                                  const WriteArguments& arguments) {
  if (auto failure = check_cursor("`if_match`", arguments.if_match)) return *std::move(failure);
  if (!is_field_value(arguments.key) || arguments.key.size() > kKeyBytesMax) {
    return usage_failure("`key` takes 1 to 128 printable ASCII characters");
  }
  HttpRequest request;
  request.method = method;
  request.target = std::move(target).take();
  request.has_body = true;
  request.body = std::move(body);
  request.fields.emplace_back("Accept", "application/json");
  request.fields.emplace_back("Content-Type", "application/json");
  std::string key = arguments.key.empty() ? caller.draw_key() : arguments.key;
  if (key.empty()) return usage_failure("the system gives no random bytes for an Idempotency-Key: give `key`");
  request.fields.emplace_back("Idempotency-Key", std::move(key));
  if (arguments.minimal) request.fields.emplace_back("Prefer", "return=minimal");
  if (arguments.create_only) request.fields.emplace_back("If-None-Match", "*");
  if (!arguments.if_match.empty()) {
    request.fields.emplace_back("If-Match", arguments.if_match == "*" ? "*" : '"' + arguments.if_match + '"');
  }
  return request;
}

Result<Written> send_write(RemoteDocs::Caller& caller, HttpRequest request, bool minimal) {
  std::string key;
  for (const auto& [name, value] : request.fields) {
    if (name == "Idempotency-Key") key = value;
  }
  auto answered = caller.call(std::move(request), Repeat::kKeyed);
  if (!answered) {
    auto failure = std::move(answered).failure();
    failure.key = std::move(key);
    return failure;
  }
  Written written;
  std::string why;
  if (!wire::read_write_reply(answered->http.body, written, why) || (!minimal && written.cursor.empty())) {
    if (why.empty()) why = "the reply lacks `cursor` and `snapshot`";
    auto failure = caller.malformed(*answered, why, true);
    failure.key = std::move(key);
    return failure;
  }
  written.key = std::move(key);
  written.replayed = answered->http.replayed;
  return written;
}

// Of a good answer to a read: what `read` makes of it.
template <class T, class Read>
Result<T> read_answer(RemoteDocs::Caller& caller, HttpRequest request, Read&& read) {
  auto answered = caller.call(std::move(request), Repeat::kRead);
  if (!answered) return std::move(answered).failure();
  T out{};
  std::string why;
  if (!read(answered->http, out, why)) return caller.malformed(*answered, why, false);
  return out;
}

}  // namespace

Result<RemoteDocs> RemoteDocs::open(Options options) {
  Url url;
  std::string why;
  if (!parse_url(options.url, url, why)) return usage_failure(std::move(why));
  if (auto failure = check_options(options)) return *std::move(failure);
  auto lines = make_network_lines(url, options);
  if (!lines) return std::move(lines).failure();
  return RemoteDocs(std::make_unique<Caller>(std::move(options), url, *std::move(lines), make_system_surroundings()));
}

RemoteDocs::RemoteDocs(std::unique_ptr<Caller> caller) noexcept : caller_(std::move(caller)) {}
RemoteDocs::RemoteDocs(RemoteDocs&&) noexcept = default;
RemoteDocs& RemoteDocs::operator=(RemoteDocs&&) noexcept = default;
RemoteDocs::~RemoteDocs() = default;

Result<Written> RemoteDocs::put(std::string_view doc, std::string_view type, std::string_view value_json,
                                const PutOptions& options) const {
  if (auto failure = check_name("a document id", doc)) return *std::move(failure);
  if (auto failure = check_name("a type", type)) return *std::move(failure);
  if (auto failure = check_json_text("the value", value_json, false)) return *std::move(failure);
  std::string body = R"({"type":)";
  wire::append_json_string(body, type);
  body.append(R"(,"value":)").append(value_json).append("}");
  auto request = write_request(*caller_, "PUT", Target::doc(doc), std::move(body),
                               {options.minimal, options.create_only, options.if_match, options.key});
  if (!request) return std::move(request).failure();
  return send_write(*caller_, *std::move(request), options.minimal);
}

Result<Written> RemoteDocs::push_ops(std::string_view doc, std::string_view type, std::string_view ops_json,
                                     const PushOptions& options) const {
  if (auto failure = check_name("a document id", doc)) return *std::move(failure);
  if (auto failure = check_name("a type", type)) return *std::move(failure);
  if (auto failure = check_since(options.since)) return *std::move(failure);
  if (auto failure = check_json_text("the ops", ops_json, true)) return *std::move(failure);
  std::string body = "{";
  if (!options.since.empty()) {
    body += R"("since":)";
    wire::append_json_string(body, options.since);
    body += ',';
  }
  body += R"("type":)";
  wire::append_json_string(body, type);
  body.append(R"(,"ops":)").append(ops_json).append("}");
  auto request = write_request(*caller_, "POST", Target::doc(doc, "/ops"), std::move(body),
                               {options.minimal, options.create_only, options.if_match, options.key});
  if (!request) return std::move(request).failure();
  return send_write(*caller_, *std::move(request), options.minimal);
}

Result<Document> RemoteDocs::get(std::string_view doc, const GetOptions& options) const {
  if (auto failure = check_name("a document id", doc)) return *std::move(failure);
  if (auto failure = check_cursor("`if_none_match`", options.if_none_match)) return *std::move(failure);
  auto target = Target::doc(doc);
  if (options.version) target.add("version", std::to_string(*options.version));
  if (!options.query_json.empty()) target.add("query", options.query_json);
  auto request = get_request(std::move(target));
  if (!options.if_none_match.empty()) request.fields.emplace_back("If-None-Match", '"' + options.if_none_match + '"');
  return read_answer<Document>(*caller_, std::move(request), [&](const HttpAnswer& answer, Document& out, std::string& why) {
    if (answer.status != 304) return wire::read_read_reply(answer.body, out, why);
    out.not_modified = true;
    out.cursor = options.if_none_match;
    if (!options.if_none_match.empty()) return true;
    why = "it says `not modified` to a request without a condition";
    return false;
  });
}

Result<EncodedDocument> RemoteDocs::get_encoded(std::string_view doc, std::optional<std::uint64_t> version) const {
  if (auto failure = check_name("a document id", doc)) return *std::move(failure);
  auto target = Target::doc(doc);
  if (version) target.add("version", std::to_string(*version));
  return read_answer<EncodedDocument>(*caller_, get_request(std::move(target), wire::kSnapshotMediaType),
                                      [](const HttpAnswer& answer, EncodedDocument& out, std::string& why) {
                                        return wire::read_snapshot_reply(answer.body, out, why);
                                      });
}

Result<RowsPage> RemoteDocs::ops(std::string_view doc, std::string_view since, std::uint32_t limit) const {
  if (auto failure = check_name("a document id", doc)) return *std::move(failure);
  if (auto failure = check_since(since)) return *std::move(failure);
  if (limit > kRowsMax) return usage_failure("a page has at most 10000 rows");
  auto target = Target::doc(doc, "/ops");
  if (!since.empty()) target.add("since", since);
  if (limit > 0) target.add("limit", std::to_string(limit));
  return read_answer<RowsPage>(
      *caller_, get_request(std::move(target)),
      [](const HttpAnswer& answer, RowsPage& out, std::string& why) { return wire::read_rows_reply(answer.body, out, why); });
}

Result<std::string> RemoteDocs::each_op(std::string_view doc, std::string_view since,
                                        const std::function<bool(const Row&)>& row) const {
  std::string cursor(since);
  std::uint64_t last = 0;  // version of the page before
  while (true) {
    auto page = ops(doc, cursor);
    if (!page) return std::move(page).failure();
    if (!page->rows.empty() && page->version <= last) {
      Failure failure;
      failure.cause = Cause::kMalformed;
      failure.message = "the server sends the same rows again and again";
      return failure;
    }
    last = page->version;
    for (const auto& held : page->rows) {
      if (!row(held)) return cursor;
    }
    cursor = std::move(page->cursor);
    if (page->rows.empty() || page->version >= page->head) return cursor;
  }
}

Result<Done> RemoteDocs::erase(std::string_view doc, std::string_view if_match) const {
  if (auto failure = check_name("a document id", doc)) return *std::move(failure);
  if (auto failure = check_cursor("`if_match`", if_match)) return *std::move(failure);
  HttpRequest request;
  request.method = "DELETE";
  request.target = Target::doc(doc).take();
  if (!if_match.empty()) {
    std::string tag(if_match);
    if (tag != "*") tag = '"' + tag + '"';
    request.fields.emplace_back("If-Match", std::move(tag));
  }
  auto answered = caller_->call(std::move(request), Repeat::kErase);
  if (!answered) return std::move(answered).failure();
  return Done{};
}

Result<DocPage> RemoteDocs::list(const ListOptions& options) const {
  if (!options.after.empty()) {
    if (auto failure = check_name("`after`", options.after)) return *std::move(failure);
  }
  if (options.limit > kListMax) return usage_failure("a page has at most 1000 documents");
  Target target("/v1/docs");
  if (!options.after.empty()) target.add("after", options.after);
  if (options.limit > 0) target.add("limit", std::to_string(options.limit));
  return read_answer<DocPage>(
      *caller_, get_request(std::move(target)),
      [](const HttpAnswer& answer, DocPage& out, std::string& why) { return wire::read_list_reply(answer.body, out, why); });
}

Result<std::vector<TypeInfo>> RemoteDocs::types() const {
  return read_answer<std::vector<TypeInfo>>(*caller_, get_request(Target("/v1/types")),
                                            [](const HttpAnswer& answer, std::vector<TypeInfo>& out, std::string& why) {
                                              return wire::read_types_reply(answer.body, out, why);
                                            });
}

}  // namespace crdtd::client
