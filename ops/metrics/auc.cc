// The area under a curve over all thresholds. With P positive and N other labels, and going from the strictest threshold to the loosest,
// at each of which tp and fp examples are predicted positive:
//
//   ROC   sum (fp_i - fp_{i-1}) (tp_i + tp_{i-1}) / 2 / (P N)             Hanley & McNeil 1982; equal scores count half
//   PR    sum s (dtp + (tp_{i-1} - s n_{i-1}) log(n_i / n_{i-1})) / P     n = tp + fp, s = dtp / dn; Davis & Goadrich 2006
//
// Thresholds are either all predictions, whose rows are kept, or num_thresholds of them as in keras.metrics.AUC: 0 and 1 a little widened
// and even steps between; then the sums are how many positive and other labels have their prediction between two of them.
//
//   metric { auc { prediction: "output" label: "malignant" } }
//   metric { name: "pr" auc { prediction: "output" label: "malignant" curve: PR num_thresholds: 200 } }

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "gradus/graph/per_example.h"
#include "gradus/metric.pb.h"

namespace gradus {
namespace {

// Adds up the area from the strictest threshold on.
class Area {
 public:
  explicit Area(metric::Curve curve) : curve_(curve) {}

  // The next threshold lets through so many more.
  void Step(double positives, double negatives) {
    const double tp = tp_ + positives, fp = fp_ + negatives;
    if (curve_ == metric::ROC) {
      area_ += negatives * (tp + tp_) / 2;
    } else if (positives > 0) {
      const double before = tp_ + fp_, slope = positives / (positives + negatives);
      const double ratio = before > 0 ? (tp + fp) / before : 1;
      area_ += slope * (positives + (tp_ - slope * before) * std::log(ratio));
    }
    tp_ = tp, fp_ = fp;
  }

  // After the last. NaN where the curve is none.
  double Finish() const {
    const double whole = curve_ == metric::ROC ? tp_ * fp_ : tp_;
    return whole > 0 ? area_ / whole : std::numeric_limits<double>::quiet_NaN();
  }

 private:
  const metric::Curve curve_;
  double tp_ = 0, fp_ = 0, area_ = 0;
};

class AllThresholds final : public MetricSummary {
 public:
  AllThresholds(metric::Curve curve, int64_t n) : curve_(curve), n_(static_cast<size_t>(n)) {}

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
    Area area(curve_);
    for (size_t i = 0; i < scores.size();) {
      double positives = 0, negatives = 0;
      const float threshold = scores[i].prediction;
      for (; i < scores.size() && scores[i].prediction == threshold; ++i) {
        (scores[i].positive ? positives : negatives) += scores[i].weight;
      }
      area.Step(positives, negatives);
    }
    return area.Finish();
  }

 private:
  const metric::Curve curve_;
  const size_t n_;
};

class SpreadThresholds final : public MetricSummary {
 public:
  SpreadThresholds(metric::Curve curve, int64_t thresholds)
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
    Area area(curve_);
    for (size_t i = steps_; i-- > 0;) area.Step(totals.sums[i], totals.sums[steps_ + i]);
    return area.Finish();
  }

 private:
  const metric::Curve curve_;
  const size_t steps_;
};

class Auc final : public TypedLayer<metric::Auc> {
  void Build(const metric::Auc& config, LayerScope* scope) const override {
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
      scope->SetSummary(std::make_shared<const AllThresholds>(config.curve(), n));
    } else {
      scope->SetSummary(
          std::make_shared<const SpreadThresholds>(config.curve(), config.num_thresholds()));
    }
  }
};

GRADUS_REGISTER(Layer, "gradus.MetricConfig.auc", Auc);

}  // namespace
}  // namespace gradus
