// The area under a curve over all thresholds. With P positive and N other labels, and going from the strictest threshold to the loosest,
// at each of which tp and fp examples are predicted positive:
//
//   ROC   sum (fp_i - fp_{i-1}) (tp_i + tp_{i-1}) / 2 / (P N)             Hanley & McNeil 1982; equal scores count half
//   PR    sum s (dtp + (tp_{i-1} - s n_{i-1}) log(n_i / n_{i-1})) / P     n = tp + fp, s = dtp / dn; Davis & Goadrich 2006
//
//   metric { auc { prediction: "output" label: "malignant" } }
//   metric { name: "pr" auc { prediction: "output" label: "malignant" curve: PR num_thresholds: 200 } }

#include <cmath>
#include <limits>

#include "ops/metrics/thresholds.h"

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

class Auc final : public TypedLayer<metric::Auc> {
  void Build(const metric::Auc& config, LayerScope* scope) const override {
    BuildOverThresholds(config, Area(config.curve()), scope);
  }
};

GRADUS_REGISTER(Layer, "gradus.MetricConfig.auc", Auc);

}  // namespace
}  // namespace gradus
