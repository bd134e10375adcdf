// One request and the duty to answer it exactly once: what handlers are given and engine callbacks carry.
//
// Answering is allowed from any thread. An exchange that is dropped unanswered answers by itself, so that no client waits for
// ever: 503 (the engine stopped), or 500 when an exception unwinds. The request stays unchanged until the answer.
#pragma once

#include <exception>
#include <memory>
#include <string_view>
#include <utility>

#include "crdtd/wire/problem_json.hpp"
#include "net/http_message.hpp"

namespace crdtd::net {

// Where an answer goes: a connection.
class Answerer {
 public:
  virtual ~Answerer() = default;
  virtual void answer(Response&& response) = 0;  // once per request [any]
};

class Exchange {
 public:
  Exchange(std::shared_ptr<Answerer> answerer, Request& request) noexcept : answerer_(std::move(answerer)), request_(&request) {}
  Exchange(Exchange&&) noexcept = default;
  Exchange& operator=(Exchange&&) = delete;
  ~Exchange() {
    if (!answerer_) return;
    if (std::uncaught_exceptions() > 0) {
      problem(wire::make_problem(wire::ProblemCode::kInternal, "the request could not be handled"));
    } else {
      problem(wire::make_problem(wire::ProblemCode::kShuttingDown, "the server stopped before the request was done"));
    }
  }

  Request& request() const noexcept { return *request_; }

  void reply(Response&& response) { std::exchange(answerer_, nullptr)->answer(std::move(response)); }
  void problem(const wire::Problem& what) { reply(problem_response(what, request_->id)); }

 private:
  std::shared_ptr<Answerer> answerer_;
  Request* request_;
};

}  // namespace crdtd::net
