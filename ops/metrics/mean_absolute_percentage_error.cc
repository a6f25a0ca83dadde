// 100 |p - y| / max(|y|, 1e-7), mean over all numbers of all examples: keras.metrics.
//
//   metric { name: "mape" mean_absolute_percentage_error { prediction: "price" label: "paid" } }
//
// NOTE: as in Keras a label 0 is divided by 1e-7, so that one such example outweighs all others.

#include <algorithm>
#include <cmath>

#include "gradus/graph/per_example.h"
#include "gradus/metric.pb.h"
#include "ops/metrics/pair_mean.h"

namespace gradus {
namespace {

struct Term {
  static constexpr char kName[] = "";
  static double Of(double p, double y) {
    constexpr double kEpsilon = 1e-7;  // keras.config.epsilon()
    return 100 * std::abs(p - y) / std::max(std::abs(y), kEpsilon);
  }
  static double Finish(double mean) { return mean; }
};

class MeanAbsolutePercentageError final : public TypedLayer<metric::MeanAbsolutePercentageError> {
  void Build(const metric::MeanAbsolutePercentageError& config, LayerScope* scope) const override {
    const PredictionAndLabel pair = ReadPair(config.prediction(), config.label(), scope);
    scope->SetOutput(RowsOfPair(pair, scope->emit()));
    scope->SetSummary(std::make_shared<const PairMean<Term>>());
  }
};

GRADUS_REGISTER(Layer, "gradus.MetricConfig.mean_absolute_percentage_error",
                MeanAbsolutePercentageError);

}  // namespace
}  // namespace gradus
