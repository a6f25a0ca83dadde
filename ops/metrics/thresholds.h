// What auc and the best values at a constraint share: going through thresholds from the strictest to the loosest.
//
// Thresholds are either all predictions, whose rows are kept, or num_thresholds of them as in keras.metrics: 0 and 1 a little widened and even
// steps between. A Curve is told by Step(positives, negatives) how many more labels of each kind the next threshold lets through.

#ifndef GRADUS_OPS_METRICS_THRESHOLDS_H_
#define GRADUS_OPS_METRICS_THRESHOLDS_H_

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gradus/graph/per_example.h"
#include "gradus/metric.pb.h"

namespace gradus {

// Of all predictions, whose rows are kept.
template <class Curve>
class AllThresholds final : public MetricSummary {
 public:
  AllThresholds(const Curve& curve, int64_t n) : curve_(curve), n_(static_cast<size_t>(n)) {}

  std::vector<std::string> SumNames() const override { return {}; }
  void Add(absl::Span<const float>, double, absl::Span<double>) const override {}
  double Finish(const MetricTotals& totals) const override {
    struct Score {
      float prediction;
      bool positive;
      float weight;
    };
    std::vector<Score> scores;
    scores.reserve(totals.rows.size() / 2);
    const size_t width = 2 * n_ + (totals.rows_end_with_weight ? 1 : 0);
    for (size_t row = 0; row < totals.rows.size(); row += width) {
      const float weight = totals.rows_end_with_weight ? totals.rows[row + 2 * n_] : 1;
      for (size_t i = row; i < row + n_; ++i) {
        // NaN has no place among the others.
        if (std::isnan(totals.rows[i])) return std::numeric_limits<double>::quiet_NaN();
        scores.push_back({totals.rows[i], totals.rows[i + n_] > 0.5f, weight});
      }
    }
    std::sort(scores.begin(), scores.end(),
              [](const Score& a, const Score& b) { return a.prediction > b.prediction; });
    Curve curve = curve_;
    for (size_t i = 0; i < scores.size();) {
      double positives = 0, negatives = 0;
      const float threshold = scores[i].prediction;
      for (; i < scores.size() && scores[i].prediction == threshold; ++i) {
        (scores[i].positive ? positives : negatives) += scores[i].weight;
      }
      curve.Step(positives, negatives);
    }
    return curve.Finish();
  }
  Goal goal() const override { return Goal::kMore; }

 private:
  const Curve curve_;
  const size_t n_;
};

// Of so many thresholds; its sums are how many positive and other labels have their prediction between two of them.
template <class Curve>
class SpreadThresholds final : public MetricSummary {
 public:
  SpreadThresholds(const Curve& curve, int64_t thresholds)
      : curve_(curve), steps_(static_cast<size_t>(thresholds - 1)) {}

  std::vector<std::string> SumNames() const override {
    std::vector<std::string> names;
    for (const char* kind : {"positives_", "negatives_"}) {
      for (size_t i = 0; i < steps_; ++i) names.push_back(absl::StrCat(kind, i));
    }
    return names;
  }
  void Add(absl::Span<const float> row, double weight, absl::Span<double> sums) const override {
    const size_t n = row.size() / 2;
    for (size_t i = 0; i < n; ++i) {
      const double steps = static_cast<double>(steps_);
      // A prediction counts as positive above a threshold, not at it. NaN is above none.
      const double step = std::ceil(row[i] * steps) - 1;
      const size_t place = step > 0 ? static_cast<size_t>(std::min(step, steps - 1)) : 0;
      sums[(row[n + i] > 0.5f ? 0 : steps_) + place] += weight;
    }
  }
  double Finish(const MetricTotals& totals) const override {
    Curve curve = curve_;
    for (size_t i = steps_; i-- > 0;) curve.Step(totals.sums[i], totals.sums[steps_ + i]);
    return curve.Finish();
  }
  Goal goal() const override { return Goal::kMore; }

 private:
  const Curve curve_;
  const size_t steps_;
};

// The metric of a config with prediction, label and num_thresholds. Curve is copied for each number that is asked for.
template <class Config, class Curve>
void BuildOverThresholds(const Config& config, const Curve& curve, LayerScope* scope) {
  if (config.num_thresholds() == 1) {
    scope->Error("out-of-range", "num_thresholds",
                 "num_thresholds 1 gives no curve; it is at least 2, or 0 for all predictions");
  }
  const PredictionAndLabel pair = ReadPair(config.prediction(), config.label(), scope);
  const Value rows = RowsOfPair(pair, scope->emit());
  if (!rows.valid() || config.num_thresholds() == 1) return;
  scope->SetOutput(rows);
  if (config.num_thresholds() == 0) {
    const int64_t n = scope->spec(rows).shape.dim(1).k / 2;
    scope->SetSummary(std::make_shared<const AllThresholds<Curve>>(curve, n));
  } else {
    scope->SetSummary(
        std::make_shared<const SpreadThresholds<Curve>>(curve, config.num_thresholds()));
  }
}

}  // namespace gradus

#endif  // GRADUS_OPS_METRICS_THRESHOLDS_H_
