// The largest precision, tp / (tp + fp), over the thresholds at which the recall, tp / (tp + fn), is large enough.
//
//   metric { precision_at_recall { prediction: "output" label: "malignant" recall: 0.9 } }

#include "ops/metrics/best_threshold.h"

namespace gradus {
namespace {

class PrecisionAtRecall final : public TypedLayer<metric::PrecisionAtRecall> {
  void Build(const metric::PrecisionAtRecall& config, LayerScope* scope) const override {
    BuildOverThresholds(config, BestThreshold<BestAt<PrecisionAt, Sensitivity>>(config.recall()), scope);
  }
};

GRADUS_REGISTER(Layer, "gradus.MetricConfig.precision_at_recall", PrecisionAtRecall);

}  // namespace
}  // namespace gradus
