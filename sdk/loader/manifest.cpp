#include "crdtd/loader/manifest.hpp"

#include <rapidjson/document.h>
#include <rapidjson/error/en.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <set>

#include "crdtd/abi/plugin.h"

namespace crdtd::loader {
namespace {

using Json = rapidjson::Value;

constexpr std::uint32_t kManifestVersion = 1;
constexpr std::size_t kProvisionsMax = 64;
constexpr std::size_t kLimitsMax = 64;
constexpr std::size_t kFormatsMax = 64;
constexpr std::size_t kOpsMax = 64;
constexpr std::size_t kOpsDepthMax = 32;  // so that they may be walked by recursion
constexpr const char* kAdvice = "correct manifest.json and build the plugin again";

std::string describe(const Json& value) {
  if (value.IsString()) return '"' + std::string(value.GetString(), value.GetStringLength()) + '"';
  if (value.IsUint64()) return std::to_string(value.GetUint64());
  if (value.IsInt64()) return std::to_string(value.GetInt64());
  if (value.IsNumber()) return "a number that is not whole";
  if (value.IsBool()) return value.GetBool() ? "true" : "false";
  if (value.IsArray()) return "an array of " + std::to_string(value.Size());
  return value.IsNull() ? "null" : "an object";
}

bool deeper_than(const Json& value, std::size_t depth) {
  if (!value.IsObject() && !value.IsArray()) return false;
  if (depth == 0) return true;
  if (value.IsArray()) {
    return std::any_of(value.Begin(), value.End(), [&](const Json& item) { return deeper_than(item, depth - 1); });
  }
  return std::any_of(value.MemberBegin(), value.MemberEnd(),
                     [&](const auto& member) { return deeper_than(member.value, depth - 1); });
}

// Reads one manifest. A method that finds something wrong returns false and leaves it in `refusal_`.
class Reader {
 public:
  explicit Reader(const std::string& file) : file_(file) {}

  Checked<Manifest> run(std::string_view text) {
    rapidjson::Document document;
    // The iterative parser needs no stack, and values from the document's pool are freed without recursion: depth does no harm.
    document.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(text.data(), text.size());
    if (document.HasParseError()) {
      refuse("", "JSON",
             std::string(rapidjson::GetParseError_En(document.GetParseError())) + " (byte " +
                 std::to_string(document.GetErrorOffset()) + ')');
    } else if (read_manifest(document)) {
      return std::move(manifest_);
    }
    return std::move(*refusal_);
  }

 private:
  bool refuse(const std::string& path, std::string wanted, std::string found) {
    std::string field = "manifest";
    if (!path.empty()) field.append(".").append(path);
    refusal_ = Refusal{file_, std::move(field), std::move(wanted), std::move(found), kAdvice};
    return false;
  }
  bool is_object(const Json& value, const std::string& path) {
    if (!value.IsObject()) return refuse(path, "an object", describe(value));
    std::set<std::string_view> keys;
    for (const auto& member : value.GetObject()) {
      const std::string_view key(member.name.GetString(), member.name.GetStringLength());
      if (!keys.insert(key).second) return refuse(path, "every key once", "\"" + std::string(key) + "\" twice");
    }
    return true;
  }
  // The member, or null after a refusal.
  const Json* member(const Json& object, const std::string& path, const char* key, const char* wanted) {
    const auto found = object.FindMember(key);
    if (found != object.MemberEnd()) return &found->value;
    refuse(path + key, wanted, "nothing");
    return nullptr;
  }
  bool text(const Json& object, const std::string& path, const char* key, std::string& out, bool optional = false);
  bool number(const Json& value, const std::string& path, std::uint64_t least, std::uint64_t most, std::uint64_t& out);
  bool number_member(const Json& object, const std::string& path, const char* key, std::uint64_t most, std::uint64_t& out);
  const Json* array(const Json& object, const std::string& path, const char* key, std::size_t count_max);

  bool read_manifest(const Json& root);
  bool read_abi(const std::string& abi);
  bool read_provision(const Json& item, const std::string& path);
  bool read_type(const Json& item, const std::string& path, Provision& out);
  bool read_limits(const Json& item, const std::string& path, Provision& out);
  bool read_ops(const Json& item, const std::string& path, Provision& out);

  const std::string& file_;
  Manifest manifest_;
  std::optional<Refusal> refusal_;
};

bool Reader::text(const Json& object, const std::string& path, const char* key, std::string& out, bool optional) {
  if (optional && !object.HasMember(key)) return true;
  const auto* value = member(object, path, key, "a text");
  if (value == nullptr) return false;
  if (!value->IsString() || value->GetStringLength() == 0) return refuse(path + key, "a text", describe(*value));
  out.assign(value->GetString(), value->GetStringLength());
  // These names are compared with C strings of the plugin.
  if (out.find('\0') != std::string::npos) return refuse(path + key, "a text without null characters", "one");
  return true;
}

bool Reader::number(const Json& value, const std::string& path, std::uint64_t least, std::uint64_t most, std::uint64_t& out) {
  if (!value.IsUint64() || value.GetUint64() < least || value.GetUint64() > most) {
    return refuse(path, "a whole number from " + std::to_string(least) + " to " + std::to_string(most), describe(value));
  }
  out = value.GetUint64();
  return true;
}

bool Reader::number_member(const Json& object, const std::string& path, const char* key, std::uint64_t most, std::uint64_t& out) {
  const auto* value = member(object, path, key, "a whole number");
  return value != nullptr && number(*value, path + key, 1, most, out);
}

const Json* Reader::array(const Json& object, const std::string& path, const char* key, std::size_t count_max) {
  const auto* value = member(object, path, key, "an array");
  if (value == nullptr) return nullptr;
  if (value->IsArray() && !value->Empty() && value->Size() <= count_max) return value;
  refuse(path + key, "an array of 1 to " + std::to_string(count_max), describe(*value));
  return nullptr;
}

bool Reader::read_manifest(const Json& root) {
  if (!is_object(root, "")) return false;
  std::uint64_t version = 0;
  if (!number_member(root, "", "manifest", kManifestVersion, version)) return false;
  std::string abi;
  if (!text(root, "", "id", manifest_.id) || !text(root, "", "version", manifest_.version) || !text(root, "", "abi", abi))
    return false;
  if (!read_abi(abi)) return false;
  const auto* provides = array(root, "", "provides", kProvisionsMax);
  if (provides == nullptr) return false;
  for (rapidjson::SizeType i = 0; i < provides->Size(); ++i) {
    if (!read_provision((*provides)[i], "provides[" + std::to_string(i) + ']')) return false;
  }
  return true;
}

bool Reader::read_abi(const std::string& abi) {
  const char* const end = abi.data() + abi.size();
  const auto major = std::from_chars(abi.data(), end, manifest_.abi_major);
  if (major.ec == std::errc() && major.ptr != end && *major.ptr == '.') {
    const auto minor = std::from_chars(major.ptr + 1, end, manifest_.abi_minor);
    if (minor.ec == std::errc() && minor.ptr == end) return true;
  }
  return refuse("abi", "a text like \"1.0\"", '"' + abi + '"');
}

bool Reader::read_provision(const Json& item, const std::string& path) {
  if (!is_object(item, path)) return false;
  Provision out;
  if (!text(item, path + '.', "kind", out.kind) || !text(item, path + '.', "name", out.name)) return false;
  const bool repeated = std::any_of(manifest_.provides.begin(), manifest_.provides.end(),
                                    [&](const Provision& other) { return other.kind == out.kind && other.name == out.name; });
  if (repeated) return refuse(path + ".name", "every name once", '"' + out.name + "\" twice");
  // What else other kinds say is for hosts that know them.
  if (out.kind == CRDTD_KIND_CRDT_TYPE && !read_type(item, path + '.', out)) return false;
  manifest_.provides.push_back(std::move(out));
  return true;
}

bool Reader::read_type(const Json& item, const std::string& path, Provision& out) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint32_t>::max();
  std::uint64_t semantics = 0, format_written = 0;
  if (!number_member(item, path, "semantics", kMax, semantics)) return false;
  if (!number_member(item, path, "format_written", kMax, format_written)) return false;
  out.semantics = static_cast<std::uint32_t>(semantics);
  out.format_written = static_cast<std::uint32_t>(format_written);
  const auto* formats = array(item, path, "formats_read", kFormatsMax);
  if (formats == nullptr) return false;
  for (rapidjson::SizeType i = 0; i < formats->Size(); ++i) {
    std::uint64_t format = 0;
    if (!number((*formats)[i], path + "formats_read[" + std::to_string(i) + ']', 1, kMax, format)) return false;
    out.formats_read.push_back(static_cast<std::uint32_t>(format));
  }
  if (std::find(out.formats_read.begin(), out.formats_read.end(), out.format_written) == out.formats_read.end()) {
    return refuse(path + "formats_read", "format_written among them (" + std::to_string(out.format_written) + ')', "others only");
  }
  if (item.HasMember("limits") && !read_limits(item, path, out)) return false;
  return !item.HasMember("ops") || read_ops(item, path, out);
}

bool Reader::read_limits(const Json& item, const std::string& path, Provision& out) {
  const auto* limits = array(item, path, "limits", kLimitsMax);
  if (limits == nullptr) return false;
  for (rapidjson::SizeType i = 0; i < limits->Size(); ++i) {
    const auto& raw = (*limits)[i];
    const std::string here = path + "limits[" + std::to_string(i) + ']';
    Limit limit;
    if (!is_object(raw, here) || !text(raw, here + '.', "name", limit.name) || !text(raw, here + '.', "unit", limit.unit, true))
      return false;
    if (!number_member(raw, here + '.', "max", std::numeric_limits<std::uint64_t>::max(), limit.value_max)) return false;
    if (!number_member(raw, here + '.', "default", limit.value_max, limit.value_default)) return false;
    const bool repeated =
        std::any_of(out.limits.begin(), out.limits.end(), [&](const Limit& other) { return other.name == limit.name; });
    if (repeated) return refuse(here + ".name", "every name once", '"' + limit.name + "\" twice");
    out.limits.push_back(std::move(limit));
  }
  return true;
}

// What the templates say is for the conformance kit, which tells their faults; a host only hands them on.
bool Reader::read_ops(const Json& item, const std::string& path, Provision& out) {
  const auto* ops = array(item, path, "ops", kOpsMax);
  if (ops == nullptr) return false;
  for (rapidjson::SizeType i = 0; i < ops->Size(); ++i) {
    const std::string here = path + "ops[" + std::to_string(i) + ']';
    if (!is_object((*ops)[i], here)) return false;
    if (deeper_than((*ops)[i], kOpsDepthMax)) {
      return refuse(here, "JSON nested at most " + std::to_string(kOpsDepthMax) + " levels deep", "more");
    }
  }
  rapidjson::StringBuffer text;
  rapidjson::Writer<rapidjson::StringBuffer> writer(text);
  ops->Accept(writer);
  if (text.GetSize() > kOpsBytesMax) {
    return refuse(path + "ops", "at most " + std::to_string(kOpsBytesMax) + " bytes", std::to_string(text.GetSize()));
  }
  out.ops_json.assign(text.GetString(), text.GetSize());
  return true;
}

}  // namespace

Checked<Manifest> parse_manifest(const std::string& file, std::string_view text) {
  if (text.size() > kManifestBytesMax) {
    return Refusal{file, "manifest", "at most " + std::to_string(kManifestBytesMax) + " bytes", std::to_string(text.size()),
                   "shorten the manifest"};
  }
  while (!text.empty() && text.back() == '\0') text.remove_suffix(1);  // a C string literal brings its own
  return Reader(file).run(text);
}

}  // namespace crdtd::loader
