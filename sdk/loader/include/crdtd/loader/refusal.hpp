// Why a plugin is not used, in one line that an operator can act on.
//
//   plugins/x.so: abi_major: wanted 1, found 2: rebuild the plugin against this SDK
//
// Threads: values, [any].
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace crdtd::loader {

struct Refusal {
  std::string file;   // as the caller named it
  std::string field;  // what was looked at: "owner", "abi_major", "manifest.provides[0].name"
  std::string wanted;
  std::string found;   // may come from the plugin: to_string() makes it harmless
  std::string advice;  // what to do

  // One line without control characters; overlong parts are cut.
  std::string to_string() const;
};

// Either what was checked, or why it was refused.
template <class T>
class [[nodiscard]] Checked {
 public:
  Checked(T value) : content_(std::in_place_index<0>, std::move(value)) {}            // NOLINT(google-explicit-constructor)
  Checked(Refusal refusal) : content_(std::in_place_index<1>, std::move(refusal)) {}  // NOLINT(google-explicit-constructor)

  explicit operator bool() const noexcept { return content_.index() == 0; }
  // Throw std::bad_variant_access when asked for what is not there.
  T& value() { return std::get<0>(content_); }
  const T& value() const { return std::get<0>(content_); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  Refusal& refusal() { return std::get<1>(content_); }
  const Refusal& refusal() const { return std::get<1>(content_); }

 private:
  std::variant<T, Refusal> content_;
};

}  // namespace crdtd::loader
