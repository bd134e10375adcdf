// Reads one request after another out of a connection's bytes: Beast's parser behind the gate, without sockets.
//
// A head is given whole and has passed gate_check(); the bytes of the body come as they arrive.
// Threads: those of its connection. Lifetime: the request is filled in place and outlives the parser's use of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "crdtd/wire/problem_json.hpp"
#include "net/http_message.hpp"

namespace crdtd::net {

class MessageParser {
 public:
  MessageParser();
  ~MessageParser();
  MessageParser(const MessageParser&) = delete;
  MessageParser& operator=(const MessageParser&) = delete;

  // Starts a request: fills `request` from `head`. A problem ends the connection.
  std::optional<wire::Problem> read_head(std::string_view head, std::uint64_t body_bytes_max, Request& request);

  struct Fed {
    std::size_t consumed = 0;
    std::optional<wire::Problem> problem;
  };
  // Appends to the body. What is not consumed is given again, with more behind it; or belongs to the next request once done().
  Fed read_body(std::string_view bytes);
  bool done() const noexcept;

 private:
  struct Reader;
  std::unique_ptr<Reader> reader_;  // made once; holds a parser that is made anew for each request
};

}  // namespace crdtd::net
