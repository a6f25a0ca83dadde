// The mean of some error f(p, y) over all numbers of all examples, in double.

#ifndef GRADUS_OPS_METRICS_PAIR_MEAN_H_
#define GRADUS_OPS_METRICS_PAIR_MEAN_H_

#include <string>
#include <vector>

#include "gradus/graph/metric_summary.h"

namespace gradus {

// Rows are those of RowsOfPair. Term::Of(p, y) is what is averaged, Term::Finish(mean) the number.
template <class Term>
class PairMean final : public MetricSummary {
 public:
  std::vector<std::string> SumNames() const override { return {Term::kName}; }
  void Add(absl::Span<const float> row, double weight, absl::Span<double> sums) const override {
    const size_t n = row.size() / 2;
    double sum = 0;
    for (size_t i = 0; i < n; ++i) sum += Term::Of(row[i], row[n + i]);
    sums[0] += weight * (sum / static_cast<double>(n));
  }
  double Finish(const MetricTotals& totals) const override {
    return Term::Finish(totals.sums[0] / totals.weight);
  }
  Goal goal() const override { return Goal::kLess; }
};

}  // namespace gradus

#endif  // GRADUS_OPS_METRICS_PAIR_MEAN_H_
