// https: whom the client trusts. The certificates are made by the test.
#include <catch2/catch.hpp>

#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <thread>

#include "client_fixture.hpp"
#include "scripted_server.hpp"
#include "temp_folder.hpp"

using namespace crdtd::client;
using namespace crdtd::testing;

namespace {

// A key and a certificate that signs itself, valid for the names in `names` ("IP:127.0.0.1").
struct Identity {
  explicit Identity(const std::string& names) : key(EVP_EC_gen("P-256")), certificate(X509_new()) {
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    auto* name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    auto* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    X509_sign(certificate, key, EVP_sha256());
  }
  ~Identity() {
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  Identity(const Identity&) = delete;
  Identity& operator=(const Identity&) = delete;
  void save(const std::string& file) const {
    std::FILE* out = std::fopen(file.c_str(), "w");
    PEM_write_X509(out, certificate);
    std::fclose(out);
  }

  EVP_PKEY* key;
  X509* certificate;
};

// Accepts one connection, and answers its one request, if it gets so far.
class TlsServer {
 public:
  TlsServer(const Identity& identity, std::string reply) : context_(SSL_CTX_new(TLS_server_method())), reply_(std::move(reply)) {
    SSL_CTX_use_certificate(context_, identity.certificate);
    SSL_CTX_use_PrivateKey(context_, identity.key);
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(listener_, raw, size) == 0);
    REQUIRE(::listen(listener_, 4) == 0);
    REQUIRE(::getsockname(listener_, raw, &size) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~TlsServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
    SSL_CTX_free(context_);
  }
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;
  std::string url(const std::string& host) const { return "https://" + host + ":" + std::to_string(port_); }

 private:
  void serve() {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;
    SSL* tls = SSL_new(context_);
    SSL_set_fd(tls, socket);
    std::string request;
    char bytes[4096];
    int got = SSL_accept(tls);
    while (got > 0 && request.find("\r\n\r\n") == std::string::npos) {
      got = SSL_read(tls, bytes, sizeof bytes);
      if (got > 0) request.append(bytes, static_cast<std::size_t>(got));
    }
    if (got > 0) SSL_write(tls, reply_.data(), static_cast<int>(reply_.size()));
    SSL_free(tls);
    ::close(socket);  // without a goodbye
  }

  SSL_CTX* context_;
  const std::string reply_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

const std::string kDocument = R"({"type":"lww","version":1,"cursor":"c1","value":7})";

}  // namespace

TEST_CASE("client tls: a server that the authorities vouch for", "[unit][client]") {
  TempFolder folder;
  const Identity identity("IP:127.0.0.1,DNS:localhost");
  identity.save(folder.file("authority.pem"));
  for (const char* host : {"127.0.0.1", "localhost"}) {
    CAPTURE(host);
    TlsServer server(identity, scripted_json(kDocument));
    auto options = test_options(server.url(host));
    options.tls_authorities_file = folder.file("authority.pem");
    const auto got = open_docs(options, std::make_shared<FakeWorld>()).get("d");
    REQUIRE(got);
    CHECK(got->value_json == "7");
  }
}

TEST_CASE("client tls: who is not trusted gets no request", "[unit][client]") {
  TempFolder folder;
  const Identity right("IP:127.0.0.1");
  const Identity other("IP:127.0.0.1");
  const Identity named("DNS:elsewhere.example,IP:127.0.0.2");
  struct Case {
    const Identity* server;
    const Identity* trusted;
    const char* wanted;
  };
  for (const auto& c : {Case{&other, &right, "certificate is refused"}, Case{&named, &named, "mismatch"}}) {
    TlsServer server(*c.server, scripted_json(kDocument));
    c.trusted->save(folder.file("authority.pem"));
    auto options = test_options(server.url("127.0.0.1"));
    options.tls_authorities_file = folder.file("authority.pem");
    const auto failure = open_docs(options, std::make_shared<FakeWorld>()).put("d", "lww", "1").failure();
    CHECK(failure.cause == Cause::kTls);
    CHECK(failure.attempts == 1);
    CHECK_FALSE(failure.outcome_unknown);
    CHECK_THAT(failure.message, Catch::Contains(c.wanted));
  }
  {
    TlsServer server(right, scripted_json(kDocument));  // the system's authorities do not know it
    CHECK(open_docs(test_options(server.url("127.0.0.1")), std::make_shared<FakeWorld>()).get("d").failure().cause ==
          Cause::kTls);
  }
}

TEST_CASE("client tls: a server without TLS, and a reply cut off without a goodbye", "[unit][client]") {
  TempFolder folder;
  const Identity identity("IP:127.0.0.1");
  identity.save(folder.file("authority.pem"));
  const std::string reply = scripted_json(kDocument);
  {
    TlsServer server(identity, reply.substr(0, reply.size() - 1));
    auto options = test_options(server.url("127.0.0.1"));
    options.tls_authorities_file = folder.file("authority.pem");
    options.retry.attempts_max = 1;
    CHECK(open_docs(options, std::make_shared<FakeWorld>()).get("d").failure().cause == Cause::kBroken);
  }
  {
    TlsServer server(identity, reply);
    auto options = test_options("http" + server.url("127.0.0.1").substr(5));
    options.retry.attempts_max = 1;
    CHECK_FALSE(open_docs(options, std::make_shared<FakeWorld>()).get("d"));
  }
}
