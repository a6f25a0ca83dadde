// What precision, recall and F1 share: counts of true and false positives and false negatives, of yes-or-no predictions together or of
// each class, and the averages over classes of sklearn.metrics.

#ifndef GRADUS_OPS_METRICS_POSITIVES_H_
#define GRADUS_OPS_METRICS_POSITIVES_H_

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gradus/graph/per_example.h"
#include "gradus/metric.pb.h"

namespace gradus {

// A score is Score::Of(true positives, false positives, false negatives), 0 where it would be 0 / 0.
inline double PartOf(double part, double whole) { return whole > 0 ? part / whole : 0; }

// Of predictions and labels as RowsOfPair gives them.
template <class Score>
class YesOrNoSummary final : public MetricSummary {
 public:
  explicit YesOrNoSummary(float threshold) : threshold_(threshold) {}

  std::vector<std::string> SumNames() const override {
    return {"true_positives", "false_positives", "false_negatives"};
  }
  void Add(absl::Span<const float> row, double weight, absl::Span<double> sums) const override {
    const size_t n = row.size() / 2;
    for (size_t i = 0; i < n; ++i) {
      const bool predicted = row[i] > threshold_, positive = row[n + i] > 0.5f;
      sums[0] += predicted && positive ? weight : 0;
      sums[1] += predicted && !positive ? weight : 0;
      sums[2] += !predicted && positive ? weight : 0;
    }
  }
  double Finish(const MetricTotals& totals) const override {
    if (!(totals.weight > 0)) return std::numeric_limits<double>::quiet_NaN();
    return Score::Of(totals.sums[0], totals.sums[1], totals.sums[2]);
  }

 private:
  const float threshold_;
};

// Of predicted and true classes as RowsOfClasses gives them.
template <class Score>
class ClassesSummary final : public MetricSummary {
 public:
  ClassesSummary(int64_t classes, metric::Average average) : classes_(classes), average_(average) {}

  std::vector<std::string> SumNames() const override {
    std::vector<std::string> names;
    for (int64_t k = 0; k < classes_; ++k) {
      for (const char* sum : {"true_positives_", "false_positives_", "false_negatives_"}) {
        names.push_back(absl::StrCat(sum, k));
      }
    }
    return names;
  }
  void Add(absl::Span<const float> row, double weight, absl::Span<double> sums) const override {
    const size_t predicted = static_cast<size_t>(row[0]), label = static_cast<size_t>(row[1]);
    if (predicted == label) {
      sums[3 * label] += weight;
    } else {
      sums[3 * predicted + 1] += weight;
      sums[3 * label + 2] += weight;
    }
  }
  double Finish(const MetricTotals& totals) const override {
    double sum = 0, weights = 0, tp = 0, fp = 0, fn = 0;
    for (size_t i = 0; i < totals.sums.size(); i += 3) {
      const double t = totals.sums[i], p = totals.sums[i + 1], n = totals.sums[i + 2];
      // A class that is neither label nor prediction has no score.
      double weight = t + p + n > 0 ? 1 : 0;
      if (average_ == metric::WEIGHTED) weight = t + n;
      if (weight > 0) sum += weight * Score::Of(t, p, n);
      weights += weight;
      tp += t, fp += p, fn += n;
    }
    if (weights == 0) return std::numeric_limits<double>::quiet_NaN();
    return average_ == metric::MICRO ? Score::Of(tp, fp, fn) : sum / weights;
  }

 private:
  const int64_t classes_;
  const metric::Average average_;
};

template <class Score, class Config>
void BuildPositives(const Config& config, LayerScope* scope) {
  if (config.average() == metric::BINARY) {
    const PredictionAndLabel pair = ReadPair(config.prediction(), config.label(), scope);
    scope->SetOutput(RowsOfPair(pair, scope->emit()));
    scope->SetSummary(
        std::make_shared<const YesOrNoSummary<Score>>(static_cast<float>(config.threshold())));
    return;
  }
  if (config.has_threshold()) {
    scope->Error("conflict", "threshold",
                 absl::StrCat("threshold is of average: BINARY; with ",
                              metric::Average_Name(config.average()),
                              " the largest prediction names the class"));
  }
  const Value rows = RowsOfClasses(config.prediction(), config.label(), scope);
  if (!rows.valid()) return;
  const Shape& shape = scope->spec(scope->Reference("prediction", config.prediction())).shape;
  scope->SetOutput(rows);
  scope->SetSummary(
      std::make_shared<const ClassesSummary<Score>>(shape.dim(1).k, config.average()));
}

}  // namespace gradus

#endif  // GRADUS_OPS_METRICS_POSITIVES_H_
