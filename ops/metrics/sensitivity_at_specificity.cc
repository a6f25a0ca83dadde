// The largest sensitivity, tp / (tp + fn), over the thresholds at which the specificity, tn / (tn + fp), is large enough.
//
//   metric { sensitivity_at_specificity { prediction: "output" label: "malignant" specificity: 0.9 } }

#include "ops/metrics/best_threshold.h"

namespace gradus {
namespace {

class SensitivityAtSpecificity final : public TypedLayer<metric::SensitivityAtSpecificity> {
  void Build(const metric::SensitivityAtSpecificity& config, LayerScope* scope) const override {
    BuildOverThresholds(config, BestThreshold<BestAt<Sensitivity, Specificity>>(config.specificity()), scope);
  }
};

GRADUS_REGISTER(Layer, "gradus.MetricConfig.sensitivity_at_specificity", SensitivityAtSpecificity);

}  // namespace
}  // namespace gradus
