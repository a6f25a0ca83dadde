// Sums over examples, so that means over any number of batches are exact.

#ifndef GRADUS_TRAIN_METRIC_SUMS_H_
#define GRADUS_TRAIN_METRIC_SUMS_H_

#include <cstdint>
#include <vector>

namespace gradus {

struct MetricSums {
  double loss = 0;              // The weighted sum of losses, summed over examples.
  std::vector<double> metrics;  // In the order of MetricNames.
  int64_t examples = 0;

  void Add(const MetricSums& other);
  void Clear();  // Keeps its memory.
};

}  // namespace gradus

#endif  // GRADUS_TRAIN_METRIC_SUMS_H_
