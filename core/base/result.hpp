// Either a value or an error (E, usually Error). A caller never needs to catch to work correctly.
#pragma once

#include <optional>
#include <utility>
#include <variant>

#include "base/assert.hpp"
#include "base/error.hpp"

namespace crdtd::base {

template <class T, class E = Error>
class [[nodiscard]] Result {
 public:
  Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Result(E error) : content_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  explicit operator bool() const noexcept { return content_.index() == 0; }
  bool ok() const noexcept { return content_.index() == 0; }

  // The value; asking a failed result for it is a bug.
  T& value() & {
    CRDTD_ASSERT(ok());
    return *std::get_if<0>(&content_);
  }
  const T& value() const& {
    CRDTD_ASSERT(ok());
    return *std::get_if<0>(&content_);
  }
  T&& value() && {
    CRDTD_ASSERT(ok());
    return std::move(*std::get_if<0>(&content_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  E& error() & {
    CRDTD_ASSERT(!ok());
    return *std::get_if<1>(&content_);
  }
  const E& error() const& {
    CRDTD_ASSERT(!ok());
    return *std::get_if<1>(&content_);
  }
  E&& error() && {
    CRDTD_ASSERT(!ok());
    return std::move(*std::get_if<1>(&content_));
  }

 private:
  std::variant<T, E> content_;
};

template <class E>
class [[nodiscard]] Result<void, E> {
 public:
  Result() = default;
  Result(E error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  explicit operator bool() const noexcept { return !error_.has_value(); }
  bool ok() const noexcept { return !error_.has_value(); }
  const E& error() const& {
    CRDTD_ASSERT(error_.has_value());
    return *error_;
  }
  E&& error() && {
    CRDTD_ASSERT(error_.has_value());
    return std::move(*error_);
  }

 private:
  std::optional<E> error_;
};

}  // namespace crdtd::base
