// Looks into JSON replies in tests: at("/rows/0/version") by JSON pointer, as text.
#pragma once

#include <rapidjson/document.h>
#include <rapidjson/pointer.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <stdexcept>
#include <string>

namespace crdtd::testing {

class JsonView {
 public:
  explicit JsonView(const std::string& text) {
    document_.Parse<rapidjson::kParseNumbersAsStringsFlag>(text.c_str(), text.size());
    if (document_.HasParseError()) throw std::runtime_error("not JSON: " + text);
  }

  bool has(const std::string& pointer) const { return find(pointer) != nullptr; }
  // The value's text: strings and numbers without quotes, arrays and objects as JSON with numbers as strings.
  std::string at(const std::string& pointer) const {
    const auto* value = find(pointer);
    if (value == nullptr) throw std::runtime_error("no " + pointer);
    if (value->IsString()) return {value->GetString(), value->GetStringLength()};
    rapidjson::StringBuffer out;
    rapidjson::Writer<rapidjson::StringBuffer> writer(out);
    value->Accept(writer);
    return {out.GetString(), out.GetSize()};
  }
  std::size_t size(const std::string& pointer) const {
    const auto* value = find(pointer);
    if (value == nullptr || !value->IsArray()) throw std::runtime_error("no array at " + pointer);
    return value->Size();
  }

 private:
  const rapidjson::Value* find(const std::string& pointer) const {
    return rapidjson::Pointer(pointer.c_str(), pointer.size()).Get(document_);
  }
  rapidjson::Document document_;
};

}  // namespace crdtd::testing
