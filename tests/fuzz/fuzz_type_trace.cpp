// A trace: each byte is a step of three replicas that edit, deliver, repeat, lose the order, join, save and load.
//
// Each step draws what it needs from the bytes behind it; the end of the input delivers everything to everybody.
//   - A row merged elsewhere has its author's effect and bytes; a repeat changes nothing; one that comes too early is GAP or
//   taken.
//   - Replicas that have received the same have equal bytes; a join goes both ways alike.
//   - Value, counters and effects are the slow model's, where the type has one.
#include <map>

#include CRDTD_FUZZED_TYPE

using namespace crdtd_fuzz;

namespace {

const crdtd_crdt_type kType = crdtd::detail::type_table<Fuzzed::Type>("fuzzed", 1, 1);
using Model = Fuzzed::Model;
constexpr std::size_t kReplicas = 3;
constexpr std::size_t kRowsMax = 10;  // the models are slow on purpose

class Trace {
 public:
  explicit Trace(Input in) : in_(in) {
    for (std::size_t i = 0; i < kReplicas; ++i) replicas_.emplace_back(i + 1);
  }

  void run() {
    while (!in_.empty()) step();
    converge();
  }

 private:
  struct Row : LogRow {
    std::map<std::uint64_t, std::uint64_t> causes;  // what its author had received
    typename Model::Row meaning;
  };
  struct Replica {
    explicit Replica(std::uint64_t id_) : id(id_), state(kType) {}
    std::uint64_t id;
    TypeInstance state;
    Model model;
    std::map<std::uint64_t, std::uint64_t> received;  // replica → counter
    std::vector<std::size_t> log;                     // rows in the order they came
    std::uint64_t hlc = 1000;
  };

  void step() {
    const std::size_t kind = in_.roll(8);
    Replica& me = replicas_[in_.roll(kReplicas)];
    if (kind < 3) return edit(me);
    if (kind == 3) return deliver(me);
    if (kind == 4) return repeat(me);
    if (kind == 5) return deliver_too_early(me);
    if (kind == 6) return join(me, replicas_[in_.roll(kReplicas)]);
    reload(me);
  }

  void edit(Replica& me) {
    if (rows_.size() == kRowsMax) return;
    std::vector<typename std::decay_t<decltype(Fuzzed::draw_op(in_))>> ops;
    std::string json;
    for (std::size_t i = in_.roll(3) + 1; i > 0; --i) {
      ops.push_back(Fuzzed::draw_op(in_));
      json += (json.empty() ? "[" : ",") + ops.back().json();
    }
    json += "]";
    Call call;
    call.replica = me.id;
    call.first = me.received[me.id] + 1;
    call.hlc = me.hlc += in_.roll(50);
    call.node = std::string(1, static_cast<char>('a' + in_.roll(3)));
    const std::size_t unseen = std::min(in_.roll(4), me.log.size());
    for (std::size_t i = me.log.size() - unseen; i < me.log.size(); ++i) call.recent.push_back(rows_[me.log[i]]);

    const Model before = me.model;
    const std::string encoded = me.state.encode();
    const Result made = me.state.mutate(json, call);
    FUZZ_CHECK(made.status == CRDTD_OK, "good ops are taken", json + " " + status_text(made));
    Row row;
    row.meaning = me.model.mutate(ops, call);
    if constexpr (kHasModel<Model>) FUZZ_CHECK(made.counters == row.meaning.counters, "as many counters as the model's", json);
    if (made.counters == 0) {
      FUZZ_CHECK(me.state.encode() == encoded, "what uses no counter changes nothing", json);
      return;
    }
    me.model.receive(row.meaning);
    check_effect(made.effect, before, me.model, json);
    static_cast<LogRow&>(row) = {me.id, call.first, made.counters, call.hlc, call.node, made.delta};
    row.causes = me.received;
    TypeInstance other = TypeInstance::loaded(kType, encoded);
    const Result merged = other.merge(row, CRDTD_FLAG_WANT_EFFECT | CRDTD_FLAG_ADMIT);
    FUZZ_CHECK(merged.status == CRDTD_OK && merged.changed, "the gate admits an author's row", status_text(merged));
    FUZZ_CHECK(merged.effect == made.effect, "the effect elsewhere is the author's", json + merged.effect);
    FUZZ_CHECK(other.encode() == me.state.encode(), "the delta elsewhere gives the author's bytes", json);
    me.received[me.id] += made.counters;
    me.log.push_back(rows_.size());
    rows_.push_back(std::move(row));
    check_value(me);
  }

  bool follows(const Replica& me, const Row& row) const {
    return std::all_of(row.causes.begin(), row.causes.end(), [&](const auto& cause) {
      const auto have = me.received.find(cause.first);
      return cause.second <= (have == me.received.end() ? 0 : have->second);
    });
  }

  bool is_next(Replica& me, const Row& row) { return row.first > me.received[row.replica] && follows(me, row); }

  void deliver(Replica& me) {
    std::vector<std::size_t> ready;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (is_next(me, rows_[i])) ready.push_back(i);
    }
    const std::size_t choice = in_.byte();
    if (!ready.empty()) receive(me, ready[choice % ready.size()]);
  }

  void receive(Replica& me, std::size_t index) {
    const Row& row = rows_[index];
    const Model before = me.model;
    const std::string encoded = me.state.encode();
    const Result merged = me.state.merge(row);
    FUZZ_CHECK(merged.status == CRDTD_OK, "a row that is next is merged", status_text(merged));
    FUZZ_CHECK(merged.changed == (me.state.encode() != encoded), "`changed` tells whether the bytes differ", merged.effect);
    me.model.receive(row.meaning);
    check_effect(merged.effect, before, me.model, "a delivery");
    me.received[row.replica] = row.first + row.count - 1;
    me.hlc = std::max(me.hlc, row.hlc);
    me.log.push_back(index);
    check_value(me);
  }

  void repeat(Replica& me) {
    if (me.log.empty()) return;
    const std::string encoded = me.state.encode();
    const Result merged = me.state.merge(rows_[me.log[in_.byte() % me.log.size()]], CRDTD_FLAG_WANT_EFFECT | CRDTD_FLAG_ADMIT);
    FUZZ_CHECK(merged.status == CRDTD_OK && !merged.changed, "a repeat is merged and changes nothing", status_text(merged));
    FUZZ_CHECK(merged.effect == "[]" && me.state.encode() == encoded, "a repeat has no effect", merged.effect);
  }

  // A row that its author made after one that is missing here. A type without a context takes it.
  void deliver_too_early(Replica& me) {
    for (std::size_t i = rows_.size(); i-- > 0;) {
      const Row& row = rows_[i];
      const std::uint64_t have = me.received[row.replica];
      if (row.first <= have + 1) continue;
      const std::string encoded = me.state.encode();
      TypeInstance probe = TypeInstance::loaded(kType, encoded);
      const Result merged = probe.merge(row, CRDTD_FLAG_ADMIT);
      if (merged.status == CRDTD_OK) {
        FUZZ_CHECK(!kNeedsCauses<Fuzzed>, "a type with a causal context notices a gap", probe.value());
        return;
      }
      check_refusal(merged);
      FUZZ_CHECK(merged.status == CRDTD_GAP, "a row that comes too early is a gap", status_text(merged));
      FUZZ_CHECK(merged.detail == static_cast<std::int64_t>(have + 1), "a gap names the counter that is missing",
                 status_text(merged));
      FUZZ_CHECK(probe.encode() == encoded, "a gap leaves the state as it was", encoded);
      return;
    }
  }

  void join(Replica& me, Replica& other) {
    if (me.id == other.id) return;
    const std::string mine = me.state.encode(), theirs = other.state.encode();
    const Model before = me.model;
    const Result merged = me.state.merge(theirs);
    FUZZ_CHECK(merged.status == CRDTD_OK, "an encoded state is a delta", status_text(merged));
    FUZZ_CHECK(merged.changed == (me.state.encode() != mine), "`changed` tells whether the bytes differ", merged.effect);
    TypeInstance mirrored = TypeInstance::loaded(kType, theirs);
    FUZZ_CHECK(mirrored.merge(mine).status == CRDTD_OK && mirrored.encode() == me.state.encode(), "a join goes both ways alike",
               mine);
    me.model.receive_all(other.model);
    for (const auto& [replica, counter] : other.received) me.received[replica] = std::max(me.received[replica], counter);
    for (const std::size_t row : other.log) {
      if (std::find(me.log.begin(), me.log.end(), row) == me.log.end()) me.log.push_back(row);
    }
    me.hlc = std::max(me.hlc, other.hlc);
    check_effect(merged.effect, before, me.model, "a join");
    check_value(me);
  }

  void reload(Replica& me) {
    check_state(kType, me.state);
    me.state = TypeInstance::loaded(kType, me.state.encode());
    check_value(me);
  }

  static void check_effect(const std::string& effect, const Model& before, const Model& after, std::string_view what) {
    FUZZ_CHECK(is_json(effect), "an effect is JSON", effect);
    if constexpr (kHasModel<Model>) {
      FUZZ_CHECK(effect == Model::effect(before, after), "the effect is the model's", std::string(what) + ": " + effect);
    }
  }
  static void check_value(const Replica& me) {
    if constexpr (kHasModel<Model>)
      FUZZ_CHECK(me.state.value() == me.model.value(), "the value is the model's", me.state.value());
  }

  void converge() {
    for (Replica& me : replicas_) {
      for (bool more = true; more;) {
        more = false;
        for (std::size_t i = 0; i < rows_.size(); ++i) {
          if (!is_next(me, rows_[i])) continue;
          receive(me, i);
          more = true;
        }
      }
      FUZZ_CHECK(me.state.encode() == replicas_[0].state.encode(), "all have received the same, so all have the same bytes",
                 me.state.encode());
      FUZZ_CHECK(me.state.value() == replicas_[0].state.value(), "and the same value", me.state.value());
    }
    check_state(kType, replicas_[0].state);
  }

  Input in_;
  std::vector<Replica> replicas_;
  std::vector<Row> rows_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Trace(Input(data, size)).run();
  return 0;
}
