// A shared list of things to do: a document of the type `orset`, a set in which adding wins.
#pragma once

#include <string>
#include <vector>

#include "crdtd/client/remote_docs.hpp"

class TodoList {
 public:
  // An element of the set. `json` is what it is to the server, `text` what a person reads.
  struct Item {
    std::string json;
    std::string text;
    bool operator==(const Item&) const = default;
  };
  // What others did since this list was last looked at.
  struct News {
    std::vector<Item> added;
    std::vector<Item> removed;
    bool empty() const { return added.empty() && removed.empty(); }
  };
  using Outcome = crdtd::client::Result<News>;

  TodoList(crdtd::client::RemoteDocs docs, std::string name) : docs_(std::move(docs)), name_(std::move(name)) {}

  // Looks at the server. Costs next to nothing when nothing has changed.
  Outcome refresh();
  Outcome add(const std::string& text);
  // Removes what this list showed: if somebody adds the item again at the same time, it stays.
  Outcome remove(const Item& item);

  const std::vector<Item>& items() const { return items_; }

 private:
  Outcome push(const std::string& op, const std::string& since, const std::vector<Item>& expected);
  Outcome show(const std::string& value_json, const std::string& cursor, const std::vector<Item>& expected);

  crdtd::client::RemoteDocs docs_;
  std::string name_;
  std::vector<Item> items_;  // as last shown …
  std::string cursor_;       // … and the server's name for exactly that state; empty: the list does not exist
};
