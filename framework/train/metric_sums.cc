// Adding up.

#include "gradus/train/metric_sums.h"

#include <algorithm>
#include <cstddef>

namespace gradus {

void MetricSums::Add(const MetricSums& other) {
  loss += other.loss;
  metrics.resize(std::max(metrics.size(), other.metrics.size()));
  for (size_t i = 0; i < other.metrics.size(); ++i) metrics[i] += other.metrics[i];
  examples += other.examples;
}

void MetricSums::Clear() {
  loss = 0;
  metrics.assign(metrics.size(), 0);
  examples = 0;
}

}  // namespace gradus
