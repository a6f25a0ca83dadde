// What sensitivity_at_specificity and its like share: the best of one number over all thresholds at which another is large enough, as in
// keras.metrics.
//
// A Rule has Given(tp, fp, positives, negatives), which must be at least `least`, and Best(..), whose largest value is the metric. That no
// prediction is positive is one of the thresholds. 0 where none is good enough; NaN while there are labels of one kind only.

#ifndef GRADUS_OPS_METRICS_BEST_THRESHOLD_H_
#define GRADUS_OPS_METRICS_BEST_THRESHOLD_H_

#include <utility>

#include "ops/metrics/thresholds.h"

namespace gradus {

template <class Rule>
class BestThreshold {
 public:
  explicit BestThreshold(double least) : least_(least) {}

  void Step(double positives, double negatives) {
    const std::pair<double, double> last = points_.back();
    points_.emplace_back(last.first + positives, last.second + negatives);
  }
  double Finish() const {
    const double positives = points_.back().first, negatives = points_.back().second;
    if (!(positives > 0 && negatives > 0)) return std::numeric_limits<double>::quiet_NaN();
    double best = 0;
    for (const auto& [tp, fp] : points_) {
      if (Rule::Given(tp, fp, positives, negatives) < least_) continue;
      best = std::max(best, Rule::Best(tp, fp, positives, negatives));
    }
    return best;
  }

 private:
  double least_;
  std::vector<std::pair<double, double>> points_ = {{0, 0}};  // True and false positives.
};

struct Sensitivity {  // Recall by its other name.
  static double Of(double tp, double, double positives, double) { return tp / positives; }
};
struct Specificity {
  static double Of(double, double fp, double, double negatives) { return 1 - fp / negatives; }
};
struct PrecisionAt {
  static double Of(double tp, double fp, double, double) {
    return tp + fp > 0 ? tp / (tp + fp) : 0;
  }
};

template <class BestOf, class GivenOf>
struct BestAt {
  static double Given(double tp, double fp, double positives, double negatives) {
    return GivenOf::Of(tp, fp, positives, negatives);
  }
  static double Best(double tp, double fp, double positives, double negatives) {
    return BestOf::Of(tp, fp, positives, negatives);
  }
};

}  // namespace gradus

#endif  // GRADUS_OPS_METRICS_BEST_THRESHOLD_H_
