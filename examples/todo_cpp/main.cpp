// todo: a to-do list in the terminal, shared with everyone who opens the same list.
//
//   todo [--url URL] [--tenant NAME] [--list NAME] [--node ME]                  asks for commands
//   todo [options] add TEXT | remove TEXT | list                                does one thing, for scripts
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "todo_list.hpp"

using crdtd::client::Cause;
using crdtd::client::Failure;
using crdtd::client::ProblemCode;

namespace {

constexpr int kDone = 0, kFailed = 1, kMisused = 2;

constexpr const char* kUsage =
    "usage: todo [options]                       asks for commands\n"
    "       todo [options] add TEXT\n"
    "       todo [options] remove TEXT\n"
    "       todo [options] list\n"
    "options: --url URL      the server (http://127.0.0.1:8080)\n"
    "         --tenant NAME  whose documents (dev)\n"
    "         --list NAME    which list (todo)\n"
    "         --node ME      your name for the others (todo)\n"
    "         --key-file F   a file whose first line is the API key\n";

constexpr const char* kHelp =
    "  add TEXT       put something on the list\n"
    "  remove N       take it off, by its number on the screen\n"
    "  remove TEXT    … or by its text\n"
    "  list           show the list; an empty line looks for news\n"
    "  quit           leave (so does the end of input)\n";

struct Arguments {
  std::string url = "http://127.0.0.1:8080";
  std::string tenant = "dev";
  std::string list = "todo";
  std::string node = "todo";
  std::string key_file;
  std::vector<std::string> words;  // the command, if there is one
};

// What others wrote may hold anything, also what steers a terminal: such characters are shown as '?'.
std::string printable(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool second_set = byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (second_set) ++i;
    out += byte < 0x20 || byte == 0x7F || second_set ? '?' : text[i];
  }
  return out;
}

void print(const std::vector<TodoList::Item>& items) {
  if (items.empty()) std::cout << "(nothing to do)\n";
  for (std::size_t i = 0; i < items.size(); ++i) std::cout << i + 1 << ". " << printable(items[i].text) << '\n';
}

void print(const TodoList::News& news) {
  for (const auto& item : news.added) std::cout << "+ " << printable(item.text) << "   (by someone else)\n";
  for (const auto& item : news.removed) std::cout << "- " << printable(item.text) << "   (by someone else)\n";
}

void explain(const Failure& failure, const std::string& url) {
  std::cout << std::flush;
  if (failure.cause == Cause::kRefused || failure.cause == Cause::kResolve) {
    std::cerr << "No server answers at " << url << ".\n"
              << "Start one with `make dev` in another terminal, or name another one with --url.\n";
    return;
  }
  std::cerr << "That did not work: " << failure.message << '\n';
  if (failure.outcome_unknown) std::cerr << "It may have happened all the same: look at the list.\n";
}

class Session {
 public:
  Session(TodoList list, std::string url) : list_(std::move(list)), url_(std::move(url)) {}

  // One command of the command line. Numbers are not taken: they belong to a list on a screen, and here is none.
  int run_once(const std::vector<std::string>& words) {
    const std::string& command = words[0];
    const std::string text = joined(words);
    const bool known = command == "list" ? text.empty() : (command == "add" || command == "remove") && !text.empty();
    if (!known) return std::cerr << kUsage, kMisused;
    if (!took(list_.refresh())) return kFailed;
    if (command == "list") return print(list_.items()), kDone;
    if (command == "add") return took(list_.add(text)) ? kDone : kFailed;
    const auto item = find(text);
    if (!item) return std::cerr << "There is no `" << printable(text) << "` on the list.\n", kFailed;
    return took(list_.remove(*item)) ? kDone : kFailed;
  }

  // Asks until the input ends. What others did is shown before each question.
  int run() {
    if (!took(list_.refresh())) return kFailed;
    print(list_.items());
    const bool asks = ::isatty(STDIN_FILENO) != 0;
    std::string line;
    while (true) {
      if (asks) std::cout << "> ";
      std::cout << std::flush;
      if (!std::getline(std::cin, line)) return kDone;
      if (!obey(line)) return kDone;
      look();
    }
  }

 private:
  // False: leave.
  bool obey(const std::string& line) {
    const auto end = line.find(' ');
    const std::string command = line.substr(0, end);
    const auto begin = end == std::string::npos ? end : line.find_first_not_of(' ', end);
    const std::string rest = begin == std::string::npos ? "" : line.substr(begin, line.find_last_not_of(' ') - begin + 1);
    if (command == "quit") return false;
    if (command.empty()) return true;
    if (command == "help") {
      std::cout << kHelp;
    } else if (command == "list") {
      look();
      print(list_.items());
    } else if (command == "add" && !rest.empty()) {
      act(list_.add(rest));
    } else if (command == "remove" && !rest.empty()) {
      const auto item = find_numbered(rest);
      if (item) return act(list_.remove(*item)), true;
      std::cout << "There is no `" << printable(rest) << "` on the list.\n";
    } else {
      std::cout << "That is no command. These are:\n" << kHelp;
    }
    return true;
  }

  void act(TodoList::Outcome outcome) {
    if (outcome) {
      print(*outcome);
      return print(list_.items());
    }
    const auto& failure = outcome.failure();
    if (failure.is(ProblemCode::kStale) || failure.is(ProblemCode::kGone)) {
      std::cout << "The list on your screen is too old for the server to tell what you meant. Nothing was changed;\n"
                   "this is the list now, say it again if you still want it:\n";
      if (took(list_.refresh())) print(list_.items());
      return;
    }
    explain(failure, url_);
  }

  void look() {
    auto news = list_.refresh();
    if (!news) return explain(news.failure(), url_);
    if (news->empty()) return;
    print(*news);
    print(list_.items());
  }

  bool took(const TodoList::Outcome& outcome) {
    if (!outcome) explain(outcome.failure(), url_);
    return static_cast<bool>(outcome);
  }

  std::optional<TodoList::Item> find(const std::string& text) const {
    const auto& items = list_.items();
    const auto found = std::find_if(items.begin(), items.end(), [&](const auto& item) { return item.text == text; });
    return found == items.end() ? std::nullopt : std::optional(*found);
  }

  std::optional<TodoList::Item> find_numbered(const std::string& word) const {
    std::size_t number = 0;
    const auto end = word.data() + word.size();
    const auto [stop, error] = std::from_chars(word.data(), end, number);
    const bool is_number = error == std::errc{} && stop == end && number >= 1 && number <= list_.items().size();
    return is_number ? std::optional(list_.items()[number - 1]) : find(word);
  }

  static std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (std::size_t i = 1; i < words.size(); ++i) text.append(i > 1 ? " " : "").append(words[i]);
    return text;
  }

  TodoList list_;
  std::string url_;
};

std::optional<Arguments> read_arguments(int count, char** values) {
  Arguments out;
  const std::pair<std::string, std::string*> options[] = {{"--url", &out.url},
                                                          {"--tenant", &out.tenant},
                                                          {"--list", &out.list},
                                                          {"--node", &out.node},
                                                          {"--key-file", &out.key_file}};
  int at = 1;
  for (; at < count && values[at][0] == '-'; at += 2) {
    const auto option =
        std::find_if(std::begin(options), std::end(options), [&](const auto& o) { return o.first == values[at]; });
    if (option == std::end(options) || at + 1 == count) return {};
    *option->second = values[at + 1];
  }
  out.words.assign(values + at, values + count);
  return out;
}

// Two terminals of one person are two clients: what one of them sees, the other may not. So each gets a name of its own.
std::string own_name(const std::string& name) {
  std::random_device random;
  char digits[16];
  std::snprintf(digits, sizeof digits, ".%08x", static_cast<unsigned>(random()));
  return name + digits;
}

}  // namespace

int main(int count, char** values) {
  const auto arguments = read_arguments(count, values);
  if (!arguments) return std::cerr << kUsage, kMisused;

  crdtd::client::Options options;
  options.url = arguments->url;
  options.tenant = arguments->tenant;
  options.node = own_name(arguments->node);
  options.user_agent = "todo/1";
  options.retry.attempts_max = 5;  // about a second: a person is waiting
  if (!arguments->key_file.empty()) {
    options.api_key = [file = arguments->key_file] {
      std::string key;
      std::ifstream(file) >> key;
      return key;
    };
  }
  auto docs = crdtd::client::RemoteDocs::open(options);
  if (!docs) return std::cerr << docs.failure().message << '\n', kMisused;

  Session session(TodoList(*std::move(docs), arguments->list), arguments->url);
  return arguments->words.empty() ? session.run() : session.run_once(arguments->words);
}
