// What precision, recall, F1 and F-beta share: counts of true and false positives and false negatives, of yes-or-no predictions together or of
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

// A score is score.Of(true positives, false positives, false negatives), 0 where it would be 0 / 0.
inline double PartOf(double part, double whole) { return whole > 0 ? part / whole : 0; }

// What of an example counts, beside the threshold: only one of its numbers; and the k largest as yes instead of what the threshold says.
struct Selection {
  int64_t class_id = -1;  // All when negative.
  int64_t top_k = 0;      // None when 0.
};

// Of predictions and labels as RowsOfPair gives them.
template <class Score>
class YesOrNoSummary final : public MetricSummary {
 public:
  YesOrNoSummary(float threshold, const Score& score, const Selection& selection = {})
      : threshold_(threshold), score_(score), selection_(selection) {}

  std::vector<std::string> SumNames() const override {
    return {"true_positives", "false_positives", "false_negatives"};
  }
  void Add(absl::Span<const float> row, double weight, absl::Span<double> sums) const override {
    const size_t n = row.size() / 2;
    const size_t first = selection_.class_id < 0 ? 0 : static_cast<size_t>(selection_.class_id);
    const size_t last = selection_.class_id < 0 ? n : first + 1;
    for (size_t i = first; i < last; ++i) {
      const bool predicted =
          selection_.top_k > 0 ? AmongLargest(row.subspan(0, n), i) : row[i] > threshold_;
      const bool positive = row[n + i] > 0.5f;
      sums[0] += predicted && positive ? weight : 0;
      sums[1] += predicted && !positive ? weight : 0;
      sums[2] += !predicted && positive ? weight : 0;
    }
  }
  double Finish(const MetricTotals& totals) const override {
    if (!(totals.weight > 0)) return std::numeric_limits<double>::quiet_NaN();
    return score_.Of(totals.sums[0], totals.sums[1], totals.sums[2]);
  }
  Goal goal() const override { return Goal::kMore; }

 private:
  // Fewer than k are larger; equals do not push each other out.
  bool AmongLargest(absl::Span<const float> predictions, size_t i) const {
    int64_t larger = 0;
    for (float other : predictions) larger += other > predictions[i];
    return larger < selection_.top_k;
  }

  const float threshold_;
  const Score score_;
  const Selection selection_;
};

// Of predicted and true classes as RowsOfClasses gives them.
template <class Score>
class ClassesSummary final : public MetricSummary {
 public:
  ClassesSummary(int64_t classes, metric::Average average, const Score& score)
      : classes_(classes), average_(average), score_(score) {}

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
      if (weight > 0) sum += weight * score_.Of(t, p, n);
      weights += weight;
      tp += t, fp += p, fn += n;
    }
    if (weights == 0) return std::numeric_limits<double>::quiet_NaN();
    return average_ == metric::MICRO ? score_.Of(tp, fp, fn) : sum / weights;
  }
  Goal goal() const override { return Goal::kMore; }

 private:
  const int64_t classes_;
  const metric::Average average_;
  const Score score_;
};

// Prediction and label of the same shape, the label one-hot where it is a class number and `selection` makes yes or no of it.
inline PredictionAndLabel ReadYesOrNo(const std::string& prediction, const std::string& label,
                                      bool selects, LayerScope* scope) {
  if (selects) {
    const Value value = scope->Reference("label", label);
    if (!value.valid()) {
      scope->Reference("prediction", prediction);
      return {};
    }
    if (scope->spec(value).dtype == DType::kInt32) {
      PredictionAndLabel pair = ReadClasses(prediction, label, scope);
      if (!pair.valid()) return {};
      op::OneHot one_hot;
      one_hot.set_depth(scope->spec(pair.prediction).shape.dim(1).k);
      pair.label = scope->emit()(one_hot, {pair.label});
      return pair;
    }
  }
  return ReadPair(prediction, label, scope);
}

template <class Score, class Config>
void BuildPositives(const Config& config, LayerScope* scope, const Score& score = Score(),
                    const Selection& selection = {}) {
  const bool selects = selection.class_id >= 0 || selection.top_k > 0;
  if (config.average() == metric::BINARY) {
    const PredictionAndLabel pair =
        ReadYesOrNo(config.prediction(), config.label(), selects, scope);
    const Value rows = RowsOfPair(pair, scope->emit());
    if (!rows.valid()) return;
    const int64_t n = scope->spec(rows).shape.dim(1).k / 2;
    if (selection.class_id >= n) {
      scope->Error("out-of-range", "class_id",
                   absl::StrCat("class_id ", selection.class_id, " is not below the ", n,
                                " numbers of a prediction"));
      return;
    }
    if (selection.top_k > 0 && config.has_threshold()) {
      scope->Error("conflict", "threshold",
                   "top_k says which predictions count as yes, whatever the threshold");
      return;
    }
    scope->SetOutput(rows);
    scope->SetSummary(std::make_shared<const YesOrNoSummary<Score>>(
        static_cast<float>(config.threshold()), score, selection));
    return;
  }
  const auto conflict = [&](absl::string_view field) {
    scope->Error("conflict", field,
                 absl::StrCat(field, " is of average: BINARY; with ",
                              metric::Average_Name(config.average()),
                              " the largest prediction names the class"));
  };
  if (config.has_threshold()) conflict("threshold");
  if (selection.class_id >= 0) conflict("class_id");
  if (selection.top_k > 0) conflict("top_k");
  const Value rows = RowsOfClasses(config.prediction(), config.label(), scope);
  if (!rows.valid()) return;
  const Shape& shape = scope->spec(scope->Reference("prediction", config.prediction())).shape;
  scope->SetOutput(rows);
  scope->SetSummary(std::make_shared<const ClassesSummary<Score>>(shape.dim(1).k,
                                                                  config.average(), score));
}

// class_id and top_k of a config that has them.
template <class Config>
Selection SelectionOf(const Config& config) {
  Selection selection;
  if (config.has_class_id()) selection.class_id = config.class_id();
  if (config.has_top_k()) selection.top_k = config.top_k();
  return selection;
}

}  // namespace gradus

#endif  // GRADUS_OPS_METRICS_POSITIVES_H_
