// The largest recall, tp / (tp + fn), over the thresholds at which the precision, tp / (tp + fp), is large enough.
//
//   metric { recall_at_precision { prediction: "output" label: "malignant" precision: 0.9 } }

#include "ops/metrics/best_threshold.h"

namespace gradus {
namespace {

class RecallAtPrecision final : public TypedLayer<metric::RecallAtPrecision> {
  void Build(const metric::RecallAtPrecision& config, LayerScope* scope) const override {
    BuildOverThresholds(config, BestThreshold<BestAt<Sensitivity, PrecisionAt>>(config.precision()), scope);
  }
};

GRADUS_REGISTER(Layer, "gradus.MetricConfig.recall_at_precision", RecallAtPrecision);

}  // namespace
}  // namespace gradus
