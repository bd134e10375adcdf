#include "figure.hpp"

#include <cstdio>

#include "statistics.hpp"

namespace crdtd::bench {
namespace {

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

// Names and units are this program's own words: they hold nothing that JSON wants escaped.
std::string quoted(const std::string& text) { return '"' + text + '"'; }

}  // namespace

std::string line_of(const Figure& figure) {
  std::string line = "{\"name\":" + quoted(figure.name) + ",\"unit\":" + quoted(figure.unit);
  line += ",\"value\":" + number(median(figure.values));
  line += ",\"peer\":" + (figure.peer ? quoted(figure.peer->name) : "null");
  line += ",\"peer_value\":" + (figure.peer ? number(median(figure.peer->values)) : "null");
  line += ",\"goal\":" + (figure.goal ? number(*figure.goal) : "null");
  line += std::string(",\"better\":") + (figure.better == Better::kHigher ? "\"higher\"" : "\"lower\"");
  line += ",\"runs\":" + std::to_string(figure.values.size()) + ",\"spread\":" + number(spread(figure.values)) + "}";
  return line;
}

void print(const Figure& figure) {
  std::printf("%s\n", line_of(figure).c_str());
  std::fflush(stdout);
}

}  // namespace crdtd::bench
