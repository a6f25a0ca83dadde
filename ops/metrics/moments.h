// What the correlations share: first and second moments of prediction and label, for each of the n numbers of an example.

#ifndef GRADUS_OPS_METRICS_MOMENTS_H_
#define GRADUS_OPS_METRICS_MOMENTS_H_

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gradus/graph/per_example.h"
#include "gradus/metric.pb.h"

namespace gradus {

// Whether numbers of this sum, and this sum of squares, are taken for one number: what is left of their spread may be what adding squares has
// rounded away, and their mean is a float as they are. A sum of floats is exact, so that of one number is; with weights the spread decides.
inline bool AllEqual(double sum, double squares, const MetricTotals& totals) {
  const double mean = sum / totals.weight, spread = squares - sum * mean;
  const auto examples = static_cast<double>(totals.examples);
  const double rounding = examples * std::numeric_limits<double>::epsilon() * squares;
  if (!(spread <= rounding)) return false;  // Or NaN.
  return spread <= 0 || totals.weight != examples ||
         mean == static_cast<double>(static_cast<float>(mean));
}

// Of one of the numbers, over all examples.
struct Moments {
  double p_mean, y_mean, p_variance, y_variance, covariance;
};

// Correlation::Of(moments) for each number, then their mean. Products of floats are exact in double; what is lost is the difference of the
// sums, as in r2_score.
template <class Correlation>
class MomentsSummary final : public MetricSummary {
 public:
  explicit MomentsSummary(int64_t n) : n_(static_cast<size_t>(n)) {}

  std::vector<std::string> SumNames() const override {
    std::vector<std::string> names;
    for (size_t i = 0; i < n_; ++i) {
      for (const char* sum : {"p_", "y_", "p_p_", "y_y_", "p_y_"}) {
        names.push_back(absl::StrCat(sum, i));
      }
    }
    return names;
  }
  void Add(absl::Span<const float> row, double weight, absl::Span<double> sums) const override {
    for (size_t i = 0; i < n_; ++i) {
      const double p = row[i], y = row[n_ + i];
      double* of = sums.data() + 5 * i;
      of[0] += weight * p;
      of[1] += weight * y;
      of[2] += weight * (p * p);
      of[3] += weight * (y * y);
      of[4] += weight * (p * y);
    }
  }
  double Finish(const MetricTotals& totals) const override {
    const auto variance = [&](double sum, double squares) {
      if (AllEqual(sum, squares, totals)) return 0.0;
      const double mean = sum / totals.weight;
      return squares / totals.weight - mean * mean;
    };
    double sum = 0;
    for (size_t i = 0; i < n_; ++i) {
      const double* of = totals.sums.data() + 5 * i;
      const double p = of[0] / totals.weight, y = of[1] / totals.weight;
      Moments m{p, y, variance(of[0], of[2]), variance(of[1], of[3]), 0};
      if (m.p_variance != 0 && m.y_variance != 0) m.covariance = of[4] / totals.weight - p * y;
      sum += Correlation::Of(m);
    }
    return sum / static_cast<double>(n_);
  }
  Goal goal() const override { return Goal::kMore; }

 private:
  const size_t n_;
};

template <class Correlation, class Config>
void BuildCorrelation(const Config& config, LayerScope* scope) {
  const PredictionAndLabel pair = ReadPairForDifferences(config.prediction(), config.label(), scope);
  const Value rows = RowsOfPair(pair, scope->emit());
  if (!rows.valid()) return;
  scope->SetOutput(rows);
  scope->SetSummary(
      std::make_shared<const MomentsSummary<Correlation>>(scope->spec(rows).shape.dim(1).k / 2));
}

}  // namespace gradus

#endif  // GRADUS_OPS_METRICS_MOMENTS_H_
