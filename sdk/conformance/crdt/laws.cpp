#include "crdtd/conformance/crdt_laws.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "crdt/law.hpp"
#include "crdtd/conformance/counting_host.hpp"

namespace crdtd::conformance {
namespace {

const std::vector<Law>& all_laws() {
  static const std::vector<Law> kAll = [] {
    std::vector<Law> all;
    for (const auto& part :
         {template_laws(), author_laws(), join_laws(), encoding_laws(), refusal_laws(), gate_laws(), memory_laws()}) {
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }();
  return kAll;
}

CheckResult failed(std::string name, std::string message, std::uint64_t seed = 0) {
  return {std::move(name), false, std::move(message), seed};
}

// Why the law does not hold in this history; nothing when it does.
std::optional<std::string> broken_by(const Law& law, const LawRun& run) {
  try {
    law.judge(run);
    return std::nullopt;
  } catch (const LawBroken& broken) {
    return broken.what;
  }
}

CheckResult judge(const Law& law, const Setup& setup, const OpTemplates& templates, const CrdtLawOptions& options) {
  if (law.needs_counting && setup.host != &counting_host()) {
    return {law.name, true, "left out: it is judged with counting_host() only", 0};
  }
  for (std::uint32_t round = 0; round < options.rounds; ++round) {
    set_memory_pattern(1);  // so that a round is the same whatever ran before it
    const std::uint64_t seed = options.seed + round;
    const History history = draw_history(setup, templates, seed, options.steps);
    auto why = broken_by(law, {setup, templates, history});
    if (!why) continue;
    const auto again = [&](const History& smaller) { return broken_by(law, {setup, templates, smaller}); };
    const History least = shrink(history, *why, again);
    return failed(law.name,
                  std::string(law.summary) + "\n  " + *why + "\nthe history, of " + std::to_string(least.replica_count) +
                      " replicas:" + (least.steps.empty() ? " nothing was done yet" : describe(least)) + "\nseed " +
                      std::to_string(seed),
                  seed);
  }
  return {law.name, true, {}, 0};
}

// All of `laws`, after a look at what is needed for any of them.
std::vector<CheckResult> judge_all(const crdtd_crdt_type& table, const CrdtLawOptions& options, const std::vector<Law>& laws) {
  std::vector<CheckResult> results;
  const auto all_failed = [&](const std::string& why) {
    for (const Law& law : laws) results.push_back(failed(law.name, why));
    return std::move(results);
  };
  if (options.host == nullptr) return all_failed("options.host is missing: pass the host that the plugin was given at init()");
  if (options.ops_json.empty()) {
    return all_failed("the manifest says nothing of `ops`, so no history can be drawn: add op templates (see MANIFEST.md)");
  }
  const auto parsed = OpTemplates::parse(options.ops_json);
  if (const auto* wrong = std::get_if<std::string>(&parsed)) return all_failed("in the manifest, " + *wrong);
  const Setup setup{&table, options.host, options.limits, 0, nullptr};
  for (const Law& law : laws) results.push_back(judge(law, setup, std::get<OpTemplates>(parsed), options));
  return results;
}

}  // namespace

std::vector<std::string> crdt_law_names() {
  std::vector<std::string> names;
  for (const Law& law : all_laws()) names.emplace_back(law.name);
  return names;
}

std::string crdt_law_summary(std::string_view name) {
  for (const Law& law : all_laws()) {
    if (name == law.name) return law.summary;
  }
  return {};
}

CheckResult run_crdt_law(const crdtd_crdt_type& table, const CrdtLawOptions& options, std::string_view name) {
  std::string known;
  for (const Law& law : all_laws()) {
    if (name == law.name) return judge_all(table, options, {law}).front();
    known += (known.empty() ? "" : ", ") + std::string(law.name);
  }
  return failed(std::string(name), "there is no such law; there are: " + known);
}

std::vector<CheckResult> run_crdt_laws(const crdtd_crdt_type& table, const CrdtLawOptions& options) {
  return judge_all(table, options, all_laws());
}

}  // namespace crdtd::conformance
