// Any bytes as a server's reply, as the client reads them; and as a URL of a server.
//
//   - What is refused says why in one line.
//   - What is read, written as the server writes it and read again is the same; problems are known by their table.
//   - A snapshot is read exactly when the wire's own reader reads it. A URL has one text.
#include "crdtd/wire/read_reply.hpp"

#include "crdtd/client/json.hpp"
#include "crdtd/wire/json_gate.hpp"
#include "crdtd/wire/json_text.hpp"
#include "crdtd/wire/problem_json.hpp"
#include "crdtd/wire/reply.hpp"
#include "crdtd/wire/snapshot.hpp"
#include "oracle.hpp"
#include "url.hpp"

using namespace crdtd::wire;

namespace {

// Everything else is JSON of a plugin's and must be left as it came.
void check_json_text(const std::string& json, const char* what) {
  FUZZ_CHECK(!check_json(json, {}), "a value in a reply is JSON", what);
}

bool refused(bool read, const std::string& why) {
  FUZZ_CHECK(read ? why.empty() : crdtd_fuzz::is_one_line(why), "a refusal, and only one, says why in one line", why);
  return !read;
}

void check_write(std::string_view text) {
  WriteReply reply, again;
  std::string why, written;
  if (refused(read_write_reply(text, reply, why), why)) return;
  const bool minimal = reply.value_json.empty();
  if (!minimal) check_json_text(reply.value_json, "value");
  append_write_reply(written, {reply.version, reply.applied, minimal, reply.cursor, reply.value_json, reply.result_json});
  FUZZ_CHECK(read_write_reply(written, again, why), "a reply written again is read", written);
  FUZZ_CHECK(again.version == reply.version && again.applied == reply.applied, "a reply keeps its versions", written);
  FUZZ_CHECK(again.value_json == reply.value_json, "a reply keeps its value", written);
  FUZZ_CHECK(minimal || again.cursor == reply.cursor, "a reply keeps its cursor", written);
}

void check_read(std::string_view text) {
  ReadReply reply, again;
  std::string why, written;
  if (refused(read_read_reply(text, reply, why), why)) return;
  check_json_text(reply.value_json, "value");
  append_read_reply(written, {reply.type, reply.version, reply.cursor, reply.value_json});
  FUZZ_CHECK(read_read_reply(written, again, why), "a reply written again is read", written);
  FUZZ_CHECK(again.type == reply.type && again.version == reply.version && again.cursor == reply.cursor &&
                 again.value_json == reply.value_json,
             "a reply is the same", written);
}

void check_rows(std::string_view text) {
  RowsPage page, again;
  std::string why, written;
  if (refused(read_rows_reply(text, page, why), why)) return;
  std::vector<RowView> views;
  for (const Row& row : page.rows) {
    views.push_back({row.version, row.replica, row.first_counter, row.hlc_unix_ns, row.count, row.format, row.node, row.key,
                     row.delta, row.ops_json});
  }
  append_rows_reply(written, {page.type, views, page.version, page.cursor, page.head});
  FUZZ_CHECK(read_rows_reply(written, again, why), "rows written again are read", written + why);
  FUZZ_CHECK(again.rows.size() == page.rows.size() && again.version == page.version && again.head == page.head,
             "a page is the same", written);
  for (std::size_t i = 0; i < page.rows.size(); ++i) {
    const Row &a = page.rows[i], &b = again.rows[i];
    FUZZ_CHECK(a.version == b.version && a.replica == b.replica && a.first_counter == b.first_counter && a.count == b.count &&
                   a.hlc_unix_ns == b.hlc_unix_ns && a.format == b.format,
               "a row keeps its numbers", written);
    FUZZ_CHECK(a.node == b.node && a.key == b.key && a.delta == b.delta && a.ops_json == b.ops_json, "a row keeps its bytes",
               written);
  }
}

void check_lists(std::string_view text) {
  ListReply list, list_again;
  std::string why, written;
  if (!refused(read_list_reply(text, list, why), why)) {
    std::vector<DocView> docs;
    for (const DocInfo& doc : list.docs) docs.push_back({doc.id, doc.type, doc.version});
    append_list_reply(written, docs, false);
    FUZZ_CHECK(read_list_reply(written, list_again, why), "a list written again is read", written);
    FUZZ_CHECK(list_again.docs.size() == list.docs.size() && list_again.next.empty(), "a list is the same", written);
  }
  std::vector<TypeInfo> types, types_again;
  if (refused(read_types_reply(text, types, why), why)) return;
  std::vector<TypeView> views;
  for (const TypeInfo& type : types)
    views.push_back({type.name, type.type, type.semantics, type.format, type.formats_read, type.limits});
  written.clear();
  append_types_reply(written, views);
  FUZZ_CHECK(read_types_reply(written, types_again, why), "types written again are read", written + why);
  FUZZ_CHECK(types_again.size() == types.size(), "as many types", written);
}

void check_problem(std::string_view text) {
  ProblemReply reply, again;
  std::string why, written;
  if (refused(read_problem_reply(text, reply, why), why)) return;
  FUZZ_CHECK(reply.code.has_value() == (find_problem(reply.slug) != nullptr), "a problem is known by its slug", reply.slug);
  if (!reply.code) return;
  FUZZ_CHECK(problem_info(*reply.code).retry == reply.retry, "the table gives the retry advice", reply.slug);
  append_problem(written, {*reply.code, reply.detail, reply.pointer, 0, {}}, reply.instance);
  FUZZ_CHECK(read_problem_reply(written, again, why), "a problem written again is read", written);
  FUZZ_CHECK(again.slug == reply.slug && again.detail == reply.detail && again.pointer == reply.pointer, "a problem is the same",
             written);
}

void check_snapshot(std::string_view bytes) {
  SnapshotReply reply;
  std::string why;
  const auto view = read_snapshot(bytes);
  const bool read = !refused(read_snapshot_reply(bytes, reply, why), why);
  FUZZ_CHECK(read == view.has_value(), "both readers of a snapshot agree", why);
  if (read) FUZZ_CHECK(reply.encoded == view->encoded && reply.known.size() == view->known.size(), "and read the same");
}

void check_helpers(std::string_view text) {
  namespace client = crdtd::client;
  if (const auto plain = client::text_of_json(text)) {
    FUZZ_CHECK(client::text_of_json(client::json_string(*plain)) == plain, "a string is the same after writing and reading",
               *plain);
  }
  if (const auto elements = client::elements_of_json(text)) {
    for (const std::string& element : *elements) check_json_text(element, "element");
  }
  if (const auto member = client::member_of_json(text, "a")) check_json_text(*member, "member");
  client::Url url, again;
  std::string why;
  if (!client::parse_url(text, url, why)) {
    FUZZ_CHECK(crdtd_fuzz::is_one_line(why), "a refusal says why in one line", why);
    return;
  }
  FUZZ_CHECK(client::parse_url(url.text(), again, why), "a URL's text is a URL", url.text());
  FUZZ_CHECK(again.text() == url.text() && again.host == url.host && again.port == url.port && again.tls == url.tls &&
                 again.path == url.path,
             "a URL has one text", url.text());
  FUZZ_CHECK(crdtd_fuzz::is_one_line(url.text()), "a URL is plain text", url.text());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const crdtd_fuzz::Exact exact({reinterpret_cast<const char*>(data), size});
  check_write(exact.view());
  check_read(exact.view());
  check_rows(exact.view());
  check_lists(exact.view());
  check_problem(exact.view());
  check_snapshot(exact.view());
  check_helpers(exact.view());
  return 0;
}
