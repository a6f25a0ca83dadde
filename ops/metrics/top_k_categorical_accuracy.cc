// Whether fewer than k predictions are larger than that of the largest label.
//
//   metric { name: "top_5" top_k_categorical_accuracy { prediction: "logits" label: "one_hot" } }

#include "ops/metrics/top_k.h"

namespace gradus {
namespace {

class TopKCategoricalAccuracy final : public TypedLayer<metric::TopKCategoricalAccuracy> {
  void Build(const metric::TopKCategoricalAccuracy& config, LayerScope* scope) const override {
    const PredictionAndLabel pair = ReadPair(config.prediction(), config.label(), scope);
    if (!pair.valid() || !ExpectClasses(pair.prediction, scope)) return;
    BuildTopK(pair.prediction, pair.label, config.k(), scope);
  }
};

GRADUS_REGISTER(Layer, "gradus.MetricConfig.top_k_categorical_accuracy", TopKCategoricalAccuracy);

}  // namespace
}  // namespace gradus
