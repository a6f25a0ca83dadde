// The largest specificity, tn / (tn + fp), over the thresholds at which the sensitivity, tp / (tp + fn), is large enough.
//
//   metric { specificity_at_sensitivity { prediction: "output" label: "malignant" sensitivity: 0.9 } }

#include "ops/metrics/best_threshold.h"

namespace gradus {
namespace {

class SpecificityAtSensitivity final : public TypedLayer<metric::SpecificityAtSensitivity> {
  void Build(const metric::SpecificityAtSensitivity& config, LayerScope* scope) const override {
    BuildOverThresholds(config, BestThreshold<BestAt<Specificity, Sensitivity>>(config.sensitivity()), scope);
  }
};

GRADUS_REGISTER(Layer, "gradus.MetricConfig.specificity_at_sensitivity", SpecificityAtSensitivity);

}  // namespace
}  // namespace gradus
