// The few statistics that the figures need.
#pragma once

#include <cstdint>
#include <vector>

namespace crdtd::bench {

// The middle value, or the mean of the two in the middle. `values` is not empty.
double median(std::vector<double> values);
// How far the runs lie apart: (greatest - least) / median. 0 for one run.
double spread(const std::vector<double>& values);
// The least value that `percent` of all values do not exceed. Reorders `values`; 0 when there are none.
std::uint32_t percentile(std::vector<std::uint32_t>& values, double percent);

}  // namespace crdtd::bench
