// Configurations made to break the reader: each must be refused, or read, in bounded time and stack.
#include <cstdlib>
#include <iostream>
#include <random>

#include "settings/scalars.hpp"
#include "settings/tree.hpp"
#include "settings_fixture.hpp"

using namespace crdtd;
using namespace crdtd::settings;
using Catch::Matchers::Contains;

namespace {

std::string repeat(const std::string& text, std::size_t times) {
  std::string out;
  out.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

unsigned number_from(const char* variable, unsigned otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : static_cast<unsigned>(std::strtoul(text, nullptr, 10));
}

}  // namespace

TEST_CASE("hostile yaml: depth is bounded, in flow and in block", "[unit][settings]") {
  std::string stairs;
  for (int i = 0; i < 1000; ++i) stairs += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  for (const std::string& text : {repeat("[", 500'000), repeat("{a: ", 200'000), "a: " + repeat("[ ", 100'000), stairs,
                                  repeat("- ", 300'000), repeat("? ", 300'000), repeat("[{", 200'000)}) {
    CHECK(lines_of(load(text)).size() == 1);
  }
  CHECK_THAT(one_finding("a: " + repeat("[", 16) + repeat("]", 16)), Contains("nested deeper than 16 levels"));
  CHECK_THAT(one_finding(kLeast + "http: { origins: " + repeat("[", 14) + repeat("]", 14) + " }\n"),
             Contains("http.origins[0]: is a list"));
}

TEST_CASE("hostile yaml: size and number of values are bounded", "[unit][settings]") {
  CHECK_THAT(one_finding("#" + std::string(1 << 20, 'x')), Contains("larger than 1MiB"));
  CHECK_THAT(one_finding("a: [" + repeat("x,", 100'000) + "]"), Contains("more than 20000 values"));
  std::string many = kLeast;
  for (int i = 0; i < 5000; ++i) many += "key_that_is_unknown_" + std::to_string(i) + ": 1\n";
  const auto lines = lines_of(load(many));
  REQUIRE(lines.size() == kFindingsMax + 1);
  CHECK(lines.back() == "test.yaml: and 4900 more mistakes; mend these first");
}

TEST_CASE("hostile yaml: what a configuration does not need is refused", "[unit][settings]") {
  CHECK_THAT(one_finding("a: &x 1\n"), Contains("test.yaml:1:4: an anchor or alias"));
  CHECK_THAT(one_finding("a: &x [1]\nb: *x\n"), Contains("an anchor or alias"));
  CHECK_THAT(one_finding("&x a: 1\n"), Contains("an anchor or alias"));
  CHECK_THAT(one_finding("a: *nothing\n"), Contains("test.yaml:1:4"));
  CHECK_THAT(one_finding("a: !!int 1\n"), Contains("a YAML tag"));
  CHECK_THAT(one_finding("a: !x {}\n"), Contains("a YAML tag"));
  CHECK_THAT(one_finding(kLeast + "---\n" + kLeast), Contains("a second YAML document"));
  CHECK_THAT(one_finding("? [a]\n: b\n"), Contains("a key that is a list or a mapping"));
  CHECK_THAT(one_finding("{ : b }\n"), Contains("a key without a name"));
  CHECK_THAT(one_finding("a: \"x\\0y\"\n"),
             Contains("test.yaml:1:4: \"x\\x00y\" holds a line break or another control character"));
  CHECK_THAT(one_finding("a: |\n  b\n"), Contains("control character"));
  CHECK_THAT(one_finding(std::string("a: b\nc: \0\n", 10)), Contains("test.yaml:2:4: a byte that is not UTF-8 text"));
  CHECK_THAT(one_finding("a: \xff\xfe\n"), Contains("test.yaml:1:4: a byte that is not UTF-8 text"));
  CHECK_THAT(one_finding("a: \xed\xa0\x80\n"), Contains("a byte that is not UTF-8 text"));
  CHECK_THAT(one_finding("a: [1, 2\n"), Contains("is not YAML: "));
  CHECK_THAT(one_finding("a: b: c\n"), Contains("test.yaml:1:5: is not YAML: "));
  CHECK_THAT(one_finding("\ta: b\n"), Contains("test.yaml:1:"));
  CHECK_THAT(one_finding("%YAML 9.9\n---\na: b\n"), Contains("is not YAML: "));
}

TEST_CASE("hostile yaml: a byte order mark and DOS line ends are read", "[unit][settings]") {
  std::string dos = "\xef\xbb\xbf";
  for (const char c : kLeast) dos += c == '\n' ? "\r\n" : std::string(1, c);
  CHECK(load_good(dos).storage.plugin == "shelf");
}

TEST_CASE("hostile yaml: the text cut at every byte is refused or read, never worse", "[unit][settings]") {
  const std::string whole =
      kLeast + "listen: '[::1]:80'\nauth: { keys: [ { name: a, sha256: " + std::string(64, '1') +
      ", tenants: [\"é\\u00e9\", '*'] } ] }\nhttp:\n  origins:\n    - http://localhost:*\n  body_max: 4MiB\n";
  std::size_t good = 0;
  for (std::size_t length = 0; length <= whole.size(); ++length) {
    const Loaded loaded = load(whole.substr(0, length));
    if (loaded) {
      ++good;
    } else {
      REQUIRE_FALSE(loaded.error().empty());
    }
  }
  CHECK(good > 0);
  CHECK(good < whole.size() / 2);
}

TEST_CASE("hostile yaml: random changes are refused or read, never worse", "[unit][settings]") {
  const unsigned seed = number_from("CRDTD_TEST_SEED", std::random_device{}());
  std::cout << "settings, random changes: CRDTD_TEST_SEED=" << seed << std::endl;  // at once, so that a crash leaves it behind
  std::mt19937 random(seed);
  const unsigned rounds = 3000 * number_from("CRDTD_TEST_SCALE", 1);
  const std::string pieces[] = {
      "[", "]", "{", "}",     ":", "- ", "? ", "\n",    " ",    "'",        "\"",   "\\",           "&a", "*a", "!",
      "|", ">", "%", "---\n", "#", "\t", ",",  "types", "4MiB", "\xc3\xa9", "\xff", "auth: none\n", "@",  "`",  "<<: "};
  const std::string start = kLeast + "http: { body_max: 4MiB, origins: [ 'http://localhost:*' ] }\nlog:\n  level: info\n";
  for (unsigned round = 0; round < rounds; ++round) {
    std::string text = start;
    for (unsigned changes = random() % 6 + 1; changes > 0; --changes) {
      const std::size_t at = random() % (text.size() + 1);
      if (random() % 3 == 0) {
        text.erase(at, random() % 10);
      } else {
        text.insert(at, pieces[random() % std::size(pieces)]);
      }
    }
    INFO(text);
    const Loaded loaded = load(text);
    if (loaded) {
      CHECK(!loaded->types.empty());
    } else {
      CHECK(!loaded.error().empty());
    }
  }
}

TEST_CASE("nearest name: slips are recognised, strangers are not", "[unit][settings]") {
  const std::vector<std::string> names = {"listen", "http", "storage", "body_max"};
  CHECK(nearest("lisetn", names) == "listen");
  CHECK(nearest("Listen", names) == "listen");
  CHECK(nearest("storge", names) == "storage");
  CHECK(nearest("bodymax", names) == "body_max");
  CHECK(nearest("qwertzuiop", names).empty());
  CHECK(nearest(std::string(100'000, 'x'), names).empty());
  CHECK(suggestion("qwertzuiop", names) == "known here: listen, http, storage, body_max");
}
