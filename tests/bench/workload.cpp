#include "workload.hpp"

namespace crdtd::bench {

std::string element_of(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  return "item " + std::string(RequestBytes::kDigits - digits.size(), '0') + digits;
}

std::vector<RequestBytes> requests_of(Type type, Documents documents) {
  std::vector<RequestBytes> requests;
  for (std::size_t i = 0; i < kConnections; ++i) {
    const std::string document = documents == Documents::kOne ? kOneDocument : kOneDocument + ("-" + std::to_string(i));
    const std::string before =
        type == Type::kLww ? R"({"type":"lww","ops":[{"set":")" : R"({"type":"orset","ops":[{"type":"add","elem":")";
    const std::string body = before + element_of(0) + R"("}]})";
    RequestBytes request;
    request.bytes =
        "POST /v1/docs/" + document + "/ops HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Tenant-ID: " + kTenant + "\r\nX-Node-ID: node-" +
        std::to_string(i) +
        "\r\nContent-Type: application/json\r\nPrefer: return=minimal\r\nContent-Length: " + std::to_string(body.size()) +
        "\r\n\r\n";
    request.number_at = request.bytes.size() + before.size() + element_of(0).size() - RequestBytes::kDigits;
    request.bytes += body;
    requests.push_back(std::move(request));
  }
  return requests;
}

}  // namespace crdtd::bench
