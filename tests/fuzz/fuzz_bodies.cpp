// Any bytes as the body of a POST of ops and of a PUT.
//
//   - What is taken has, to another parser, exactly the fields that were read, each of its type and value.
//   - What is refused is not such a body; a refusal is a sentence, its pointer a JSON pointer, and as a problem it is JSON.
#include <rapidjson/pointer.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "crdtd/wire/request.hpp"
#include "json_oracle.hpp"
#include "oracle.hpp"

using namespace crdtd::wire;
using crdtd_fuzz::Exact;
using rapidjson::Value;

namespace {

constexpr std::uint32_t kOpsMax = 5;

std::string_view text_of(const Value& value) { return {value.GetString(), value.GetStringLength()}; }

// As text, since two trees in which a key stands twice are never equal.
std::string written(const Value& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

void check_problem(const Problem& problem) {
  FUZZ_CHECK(!problem.detail.empty(), "a refusal says why");
  FUZZ_CHECK(rapidjson::Pointer(problem.pointer.c_str(), problem.pointer.size()).IsValid(), "the pointer is a JSON pointer",
             problem.pointer);
  std::string json;
  append_problem(json, problem, "/x");
  FUZZ_CHECK(!check_json(json, {}), "a problem is written as JSON", json);
  FUZZ_CHECK(crdtd_fuzz::is_one_line(problem.detail), "a refusal is one sentence", problem.detail);
}

// The members of a body by name; false when it is no object, or one with a field that is unknown or stands twice.
bool fields_of(const Value& body, std::initializer_list<std::string_view> known,
               std::map<std::string_view, const Value*>& fields) {
  if (!body.IsObject()) return false;
  for (const auto& member : body.GetObject()) {
    const std::string_view name = text_of(member.name);
    if (std::find(known.begin(), known.end(), name) == known.end() || !fields.emplace(name, &member.value).second) return false;
  }
  return fields.count("type") == 1 && fields["type"]->IsString() && is_wire_name(text_of(*fields["type"]));
}

bool good_since(const std::map<std::string_view, const Value*>& fields) {
  const auto found = fields.find("since");
  if (found == fields.end() || found->second->IsNull()) return true;
  SinceField since;
  if (found->second->IsString()) return parse_since(text_of(*found->second), since);
  return found->second->IsUint64();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Exact exact({reinterpret_cast<const char*>(data), size});
  const std::string_view text = exact.view();
  BodyLimits limits;
  limits.op_count_max = kOpsMax;

  rapidjson::Document tree;
  tree.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(text.data(), text.size());
  const bool json = !check_json(text, limits.json);
  const bool comparable = !tree.HasParseError();  // it refuses numbers beyond a double

  OpsBody ops;
  const auto ops_problem = read_ops_body(text, limits, ops);
  if (ops_problem) check_problem(*ops_problem);
  FUZZ_CHECK(json || ops_problem, "what is no JSON is no body");
  std::map<std::string_view, const Value*> fields;
  if (json && comparable) {
    const bool good = fields_of(tree, {"since", "type", "ops"}, fields) && fields.count("ops") == 1 && fields["ops"]->IsArray() &&
                      fields["ops"]->Size() <= kOpsMax && good_since(fields);
    FUZZ_CHECK(good == !ops_problem, "a body of ops is taken exactly when it is one",
               ops_problem ? std::string_view(ops_problem->detail) : std::string_view("taken"));
  }
  if (!ops_problem && comparable) {
    FUZZ_CHECK(ops.type == text_of(*fields["type"]), "the type is the body's", ops.type);
    FUZZ_CHECK(ops.op_count == fields["ops"]->Size(), "the ops are counted");
    rapidjson::Document again;
    again.Parse(ops.ops.data(), ops.ops.size());
    FUZZ_CHECK(!again.HasParseError() && written(again) == written(*fields["ops"]), "the ops are the body's own bytes", ops.ops);
    const bool number = fields.count("since") == 1 && fields["since"]->IsUint64();
    if (number) FUZZ_CHECK(ops.since.number == fields["since"]->GetUint64(), "`since` is the body's number");
  }

  PutBody put;
  const auto put_problem = read_put_body(text, limits, put);
  if (put_problem) check_problem(*put_problem);
  FUZZ_CHECK(json || put_problem, "what is no JSON is no body");
  if (json && comparable) {
    fields.clear();
    const bool good = fields_of(tree, {"type", "value"}, fields) && fields.count("value") == 1;
    FUZZ_CHECK(good == !put_problem, "a body of a PUT is taken exactly when it is one",
               put_problem ? std::string_view(put_problem->detail) : std::string_view("taken"));
  }
  if (!put_problem && comparable) {
    rapidjson::Document again;
    again.Parse(put.value.data(), put.value.size());
    FUZZ_CHECK(!again.HasParseError() && written(again) == written(*fields["value"]), "the value is the body's own bytes",
               put.value);
  }
  return 0;
}
