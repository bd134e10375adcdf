#include "crdt/history.hpp"

#include <algorithm>
#include <cstdio>

#include "crdt/world.hpp"
#include "crdtd/plugin/json.hpp"

namespace crdtd::conformance {
namespace {

constexpr std::uint64_t kElementsMax = 1'000'000;  // a type may say of itself what it likes
constexpr std::uint32_t kPlaysMax = 400;           // while shrinking
constexpr std::size_t kStepTextMax = 240;
constexpr std::size_t kStepsShownMax = 24;

class Drawer {
 public:
  Drawer(const Setup& setup, const OpTemplates& templates, std::uint64_t seed, std::uint32_t step_count)
      : templates_(templates), dice_(seed), history_(begin(seed, step_count)), world_(setup, history_) {}

  History run(std::uint32_t step_count) {
    Watch nobody;
    for (std::uint32_t id = 1; id <= step_count; ++id) {
      history_.steps.push_back(draw(id));
      try {
        world_.play(history_.steps.back(), nobody);
      } catch (const LawBroken&) {
        break;  // whoever plays the history will meet it
      }
    }
    return std::move(history_);
  }

 private:
  History begin(std::uint64_t seed, std::uint32_t step_count) {
    History history{seed, 3 + static_cast<std::uint32_t>(roll(dice_, 3)), {}};
    history.steps.reserve(step_count);
    return history;
  }

  Step draw(std::uint32_t id) {
    Step step;
    step.id = id;
    step.replica = static_cast<std::uint32_t>(roll(dice_, history_.replica_count));
    const auto kind = roll(dice_, 12);
    if (kind < 5 && draw_delivery(step)) return step;
    if (kind == 5 || kind == 6) {
      step.kind = kind == 5 ? Step::Kind::kJoin : Step::Kind::kReload;
      step.other =
          (step.replica + 1 + static_cast<std::uint32_t>(roll(dice_, history_.replica_count - 1))) % history_.replica_count;
      return step;
    }
    draw_edit(step);
    return step;
  }

  bool draw_delivery(Step& step) {
    std::vector<std::uint32_t> ready;
    for (const Row& row : world_.rows()) {
      if (World::follows(row, world_.replicas()[step.replica].seen)) ready.push_back(row.step);
    }
    if (ready.empty()) return false;
    step.kind = Step::Kind::kDeliver;
    step.other = ready[roll(dice_, ready.size())];
    step.admit = roll(dice_, 2) == 0;
    return true;
  }

  void draw_edit(Step& step) {
    const Replica& me = world_.replicas()[step.replica];
    step.kind = Step::Kind::kEdit;
    step.hlc = world_.clock() + roll(dice_, 50);
    if (roll(dice_, 4) == 0) step.hlc -= roll(dice_, 100);  // a clock that lags behind
    step.node = std::string(1, static_cast<char>('a' + roll(dice_, 3)));
    const std::uint64_t elements = std::min(me.state.footprint().element_count, kElementsMax);
    for (auto left = 1 + roll(dice_, 4); left > 0; --left) step.ops.push_back(templates_.draw(dice_, {step.hlc, elements}));
    if (roll(dice_, 3) == 0) step.unseen = static_cast<std::uint32_t>(roll(dice_, me.log.size() + 1));
  }

  const OpTemplates& templates_;
  Dice dice_;
  History history_;
  World world_;
};

void cut(std::string& text, std::size_t length_max) {
  if (text.size() <= length_max) return;
  while (length_max > 0 && (static_cast<unsigned char>(text[length_max]) & 0xC0U) == 0x80U) --length_max;
  text.resize(length_max);
  text += "…";
}

}  // namespace

History draw_history(const Setup& setup, const OpTemplates& templates, std::uint64_t seed, std::uint32_t step_count) {
  return Drawer(setup, templates, seed, step_count).run(step_count);
}

History shrink(History history, std::string& why, const std::function<std::optional<std::string>(const History&)>& broken) {
  std::uint32_t plays = 0;
  const auto adopt = [&](History&& smaller) {
    ++plays;
    auto reason = broken(smaller);
    if (!reason) return false;
    why = std::move(*reason);
    history = std::move(smaller);
    return true;
  };
  for (std::size_t size = std::max<std::size_t>(history.steps.size() / 2, 1); plays < kPlaysMax; size = (size + 1) / 2) {
    bool smaller_found = false;
    for (std::size_t end = history.steps.size(); end > 0 && plays < kPlaysMax; end = std::min(end, history.steps.size())) {
      const std::size_t from = end > size ? end - size : 0;
      History smaller = history;
      smaller.steps.erase(smaller.steps.begin() + static_cast<std::ptrdiff_t>(from),
                          smaller.steps.begin() + static_cast<std::ptrdiff_t>(end));
      smaller_found |= adopt(std::move(smaller));
      end = from;
    }
    if (size == 1 && !smaller_found) break;
  }
  for (std::size_t step = 0; step < history.steps.size(); ++step) {
    for (std::size_t op = history.steps[step].ops.size(); op-- > 0 && plays < kPlaysMax;) {
      if (history.steps[step].ops.size() < 2) break;
      History smaller = history;
      smaller.steps[step].ops.erase(smaller.steps[step].ops.begin() + static_cast<std::ptrdiff_t>(op));
      adopt(std::move(smaller));
    }
  }
  return history;
}

std::string replica_name(std::uint32_t replica) { return std::string(1, static_cast<char>('A' + replica % 26)); }

std::string json_array(const std::vector<std::string>& items) {
  std::string text = "[";
  for (const std::string& item : items) text.append(text.size() == 1 ? "" : ",").append(item);
  return text + "]";
}

std::string describe(const Step& step, const History& history) {
  std::string text = replica_name(step.replica);
  switch (step.kind) {
    case Step::Kind::kEdit:
      text += " edits " + json_array(step.ops);
      cut(text, kStepTextMax);
      if (step.unseen != 0) text += " not having seen the newest " + std::to_string(step.unseen) + " rows";
      break;
    case Step::Kind::kDeliver: {
      const auto made =
          std::find_if(history.steps.begin(), history.steps.end(), [&](const Step& one) { return one.id == step.other; });
      if (made == history.steps.end()) return text + " would merge a delta that was not made";
      text +=
          " merges the delta of step " + std::to_string(made - history.steps.begin() + 1) + (step.admit ? " at the gate" : "");
      break;
    }
    case Step::Kind::kJoin:
      text += " merges the encoded state of " + replica_name(step.other);
      break;
    case Step::Kind::kReload:
      text += " is encoded and loaded";
      break;
  }
  return text;
}

std::string describe(const History& history) {
  std::string text;
  for (std::size_t i = 0; i < history.steps.size(); ++i) {
    if (i == kStepsShownMax) return text + "\n  … " + std::to_string(history.steps.size() - i) + " more";
    text += "\n  " + std::to_string(i + 1) + ". " + describe(history.steps[i], history);
  }
  return text;
}

std::string shown(const std::string& bytes, std::size_t bytes_max) {
  if (bytes.empty()) return "nothing";
  ByteBuffer scratch;
  const bool text = std::all_of(bytes.begin(), bytes.end(), [](char c) { return c >= 0x20 && c < 0x7f; }) ||
                    canonical_json(bytes, scratch).text == nullptr;
  std::string out;
  if (text) {
    out = bytes;
    cut(out, bytes_max);
  } else {
    for (std::size_t i = 0; i < bytes.size() && i < bytes_max; ++i) {
      char two[3];
      std::snprintf(two, sizeof two, "%02x", static_cast<unsigned>(static_cast<unsigned char>(bytes[i])));
      out += two;
    }
    if (bytes.size() > bytes_max) out += "…";
  }
  return bytes.size() > bytes_max ? out + " (" + std::to_string(bytes.size()) + " bytes)" : out;
}

}  // namespace crdtd::conformance
