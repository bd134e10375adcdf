#include "todo_list.hpp"

#include <algorithm>

#include "crdtd/client/json.hpp"

using crdtd::client::Cause;
using crdtd::client::Failure;
using crdtd::client::json_string;
using crdtd::client::ProblemCode;

namespace {

bool holds(const std::vector<TodoList::Item>& items, const TodoList::Item& item) {
  return std::find(items.begin(), items.end(), item) != items.end();
}

std::vector<TodoList::Item> difference(const std::vector<TodoList::Item>& from, const std::vector<TodoList::Item>& without) {
  std::vector<TodoList::Item> rest;
  std::copy_if(from.begin(), from.end(), std::back_inserter(rest), [&](const auto& item) { return !holds(without, item); });
  return rest;
}

}  // namespace

TodoList::Outcome TodoList::refresh() {
  const auto before = items_;
  // With the cursor the server answers "as you know it" instead of sending the list again.
  auto document = docs_.get(name_, {.if_none_match = cursor_});
  if (document) return document->not_modified ? Outcome(News{}) : show(document->value_json, document->cursor, before);
  if (document.failure().is(ProblemCode::kDocumentNotFound)) return show("[]", "", before);
  return document.failure();
}

TodoList::Outcome TodoList::add(const std::string& text) {
  const Item item{json_string(text), text};
  auto expected = items_;
  if (!holds(expected, item)) expected.push_back(item);
  return push(R"({"type":"add","elem":)" + item.json + "}", "", expected);
}

TodoList::Outcome TodoList::remove(const Item& item) {
  auto expected = items_;
  std::erase(expected, item);
  return push(R"({"type":"remove","elem":)" + item.json + "}", cursor_, expected);
}

// `since` says what was on the screen when the person decided. The server resolves the op against that, not against what others
// have made of the list meanwhile. An addition depends on nothing that was seen: it goes without.
TodoList::Outcome TodoList::push(const std::string& op, const std::string& since, const std::vector<Item>& expected) {
  auto written = docs_.push_ops(name_, "orset", "[" + op + "]", {.since = since});
  if (!written) return written.failure();
  return show(written->value_json, written->cursor, expected);
}

// Takes over a new state. What differs from `expected` is the work of others.
TodoList::Outcome TodoList::show(const std::string& value_json, const std::string& cursor, const std::vector<Item>& expected) {
  const auto elements = crdtd::client::elements_of_json(value_json);
  if (!elements) {
    Failure failure;
    failure.cause = Cause::kMalformed;
    failure.message = "the document `" + name_ + "` is not a set";
    return failure;
  }
  items_.clear();
  for (const auto& json : *elements) items_.push_back({json, crdtd::client::text_of_json(json).value_or(json)});
  cursor_ = cursor;
  return News{difference(items_, expected), difference(expected, items_)};
}
