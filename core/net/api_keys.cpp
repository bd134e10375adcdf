#include "net/api_keys.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <memory>

#include "base/assert.hpp"

namespace crdtd::net {

Sha256 sha256(std::initializer_list<std::string_view> parts) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  bool ok = context != nullptr && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1;
  for (const auto part : parts) ok = ok && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
  Sha256 digest{};
  ok = ok && EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) == 1;
  CRDTD_ASSERT(ok);
  return digest;
}

bool ApiKeys::admits(std::string_view key, std::string_view tenant) const {
  const Sha256 digest = sha256({key});
  const settings::ApiKey* match = nullptr;
  for (const auto& known : keys_) {
    if (CRYPTO_memcmp(known.sha256.data(), digest.data(), digest.size()) == 0) match = &known;
  }
  if (match == nullptr) return false;
  return match->all_tenants || std::find(match->tenants.begin(), match->tenants.end(), tenant) != match->tenants.end();
}

}  // namespace crdtd::net
