#include "crdt/world.hpp"

#include <algorithm>
#include <utility>

namespace crdtd::conformance {
namespace {

constexpr std::uint64_t kClockStart = 1'700'000'000'000'000'000;  // unix nanoseconds
constexpr std::uint32_t kCountersMax = 1U << 20U;                 // of one batch

// Well mixed and never 0: ids and seeds that differ by one must not be neighbours.
std::uint64_t mixed(std::uint64_t seed, std::uint64_t salt) {
  std::uint64_t x = seed * 0x9E3779B97F4A7C15U + salt + 1;
  x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27U)) * 0x94D049BB133111EBU;
  return (x ^ (x >> 31U)) | 1U;
}

}  // namespace

World::World(const Setup& setup, const History& history) : setup_(&setup), seed_(history.seed), clock_(kClockStart) {
  for (std::uint32_t i = 0; i < history.replica_count; ++i) {
    replicas_.push_back({i, mixed(history.seed, i) >> 1U, Instance(setup), Version(history.replica_count, 0), {}});
  }
}

bool World::play(const Step& step, Watch& watch) {
  dice_.seed(mixed(seed_, 1000 + step.id));
  Replica& me = replicas_[step.replica];
  switch (step.kind) {
    case Step::Kind::kEdit:
      edit(step, watch);
      break;
    case Step::Kind::kDeliver:
      if (!deliver(step, watch)) return false;
      break;
    case Step::Kind::kJoin:
      if (!join_state(step, watch)) return false;
      break;
    case Step::Kind::kReload:
      me.state = Instance(*setup_, me.state.encode());
      break;
  }
  watch.stepped(*this, me);
  return true;
}

void World::edit(const Step& step, Watch& watch) {
  Replica& me = replicas_[step.replica];
  clock_ = std::max(clock_, step.hlc);
  Event event{
      *this, me, step, me.state.encode(), {}, nullptr, nullptr, {}, {me.id, me.seen[me.index] + 1, 0, step.hlc, step.node}};
  for (std::size_t i = me.log.size() - std::min<std::size_t>(step.unseen, me.log.size()); i < me.log.size(); ++i) {
    if (rows_[me.log[i]].author != me.index) event.recent.push_back(&rows_[me.log[i]]);
  }
  event.answer = me.state.mutate(json_array(step.ops), event.author, event.recent, gate());
  if (event.answer.counters > kCountersMax) {
    throw LawBroken{"mutate() says that a batch of " + std::to_string(step.ops.size()) + " ops used " +
                    std::to_string(event.answer.counters) + " counters"};
  }
  if (event.answer.ok() && event.answer.counters != 0) {
    Row row;
    static_cast<Envelope&>(row) = event.author;
    row.count = event.answer.counters;
    row.delta = event.answer.delta;
    row.step = step.id;
    row.author = me.index;
    row.causes = me.seen;
    me.seen[me.index] += row.count;
    me.log.push_back(rows_.size());
    rows_.push_back(std::move(row));
    event.row = &rows_.back();
  }
  watch.edited(event);
}

bool World::deliver(const Step& step, Watch& watch) {
  Replica& me = replicas_[step.replica];
  const auto row = std::find_if(rows_.begin(), rows_.end(), [&](const Row& one) { return one.step == step.other; });
  if (row == rows_.end() || !follows(*row, me.seen)) return false;
  Event event{*this, me, step, me.state.encode(), {}, &*row, nullptr, {}, {}};
  // A gate that is too strict is told by the law about it; here the delta comes in all the same.
  if (step.admit) event.answer = me.state.merge(*row, gate());
  if (!step.admit || !event.answer.ok()) event.answer = take(me.state, *row);
  me.seen[row->author] = row->last();
  me.log.push_back(static_cast<std::size_t>(row - rows_.begin()));
  watch.delivered(event);
  return true;
}

bool World::join_state(const Step& step, Watch& watch) {
  Replica& me = replicas_[step.replica];
  const Replica& other = replicas_[step.other];
  if (me.index == other.index) return false;
  Event event{*this, me, step, me.state.encode(), {}, nullptr, &other, {}, {}};
  event.answer = me.state.merge(other.state.encode());
  if (!event.answer.ok()) {
    throw LawBroken{"merge() of the encoded state of " + replica_name(other.index) + ": expected OK, came " +
                    failure_text(event.answer)};
  }
  me.seen = join(me.seen, other.seen);
  for (const std::size_t row : other.log) {
    if (std::find(me.log.begin(), me.log.end(), row) == me.log.end()) me.log.push_back(row);
  }
  watch.joined(event);
  return true;
}

bool World::follows(const Row& row, const Version& seen) {
  if (seen[row.author] != row.first - 1) return false;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (row.causes[i] > seen[i]) return false;
  }
  return true;
}

Version World::join(Version left, const Version& right) {
  for (std::size_t i = 0; i < left.size(); ++i) left[i] = std::max(left[i], right[i]);
  return left;
}

Instance World::rebuilt(const Version& seen) const {
  Instance state(*setup_);
  for (const Row& row : rows_) {
    if (covers(seen, row)) take(state, row);
  }
  return state;
}

Answer World::take(Instance& state, const Row& row, const CallStyle& style) const {
  Answer answer = state.merge(row, style);
  if (answer.ok()) return answer;
  const char* how = (style.flags & CRDTD_FLAG_ADMIT) != 0 ? "merge() with ADMIT of " : "merge() of ";
  throw LawBroken{how + row_name(row) + " (" + shown(row.delta) + "), whose causes are all there: expected OK, came " +
                  failure_text(answer)};
}

std::string World::row_name(const Row& row) const {
  std::string name = replica_name(row.author) + "'s delta " + std::to_string(row.first);
  return row.count > 1 ? name + "-" + std::to_string(row.last()) : name;
}

void play(const Setup& setup, const History& history, Watch& watch) {
  World world(setup, history);
  for (const Step& step : history.steps) {
    try {
      world.play(step, watch);
    } catch (LawBroken& broken) {
      throw LawBroken{"after \"" + describe(step, history) + "\": " + broken.what};
    }
  }
  watch.finished(world);
}

}  // namespace crdtd::conformance
