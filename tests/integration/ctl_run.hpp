// Runs crdtctl as people do, and keeps what it said.
#pragma once

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "child_process.hpp"
#include "json_view.hpp"
#include "running_server.hpp"
#include "temp_folder.hpp"

namespace crdtd::testing {

struct CtlRun {
  int code = -1;
  std::string out;
  std::string err;

  JsonView json() const { return JsonView(out); }
  bool says(const std::string& text) const { return out.find(text) != std::string::npos; }
  bool complains(const std::string& text) const { return err.find(text) != std::string::npos; }
};

// Waits for its end, at most two minutes.
inline CtlRun crdtctl(const std::vector<std::string>& arguments, const std::vector<std::string>& environment = {}) {
  const TempFolder folder;
  ChildProcess process(CRDTD_TEST_CRDTCTL, arguments, folder.file("err"), environment);
  CtlRun run;
  while (const auto line = process.read_line(120'000)) run.out += *line + '\n';
  const auto code = process.wait(120'000);
  REQUIRE(code);
  run.code = *code;
  std::ostringstream err;
  err << std::ifstream(folder.file("err")).rdbuf();
  run.err = err.str();
  return run;
}

inline std::string plugin_file(const std::string& name) { return plugin_directory() + "/" + name + ".so"; }

}  // namespace crdtd::testing
