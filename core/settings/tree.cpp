#include "settings/tree.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <set>
#include <sstream>
#include <tuple>
#include <utility>

namespace crdtd::settings {
namespace {

// Ends the parse from within an event: what follows cannot be understood, or is not worth it.
struct Refused {
  Place place;
  std::string message;
};

Place place_of(const YAML::Mark& mark) { return {{}, mark.line + 1, mark.column + 1}; }

// Builds the tree from the parser's events. The parser recurses once a level, and only after the event that opens it; so a
// refusal in open() bounds the recursion too.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(Findings& findings) : findings_(findings) {}

  Node take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (started_) throw Refused{place_of(mark), "a second YAML document; wanted one only, without another ---"};
    started_ = true;
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    if (awaits_key()) throw Refused{place_of(mark), "a key without a name"};
    Node node;
    node.place = place_of(mark);
    add(std::move(node));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { refuse_anchor(mark, 1); }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    const bool control =
        std::any_of(value.begin(), value.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
    if (control)
      throw Refused{place_of(mark), shown(value) + " holds a line break or another control character; wanted one line of text"};
    if (awaits_key()) {
      open_.back().key = value;
      open_.back().key_place = place_of(mark);
      open_.back().has_key = true;
      return;
    }
    Node node;
    node.kind = Node::Kind::kScalar;
    node.place = place_of(mark);
    node.text = value;
    node.quoted = tag == "!";
    add(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Node::Kind::kList);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Node::Kind::kMapping);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    Node node;
    std::string key;  // of the value that comes next
    Place key_place;
    bool has_key = false;
    std::set<std::string> names;
  };

  bool awaits_key() const { return !open_.empty() && open_.back().node.kind == Node::Kind::kMapping && !open_.back().has_key; }

  static void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0) throw Refused{place_of(mark), "an anchor or alias (& or *); wanted the value itself, or text in quotes"};
  }
  static void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!")
      throw Refused{place_of(mark), "a YAML tag " + shown(tag) + "; wanted a plain value"};
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Node::Kind kind) {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    if (awaits_key()) throw Refused{place_of(mark), "a key that is a list or a mapping; wanted a name"};
    if (open_.size() == kDepthMax) throw Refused{place_of(mark), "nested deeper than " + std::to_string(kDepthMax) + " levels"};
    Open next;
    next.node.kind = kind;
    next.node.place = place_of(mark);
    open_.push_back(std::move(next));
  }

  void close() {
    Node node = std::move(open_.back().node);
    open_.pop_back();
    add(std::move(node));
  }

  void add(Node node) {
    if (++count_ > kNodesMax) throw Refused{node.place, "more than " + std::to_string(kNodesMax) + " values"};
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.has_key) {
      parent.has_key = false;
      node.key = std::move(parent.key);
      node.key_place = parent.key_place;
      if (node.kind == Node::Kind::kNull) node.place = node.key_place;  // nothing stands there: the key is what a person can find
      if (!parent.names.insert(node.key).second) {
        const Node* first = std::as_const(parent.node).find(node.key);
        findings_.add(node.key_place, {},
                      "duplicate key " + shown(node.key) + ", first on line " + std::to_string(first->key_place.line) +
                          "; wanted each key once");
        return;
      }
    }
    parent.node.children.push_back(std::move(node));
  }

  Findings& findings_;
  std::vector<Open> open_;
  Node root_;
  std::size_t count_ = 0;
  bool started_ = false;
};

// The first byte that is not UTF-8, or is a control character that text does not have; text.size() if there is none.
std::size_t first_bad_byte(const std::string& text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x80) {
      if ((byte < 0x20 && byte != '\n' && byte != '\r' && byte != '\t') || byte == 0x7f) return at;
      ++at;
      continue;
    }
    const std::size_t length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    if (byte < 0xc2 || byte > 0xf4 || at + length > text.size()) return at;
    char32_t point = byte & (0x7fU >> length);
    for (std::size_t i = 1; i < length; ++i) {
      const auto next = static_cast<unsigned char>(text[at + i]);
      if ((next & 0xc0U) != 0x80) return at;
      point = (point << 6U) | (next & 0x3fU);
    }
    if ((length == 3 && point < 0x800) || (length == 4 && (point < 0x10000 || point > 0x10ffff)) ||
        (point >= 0xd800 && point < 0xe000)) {
      return at;
    }
    at += length;
  }
  return text.size();
}

Place place_at(const std::string& text, std::size_t at) {
  const auto line = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  const std::size_t start = at == 0 ? std::string::npos : text.rfind('\n', at - 1);
  return {{}, static_cast<int>(line) + 1, static_cast<int>(at - (start == std::string::npos ? 0 : start + 1)) + 1};
}

}  // namespace

Node* Node::find(std::string_view name) {
  const auto found = std::find_if(children.begin(), children.end(), [&](const Node& child) { return child.key == name; });
  return found == children.end() ? nullptr : &*found;
}

const Node* Node::find(std::string_view name) const { return const_cast<Node*>(this)->find(name); }

void Findings::add(const Place& place, std::string_view key, std::string message) {
  if (list_.size() == kFindingsMax) {
    ++left_out_;
    return;
  }
  list_.push_back(
      {place.variable.empty() ? file_ : place.variable, place.line, place.column, std::string(key), std::move(message)});
}

std::vector<Finding> Findings::take() {
  std::stable_sort(list_.begin(), list_.end(), [](const Finding& a, const Finding& b) {
    // What has no line came from outside the file.
    return std::tuple(a.line == 0, a.line, a.column) < std::tuple(b.line == 0, b.line, b.column);
  });
  if (left_out_ > 0) list_.push_back({file_, 0, 0, {}, "and " + std::to_string(left_out_) + " more mistakes; mend these first"});
  return std::move(list_);
}

Node parse_tree(const std::string& text, Findings& findings) {
  Node empty;
  empty.kind = Node::Kind::kMapping;
  empty.place = {{}, 1, 1};
  if (text.size() > kFileBytesMax) {
    findings.add({}, {}, "is larger than 1MiB, which is more than a configuration can need");
    return empty;
  }
  if (const std::size_t bad = first_bad_byte(text); bad < text.size()) {
    findings.add(place_at(text, bad), {}, "a byte that is not UTF-8 text; save the file as UTF-8");
    return empty;
  }
  TreeBuilder builder(findings);
  try {
    std::istringstream in(text);
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Refused& refused) {
    findings.add(refused.place, {}, refused.message);
    return empty;
  } catch (const YAML::Exception& error) {
    findings.add(place_of(error.mark), {}, "is not YAML: " + error.msg);
    return empty;
  } catch (const std::exception& error) {
    findings.add({}, {}, std::string("is not YAML: ") + error.what());
    return empty;
  }
  Node root = builder.take_root();
  if (root.kind == Node::Kind::kMapping) return root;
  if (root.kind != Node::Kind::kNull)
    findings.add(root.place, {}, "is " + shown(root) + "; wanted a mapping of keys, like \"listen: …\"");
  return empty;
}

std::string shown(std::string_view text) {
  constexpr std::size_t kBytesMax = 60;
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    if (i >= kBytesMax && (byte & 0xc0U) != 0x80) {  // never within a character
      out += "…";
      break;
    }
    if (byte < 0x20 || byte == 0x7f) {
      char escape[5];
      std::snprintf(escape, sizeof escape, "\\x%02x", byte);
      out += escape;
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string shown(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kNull:
      return "empty";
    case Node::Kind::kList:
      return "a list";
    case Node::Kind::kMapping:
      return "a mapping";
    case Node::Kind::kScalar:
      break;
  }
  return shown(node.text);
}

}  // namespace crdtd::settings
