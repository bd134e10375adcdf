// bench_orset [--quick] [--plugin FILE]: prints one JSON object a line, see report.hpp.
#include <cstdio>
#include <string>
#include <string_view>

#include "rows.hpp"
#include "set_library.hpp"

int main(int argc, char** argv) {
  using namespace crdtd::bench;
  Plan plan{7, {1'000, 10'000, 100'000, 1'000'000}, 500'000};
  std::string plugin;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--quick") {
      plan = {3, {1'000, 1'000'000}, 500'000};
    } else if (argument == "--plugin" && i + 1 < argc) {
      plugin = argv[++i];
    } else {
      std::fprintf(stderr, "usage: bench_orset [--quick] [--plugin FILE]\n");
      return 2;
    }
  }
  const crdtd_crdt_type& type = load_set_type(plugin);
  Report report;
  measure_sizes(type, plan, report);
  measure_whole(type, plan, report);
  report.print();
  return 0;
}
