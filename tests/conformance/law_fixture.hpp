// Loads a plugin as crdtctl does, with the counting host, and runs laws over its first type.
#pragma once

#include <map>
#include <memory>
#include <stdexcept>
#include <string>

#include "crdtd/conformance/counting_host.hpp"
#include "crdtd/conformance/crdt_laws.hpp"
#include "crdtd/loader/library.hpp"
#include "models/seeds.hpp"

namespace crdtd::test {

struct TriedType {
  const crdtd_crdt_type* table = nullptr;
  conformance::CrdtLawOptions options;
};

// The type of `folder`/`name`.so; its library stays loaded.
inline TriedType tried_type(const std::string& folder, const std::string& name) {
  static std::map<std::string, std::unique_ptr<loader::Library>> loaded;
  auto& library = loaded[folder + "/" + name];
  if (library == nullptr) {
    auto file = loader::PluginFile::open(folder + "/" + name + ".so", {});
    if (!file) throw std::runtime_error(file.refusal().to_string());
    auto opened = loader::load_library(std::move(file.value()), conformance::counting_host());
    if (!opened) throw std::runtime_error(opened.refusal().to_string());
    library = std::move(opened.value());
  }
  const loader::Provision& provision = library->manifest().provides.front();
  TriedType tried;
  tried.table = static_cast<const crdtd_crdt_type*>(library->table(0));
  tried.options.host = &conformance::counting_host();
  tried.options.ops_json = provision.ops_json;
  for (const loader::Limit& limit : provision.limits) tried.options.limits.push_back(limit.value_default);
  tried.options.seed = crdtd_test::first_seed();
  tried.options.rounds = 40U * static_cast<std::uint32_t>(crdtd_test::test_scale());
  return tried;
}

}  // namespace crdtd::test
