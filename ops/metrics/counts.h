// What true_positives and its like share: how often a prediction, above the threshold or not, meets a label of one kind.

#ifndef GRADUS_OPS_METRICS_COUNTS_H_
#define GRADUS_OPS_METRICS_COUNTS_H_

#include <memory>
#include <string>
#include <vector>

#include "gradus/graph/per_example.h"
#include "gradus/metric.pb.h"

namespace gradus {

// Of predictions and labels as RowsOfPair gives them.
class CountSummary final : public MetricSummary {
 public:
  CountSummary(float threshold, bool predicted, bool positive)
      : threshold_(threshold), predicted_(predicted), positive_(positive) {}

  std::vector<std::string> SumNames() const override { return {""}; }
  void Add(absl::Span<const float> row, double weight, absl::Span<double> sums) const override {
    const size_t n = row.size() / 2;
    for (size_t i = 0; i < n; ++i) {
      const bool counts = (row[i] > threshold_) == predicted_ && (row[n + i] > 0.5f) == positive_;
      sums[0] += counts ? weight : 0;
    }
  }
  double Finish(const MetricTotals& totals) const override { return totals.sums[0]; }
  Goal goal() const override { return predicted_ == positive_ ? Goal::kMore : Goal::kLess; }

 private:
  const float threshold_;
  const bool predicted_, positive_;
};

template <class Config>
void BuildCount(const Config& config, bool predicted, bool positive, LayerScope* scope) {
  const PredictionAndLabel pair = ReadPair(config.prediction(), config.label(), scope);
  scope->SetOutput(RowsOfPair(pair, scope->emit()));
  scope->SetSummary(std::make_shared<const CountSummary>(static_cast<float>(config.threshold()),
                                                         predicted, positive));
}

}  // namespace gradus

#endif  // GRADUS_OPS_METRICS_COUNTS_H_
