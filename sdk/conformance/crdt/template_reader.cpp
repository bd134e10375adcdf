// Reads op templates from canonical JSON; MANIFEST.md holds their grammar.
#include <charconv>
#include <optional>

#include "crdt/op_templates.hpp"
#include "crdtd/plugin/json.hpp"

namespace crdtd::conformance {
namespace {

constexpr std::int64_t kValuesMax = 64;
constexpr std::int64_t kLengthMax = 4096;
constexpr std::int64_t kItemsMax = 256;
constexpr std::int64_t kSpreadMaxNs = 86'400'000'000'000;  // a day
constexpr std::int64_t kIndexExtraMax = 1'000'000;
constexpr std::int64_t kWeightMax = 1000;
constexpr std::int64_t kNumberMax = INT64_C(1) << 62;

struct Fault {
  std::string text;
};

// Walks one canonical text, whose nesting is bounded by the JSON reader's limit. Throws Fault.
class TemplateReader {
 public:
  explicit TemplateReader(std::string_view canonical) : cursor_(canonical) {}

  std::vector<WeightedTemplate> read() {
    if (!cursor_.consume('[')) fail("", "want an array of op templates");
    std::vector<WeightedTemplate> all;
    if (cursor_.consume(']')) fail("", "is empty: want at least one op template");
    do {
      const std::string here = "[" + std::to_string(all.size()) + "]";
      if (cursor_.peek() != '{') fail(here, "want an object: the template of an op");
      all.push_back(read_entry(here));
    } while (cursor_.consume(','));
    return all;
  }

 private:
  struct Member {
    std::string key;   // with its quotes
    std::string text;  // of its value
    bool special() const { return key.starts_with("\"$"); }
    std::string name() const { return key.substr(1, key.size() - 2); }
  };

  [[noreturn]] static void fail(const std::string& path, const std::string& what) { throw Fault{"ops" + path + ": " + what}; }

  // The next value's members, if it is an object.
  std::vector<Member> members() {
    std::vector<Member> all;
    if (!cursor_.consume('{') || cursor_.consume('}')) return all;
    do {
      ByteBuffer key, value;
      cursor_.string(key);
      cursor_.consume(':');
      cursor_.value(value);
      all.push_back({std::string(key.view()), std::string(value.view())});
    } while (cursor_.consume(','));
    cursor_.consume('}');
    return all;
  }

  WeightedTemplate read_entry(const std::string& here) {
    const auto fields = members();
    const auto named = [&](std::string_view key) -> const Member* {
      for (const Member& field : fields) {
        if (field.key == key) return &field;
      }
      return nullptr;
    };
    const Member* weight = named("\"$weight\"");
    if (weight == nullptr) return {object(fields, here), 1};
    const Member* op = named("\"op\"");
    if (op == nullptr || fields.size() != 2) fail(here, R"(a weighted template is {"$weight":n,"op":{…}} and nothing else)");
    const std::int64_t times = number(weight->text, here + ".$weight", 1, kWeightMax);
    if (op->text.front() != '{') fail(here + ".op", "want an object: the template of an op");
    return {value(op->text, here + ".op"), static_cast<std::uint32_t>(times)};
  }

  static Template value(const std::string& text, const std::string& here) {
    TemplateReader inner(text);
    if (text.front() == '{') return object(inner.members(), here);
    if (text.front() == '[') {
      Template array{Template::Kind::kArray, {}, {}, {}, 0, 0};
      array.children = items(text, here);
      return array;
    }
    return {Template::Kind::kLiteral, text, {}, {}, 0, 0};
  }

  static std::vector<Template> items(const std::string& array, const std::string& here) {
    std::vector<Template> all;
    for_each_item(array, [&](std::string_view item) {
      all.push_back(value(std::string(item), here + "[" + std::to_string(all.size()) + "]"));
      return true;
    });
    return all;
  }

  static Template object(const std::vector<Member>& fields, const std::string& here) {
    for (const Member& field : fields) {
      if (!field.special()) continue;
      if (fields.size() != 1) fail(here, "`" + field.name() + "` must stand alone in its object");
      return special(field, here + "." + field.name());
    }
    Template plain{Template::Kind::kObject, {}, {}, {}, 0, 0};
    for (const Member& field : fields) {
      plain.keys.push_back(field.key);
      plain.children.push_back(value(field.text, here + "." + field.name()));
    }
    return plain;
  }

  static Template special(const Member& field, const std::string& here) {
    using Kind = Template::Kind;
    const std::string name = field.name();
    if (name == "$value") return {Kind::kValue, {}, {}, {}, 0, number(field.text, here, 1, kValuesMax)};
    if (name == "$string") return {Kind::kString, {}, {}, {}, 0, number(field.text, here, 0, kLengthMax)};
    if (name == "$stamp_ns") return {Kind::kStampNs, {}, {}, {}, 0, number(field.text, here, 0, kSpreadMaxNs)};
    if (name == "$index") return {Kind::kIndex, {}, {}, {}, number(field.text, here, -kIndexExtraMax, kIndexExtraMax), 0};
    if (name == "$int") return integer(field.text, here);
    if (name == "$one_of") return one_of(field.text, here);
    if (name == "$list") return list(field.text, here);
    fail(here, "unknown; known are $value, $int, $string, $one_of, $stamp_ns, $index, $list, and $weight around a whole op");
  }

  static Template integer(const std::string& text, const std::string& here) {
    const auto bounds = parts(text, here, 2, 2, "[least, most]");
    Template made{Template::Kind::kInt, {}, {}, {}, 0, 0};
    made.least = number(bounds[0], here + "[0]", -kNumberMax, kNumberMax);
    made.most = number(bounds[1], here + "[1]", -kNumberMax, kNumberMax);
    if (made.least > made.most) fail(here, "found " + text + ": the first number is the greater one; want [least, most]");
    return made;
  }

  static Template one_of(const std::string& text, const std::string& here) {
    parts(text, here, 1, static_cast<std::size_t>(kItemsMax), "an array of templates, at least one");
    Template made{Template::Kind::kOneOf, {}, {}, {}, 0, 0};
    made.children = items(text, here);
    return made;
  }

  static Template list(const std::string& text, const std::string& here) {
    const auto both = parts(text, here, 2, 2, "[template, how many at most]");
    Template made{Template::Kind::kList, {}, {}, {}, 0, 0};
    made.children.push_back(value(both[0], here + "[0]"));
    made.most = number(both[1], here + "[1]", 0, kItemsMax);
    return made;
  }

  static std::vector<std::string> parts(const std::string& text, const std::string& here, std::size_t least, std::size_t most,
                                        const char* wanted) {
    std::vector<std::string> all;
    if (text.front() == '[') {
      for_each_item(text, [&](std::string_view item) { return all.emplace_back(item), true; });
    }
    if (text.front() != '[' || all.size() < least || all.size() > most) fail(here, "found " + text + ", want " + wanted);
    return all;
  }

  static std::int64_t number(const std::string& text, const std::string& here, std::int64_t least, std::int64_t most) {
    std::int64_t found = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), found);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size() || found < least || found > most) {
      fail(here, "found " + text + ", want a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    }
    return found;
  }

  JsonCursor cursor_;
};

}  // namespace

std::variant<OpTemplates, std::string> OpTemplates::parse(std::string_view ops_json) {
  ByteBuffer canonical;
  const JsonFault fault = canonical_json(ops_json, canonical);
  if (fault.text != nullptr) return "ops: " + std::string(fault.text) + " (byte " + std::to_string(fault.offset) + ")";
  try {
    OpTemplates made;
    made.templates_ = TemplateReader(canonical.view()).read();
    for (const WeightedTemplate& one : made.templates_) made.weights_ += one.weight;
    return made;
  } catch (const Fault& wrong) {
    return wrong.text;
  }
}

}  // namespace crdtd::conformance
