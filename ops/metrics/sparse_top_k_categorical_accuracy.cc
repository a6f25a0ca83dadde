// Whether fewer than k predictions are larger than that of the class that the label names.
//
//   metric { name: "top_5" sparse_top_k_categorical_accuracy { prediction: "logits" label: "kind" } }

#include "ops/metrics/top_k.h"

namespace gradus {
namespace {

class SparseTopKCategoricalAccuracy final
    : public TypedLayer<metric::SparseTopKCategoricalAccuracy> {
  void Build(const metric::SparseTopKCategoricalAccuracy& config,
             LayerScope* scope) const override {
    const PredictionAndLabel pair = ReadClasses(config.prediction(), config.label(), scope);
    if (!pair.valid() || !ExpectClasses(pair.prediction, scope)) return;
    op::OneHot places;  // Refuses what is no class.
    places.set_depth(scope->spec(pair.prediction).shape.dim(1).k);
    BuildTopK(pair.prediction, scope->emit()(places, {pair.label}), config.k(), scope);
  }
};

GRADUS_REGISTER(Layer, "gradus.MetricConfig.sparse_top_k_categorical_accuracy",
                SparseTopKCategoricalAccuracy);

}  // namespace
}  // namespace gradus
