// Runs the vectors of a CRDT type: small histories with the bytes and values that every implementation must give.
//
// A file is {"about":…,"steps":[…]}; numbers of 64 bits are decimal strings. A step is one of
//   {"state":"a","mutate":[ops],"author":{"replica":hex,"first":n,"hlc":n,"node":s},"recent":[step
//   numbers],"delta":hex,"counters":n}
//   {"state":"b","merge":step number}      the delta of that step
//   {"state":"b","join":"a"}               the encoded state of another
// and each tells {"encoded":hex,"value":any} of its state afterwards. States spring up empty.
#pragma once

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "crdtd/plugin/op_reader.hpp"
#include "type_instance.hpp"

namespace crdtd_test {

// A canonical JSON object, by field.
class VectorObject {
 public:
  explicit VectorObject(std::string_view json) {
    crdtd::ByteBuffer values;
    crdtd::JsonFields fields;
    crdtd::JsonCursor cursor(json);
    REQUIRE(fields.read(cursor, values));
    for (std::uint32_t i = 0; i < fields.count(); ++i) fields_[std::string(fields.name(i))] = fields.value(i);
  }
  bool has(const char* name) const { return fields_.count(name) == 1; }
  std::string json(const char* name) const { return fields_.at(name); }
  std::string text(const char* name) const {
    const std::string value = json(name);
    return value.front() == '"' ? value.substr(1, value.size() - 2) : value;
  }
  std::uint64_t number(const char* name) const { return std::stoull(text(name)); }

 private:
  std::map<std::string, std::string> fields_;
};

inline std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    text += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
    text += "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

class VectorRun {
 public:
  explicit VectorRun(const crdtd_crdt_type& type) : type_(type) {}

  void step(const VectorObject& step) {
    TypeInstance& state = states_.try_emplace(step.text("state"), type_).first->second;
    LogRow made;
    if (step.has("mutate")) {
      made = mutate(state, step);
    } else if (step.has("merge")) {
      REQUIRE(state.merge(rows_.at(step.number("merge")), CRDTD_FLAG_ADMIT).message == "");
    } else {
      REQUIRE(state.merge(states_.at(step.text("join")).encode()).message == "");
    }
    rows_.push_back(made);
    CHECK(hex(state.encode()) == step.text("encoded"));
    CHECK(state.value() == step.json("value"));
  }

 private:
  LogRow mutate(TypeInstance& state, const VectorObject& step) {
    const VectorObject author(step.json("author"));
    Call call;
    call.replica = std::stoull(author.text("replica"), nullptr, 16);
    call.first = author.number("first");
    call.hlc = author.number("hlc");
    call.node = author.text("node");
    if (step.has("recent")) {
      crdtd::for_each_item(step.json("recent"), [&](std::string_view item) {
        call.recent.push_back(rows_.at(std::stoull(std::string(item))));
        return true;
      });
    }
    const Result result = state.mutate(step.json("mutate"), call);
    REQUIRE(result.message == "");
    CHECK(hex(result.delta) == step.text("delta"));
    CHECK(result.counters == step.number("counters"));
    return {call.replica, call.first, result.counters, call.hlc, call.node, result.delta};
  }

  const crdtd_crdt_type& type_;
  std::map<std::string, TypeInstance> states_;
  std::vector<LogRow> rows_;  // one a step; empty when the step made none
};

inline void check_vectors(const crdtd_crdt_type& type, const std::string& folder) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    std::stringstream content;
    content << std::ifstream(entry.path()).rdbuf();
    crdtd::ByteBuffer canonical;
    REQUIRE(crdtd::canonical_json(content.str(), canonical).text == nullptr);
    VectorRun run(type);
    int number = 0;
    crdtd::for_each_item(VectorObject(canonical.view()).json("steps"), [&](std::string_view step) {
      INFO(entry.path().filename() << ", step " << number++);
      run.step(VectorObject(step));
      return true;
    });
    CHECK(number > 0);
    ++files;
  }
  CHECK(files > 0);
}

}  // namespace crdtd_test
